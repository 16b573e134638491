/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the targets for libFuzzer. */

#ifndef FUZZ_H
#define FUZZ_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Ends the process, which libFuzzer counts as a crash. */
#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                        \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

/* Whether an array of char ends within its size. */
#define TERMINATED(array) (memchr(array, '\0', sizeof(array)) != NULL)

/* A copy of the data as a string, which ends at its first NUL. To be freed with free(). */
static inline char *fuzz_string(const uint8_t *data, size_t size)
{
    char *text = strndup((const char *)data, size);

    CHECK(text);
    return text;
}

#endif
