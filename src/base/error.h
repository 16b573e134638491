/* SPDX-License-Identifier: Apache-2.0 */
/* Errors: why an operation was refused or failed, with the reasons of the API.
 *
 * Library code fills a `struct error` and returns false (or NULL); the end of the operation logs it
 * once and replies once. The error owns no memory, so it can be copied, and needs no free. Its
 * texts are escaped for display (base/display.h), because they quote what a request or OVSDB has.
 */

#ifndef VP_ERROR_H
#define VP_ERROR_H 1

#include <stdbool.h>
#include <stdarg.h>

/* The reasons of docs/api.md, in its order. A client decides by the reason, never by the text. */
enum reason {
    REASON_NONE = 0,
    REASON_INVALID_REQUEST,
    REASON_UNSUPPORTED_VIF,
    REASON_DEVICE_NOT_FOUND,
    REASON_NOT_FOUND,
    REASON_VF_IN_USE,
    REASON_SOCKET_MISMATCH,
    REASON_SOCKET_IN_USE,
    REASON_PORT_CONFLICT,
    REASON_NOT_REALIZED,
    REASON_SWITCH_UNAVAILABLE,
    REASON_TIMEOUT,
    REASON_BUSY,
    REASON_PERMISSION_DENIED,
    REASON_INTERNAL,
    REASON_N
};

#define ERROR_FIELD_LEN 128
#define ERROR_TEXT_LEN 640
#define ERROR_DETAIL_LEN 1536

/* JSON-RPC 2.0 error codes (the specification's section 5.1); -32000 is ours for everything inside
 * `vif` and for operations that were refused or failed. */
enum {
    RPC_PARSE_ERROR = -32700,
    RPC_INVALID_REQUEST = -32600,
    RPC_METHOD_NOT_FOUND = -32601,
    RPC_INVALID_PARAMS = -32602,
    RPC_OPERATION = -32000
};

struct error {
    enum reason reason;
    int rpc_code;                  /* One of the RPC_* codes. */
    char field[ERROR_FIELD_LEN];   /* Path of the wrong member ("vif.network.mtu"), or "". */
    char message[ERROR_TEXT_LEN];  /* One sentence for a person; ends with what to do next, also
                                    * if text in it was cut. */
    char detail[ERROR_DETAIL_LEN]; /* The error text of vswitchd, OVSDB or errno, and what
                                    * vswitchd's log says; or "". */
};

/* Fills *error (which may be NULL) with rpc_code RPC_OPERATION and no detail; cuts text that is too
 * long. Returns false, so that callers can write `return error_set(...)`. */
bool error_set(struct error *error, enum reason reason, const char *field, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
bool error_vset(struct error *error, enum reason reason, const char *field, const char *format,
                va_list args) __attribute__((format(printf, 4, 0)));

/* Sets the detail of a filled error (error may be NULL). Returns false. */
bool error_detail(struct error *error, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The wire name of a reason ("vf_in_use"). */
const char *reason_name(enum reason reason);

/* Whether the same request may succeed later, unchanged. */
bool reason_retryable(enum reason reason);

#endif
