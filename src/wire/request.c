/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/request.h"

#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire/json-get.h"
#include "wire/json-make.h"
#include "wire/vif-codec.h"
#include "wire/vif-fields.h"

static bool rpc_error(struct error *error, int code, const char *field, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static bool rpc_error(struct error *error, int code, const char *field, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    error_vset(error, REASON_INVALID_REQUEST, field, format, args);
    va_end(args);
    error->rpc_code = code;
    return false;
}

/* Whether an integer fits. json-c reads one that does not as the nearest that does, and the reply
 * would have another id than the request. INT64_MIN does not count as fitting, because smaller ones
 * are read as that. */
static bool int_fits(struct json_object *id)
{
    return json_object_get_uint64(id) <= INT64_MAX && json_object_get_int64(id) > INT64_MIN;
}

/* The id must be a string or an integer (JSON-RPC 2.0, section 4, discourages other types). */
static bool read_id(struct json_object *object, struct request *request, struct error *error)
{
    struct json_object *id = NULL;
    const char *text;

    if (!json_object_object_get_ex(object, "id", &id) || !id) {
        return rpc_error(error, RPC_INVALID_REQUEST, "id",
                         "A request without an id gets no reply; add an id.");
    }
    if (!json_object_is_type(id, json_type_string) && !json_object_is_type(id, json_type_int)) {
        return rpc_error(error, RPC_INVALID_REQUEST, "id",
                         "The id must be a string or an integer.");
    }
    if (json_object_is_type(id, json_type_int) && !int_fits(id)) {
        return rpc_error(error, RPC_INVALID_REQUEST, "id",
                         "The id is an integer of more than 64 bits; use a smaller one.");
    }
    text = jtext(id);
    if (strlen(text) > REQUEST_ID_MAX) {
        return rpc_error(error, RPC_INVALID_REQUEST, "id",
                         "The id is longer than %d bytes; use a shorter one.", REQUEST_ID_MAX);
    }
    snprintf(request->id, sizeof request->id, "%s", text);
    return true;
}

/* Errors in params have their own code, except those inside `vif`. */
static bool params_error(struct error *error)
{
    error->rpc_code = RPC_INVALID_PARAMS;
    return false;
}

/* The params that plug, unplug and update have in common, and reap some of them. */
static bool read_operation(struct json_object *params, struct request *request, struct error *error)
{
    int64_t timeout_ms;
    const char *wait;

    if (!jget_int(params, "params", "timeout_ms", JGET_OPTIONAL, 1, REQUEST_TIMEOUT_MAX,
                  &timeout_ms, error) ||
        !jget_bool(params, "params", "dry_run", JGET_OPTIONAL, &request->dry_run, error) ||
        !jget_string(params, "params", "wait", JGET_OPTIONAL, 64, &wait, error)) {
        return false;
    }
    request->timeout_ms = (int)timeout_ms;
    if (wait && !strcmp(wait, "committed")) {
        request->wait = WAIT_COMMITTED;
    } else if (wait && strcmp(wait, "realized")) {
        return jget_error(error, "params", "wait",
                          "params.wait '%s' is unknown; use 'realized' or 'committed'.", wait);
    }
    return true;
}

static bool read_plug(struct json_object *params, struct request *request, struct error *error)
{
    static const char *const known[] = {"vif", "instance", "wait", "timeout_ms", "dry_run", NULL};
    struct json_object *instance;
    struct json_object *vif;

    if (!jget_only(params, "params", known, error) || !read_operation(params, request, error) ||
        !jget_object(params, "params", "vif", JGET_REQUIRED, &vif, error) ||
        !jget_object(params, "params", "instance", JGET_REQUIRED, &instance, error) ||
        !instance_decode(instance, request->instance, error)) {
        return params_error(error);
    }
    if (!vif_decode(vif, &request->vif, error)) {
        return false;
    }
    memcpy(request->vif_id, request->vif.id, sizeof request->vif_id);
    return true;
}

static bool read_unplug(struct json_object *params, struct request *request, struct error *error)
{
    static const char *const known[] = {"vif",        "vif_id",  "instance", "wait",
                                        "timeout_ms", "dry_run", NULL};
    struct json_object *instance;
    struct json_object *vif;
    struct error ignored;

    if (!jget_only(params, "params", known, error) || !read_operation(params, request, error) ||
        !jget_object(params, "params", "vif", JGET_OPTIONAL, &vif, error) ||
        !jget_object(params, "params", "instance", JGET_OPTIONAL, &instance, error) ||
        !field_id(params, "params", "vif_id", !vif, request->vif_id, error) ||
        (instance && !instance_decode(instance, request->instance, error))) {
        return params_error(error);
    }
    if (vif && request->vif_id[0]) {
        jget_error(error, "params", "vif_id",
                   "params.vif and params.vif_id exclude each other; send one.");
        return params_error(error);
    }
    if (vif && !vif_decode_id(vif, request->vif_id, error)) {
        return false;
    }
    /* An unplug follows the record, so a VIF with errors can still be unplugged. If there is no
     * record, the other members of the VIF show which port may have been left. */
    if (vif && !vif_decode(vif, &request->vif, &ignored)) {
        memset(&request->vif, 0, sizeof request->vif);
    }
    return true;
}

static bool read_update(struct json_object *params, struct request *request, struct error *error)
{
    static const char *const known[] = {"vif_id",     "mtu",     "qos", "wait",
                                        "timeout_ms", "dry_run", NULL};
    struct vif *vif = &request->vif;

    vif->form = VIF_FORM_UPDATE;
    if (!jget_only(params, "params", known, error) || !read_operation(params, request, error) ||
        !field_id(params, "params", "vif_id", true, request->vif_id, error) ||
        !field_mtu(params, "params", "mtu", &vif->mtu, error) ||
        !field_qos(params, "params", &vif->has_qos, &vif->qos, error)) {
        return params_error(error);
    }
    if (!vif->mtu && !vif->has_qos) {
        jget_error(error, "params", "mtu",
                   "There is nothing to update; give params.mtu or params.qos.");
        return params_error(error);
    }
    return true;
}

static bool read_reap(struct json_object *params, struct request *request, struct error *error)
{
    static const char *const known[] = {"vif_ids", "timeout_ms", "dry_run", NULL};
    struct json_object *ids = NULL;

    if (!jget_only(params, "params", known, error) || !read_operation(params, request, error)) {
        return params_error(error);
    }
    if (!json_object_object_get_ex(params, "vif_ids", &ids) || !ids) {
        return true;
    }
    return field_ids(ids, "params.vif_ids", &request->vif_ids, &request->n_vif_ids, error) ||
           params_error(error);
}

static bool read_get(struct json_object *params, struct request *request, struct error *error)
{
    static const char *const known[] = {"vif_id", "port", "mac", "vf", NULL};
    int n = 0;

    if (!jget_only(params, "params", known, error) ||
        !vif_filter_read(params, &request->filter, error)) {
        return params_error(error);
    }
    for (size_t i = 0; known[i]; i++) {
        n += jget_given(params, known[i]);
    }
    if (n == 1 && vif_filter_is_set(&request->filter)) {
        if (vif_id_valid(request->filter.name)) {
            strcpy(request->vif_id, request->filter.name);
        }
        return true;
    }
    jget_error(error, "params", "vif_id",
               "%s; give one of params.vif_id, params.port, params.mac and params.vf.",
               n > 1 ? "One VIF is shown by one name" : "No VIF is named");
    return params_error(error);
}

static bool read_list(struct json_object *params, struct request *request, struct error *error)
{
    static const char *const known[] = {"instance", "port", "bridge", "state", "kind",
                                        "pf",       "vf",   "mac",    NULL};

    return (jget_only(params, "params", known, error) &&
            vif_filter_read(params, &request->filter, error)) ||
           params_error(error);
}

static bool read_stats(struct json_object *params, struct request *request, struct error *error)
{
    static const char *const known[] = {"vif_id", "instance", "port", "bridge", "state",
                                        "kind",   "pf",       "vf",   "mac",    NULL};

    return (jget_only(params, "params", known, error) &&
            vif_filter_read(params, &request->filter, error)) ||
           params_error(error);
}

static bool read_ops(struct json_object *params, struct request *request, struct error *error)
{
    static const char *const known[] = {"limit", NULL};
    int64_t limit;

    if (!jget_only(params, "params", known, error) ||
        !jget_int(params, "params", "limit", JGET_OPTIONAL, 1, REQUEST_OPS_MAX, &limit, error)) {
        return params_error(error);
    }
    request->limit = limit ? (int)limit : REQUEST_OPS_MAX;
    return true;
}

static bool read_subscribe(struct json_object *params, struct request *request, struct error *error)
{
    static const char *const known[] = {"since_ms", NULL};
    int64_t since_ms;

    if (!jget_only(params, "params", known, error) ||
        !jget_int(params, "params", "since_ms", JGET_OPTIONAL, 1, REQUEST_SINCE_MAX, &since_ms,
                  error)) {
        return params_error(error);
    }
    request->since_ms = (int)since_ms;
    return true;
}

static bool read_nothing(struct json_object *params, struct request *request, struct error *error)
{
    static const char *const known[] = {NULL};

    (void)request;
    return jget_only(params, "params", known, error) || params_error(error);
}

static const struct {
    const char *name;
    bool (*read)(struct json_object *params, struct request *request, struct error *error);
    enum method_access access;
} methods[] = {
#define METHOD_ROW(method, name, params, access, ovsdb, handle) [method] = {name, params, access},
    METHODS(METHOD_ROW)
#undef METHOD_ROW
};

const char *method_name(enum method method)
{
    return (int)method >= 0 && method < METHOD_N ? methods[method].name : NULL;
}

bool request_is_read_only(const struct request *request)
{
    return request->dry_run || methods[request->method].access == METHOD_READS;
}

static bool read_method(struct json_object *object, struct request *request, struct error *error)
{
    const char *version;
    const char *method;

    if (!jget_string(object, "", "jsonrpc", JGET_REQUIRED, 16, &version, error) ||
        !jget_string(object, "", "method", JGET_REQUIRED, 64, &method, error)) {
        error->rpc_code = RPC_INVALID_REQUEST;
        return false;
    }
    if (strcmp(version, "2.0")) {
        return rpc_error(error, RPC_INVALID_REQUEST, "jsonrpc", "jsonrpc must be \"2.0\".");
    }
    for (int i = 0; i < METHOD_N; i++) {
        if (!strcmp(method, methods[i].name)) {
            request->method = (enum method)i;
            request->has_method = true;
            return true;
        }
    }
    return rpc_error(error, RPC_METHOD_NOT_FOUND, "method",
                     "There is no method '%s'; use one of those in docs/api.md.", method);
}

static bool read_object(struct json_object *object, struct request *request, struct error *error)
{
    static const char *const known[] = {"jsonrpc", "id", "method", "params", NULL};
    struct json_object *params = NULL;
    struct json_object *none;
    bool ok;

    if (!json_object_is_type(object, json_type_object)) {
        return rpc_error(
            error, RPC_INVALID_REQUEST, "",
            "A request must be one JSON object (batches are not taken); send one object "
            "per line.");
    }
    if (!read_id(object, request, error)) {
        return false;
    }
    if (!jget_only(object, "", known, error)) {
        error->rpc_code = RPC_INVALID_REQUEST;
        return false;
    }
    if (!read_method(object, request, error)) {
        return false;
    }
    if (!jget_object(object, "", "params", JGET_OPTIONAL, &params, error)) {
        error->rpc_code = RPC_INVALID_PARAMS;
        return false;
    }
    none = params ? NULL : jnew_object();
    ok = methods[request->method].read(params ? params : none, request, error);
    json_object_put(none);
    return ok;
}

void request_destroy(struct request *request)
{
    free(request->vif_ids);
    request->vif_ids = NULL;
}

bool request_parse(const char *line, size_t length, struct request *request, struct error *error)
{
    struct json_object *object;
    bool ok;

    memset(request, 0, sizeof *request);
    strcpy(request->id, "null");
    object = json_parse(line, length, error);
    if (!object) {
        return false;
    }
    ok = read_object(object, request, error);
    json_object_put(object);
    return ok;
}
