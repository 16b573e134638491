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
 *   -EINVAL     an argument is wrong: malformed JSON, an option that the call does not take, a
 *               negative time to wait, ...
 *   -EILSEQ     a text, also one of JSON, is not UTF-8
 *   -E2BIG      a struct asks for something that this version of the library does not know
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
#define VIFPLUG_VERSION_PATCH 1

/* The version of the library that the program runs with: "0.2.0". */
VIFPLUG_API const char *vifplug_version(void);

/* The daemon's socket, and the environment variable that overrides it. */
#define VIFPLUG_DEFAULT_SOCKET "/run/vifplugd/vifplugd.sock"
#define VIFPLUG_SOCKET_VARIABLE "VIFPLUGD_SOCKET"

struct vifplug;        /* A synchronous connection. */
struct vifplug_async;  /* An asynchronous connection. */
struct vifplug_reply;  /* A reply. */
struct vifplug_vif;    /* A VIF in a reply. */
struct vifplug_native; /* A VIF to be plugged, in the native form of docs/api.md. */

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

/* The structs that a program fills begin with their size, because newer versions add members at the
 * end. Begin with the initializer of the struct, or set `size` to its sizeof; zeros are the
 * defaults of all other members:
 *
 *     struct vifplug_options options = VIFPLUG_OPTIONS_INIT;
 *     struct vifplug_options options = {.size = sizeof options, .dry_run = true};
 *
 * The library takes a struct of an older version. It takes one of a newer version if the members
 * that it does not know are zeros, and else returns -E2BIG. A size that no version has is -EINVAL.
 * Structs that the library returns may grow at the end too: do not copy them by their sizeof. */

/* Options of a call. Calls that only read take `wait_ms` alone, vifplug_reap() all but `committed`;
 * an option that the call does not take is -EINVAL. */
struct vifplug_options {
    size_t size;
    int timeout_ms; /* For the daemon, 1-600000; 0: its default. */
    int wait_ms;    /* How long to wait here for the reply; 0: no limit. */
    int committed;  /* Not 0: reply once OVSDB has it, not only once vswitchd has realized it. */
    int dry_run;    /* Not 0: only return what would be done. */
};

/* Limits of a VIF, in the guest's directions: egress is what the guest sends. 0 is no limit. */
struct vifplug_qos {
    size_t size;
    int64_t egress_max_kbps;       /* 1000 bit/s. */
    int64_t egress_max_burst_kbps; /* 1000 bit. */
    int64_t egress_max_kpps;       /* 1000 packets/s. */
    int64_t egress_max_burst_kpps; /* 1000 packets. */
    int64_t ingress_max_kbps;
    int64_t ingress_max_burst_kbps;
};

/* Which VIFs: those that have all that is not NULL. */
struct vifplug_filter {
    size_t size;
    const char *vif_id;   /* vifplug_stats() alone: as vifplug_get() takes it. */
    const char *instance; /* UUID. */
    const char *port;
    const char *bridge;
    const char *state; /* "up", ... */
    const char *kind;
    const char *pf; /* PCI address. */
    const char *vf; /* PCI address. */
    const char *mac;
};

/* clang-format off */
#define VIFPLUG_OPTIONS_INIT {sizeof(struct vifplug_options), 0, 0, 0, 0}
#define VIFPLUG_QOS_INIT {sizeof(struct vifplug_qos), 0, 0, 0, 0, 0, 0}
#define VIFPLUG_FILTER_INIT \
    {sizeof(struct vifplug_filter), NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL}
/* clang-format on */

/* --- Synchronous. --- */

/* How long vifplug_open() and vifplug_async_open() wait for a place in the daemon's queue of
 * connections, ms. A daemon that runs takes connections within milliseconds. */
#define VIFPLUG_CONNECT_MS 10000

/* Connects to `socket_path` (NULL: the environment variable's, else the default). */
VIFPLUG_API int vifplug_open(const char *socket_path, struct vifplug **vifplug);

/* The same, and waits for up to `wait_ms` ms, 0: no limit; less is -EINVAL. */
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

/* Changes a plugged VIF's MTU (bytes; 0: no change) and limits (`qos`, all of them; NULL: no
 * change). */
VIFPLUG_API int vifplug_update(struct vifplug *vifplug, const char *vif_id, int mtu,
                               const struct vifplug_qos *qos, const struct vifplug_options *options,
                               struct vifplug_reply **reply);

/* Removes the stale VIF `vif_id`, or all stale VIFs that no guest uses (NULL). */
VIFPLUG_API int vifplug_reap(struct vifplug *vifplug, const char *vif_id,
                             const struct vifplug_options *options, struct vifplug_reply **reply);

