/* SPDX-License-Identifier: Apache-2.0 */
/* Decodes VIFs for tests in other languages: for each line of standard input, a member `vif` of a
 * request, prints the VIF as vif_text() writes it, or "refused: REASON FIELD". */

#include "vif-text.h"

#include <json-c/json.h>
#include <stdlib.h>
#include <sys/types.h>

#include "wire/json-get.h"
#include "wire/vif-codec.h"

static bool decode(const char *line, size_t length, struct vif *vif, struct error *error)
{
    struct json_object *object = json_parse(line, length, error);
    bool ok =
        object && json_object_is_type(object, json_type_object) && vif_decode(object, vif, error);

    json_object_put(object);
    return ok;
}

int main(void)
{
    char *line = NULL;
    size_t size = 0;
    ssize_t length;

    while ((length = getline(&line, &size, stdin)) >= 0) {
        struct error error = {0};
        struct vif vif;

        if (decode(line, (size_t)length, &vif, &error)) {
            char text[VIF_TEXT_LEN];

            vif_text(&vif, text);
            puts(text);
        } else {
            printf("refused: %s %s\n", reason_name(error.reason), error.field);
        }
    }
    free(line);
    return 0;
}
