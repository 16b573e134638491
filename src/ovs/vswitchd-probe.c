/* SPDX-License-Identifier: Apache-2.0 */
#include "ovs/vswitchd-probe.h"

#include <errno.h>
#include <stdlib.h>

#include "jsonrpc.h"
#include "openvswitch/json.h"
#include "openvswitch/poll-loop.h"
#include "socket-util.h"
#include "stream.h"
#include "timeval.h"
#include "util.h"

struct vswitchd_probe {
    char *run_dir;
    pid_t pid;              /* The vswitchd that is asked; 0: none. */
    struct jsonrpc *rpc;    /* The question that waits for its answer; or NULL. */
    long long int asked_at; /* The first question without an answer, ms; 0: none. */
    long long int next_at;  /* When to ask again, ms. */
};

struct vswitchd_probe *vswitchd_probe_create(const char *run_dir)
{
    struct vswitchd_probe *probe = xzalloc(sizeof *probe);

    probe->run_dir = xstrdup(run_dir);
    return probe;
}

static void end_question(struct vswitchd_probe *probe)
{
    jsonrpc_close(probe->rpc);
    probe->rpc = NULL;
    probe->next_at = time_msec() + VSWITCHD_PROBE_MS;
}

void vswitchd_probe_destroy(struct vswitchd_probe *probe)
{
    if (probe) {
        jsonrpc_close(probe->rpc);
        free(probe->run_dir);
        free(probe);
    }
}

static void ask(struct vswitchd_probe *probe)
{
    char *name = xasprintf("unix:%s/ovs-vswitchd.%ld.ctl", probe->run_dir, (long)probe->pid);
    struct stream *stream;
    int error = stream_open(name, &stream, DSCP_DEFAULT);

    free(name);
    probe->next_at = time_msec() + VSWITCHD_PROBE_MS;
    if (error == EAGAIN) { /* Too many wait for it to accept them. */
        probe->asked_at = probe->asked_at ? probe->asked_at : time_msec();
    } else if (error) {
        probe->asked_at = 0; /* It has another control socket, or we may not connect. */
    } else {
        probe->rpc = jsonrpc_open(stream);
        jsonrpc_send(probe->rpc,
                     jsonrpc_create_request("version", json_array_create_empty(), NULL));
        probe->asked_at = probe->asked_at ? probe->asked_at : time_msec();
    }
}

void vswitchd_probe_run(struct vswitchd_probe *probe, pid_t pid)
{
    if (pid != probe->pid) {
        end_question(probe);
        probe->pid = pid;
        probe->asked_at = 0;
        probe->next_at = 0;
    }
    if (probe->rpc) {
        struct jsonrpc_msg *answer;
        int error;

        jsonrpc_run(probe->rpc);
        error = jsonrpc_recv(probe->rpc, &answer);
        if (error != EAGAIN) { /* An end of the connection is a sign of life too. */
            if (!error) {
                jsonrpc_msg_destroy(answer);
            }
            end_question(probe);
            probe->asked_at = 0;
        }
    } else if (probe->pid && time_msec() >= probe->next_at) {
        ask(probe);
    }
}

void vswitchd_probe_wait(const struct vswitchd_probe *probe)
{
    if (probe->rpc) {
        jsonrpc_wait(probe->rpc);
        jsonrpc_recv_wait(probe->rpc);
    } else if (probe->pid) {
        poll_timer_wait_until(probe->next_at);
    }
}

int64_t vswitchd_probe_unanswered_ms(const struct vswitchd_probe *probe)
{
    return probe->asked_at ? time_msec() - probe->asked_at : 0;
}
