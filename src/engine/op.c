/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/op.h"

#include <stdarg.h>
#include <stdlib.h>

#include "base/display.h"
#include "base/error.h"
#include "timeval.h"
#include "util.h"

struct op *op_create(enum op_type type, const struct request *request, const struct asker *asker)
{
    static uint64_t last_id;
    struct op *op = xzalloc(sizeof *op);

    op->id = ++last_id;
    op->type = type;
    op->request = *request;
    if (asker) {
        op->asker = *asker;
    }
    op->arrived_us = time_usec();
    plan_init(&op->plan);
    port_spec_init(&op->goal);
    record_init(&op->before);
    return op;
}

void op_destroy(struct op *op)
{
    plan_destroy(&op->plan);
    port_spec_destroy(&op->goal);
    record_destroy(&op->before);
    port_settings_free(op->before_settings);
    port_settings_free(op->evicted_settings);
    if (op->evicted) {
        record_destroy(op->evicted);
        free(op->evicted);
    }
    for (size_t i = 0; i < op->n_warnings; i++) {
        free(op->warnings[i]);
    }
    free(op);
}

void op_warn(struct op *op, const char *format, ...)
{
    char text[2 * ERROR_TEXT_LEN];
    va_list args;

    if (op->n_warnings < OP_WARNINGS_MAX) {
        va_start(args, format);
        display_vformat(text, sizeof text, format, args);
        op->warnings[op->n_warnings++] = xstrdup(text);
        va_end(args);
    }
}

const char *op_type_name(enum op_type type)
{
    static const char *const names[] = {
        [OP_PLUG] = "plug",     [OP_UNPLUG] = "unplug",   [OP_UPDATE] = "update",
        [OP_REPAIR] = "repair", [OP_RESTORE] = "restore", [OP_RECOVER] = "recover",
    };

    return names[type];
}
