/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"

#include <stdio.h>
#include <string.h>

#include "base/display.h"

static const char *const names[REASON_N] = {
    [REASON_NONE] = "none",
    [REASON_INVALID_REQUEST] = "invalid_request",
    [REASON_UNSUPPORTED_VIF] = "unsupported_vif",
    [REASON_DEVICE_NOT_FOUND] = "device_not_found",
    [REASON_NOT_FOUND] = "not_found",
    [REASON_VF_IN_USE] = "vf_in_use",
    [REASON_SOCKET_MISMATCH] = "socket_mismatch",
    [REASON_SOCKET_IN_USE] = "socket_in_use",
    [REASON_PORT_CONFLICT] = "port_conflict",
    [REASON_NOT_REALIZED] = "not_realized",
    [REASON_SWITCH_UNAVAILABLE] = "switch_unavailable",
    [REASON_TIMEOUT] = "timeout",
    [REASON_BUSY] = "busy",
    [REASON_PERMISSION_DENIED] = "permission_denied",
    [REASON_INTERNAL] = "internal",
};

/* Text from outside can become long when it is escaped. The end of the message stays: it says what
 * to do next. */
static void set_message(struct error *error, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));

static void set_message(struct error *error, const char *format, va_list args)
{
    char text[2048];
    char shown[DISPLAY_GROWTH * sizeof text];

    vsnprintf(text, sizeof text, format, args);
    display_text(shown, sizeof shown, text, strlen(text));
    display_shorten(error->message, sizeof error->message, shown);
}

bool error_vset(struct error *error, enum reason reason, const char *field, const char *format,
                va_list args)
{
    if (error) {
        error->reason = reason;
        error->rpc_code = RPC_OPERATION;
        error->detail[0] = '\0';
        display_format(error->field, sizeof error->field, "%s", field ? field : "");
        set_message(error, format, args);
    }
    return false;
}

bool error_set(struct error *error, enum reason reason, const char *field, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    error_vset(error, reason, field, format, args);
    va_end(args);
    return false;
}

bool error_detail(struct error *error, const char *format, ...)
{
    if (error) {
        va_list args;

        va_start(args, format);
        display_vformat(error->detail, sizeof error->detail, format, args);
        va_end(args);
    }
    return false;
}

const char *reason_name(enum reason reason)
{
    return reason >= 0 && reason < REASON_N ? names[reason] : names[REASON_INTERNAL];
}

bool reason_retryable(enum reason reason)
{
    return reason == REASON_SWITCH_UNAVAILABLE || reason == REASON_TIMEOUT || reason == REASON_BUSY;
}
