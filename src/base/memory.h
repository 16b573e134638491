/* SPDX-License-Identifier: Apache-2.0 */
/* The end of a process that has no memory left. docs/architecture.md has the policy. */

#ifndef VP_MEMORY_H
#define VP_MEMORY_H 1

/* Returns `pointer`, which an allocation gave. If it is NULL, ends the process with a message. Not
 * for libvifplug, whose process belongs to others. */
void *need_memory(void *pointer);

/* Ends the process with that message. */
void out_of_memory_abort(void) __attribute__((noreturn));

#endif