/* `vif_id` is the VIF's id, or the name of its port, its MAC or the PCI address of its VF. */
VIFPLUG_API int vifplug_get(struct vifplug *vifplug, const char *vif_id,
                            const struct vifplug_options *options, struct vifplug_reply **reply);

/* The VIFs, and the counters of VIFs ("stats.0.statistics.rx_packets", see vifplug_reply_int()),
 * that `filter` asks for; NULL: all. */
VIFPLUG_API int vifplug_list(struct vifplug *vifplug, const struct vifplug_filter *filter,
                             const struct vifplug_options *options, struct vifplug_reply **reply);
VIFPLUG_API int vifplug_stats(struct vifplug *vifplug, const struct vifplug_filter *filter,
                              const struct vifplug_options *options, struct vifplug_reply **reply);

/* The last operations, and those under way: at most `limit` (1-256; 0: 256) that have ended. */
VIFPLUG_API int vifplug_ops(struct vifplug *vifplug, int limit,
                            const struct vifplug_options *options, struct vifplug_reply **reply);

/* The other methods that only read. vifplug_reply_string() and its like read their results. */
VIFPLUG_API int vifplug_nics(struct vifplug *vifplug, const struct vifplug_options *options,
                             struct vifplug_reply **reply);
VIFPLUG_API int vifplug_status(struct vifplug *vifplug, const struct vifplug_options *options,
                               struct vifplug_reply **reply);
VIFPLUG_API int vifplug_check(struct vifplug *vifplug, const struct vifplug_options *options,
                              struct vifplug_reply **reply);
VIFPLUG_API int vifplug_metrics(struct vifplug *vifplug, const struct vifplug_options *options,
                                struct vifplug_reply **reply);
VIFPLUG_API int vifplug_describe(struct vifplug *vifplug, const struct vifplug_options *options,
                                 struct vifplug_reply **reply);

/* Calls any method. `params` is a JSON object as text, or NULL. */
VIFPLUG_API int vifplug_call(struct vifplug *vifplug, const char *method, const char *params,
                             int wait_ms, struct vifplug_reply **reply);

/* --- Events. --- */

/* Subscribes to the events of docs/api.md; `since_ms` (1-86400000; 0: none) asks also for those of
 * that time, in milliseconds before now. The connection may be used for other calls meanwhile: the
 * library keeps up to VIFPLUG_EVENTS_MAX events until vifplug_next_event() fetches them. */
VIFPLUG_API int vifplug_subscribe(struct vifplug *vifplug, int since_ms,
                                  const struct vifplug_options *options,
                                  struct vifplug_reply **reply);

#define VIFPLUG_EVENTS_MAX 1024

/* Waits for the next event, for up to `wait_ms` ms (0: no limit), and stores it in *event: like a
 * reply whose result is the event's params, to be freed with vifplug_reply_free(). The numbers of
 * events ("event") have no gaps unless an error says so, which comes with *event NULL:
 *
 *   -ETIMEDOUT  none has come
 *   -ENOBUFS    events came faster than they were fetched: the library has dropped the oldest. The
 *               next call goes on after the gap
 *   -ECONNRESET the connection has ended: see below
 *   -EINVAL     vifplug_subscribe() has not succeeded on this connection
 *
 * The connection ends when vifplugd stops or does not permit it any more, or has more for this
 * program than it keeps. Then open a new one, and subscribe with the time since then: the reply
 * says whether that is all ("complete"), and which start of vifplugd it is ("run"). */
VIFPLUG_API int vifplug_next_event(struct vifplug *vifplug, int wait_ms,
                                   struct vifplug_reply **event);

/* The name of an event, "vif.plugged"; NULL if `reply` is a reply. */
VIFPLUG_API const char *vifplug_reply_event(const struct vifplug_reply *reply);

/* --- VIFs to be plugged. --- */

/* A native VIF, so that no program has to write JSON. The kinds are those of docs/api.md:
 * "representor", "vhost-user", "kernel-representor", "ovs", "hybrid". NULL without memory. */
VIFPLUG_API struct vifplug_native *vifplug_native_new(const char *vif_id, const char *kind);
VIFPLUG_API void vifplug_native_free(struct vifplug_native *vif);

/* Each sets the member of that name; what was set before is replaced, NULL (or an MTU of 0) removes
 * it. vifplugd checks the values when the VIF is plugged. Each returns 0, -EILSEQ, -ENOMEM, or for
 * `qos` -EINVAL or -E2BIG. The first error stays with the VIF, and all that uses it returns it: a
 * program may look for errors only there. */
