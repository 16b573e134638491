/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/limits.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/keys.h"
#include "plan/qos.h"
#include "util.h"

/* Of a netdev whose MTU nobody has set. */
enum { MTU_DEFAULT = 1500 };

/* What a frame has beside its MTU: an Ethernet header and a VLAN tag. */
enum { FRAME_HEADERS = 18 };

/* Open vSwitch 3.1 gives tc rates in 32 bits of byte/s (htb_parse_class_details__() and
 * tc_matchall_fill_police() of lib/netdev-linux.c). */
#define TC_KBPS_MAX 34359738

/* tc_add_matchall_policer() multiplies both by 1000, in 32 bits. */
#define TC_KPKT_MAX 4294967

/* tc_matchall_fill_police() cuts a policer's burst there; a class of linux-htb has 32 bits of
 * bytes. */
#define TC_POLICER_BURST_MAX_KB 4194303
#define TC_HTB_BURST_MAX_KB 34359738

/* The kernel keeps a burst as the time that it takes at its rate, in 32 bits of 64 ns
 * (tc_bytes_to_ticks()): 274 s, which are 268 s of a policer's kbit (1024 bits). */
enum { TC_BURST_SECONDS_MAX = 268 };

static bool refuse(const struct vif *vif, const char *member, struct error *error,
                   const char *format, ...) __attribute__((format(printf, 4, 5)));

static bool refuse(const struct vif *vif, const char *member, struct error *error,
                   const char *format, ...)
{
    char field[ERROR_FIELD_LEN];
    va_list args;

    snprintf(field, sizeof field, "%s.%s", vif_field_path(vif, VIF_FIELD_QOS), member);
    va_start(args, format);
    error_vset(error, REASON_INVALID_REQUEST, field, format, args);
    va_end(args);
    return false;
}

static bool is_dpdk(const struct port_spec *spec)
{
    return !strncmp(spec->type, "dpdk", 4);
}

static const char *limited_port(const struct port_spec *spec)
{
    return spec->guest_port[0] ? spec->guest_port : spec->port;
}

static bool has_limits(const struct vif_qos *qos)
{
    return qos->egress_kbps || qos->egress_kpps || qos->ingress_kbps;
}

static bool check_dpdk(const struct vif *vif, const struct port_spec *spec, struct error *error)
{
    if (spec->qos.egress_kpps) {
        return refuse(vif, "egress.max_kpps", error,
                      "Open vSwitch does not limit packets per second on port %s of type %s "
                      "(netdev-dpdk passes over such a limit); limit egress.max_kbps instead.",
                      spec->port, spec->type);
    }
    return true;
}

/* Whether the policer of a kernel netdev can be what is asked for. */
static bool check_policer(const struct vif *vif, const struct port_spec *spec, struct error *error)
{
    const struct vif_qos *qos = &spec->qos;
    const char *member = qos->egress_kbps ? "egress.max_kbps" : "egress.max_kpps";

    if (!qos->egress_kbps && !qos->egress_kpps) {
        return true;
    }
    if (!strcmp(spec->datapath_type, "netdev")) {
        return refuse(vif, member, error,
                      "Bridge %s has datapath_type netdev, where Open vSwitch takes the frames of "
                      "port %s before tc could police them; use a bridge with datapath_type "
                      "system, or limit the guest's interface in libvirt.",
                      spec->bridge, limited_port(spec));
    }
    if (qos->egress_kbps && qos->egress_kpps) {
        return refuse(vif, "egress.max_kpps", error,
                      "The kernel's policer of port %s limits either bits or packets per second, "
                      "and takes neither if asked for both; ask for one of them.",
                      limited_port(spec));
    }
    return true;
}

struct bound {
    const char *member;
    int64_t value;
    int64_t max;
    const char *unit;
};

