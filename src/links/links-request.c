/* SPDX-License-Identifier: Apache-2.0 */
#include "links/links-private.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/errno.h>
#include <netlink/socket.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/memory.h"

struct exchange {
    struct kernel_answer *answer;
    bool done;
};

bool links_answer(struct kernel_answer *answer, int errnum)
{
    answer->errnum = errnum;
    snprintf(answer->error_text, sizeof answer->error_text, "%s", strerror(errnum));
    return false;
}

int links_open_requests(struct links *links)
{
    struct nl_sock *sock = need_memory(nl_socket_alloc());
    const int yes = 1;
    int result;

    result = nl_connect(sock, NETLINK_ROUTE);
    if (result < 0) {
        nl_socket_free(sock);
        return result;
    }
    /* For the kernel's error texts; an old kernel without them works too. */
    (void)setsockopt(nl_socket_get_fd(sock), SOL_NETLINK, NETLINK_EXT_ACK, &yes, sizeof yes);
    (void)setsockopt(nl_socket_get_fd(sock), SOL_NETLINK, NETLINK_CAP_ACK, &yes, sizeof yes);
    links->requests = sock;
    return 0;
}

void links_need(int result)
{
    if (result < 0) {
        out_of_memory_abort();
    }
}

struct nl_msg *links_message(int type, int flags, const char *name)
{
    struct ifinfomsg none = {.ifi_family = AF_UNSPEC};
    struct nl_msg *msg = need_memory(nlmsg_alloc_simple(type, flags));

    links_need(nlmsg_append(msg, &none, sizeof none, NLMSG_ALIGNTO));
    if (name) {
        links_need(nla_put_string(msg, IFLA_IFNAME, name));
    }
    return msg;
}

/* Stores the kernel's error, with its text if there is one (netlink(7)'s extended acknowledgement;
 * with NETLINK_CAP_ACK it follows struct nlmsgerr directly). */
static void note(struct exchange *exchange, struct nlmsghdr *header)
{
    const struct nlmsgerr *error = nlmsg_data(header);
    struct kernel_answer *answer = exchange->answer;
    const int flags = NLM_F_CAPPED | NLM_F_ACK_TLVS;
    struct nlattr *kernel_text = NULL;

    exchange->done = true;
    links_answer(answer, -error->error);
    if ((header->nlmsg_flags & flags) == flags) {
        kernel_text = nlmsg_find_attr(header, sizeof *error, NLMSGERR_ATTR_MSG);
    }
    if (kernel_text) {
        char text[120];

        nla_strlcpy(text, kernel_text, sizeof text);
        snprintf(answer->error_text, sizeof answer->error_text, "%s (%s)", strerror(-error->error),
                 text);
    }
}

static int on_error(struct sockaddr_nl *from, struct nlmsgerr *error, void *aux)
{
    (void)from;
    note(aux, (struct nlmsghdr *)(void *)((char *)error - NLMSG_HDRLEN));
    return NL_STOP;
}

static int on_ack(struct nl_msg *msg, void *aux)
{
    struct exchange *exchange = aux;

    (void)msg;
    exchange->done = true;
    return NL_STOP;
}

/* The end of a dump; it has an error number if the kernel aborted the dump. */
static int on_finish(struct nl_msg *msg, void *aux)
{
    struct exchange *exchange = aux;
    struct nlmsghdr *header = nlmsg_hdr(msg);
    int result = 0;

    if (nlmsg_datalen(header) >= (int)sizeof result) {
        memcpy(&result, nlmsg_data(header), sizeof result);
    }
    if (result < 0) {
        links_answer(exchange->answer, -result);
    }
    exchange->done = true;
    return NL_STOP;
}

static struct nl_cb *callbacks(nl_recvmsg_msg_cb_t on_message, void *aux, struct exchange *exchange)
{
    struct nl_cb *cb = need_memory(nl_cb_alloc(NL_CB_DEFAULT));

    nl_cb_err(cb, NL_CB_CUSTOM, on_error, exchange);
    nl_cb_set(cb, NL_CB_ACK, NL_CB_CUSTOM, on_ack, exchange);
    nl_cb_set(cb, NL_CB_FINISH, NL_CB_CUSTOM, on_finish, exchange);
    if (on_message) {
        nl_cb_set(cb, NL_CB_VALID, NL_CB_CUSTOM, on_message, aux);
    }
    return cb;
}

bool links_request(struct links *links, struct nl_msg *msg, nl_recvmsg_msg_cb_t on_message,
                   void *aux, struct kernel_answer *answer)
{
    struct exchange exchange = {.answer = answer};
    struct nl_cb *cb = callbacks(on_message, aux, &exchange);
    int result = links->requests ? 0 : links_open_requests(links);

    answer->errnum = 0;
    result = result < 0 ? result : nl_send_auto(links->requests, msg);
    while (result >= 0 && !exchange.done) {
        result = nl_recvmsgs(links->requests, cb);
    }
    nlmsg_free(msg);
    nl_cb_put(cb);
    if (!exchange.done) {
        /* The rest of the answer may still come; a new socket does not get it. */
        nl_socket_free(links->requests);
        links->requests = NULL;
        answer->errnum = EIO;
        snprintf(answer->error_text, sizeof answer->error_text, "%s", nl_geterror(result));
    } else if (result == -NLE_DUMP_INTR) {
        links_answer(answer, EINTR);
    }
    return answer->errnum == 0;
}

static void next_step(char *text, size_t size, int errnum, const char *name, const char *otherwise)
{
    switch (errnum) {
    case EPERM:
    case EACCES:
        snprintf(text, size, "run vifplugd with CAP_NET_ADMIN");
        break;
    case EEXIST:
        snprintf(text, size,
                 "remove the link that has the name (ip link delete %s) or use another name", name);
        break;
    case ENODEV:
        snprintf(text, size, "look at the links (ip link) and plug the VIF again");
        break;
    case EINTR:
    case EIO:
    case ENOBUFS:
    case ENOMEM:
        snprintf(text, size, "try again");
        break;
    default:
        snprintf(text, size, "%s", otherwise);
        break;
    }
}

bool links_fail(struct error *error, const struct kernel_answer *answer, const char *name,
                const char *next, const char *format, ...)
{
    char step[160];
    char what[160];
    va_list args;

    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    next_step(step, sizeof step, answer->errnum, name, next);
    error_set(error, REASON_NOT_REALIZED, "", "Link %s could not be %s: %s; %s.", name, what,
              answer->error_text, step);
    return error_detail(error, "%s", answer->error_text);
}
