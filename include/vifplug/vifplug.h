/* SPDX-License-Identifier: Apache-2.0 */
/* libvifplug: the C client of vifplugd.
 *
 * Two ways to use it:
 *
 *   - Synchronous: vifplug_open(), then one call after another. Each waits for its reply.
 *
 *   - Asynchronous: vifplug_async_open(), then any number of vifplug_async_call(), each with a
 *     callback. Put vifplug_async_fd() with vifplug_async_events() into your event loop and call
 *     vifplug_async_process() when it is ready (or from time to time). Replies come in the order in
 *     which operations finish.
 *
 * Functions that return int return 0 or a negative errno value:
 *
 *   -EREMOTEIO  the daemon has replied with an error: see vifplug_reply_error()
 *   -ENOENT, -ECONNREFUSED, -EACCES, ...  the daemon cannot be reached; nothing was sent
 *   -EAGAIN     the daemon's queue of connections stayed full for the time given; nothing was sent
 *   -ETIMEDOUT  no reply within the time given here (the operation may still happen)
 *   -ECONNRESET, -EPIPE  the daemon closed the connection (the operation may still happen)
 *   -EPROTO     the daemon has sent something that is not a reply
 *   -EINVAL     an argument is wrong (for example malformed JSON)
 *   -ENOMEM     there is not enough memory
 *
 * docs/api.md describes methods, members and errors. JSON texts are UTF-8. A string that a function
 * returns belongs to the object that was its argument. Two threads must not use the same handle at
 * the same time; they may use different handles. */

#ifndef VIFPLUG_H
#define VIFPLUG_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define VIFPLUG_API __attribute__((visibility("default")))

/* The version of this header. */
#define VIFPLUG_VERSION_MAJOR 0
#define VIFPLUG_VERSION_MINOR 2
#define VIFPLUG_VERSION_PATCH 0

/* The version of the library that the program runs with: "0.2.0". */
VIFPLUG_API const char *vifplug_version(void);

/* The daemon's socket, and the environment variable that overrides it. */
#define VIFPLUG_DEFAULT_SOCKET "/run/vifplugd/vifplugd.sock"
#define VIFPLUG_SOCKET_VARIABLE "VIFPLUGD_SOCKET"

struct vifplug;       /* A synchronous connection. */
struct vifplug_async; /* An asynchronous connection. */
struct vifplug_reply; /* A reply. */
struct vifplug_vif;   /* A VIF in a reply. */

/* An error that the daemon has sent. Members that it left out are "". */
struct vifplug_error {
    int code;            /* JSON-RPC error code. */
    const char *reason;  /* For programs to decide by: "vf_in_use", ... */
    const char *message; /* One sentence for a person. */
    const char *vif_id;
    const char *field;  /* The member that is wrong: "vif.network.mtu". */
    const char *detail; /* The error text of vswitchd or OVSDB. */
    bool retryable;     /* The same request may succeed later. */
};

/* Options of an operation. Zeros are the defaults. */
struct vifplug_options {
    bool committed; /* Reply once OVSDB has it, not only once vswitchd has realized it. */
    bool dry_run;   /* Only return what would be done. */
    int timeout_ms; /* For the daemon, 1-600000; 0: its default. */
    int wait_ms;    /* How long to wait here for the reply; 0: no limit. */
};

/* --- Synchronous. --- */

/* How long vifplug_open() and vifplug_async_open() wait for a place in the daemon's queue of
 * connections, ms. A daemon that runs takes connections within milliseconds. */
#define VIFPLUG_CONNECT_MS 10000

/* Connects to `socket_path` (NULL: the environment variable's, else the default). */
VIFPLUG_API int vifplug_open(const char *socket_path, struct vifplug **vifplug);

/* The same, and waits for up to `wait_ms` ms, 0: no limit. */
VIFPLUG_API int vifplug_open_within(const char *socket_path, int wait_ms, struct vifplug **vifplug);
VIFPLUG_API void vifplug_close(struct vifplug *vifplug);

/* Each stores the reply in *reply if there is one, also for -EREMOTEIO, else NULL; free it with
 * vifplug_reply_free(). `options` may be NULL. After -ETIMEDOUT the connection may be used further;
 * the late reply is dropped. */

/* `vif` and `instance` are JSON texts (an os-vif object, a Nova VIF dict or a native VIF; an
 * InstanceInfo or {"uuid":...}). */
VIFPLUG_API int vifplug_plug(struct vifplug *vifplug, const char *vif, const char *instance,
                             const struct vifplug_options *options, struct vifplug_reply **reply);

/* `instance_uuid` may be NULL; else a VIF that is plugged for another instance stays. */
VIFPLUG_API int vifplug_unplug(struct vifplug *vifplug, const char *vif_id,
                               const char *instance_uuid, const struct vifplug_options *options,
                               struct vifplug_reply **reply);

/* Changes a plugged VIF's MTU (bytes; 0: no change) and limits (`qos`, a JSON text as in
 * docs/api.md; NULL: no change). */
VIFPLUG_API int vifplug_update(struct vifplug *vifplug, const char *vif_id, int mtu,
                               const char *qos, const struct vifplug_options *options,
                               struct vifplug_reply **reply);

/* Removes the stale VIF `vif_id`, or all stale VIFs (NULL). */
VIFPLUG_API int vifplug_reap(struct vifplug *vifplug, const char *vif_id,
                             const struct vifplug_options *options, struct vifplug_reply **reply);

