/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the host for checks in a separate thread, one reading at a time. All who ask before a
 * reading begins share it.
 *
 * Only the main thread may call these functions. */

#ifndef VP_HOST_READER_H
#define VP_HOST_READER_H 1

#include <stdint.h>

#include "check/host.h"

/* From the start of a reading to that of the next, at least, ms. */
#define HOST_READ_PAUSE_MS 500

struct host_reader;

/* `fill` fills in what to read, when a reading begins (uninitialised before). */
struct host_reader *host_reader_create(void (*fill)(void *aux, struct host_query *query),
                                       void *aux);

/* Does not wait for a reading under way: it may hang. */
void host_reader_destroy(struct host_reader *reader);

/* Asks for a reading that begins after this call. Returns its number. */
uint64_t host_reader_ask(struct host_reader *reader);

/* Fills in the result of reading `number`, or of a later one. Returns false if there is none yet.
 */
bool host_reader_take(struct host_reader *reader, uint64_t number, struct host_facts *facts);

/* Takes the result of the reading under way, and begins the next. Call once per pass. */
void host_reader_run(struct host_reader *reader);
void host_reader_wait(const struct host_reader *reader);

#endif
