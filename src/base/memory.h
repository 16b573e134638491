/* SPDX-License-Identifier: Apache-2.0 */
/* Ends a process that is out of memory. docs/architecture.md has the policy. */

#ifndef VP_MEMORY_H
#define VP_MEMORY_H 1

/* Returns `pointer`, the result of an allocation. If it is NULL, ends the process with a message.
 * Not for libvifplug, which runs in other programs. */
void *need_memory(void *pointer);

/* Ends the process with that message. */
void out_of_memory_abort(void) __attribute__((noreturn));

#endif
