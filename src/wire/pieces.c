/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/pieces.h"

#include <json-c/json.h>
#include <stdarg.h>

#include "base/memory.h"
#include "wire/json-make.h"

static void open_stream(struct pieces *pieces)
{
    pieces->stream = need_memory(open_memstream(&pieces->text, &pieces->size));
}

static char *close_stream(struct pieces *pieces)
{
    /* Only memory can run out, because the stream has no file. */
    if (ferror(pieces->stream) || fclose(pieces->stream) != 0) {
        out_of_memory_abort();
    }
    return pieces->text;
}

void pieces_init(struct pieces *pieces, const char *id, const char *format, ...)
{
    va_list args;

    open_stream(pieces);
    pieces->any = false;
    fprintf(pieces->stream, "{\"jsonrpc\":\"2.0\",\"id\":%s,\"result\":", id);
    va_start(args, format);
    vfprintf(pieces->stream, format, args);
    va_end(args);
}

void pieces_add(struct pieces *pieces, struct json_object *element)
{
    fprintf(pieces->stream, "%s%s", pieces->any ? "," : "", jtext(element));
    json_object_put(element);
    pieces->any = true;
}

char *pieces_take(struct pieces *pieces)
{
    char *text = close_stream(pieces);

    open_stream(pieces);
    return text;
}

char *pieces_finish(struct pieces *pieces, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vfprintf(pieces->stream, format, args);
    va_end(args);
    fputc('\n', pieces->stream);
    return close_stream(pieces);
}
