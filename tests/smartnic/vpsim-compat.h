/* SPDX-License-Identifier: Apache-2.0 */
/* The differences between DPDK's releases, 22.11 to 25.11.
 *
 * The build may fetch the driver headers after CMake has run, so CMake cannot check them: the
 * compiler chooses by the types that it finds. Unknown types do not compile. */

#ifndef VPSIM_COMPAT_H
#define VPSIM_COMPAT_H

#include <stddef.h>

#include <ethdev_driver.h>

/* Since 24.03 rte_eth_devargs_parse() fills an array, whose size is its third parameter, and
 * returns how many elements it filled. This fills one; a negative value means failure. */
static inline int vpsim_devargs_parse(const char *text, struct rte_eth_devargs *devargs)
{
    typedef int one_parser(const char *, struct rte_eth_devargs *);
    typedef int array_parser(const char *, struct rte_eth_devargs *, unsigned int);
#define IS_ONE __builtin_types_compatible_p(__typeof__(rte_eth_devargs_parse), one_parser)
    one_parser *parse_one = __builtin_choose_expr(IS_ONE, rte_eth_devargs_parse, NULL);
    array_parser *parse_array = __builtin_choose_expr(IS_ONE, NULL, rte_eth_devargs_parse);
#undef IS_ONE

    return parse_one ? parse_one(text, devargs) : parse_array(text, devargs, 1);
}

struct eth_queue_stats; /* Since 25.11. */

/* Since 25.11 eth_dev_ops.stats_get has a third parameter, for the statistics of queues. Chooses
 * the function that fits. */
typedef int vpsim_stats_get(struct rte_eth_dev *, struct rte_eth_stats *);
#define VPSIM_STATS_GET(without_queues, with_queues)                                               \
    __builtin_choose_expr(__builtin_types_compatible_p(eth_stats_get_t, vpsim_stats_get *),        \
                          without_queues, with_queues)

#endif