/* `vif_id` is the VIF's id, or the name of its port, its MAC or the PCI address of its VF. */
VIFPLUG_API int vifplug_get(struct vifplug *vifplug, const char *vif_id,
                            const struct vifplug_options *options, struct vifplug_reply **reply);
VIFPLUG_API int vifplug_list(struct vifplug *vifplug, const struct vifplug_options *options,
                             struct vifplug_reply **reply);

/* The counters of the VIF with that name (as vifplug_get() takes it), or of all (NULL): in the JSON
 * text of the reply. */
VIFPLUG_API int vifplug_stats(struct vifplug *vifplug, const char *vif_id,
                              const struct vifplug_options *options, struct vifplug_reply **reply);
VIFPLUG_API int vifplug_status(struct vifplug *vifplug, const struct vifplug_options *options,
                               struct vifplug_reply **reply);

/* Calls any method. `params` is a JSON object as text, or NULL. */
VIFPLUG_API int vifplug_call(struct vifplug *vifplug, const char *method, const char *params,
                             int wait_ms, struct vifplug_reply **reply);

/* --- Asynchronous. --- */

/* Called once for each call: with result 0 or -EREMOTEIO and a reply that is valid until the
 * callback returns (vifplug_reply_ref() keeps it), or with another error and NULL. It may make
 * further calls, but not close the connection. */
typedef void vifplug_callback(void *aux, int result, struct vifplug_reply *reply);

/* Connects like vifplug_open() and vifplug_open_within(). */
VIFPLUG_API int vifplug_async_open(const char *socket_path, struct vifplug_async **async);
VIFPLUG_API int vifplug_async_open_within(const char *socket_path, int wait_ms,
                                          struct vifplug_async **async);

/* Calls that have no reply yet get -ECANCELED. */
VIFPLUG_API void vifplug_async_close(struct vifplug_async *async);

VIFPLUG_API int vifplug_async_fd(const struct vifplug_async *async);
VIFPLUG_API short vifplug_async_events(const struct vifplug_async *async); /* POLLIN, POLLOUT. */

/* Sends and receives without waiting, and calls the callbacks. Returns 0, or an error, with which
 * all callbacks have been called and after which the connection cannot be used any more. */
VIFPLUG_API int vifplug_async_process(struct vifplug_async *async);

/* Queues a request; the next vifplug_async_process() sends it. */
VIFPLUG_API int vifplug_async_call(struct vifplug_async *async, const char *method,
                                   const char *params, vifplug_callback *callback, void *aux);

/* Called for each notification after a call of "subscribe": `event` is its method ("vif.plugged",
 * ...). `params` is like a reply whose result is the notification's params, with a VIF where
 * docs/api.md says so; it is valid until the callback returns. With NULL (the default) the library
 * drops notifications. */
typedef void vifplug_notification_callback(void *aux, const char *event,
                                           struct vifplug_reply *params);
VIFPLUG_API void vifplug_async_on_notification(struct vifplug_async *async,
                                               vifplug_notification_callback *callback, void *aux);

/* The number of calls that have no reply yet. */
VIFPLUG_API size_t vifplug_async_pending(const struct vifplug_async *async);

/* The params of a plug and an unplug as JSON text, for the calls above; NULL if an argument is no
 * JSON object or memory has run out. To be freed with free(). */
VIFPLUG_API char *vifplug_plug_params(const char *vif, const char *instance,
                                      const struct vifplug_options *options);
VIFPLUG_API char *vifplug_unplug_params(const char *vif_id, const char *instance_uuid,
                                        const struct vifplug_options *options);

/* --- Replies. --- */

VIFPLUG_API struct vifplug_reply *vifplug_reply_ref(struct vifplug_reply *reply);
VIFPLUG_API void vifplug_reply_free(struct vifplug_reply *reply);

/* NULL if the reply is a success. */
VIFPLUG_API const struct vifplug_error *vifplug_reply_error(const struct vifplug_reply *reply);

/* The result (or the error object) as JSON text; valid until the next call of this function for the
 * same reply. */
VIFPLUG_API const char *vifplug_reply_json(const struct vifplug_reply *reply, bool pretty);

VIFPLUG_API bool vifplug_reply_changed(const struct vifplug_reply *reply);
VIFPLUG_API size_t vifplug_reply_n_warnings(const struct vifplug_reply *reply);
VIFPLUG_API const char *vifplug_reply_warning(const struct vifplug_reply *reply, size_t i);

/* The VIFs: those of a list, or the one of a plug or get. */
VIFPLUG_API size_t vifplug_reply_n_vifs(const struct vifplug_reply *reply);
VIFPLUG_API const struct vifplug_vif *vifplug_reply_vif(const struct vifplug_reply *reply,
                                                        size_t i);

/* Members of a VIF by name ("port"), nested ones with dots between ("representor.pf"); for names
 * with dots in them use the JSON text. A missing one gives NULL, or `missing`. Numbers are also
 * given as strings. */
VIFPLUG_API const char *vifplug_vif_string(const struct vifplug_vif *vif, const char *member);
VIFPLUG_API int64_t vifplug_vif_int(const struct vifplug_vif *vif, const char *member,
                                    int64_t missing);

#ifdef __cplusplus
}
#endif

#endif
