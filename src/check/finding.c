/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stdio.h>

#include "check/check-private.h"
#include "check/check.h"

const char *check_result_name(enum check_result result)
{
    static const char *const names[] = {"pass", "warn", "fail"};

    return names[result];
}

void check_tell(struct check_run *run, enum check_result result, const char *object,
                const char *message)
{
    const struct check_finding finding = {
        .result = result, .check = run->class->name, .object = object, .message = message};

    run->n[result]++;
    run->tell(run->aux, &finding);
}

void check_add(struct check_run *run, enum check_result result, const char *object,
               const char *format, ...)
{
    size_t i = run->row;
    char message[CHECK_MESSAGE_LEN];
    va_list args;

    run->worst[i] = result > run->worst[i] ? result : run->worst[i];
    if (run->found[i]++ >= CHECK_LINES_MAX) {
        return;
    }
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    check_tell(run, result, object, message);
}
