/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

#include <errno.h>
#include <json-c/json.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/number.h"

/* How often a connection is tried again, and by how much the question after what was missed
 * meanwhile reaches back further: the two clocks of a host may be adjusted; ms. */
enum { AGAIN_MS = 250, MARGIN_MS = 1000 };

enum { RUN_LEN = 64 };

/* How long the end may take after a signal, s: a reader that has stopped holds up the output. */
enum { END_S = 1 };

static volatile sig_atomic_t stopped;

static void on_signal(int number)
{
    (void)number;
    if (!stopped) {
        alarm(END_S); /* Counted from the first signal. */
    }
    stopped = 1;
}

static void on_alarm(int number)
{
    (void)number;
    _exit(EXIT_DONE);
}

/* What is watched, over all connections. */
struct watching {
    const struct cli *cli;
    char run[RUN_LEN];  /* The run of the daemon of the last subscription; "": none, or an old
                           daemon. */
    int64_t last_event; /* The number of the last event of that run that was shown. */
    bool told;          /* It has been said that the connection has ended. */
    long long seen;     /* When the connection was there last, ms of the monotonic clock. */
    /* Of the present subscription: */
    bool replied;
    int result;
    int status;         /* The exit status if it was refused. */
    struct pulse pulse; /* Of the connection, from the reply on. */
    bool silent;        /* It has been said that the daemon does not reply. */
    long long until;    /* When the reply must have come, ms of the monotonic clock. */
};

/* The member `key` of a JSON text; NULL if it has none. The caller puts *object. */
static struct json_object *member(const char *text, const char *key, struct json_object **object)
{
    struct json_object *value = NULL;

    *object = json_tokener_parse(text);
    json_object_object_get_ex(*object, key, &value);
    return value;
}

static int64_t number_of(const struct vifplug_reply *reply, const char *key)
{
    struct json_object *object;
    int64_t number = json_object_get_int64(member(vifplug_reply_json(reply, false), key, &object));

    json_object_put(object);
    return number;
}

/* After a new connection to the same daemon some events come a second time. */
static void on_notification(void *watching_, const char *event, struct vifplug_reply *params)
{
    struct watching *watching = watching_;
    int64_t number = number_of(params, "event");

    if (number == 0 || number > watching->last_event) {
        watching->last_event = number ? number : watching->last_event;
        output_notification(watching->cli, event, params);
    }
}

static void take_reply(struct watching *watching, const struct vifplug_reply *reply)
{
    struct json_object *object;
    const char *run =
        json_object_get_string(member(vifplug_reply_json(reply, false), "run", &object));

    output_subscribed(reply, watching->run);
    watching->told = false;
    if (run && strcmp(run, watching->run) != 0) {
        snprintf(watching->run, sizeof watching->run, "%s", run);
        watching->last_event = 0; /* Those that follow the reply are of the new run. */
    }
    json_object_put(object);
}

/* Whether a subscription failed only because the daemon is just stopping. */
static bool is_passing(int result, const struct vifplug_reply *reply)
{
    const struct vifplug_error *error = reply ? vifplug_reply_error(reply) : NULL;

    return result == -ECONNRESET || result == -EPIPE ||
           (error && strcmp(error->reason, "switch_unavailable") == 0);
}

static void on_subscribed(void *watching_, int result, struct vifplug_reply *reply)
{
    struct watching *watching = watching_;

    watching->replied = true;
    watching->result = result;
    watching->pulse = (struct pulse){.heard = now_ms()};
    if (result == 0) {
        take_reply(watching, reply);
    } else if (watching->run[0] && is_passing(result, reply)) {
        watching->result = -ECONNRESET;
    } else if (result != -ECANCELED) { /* That is our own vifplug_async_close(). */
        watching->status = output_failure(watching->cli, result, reply);
    }
}

/* How long the connection, the first reply and then signs of the daemon may take, ms. */
static int wait_ms(const struct cli *cli)
{
    return cli->timeout_ms ? cli->timeout_ms : QUESTION_WAIT_MS;
}

static int silence_ms(const struct cli *cli)
{
    return wait_ms(cli) > SILENCE_MIN_MS ? wait_ms(cli) : SILENCE_MIN_MS;
}

/* Says so when the daemon does not reply any more, and when it does again. Sets `*until` to when
 * this has to be called again. */
static int listen_for_pulse(struct vifplug_async *async, struct watching *watching,
                            long long *until)
{
    int error = pulse_feel(async, &watching->pulse, silence_ms(watching->cli), until);

    if (error == -ETIMEDOUT) {
        if (!watching->silent) {
            output_silent(watching->cli, silence_ms(watching->cli));
        }
        watching->silent = true;
        return 0;
    }
    if (watching->silent) {
        output_replies_again(watching->cli);
    }
    watching->silent = false;
    return error;
}

