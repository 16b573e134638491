/* SPDX-License-Identifier: Apache-2.0 */
#include "base/version.h"
#include "vifplug/vifplug.h"

const char *vifplug_version(void)
{
    return VIFPLUG_VERSION;
}
