/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of the daemon's log, escaped: vlog writes what it gets, and most lines quote text from
 * outside. The daemon uses these macros in place of VLOG_*(); tests/style checks it. */

#ifndef VP_LOG_H
#define VP_LOG_H 1

#include "base/display.h"
#include "openvswitch/vlog.h" /* IWYU pragma: export */

/* Longer lines are cut. */
#define SLOG_LINE_MAX 2048

#define SLOG_ERR(...) SLOG_WITH(VLOG_ERR, __VA_ARGS__)
#define SLOG_WARN(...) SLOG_WITH(VLOG_WARN, __VA_ARGS__)
#define SLOG_INFO(...) SLOG_WITH(VLOG_INFO, __VA_ARGS__)
#define SLOG_DBG(...) SLOG_WITH(VLOG_DBG, __VA_ARGS__)
#define SLOG_FATAL(...) SLOG_WITH(VLOG_FATAL, __VA_ARGS__)
#define SLOG_WARN_RL(RL, ...) SLOG_WITH_RL(VLOG_WARN_RL, RL, __VA_ARGS__)
#define SLOG_INFO_RL(RL, ...) SLOG_WITH_RL(VLOG_INFO_RL, RL, __VA_ARGS__)

/* Whether a line of level INFO is to be left out: the level is off, or there were too many. */
#define SLOG_DROP_INFO(RL) VLOG_DROP_INFO(RL)

/* VLOG_*() evaluate their arguments only if their level is enabled. */
#define SLOG_WITH(CALL, ...)                                                                       \
    do {                                                                                           \
        char slog_line[SLOG_LINE_MAX];                                                             \
                                                                                                   \
        CALL("%s", display_format(slog_line, sizeof slog_line, __VA_ARGS__));                      \
    } while (0)
#define SLOG_WITH_RL(CALL, RL, ...)                                                                \
    do {                                                                                           \
        char slog_line[SLOG_LINE_MAX];                                                             \
                                                                                                   \
        CALL(RL, "%s", display_format(slog_line, sizeof slog_line, __VA_ARGS__));                  \
    } while (0)

#endif
