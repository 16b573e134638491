/* SPDX-License-Identifier: Apache-2.0 */
/* libvifplug: the params of a request under construction. */

#ifndef VP_CLIENT_PARAMS_H
#define VP_CLIENT_PARAMS_H 1

#include <vifplug/vifplug.h>

struct json_object;

/* The first error stays: a negative errno value. */
struct params {
    struct json_object *object;
    int error;
};

void params_init(struct params *params);

/* Frees `params` and returns their text (malloc'ed), or NULL with params->error set. */
char *params_take(struct params *params);

/* Puts `value`, which it takes; NULL counts as one for which there was no memory. */
void params_put(struct params *params, const char *key, struct json_object *value);

/* Put nothing for NULL and 0. */
void params_put_text(struct params *params, const char *key, const char *text);
void params_put_int(struct params *params, const char *key, int value);
void params_put_instance(struct params *params, const char *uuid);
void params_put_qos(struct params *params, const struct vifplug_qos *qos);
void params_put_filter(struct params *params, const struct vifplug_filter *filter);

/* Puts a JSON object, given as text; NULL is an error. */
void params_put_object(struct params *params, const char *key, const char *text);

/* Puts all options but wait_ms. */
void params_put_options(struct params *params, const struct vifplug_options *options);

/* Make values. They return 0 or a negative errno value. */
int text_to_json(const char *text, struct json_object **value);
int text_to_object(const char *text, struct json_object **value); /* Parses the text. */
int qos_to_json(const struct vifplug_qos *qos, struct json_object **value);

#endif
