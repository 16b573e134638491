/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/dispatch.h"

#include "daemon/methods.h"
#include "wire/reply.h"
#include "wire/request.h"

static bool permitted(const struct request *request, enum access_level level, struct error *error)
{
    if (level == ACCESS_ALL || (level == ACCESS_READ && request_is_read_only(request))) {
        return true;
    }
    return error_set(
        error, REASON_PERMISSION_DENIED, "",
        level == ACCESS_READ
            ? "Your user may only read; have it added to 'allow' in vifplugd.conf to "
              "call %s."
            : "Your user may not use vifplugd; have it added to 'allow' or 'allow_read' "
              "in vifplugd.conf to call %s.",
        method_name(request->method));
}

bool dispatch_line(struct dispatch *dispatch, const struct peer *peer, const char *line,
                   size_t length)
{
    struct request request;
    struct error error = {.reason = REASON_NONE};
    char *reply = NULL;
    bool changes = false;

    dispatch->n_requests++;
    if (request_parse(line, length, &request, &error) && permitted(&request, peer->level, &error) &&
        !engine_is_stopping(dispatch->engine, &error)) {
        reply = method_handle(dispatch, peer, &request, &error);
        changes = !request_is_read_only(&request) && error.reason == REASON_NONE;
    }
    request_destroy(&request);
    if (error.reason != REASON_NONE) {
        op_log_refusal(dispatch->op_log, request.has_method ? method_name(request.method) : NULL,
                       request.vif_id, &peer->client, &error);
        counts_refusal(&dispatch->counts, error.reason);
        reply = reply_error(request.id, request.vif_id, &error);
    }
    if (reply) {
        server_reply(dispatch->server, peer->connection, reply, false);
    }
    return changes;
}