VIFPLUG_API int vifplug_native_set_bridge(struct vifplug_native *vif, const char *bridge);
VIFPLUG_API int vifplug_native_set_address(struct vifplug_native *vif, const char *mac);
VIFPLUG_API int vifplug_native_set_mtu(struct vifplug_native *vif, int bytes);
VIFPLUG_API int vifplug_native_set_datapath_type(struct vifplug_native *vif, const char *type);
VIFPLUG_API int vifplug_native_set_interface_id(struct vifplug_native *vif, const char *iface_id);
VIFPLUG_API int vifplug_native_set_vif_name(struct vifplug_native *vif, const char *name);
VIFPLUG_API int vifplug_native_set_pci_slot(struct vifplug_native *vif, const char *pci_slot);
/* `mode` is the guest's: "server" or "client". */
VIFPLUG_API int vifplug_native_set_vhost_user(struct vifplug_native *vif, const char *path,
                                              const char *mode);
VIFPLUG_API int vifplug_native_set_create_port(struct vifplug_native *vif, bool create_port);
VIFPLUG_API int vifplug_native_set_create_tap(struct vifplug_native *vif, bool create_tap);
VIFPLUG_API int vifplug_native_set_multiqueue(struct vifplug_native *vif, bool multiqueue);
VIFPLUG_API int vifplug_native_set_linux_bridge(struct vifplug_native *vif, const char *name);
VIFPLUG_API int vifplug_native_set_qos(struct vifplug_native *vif, const struct vifplug_qos *qos);

/* The VIF as JSON text, valid until the VIF is changed, used or freed; NULL with errno set. */
VIFPLUG_API const char *vifplug_native_json(const struct vifplug_native *vif);

/* As vifplug_plug() and vifplug_unplug(). A dry run is one with that option. The VIF stays the
 * caller's, and may be used again. */
VIFPLUG_API int vifplug_plug_native(struct vifplug *vifplug, const struct vifplug_native *vif,
                                    const char *instance_uuid,
                                    const struct vifplug_options *options,
                                    struct vifplug_reply **reply);
VIFPLUG_API int vifplug_unplug_native(struct vifplug *vifplug, const struct vifplug_native *vif,
                                      const char *instance_uuid,
                                      const struct vifplug_options *options,
                                      struct vifplug_reply **reply);

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

/* Queues a request of "subscribe", with `since_ms` as for vifplug_subscribe(). No event is dropped:
 * a program that is too slow loses the connection, and goes on as vifplug_next_event() says. */
VIFPLUG_API int vifplug_async_subscribe(struct vifplug_async *async, int since_ms,
                                        vifplug_callback *callback, void *aux);

/* The number of calls that have no reply yet. */
VIFPLUG_API size_t vifplug_async_pending(const struct vifplug_async *async);

/* The params of a plug and an unplug as JSON text, for the calls above; NULL with errno set to one
 * of the errors above. To be freed with free(). They do not take the option `wait_ms`. */
VIFPLUG_API char *vifplug_plug_params(const char *vif, const char *instance,
                                      const struct vifplug_options *options);
VIFPLUG_API char *vifplug_unplug_params(const char *vif_id, const char *instance_uuid,
                                        const struct vifplug_options *options);
VIFPLUG_API char *vifplug_plug_native_params(const struct vifplug_native *vif,
                                             const char *instance_uuid,
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

/* Members of a VIF by name ("port"), nested ones with dots between ("representor.pf"), elements of
 * arrays by their numbers ("drift.0.field"); for names with dots in them use the JSON text. A
 * missing one gives NULL, or `missing`. Numbers and booleans are also given as strings, booleans
 * also as 0 and 1. */
VIFPLUG_API const char *vifplug_vif_string(const struct vifplug_vif *vif, const char *member);
VIFPLUG_API int64_t vifplug_vif_int(const struct vifplug_vif *vif, const char *member,
                                    int64_t missing);

/* The same for the result of any reply ("verdict", "nics.0.vfs.2.vf", "checks.0.message"), and the
 * number of elements of an array in it; 0 if it has no such array, as a reply that is an error. */
VIFPLUG_API const char *vifplug_reply_string(const struct vifplug_reply *reply, const char *member);
VIFPLUG_API int64_t vifplug_reply_int(const struct vifplug_reply *reply, const char *member,
                                      int64_t missing);
VIFPLUG_API size_t vifplug_reply_length(const struct vifplug_reply *reply, const char *member);

#ifdef __cplusplus
}
#endif

#endif
