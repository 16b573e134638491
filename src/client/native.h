/* SPDX-License-Identifier: Apache-2.0 */
/* libvifplug: native VIFs under construction. */

#ifndef VP_CLIENT_NATIVE_H
#define VP_CLIENT_NATIVE_H 1

struct params;
struct vifplug_native;

/* Puts the VIF as the member `vif`; or its error. */
void native_put(const struct vifplug_native *vif, struct params *params);

#endif
