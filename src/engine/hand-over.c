/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/hand-over.h"

#include "base/keys.h"

#include <string.h>

/* RCU normally takes a few milliseconds; it takes longer on a busy machine, or while a thread of
 * ovs-vswitchd probes a slow device. In all, vifplugd allows it about 3 s, plus the
 * reconfigurations. */
enum { PAUSE_FIRST_MS = 5, PAUSE_MAX_MS = 500, LOOKS_MAX = 12 };

bool hand_over_parse(const char *error_text, char holder[PORT_NAME_MAX + 1])
{
    static const char mark[] = "already in use by '";
    const char *name = error_text ? strstr(error_text, mark) : NULL;
    size_t len;

    if (!name) {
        return false;
    }
    name += sizeof mark - 1;
    len = strcspn(name, "'");
    if (len == 0 || len > PORT_NAME_MAX || name[len] != '\'') {
        return false;
    }
    memcpy(holder, name, len);
    holder[len] = '\0';
    return true;
}

bool hand_over_is_pending(const struct port_spec *taker, const struct port_spec *holder)
{
    if (!holder || !strcmp(holder->port, taker->port) || strcmp(holder->type, TYPE_DPDK)) {
        return true;
    }
    /* The holder may have another VF by now. If its VF cannot be read, it may be this device. */
    return holder->has_vf && taker->has_vf &&
           !(holder->vf_num == taker->vf_num && pci_addr_equal(&holder->pf, &taker->pf));
}

int hand_over_pause_ms(int n)
{
    int pause_ms = PAUSE_FIRST_MS;

    if (n >= LOOKS_MAX) {
        return -1;
    }
    while (n-- > 0 && pause_ms < PAUSE_MAX_MS) {
        pause_ms *= 2;
    }
    return pause_ms < PAUSE_MAX_MS ? pause_ms : PAUSE_MAX_MS;
}
