/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "client/private.h"

/* No struct will ever be larger: a larger size was not set. */
#define SIZE_MOST ((size_t)4096)

#define SIZE_UP_TO(type, member) (offsetof(type, member) + sizeof((type){0}.member))

int take_sized(void *copy, size_t known, size_t least, const void *given)
{
    const unsigned char *bytes = given;
    size_t size;

    memcpy(&size, given, sizeof size);
    if (size < least || size > SIZE_MOST) {
        return -EINVAL;
    }
    for (size_t i = known; i < size; i++) {
        if (bytes[i]) {
            return -E2BIG;
        }
    }
    memset(copy, 0, known);
    memcpy(copy, given, size < known ? size : known);
    return 0;
}

int take_options(struct vifplug_options *copy, const struct vifplug_options *given,
                 unsigned int taken)
{
    int error = 0;

    *copy = (struct vifplug_options)VIFPLUG_OPTIONS_INIT;
    if (given) {
        error = take_sized(copy, sizeof *copy, SIZE_UP_TO(struct vifplug_options, dry_run), given);
    }
    if (!error && ((copy->timeout_ms && !(taken & TAKES_TIMEOUT)) || copy->wait_ms < 0 ||
                   (copy->wait_ms && !(taken & TAKES_WAIT)) ||
                   (copy->committed && !(taken & TAKES_COMMITTED)) ||
                   (copy->dry_run && !(taken & TAKES_DRY_RUN)))) {
        error = -EINVAL;
    }
    return error;
}

int take_qos(struct vifplug_qos *copy, const struct vifplug_qos *given)
{
    return take_sized(copy, sizeof *copy, SIZE_UP_TO(struct vifplug_qos, ingress_max_burst_kbps),
                      given);
}

int take_filter(struct vifplug_filter *copy, const struct vifplug_filter *given)
{
    *copy = (struct vifplug_filter)VIFPLUG_FILTER_INIT;
    return given ? take_sized(copy, sizeof *copy, SIZE_UP_TO(struct vifplug_filter, mac), given)
                 : 0;
}
