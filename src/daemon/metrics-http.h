/* SPDX-License-Identifier: Apache-2.0 */
/* As much of HTTP/1.1 (RFC 9112) as a scraper needs: GET /metrics, one reply, end. */

#ifndef VP_METRICS_HTTP_H
#define VP_METRICS_HTTP_H 1

#include <stddef.h>

/* The longest request with its header fields, bytes. */
enum { HTTP_REQUEST_MAX = 4096 };

enum http_request {
    HTTP_INCOMPLETE,
    HTTP_GET_METRICS,
    HTTP_OTHER_PATH,
    HTTP_OTHER_METHOD,
    HTTP_MALFORMED,
    HTTP_TOO_LONG
};

/* What has been received until now: `length` bytes, at most HTTP_REQUEST_MAX. */
enum http_request http_judge(const char *text, size_t length);

/* How the reply begins, with the header fields and, unless it is that of GET /metrics, all of the
 * body. Not for HTTP_INCOMPLETE. */
const char *http_reply(enum http_request request);

#endif
