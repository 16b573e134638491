/* SPDX-License-Identifier: Apache-2.0 */
/* ovs-vswitchd's own words: what its log says of a port since a mark. A separate thread reads the
 * file, because the loop must not wait for a disk.
 *
 * Only the main thread may call these functions. */

#ifndef VP_SWITCH_LOG_H
#define VP_SWITCH_LOG_H 1

#include <stdbool.h>
#include <stdint.h>

#include "ovs/log-file.h"
#include "ovs/log-lines.h"
#include "ovs/vswitchd.h"

/* The most questions that wait at a time, and the most answers that nobody has taken: of more, the
 * first are dropped. */
enum { SWITCH_LOG_QUESTIONS_MAX = 128 };

struct switch_log;

/* What the log says. */
struct switch_log_answer {
    char lines[LOG_LINES_LEN];          /* log_lines_pick(); "" if it says nothing of the port. */
    char path[LOG_FILE_PATH_LEN];       /* Of the file; or "". */
    char problem[LOG_FILE_PROBLEM_LEN]; /* Why it could not be read, and where to look; or "". */
};

/* `given` is the path of the file; "": find it (log_file_find()). */
struct switch_log *switch_log_create(const char *given);

/* Waits for the reading under way. */
void switch_log_destroy(struct switch_log *log);

/* Looks for the file of a vswitchd that has started, and takes answers. Call it in each pass. */
void switch_log_run(struct switch_log *log, const struct vswitchd *vswitchd);
void switch_log_wait(const struct switch_log *log);

/* The end of the log now. */
struct log_mark switch_log_mark(const struct switch_log *log);

/* Asks what the log says since `mark`. Returns the number of the question; 0: too many wait. */
uint64_t switch_log_ask(struct switch_log *log, const struct log_mark *mark,
                        const struct log_names *names);

/* Takes the answer to a question. Returns false if there is none yet. */
bool switch_log_take(struct switch_log *log, uint64_t question, struct switch_log_answer *answer);

#endif