/* Goes on until the connection ends, the subscription is refused, a signal comes, or the output
 * cannot be written. */
static int follow(struct vifplug_async *async, struct watching *watching)
{
    while (!stopped) {
        struct pollfd pfd = {.fd = vifplug_async_fd(async)};
        int error = vifplug_async_process(async);
        long long until =
            watching->replied ? now_ms() + silence_ms(watching->cli) : watching->until;
        long long left;

        if (watching->replied && watching->result != 0) {
            return watching->result;
        }
        if (!error && watching->replied) {
            error = listen_for_pulse(async, watching, &until);
        }
        if (!output_flush()) {
            return 0; /* A pager may hold this up, so it is not before the daemon's pulse. */
        }
        if (error) {
            return error;
        }
        left = until - now_ms();
        if (!watching->replied && left <= 0) {
            return -ETIMEDOUT;
        }
        left = left > 0 ? left : 0;
        watching->seen = now_ms();
        pfd.events = vifplug_async_events(async);
        if (poll(&pfd, 1, (int)left) < 0 && errno != EINTR) {
            return -errno;
        }
    }
    return 0;
}

/* Asks for what happens from now on and has happened within `since_ms` (0: nothing of that). */
static int subscribe(struct vifplug_async *async, struct watching *watching, int64_t since_ms)
{
    char params[48] = "{}";

    if (since_ms > 0) {
        snprintf(params, sizeof params, "{\"since_ms\":%lld}",
                 (long long)(since_ms < SINCE_MAX_MS ? since_ms : SINCE_MAX_MS));
    }
    watching->replied = false;
    watching->result = watching->status = 0;
    watching->silent = false;
    watching->until = now_ms() + wait_ms(watching->cli);
    vifplug_async_on_notification(async, on_notification, watching);
    return vifplug_async_call(async, "subscribe", since_ms > 0 ? params : NULL, on_subscribed,
                              watching);
}

static int watch_once(struct vifplug_async *async, struct watching *watching, int64_t since_ms)
{
    int result = subscribe(async, watching, since_ms);

    if (result == 0) {
        result = follow(async, watching);
    }
    vifplug_async_close(async);
    return result;
}

/* Whether to wait for the daemon that has ended the connection: one that tells its runs apart, so
 * that it can be said what was missed. */
static bool may_come_back(const struct watching *watching, int result)
{
    return watching->run[0] && !watching->status && (result == -ECONNRESET || result == -EPIPE);
}

/* Waits for a connection. Returns NULL if the user has ended it. */
static struct vifplug_async *connect_again(const struct watching *watching)
{
    const struct timespec pause = {.tv_nsec = AGAIN_MS * 1000000L};
    struct vifplug_async *async = NULL;

    while (!stopped && !async) {
        nanosleep(&pause, NULL);
        vifplug_async_open_within(watching->cli->values[OPTION_SOCKET], AGAIN_MS, &async);
    }
    return async;
}

/* A signal that comes just before poll() or a write that blocks is answered by the alarm. */
static void catch_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    struct sigaction at_last = {.sa_handler = on_alarm};

    sigaction(SIGALRM, &at_last, NULL);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

int run_watch(const struct cli *cli)
{
    struct watching watching = {.cli = cli};
    const char *since = cli->values[OPTION_SINCE];
    struct vifplug_async *async;
    int64_t since_ms = 0;
    int result = vifplug_async_open_within(cli->values[OPTION_SOCKET], wait_ms(cli), &async);

    if (result != 0) {
        return output_unreachable(cli, result);
    }
    if (since) {
        number_parse_age(since, SINCE_MAX_MS, &since_ms);
    }
    catch_signals();
    result = watch_once(async, &watching, since_ms);
    while (may_come_back(&watching, result)) {
        if (!watching.told) {
            output_again(cli);
            watching.told = true;
        }
        async = connect_again(&watching);
        if (!async) {
            return EXIT_DONE;
        }
        result = watch_once(async, &watching, now_ms() - watching.seen + MARGIN_MS);
    }
    if (result == 0) {
        return EXIT_DONE;
    }
    if (watching.replied && watching.result == 0 && result == -ECONNRESET) {
        return output_ended(cli, result);
    }
    /* on_subscribed() has said why the subscription failed. */
    return watching.status ? watching.status : output_failure(cli, result, NULL);
}
