/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/metrics-http.h"

#include <stdbool.h>
#include <string.h>

#include "wire/reply-metrics.h"

#define METRICS_PATH "/metrics"

/* Whether the header fields end within the text. */
static bool is_complete(const char *text, size_t length)
{
    return memmem(text, length, "\r\n\r\n", 4) || memmem(text, length, "\n\n", 2);
}

static bool is_get_metrics(const char *target, size_t length)
{
    const char *query = memchr(target, '?', length);
    size_t path_length = query ? (size_t)(query - target) : length;

    return path_length == strlen(METRICS_PATH) && !memcmp(target, METRICS_PATH, path_length);
}

/* METHOD SP TARGET SP HTTP/1.x, without the end of the line. */
static enum http_request judge_line(const char *line, size_t length)
{
    const char *end = line + length;
    const char *first = memchr(line, ' ', length);
    const char *target = first ? first + 1 : end;
    const char *second = memchr(target, ' ', (size_t)(end - target));

    if (!second || first == line || second == target || end - second < 9 ||
        memcmp(second, " HTTP/1.", 8) != 0 || target[0] != '/') {
        return HTTP_MALFORMED;
    }
    if (first - line != 3 || memcmp(line, "GET", 3) != 0) {
        return HTTP_OTHER_METHOD;
    }
    return is_get_metrics(target, (size_t)(second - target)) ? HTTP_GET_METRICS : HTTP_OTHER_PATH;
}

enum http_request http_judge(const char *text, size_t length)
{
    const char *line_end = memchr(text, '\n', length);
    size_t line_length;

    if (!is_complete(text, length)) {
        return length < HTTP_REQUEST_MAX ? HTTP_INCOMPLETE : HTTP_TOO_LONG;
    }
    line_length = (size_t)(line_end - text);
    line_length -= line_length > 0 && text[line_length - 1] == '\r';
    return judge_line(text, line_length);
}

#define REFUSAL(STATUS, FIELDS, BODY)                                                              \
    "HTTP/1.1 " STATUS "\r\nContent-Type: text/plain; charset=utf-8\r\n" FIELDS                    \
    "Connection: close\r\n\r\n" BODY "\n"

const char *http_reply(enum http_request request)
{
    switch (request) {
    case HTTP_GET_METRICS:
        return "HTTP/1.1 200 OK\r\nContent-Type: " METRICS_CONTENT_TYPE
               "\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n";
    case HTTP_OTHER_PATH:
        return REFUSAL("404 Not Found", "", "vifplugd serves only " METRICS_PATH ".");
    case HTTP_OTHER_METHOD:
        return REFUSAL("405 Method Not Allowed", "Allow: GET\r\n",
                       "vifplugd serves only GET " METRICS_PATH ".");
    case HTTP_TOO_LONG:
        return REFUSAL("431 Request Header Fields Too Large", "",
                       "The request is longer than 4096 bytes.");
    case HTTP_INCOMPLETE:
    case HTTP_MALFORMED:
        break;
    }
    return REFUSAL("400 Bad Request", "", "The request is not HTTP/1.x.");
}
