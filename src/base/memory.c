/* SPDX-License-Identifier: Apache-2.0 */
#include "base/memory.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

void out_of_memory_abort(void)
{
    fprintf(stderr, "%s: out of memory\n", program_invocation_short_name);
    abort();
}

void *need_memory(void *pointer)
{
    if (!pointer) {
        out_of_memory_abort();
    }
    return pointer;
}