static bool check_bounds(const struct vif *vif, const struct port_spec *spec, struct error *error)
{
    const struct vif_qos *qos = &spec->qos;
    const struct bound bounds[] = {
        {"egress.max_kbps", qos->egress_kbps, TC_KBPS_MAX, "kbit/s"},
        {"egress.max_burst_kbps", qos->egress_burst_kb, TC_POLICER_BURST_MAX_KB, "kbit"},
        {"egress.max_kpps", qos->egress_kpps, TC_KPKT_MAX, "thousand packets per second"},
        {"egress.max_burst_kpps", qos->egress_burst_kpkt, TC_KPKT_MAX, "thousand packets"},
        {"ingress.max_kbps", qos->ingress_kbps, TC_KBPS_MAX, "kbit/s"},
        {"ingress.max_burst_kbps", qos->ingress_burst_kb, TC_HTB_BURST_MAX_KB, "kbit"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(bounds); i++) {
        if (bounds[i].value > bounds[i].max) {
            return refuse(vif, bounds[i].member, error,
                          "Limit %s of %" PRId64 " is more than Open vSwitch can give tc for port "
                          "%s, which is %" PRId64 " %s; ask for less, or for no limit.",
                          bounds[i].member, bounds[i].value, limited_port(spec), bounds[i].max,
                          bounds[i].unit);
        }
    }
    return true;
}

static bool check_burst(const struct vif *vif, const struct port_spec *spec, const char *member,
                        int64_t rate, int64_t burst, struct error *error)
{
    if (burst > rate * TC_BURST_SECONDS_MAX) {
        return refuse(vif, member, error,
                      "Limit %s of %" PRId64 " on port %s takes more than %d s at its rate of "
                      "%" PRId64 ", and tc holds no more; ask for at most %" PRId64
                      " or for a higher rate.",
                      member, burst, limited_port(spec), TC_BURST_SECONDS_MAX, rate,
                      rate * TC_BURST_SECONDS_MAX);
    }
    return true;
}

static bool check_tc(const struct vif *vif, int mtu, const struct port_spec *spec,
                     struct error *error)
{
    const struct vif_qos *qos = &spec->qos;
    int64_t least = DIV_ROUND_UP(mtu * 8LL, 1000); /* htb_parse_class_details__() */

    if (!check_policer(vif, spec, error) || !check_bounds(vif, spec, error)) {
        return false;
    }
    if (qos->ingress_kbps && qos->ingress_kbps < least) {
        return refuse(vif, "ingress.max_kbps", error,
                      "Limit ingress.max_kbps of %" PRId64 " is less than linux-htb gives port %s "
                      "at MTU %d, which is %" PRId64 "; ask for that or more.",
                      qos->ingress_kbps, limited_port(spec), mtu, least);
    }
    return check_burst(vif, spec, "egress.max_burst_kbps", qos->egress_kbps, qos->egress_burst_kb,
                       error) &&
           check_burst(vif, spec, "egress.max_burst_kpps", qos->egress_kpps, qos->egress_burst_kpkt,
                       error) &&
           check_burst(vif, spec, "ingress.max_burst_kbps", qos->ingress_kbps,
                       qos->ingress_burst_kb, error);
}

static void raise_burst(int64_t *burst, int64_t least)
{
    if (*burst && *burst < least) {
        *burst = least;
    }
}

bool limits_settle(const struct vif *vif, int mtu, struct port_spec *spec, struct error *error)
{
    int64_t least;

    if (!spec->has_qos) {
        return true;
    }
    if (spec->no_port && has_limits(&spec->qos)) {
        return error_set(error, REASON_INVALID_REQUEST, vif_field_path(vif, VIF_FIELD_QOS),
                         "The program that starts the guest makes port %s (create_port is false), "
                         "so vifplugd cannot set its limits; use create_port, or limit the "
                         "guest's interface in libvirt.",
                         spec->port);
    }
    mtu = mtu ? mtu : MTU_DEFAULT;
    least = MAX(QOS_BURST_MIN_KB, DIV_ROUND_UP((mtu + FRAME_HEADERS) * 8LL, 1000));
    raise_burst(&spec->qos.egress_burst_kb, least);
    raise_burst(&spec->qos.ingress_burst_kb, least);
    return is_dpdk(spec) ? check_dpdk(vif, spec, error) : check_tc(vif, mtu, spec, error);
}

bool limits_warning(const struct vif_qos *asked, const struct vif_qos *settled,
                    char text[LIMITS_WARNING_LEN])
{
    bool egress = settled->egress_burst_kb > asked->egress_burst_kb;
    bool ingress = settled->ingress_burst_kb > asked->ingress_burst_kb;

    if (egress || ingress) {
        snprintf(text, LIMITS_WARNING_LEN,
                 "max_burst_kbps of %s is %" PRId64 " instead of what was asked for, since a "
                 "smaller burst would pass no full frame",
                 egress && ingress ? "egress and ingress"
                 : egress          ? "egress"
                                   : "ingress",
                 egress ? settled->egress_burst_kb : settled->ingress_burst_kb);
    }
    return egress || ingress;
}
