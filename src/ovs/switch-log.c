/* SPDX-License-Identifier: Apache-2.0 */
#include "ovs/switch-log.h"

#include <stdlib.h>
#include <string.h>

#include "latch.h"
#include "openvswitch/list.h"
#include "openvswitch/thread.h"
#include "ovs-thread.h"
#include "util.h"

/* What the thread does: reads the log for a question, or, with question 0, looks for the file. */
struct job {
    struct ovs_list node;
    uint64_t question;
    pid_t pid;
    char given[LOG_FILE_PATH_LEN];
    struct log_file file;
    struct log_mark mark;
    struct log_names names;
    char lines[LOG_LINES_LEN];
};

struct switch_log {
    pthread_t thread;
    struct ovs_mutex mutex;
    pthread_cond_t wake; /* `todo` has a job, or `ending`. */
    struct ovs_list todo OVS_GUARDED;
    struct ovs_list done OVS_GUARDED;
    bool ending OVS_GUARDED;
    struct latch finished; /* `done` has a job. */
    /* For the main thread alone. */
    char given[LOG_FILE_PATH_LEN];
    struct log_file file;
    bool looked; /* For the file of the vswitchd with these: */
    unsigned int start;
    pid_t pid;
    uint64_t last;           /* The number of the last question. */
    size_t n_waiting;        /* Questions without an answer. */
    struct ovs_list answers; /* Of struct job. */
    size_t n_answers;
};

static struct job *next_job(struct switch_log *log)
{
    struct job *job = NULL;

    ovs_mutex_lock(&log->mutex);
    while (ovs_list_is_empty(&log->todo) && !log->ending) {
        ovs_mutex_cond_wait(&log->wake, &log->mutex);
    }
    if (!log->ending) {
        job = CONTAINER_OF(ovs_list_pop_front(&log->todo), struct job, node);
    }
    ovs_mutex_unlock(&log->mutex);
    return job;
}

static void do_job(struct job *job)
{
    size_t length;
    char *text;

    if (job->question == 0) {
        log_file_find("/proc", job->pid, job->given, &job->file);
        return;
    }
    text = log_file_read(&job->file, &job->mark, &length);
    if (text) {
        log_lines_pick(text, length, &job->names, job->lines);
        free(text);
    }
}

static void *run(void *log_)
{
    struct switch_log *log = log_;
    struct job *job;

    while ((job = next_job(log))) {
        do_job(job);
        ovs_mutex_lock(&log->mutex);
        ovs_list_push_back(&log->done, &job->node);
        ovs_mutex_unlock(&log->mutex);
        latch_set(&log->finished);
    }
    return NULL;
}

struct switch_log *switch_log_create(const char *given)
{
    struct switch_log *log = xzalloc(sizeof *log);

    ovs_strlcpy(log->given, given, sizeof log->given);
    ovs_list_init(&log->todo);
    ovs_list_init(&log->done);
    ovs_list_init(&log->answers);
    ovs_mutex_init(&log->mutex);
    xpthread_cond_init(&log->wake, NULL);
    latch_init(&log->finished);
    log->thread = ovs_thread_create("switch-log", run, log);
    return log;
}

static void free_jobs(struct ovs_list *jobs)
{
    struct job *job;

    LIST_FOR_EACH_SAFE (job, node, jobs) {
        ovs_list_remove(&job->node);
        free(job);
    }
}

void switch_log_destroy(struct switch_log *log)
{
    ovs_mutex_lock(&log->mutex);
    log->ending = true;
    xpthread_cond_signal(&log->wake);
    ovs_mutex_unlock(&log->mutex);
    xpthread_join(log->thread, NULL);
    free_jobs(&log->todo);
    free_jobs(&log->done);
    free_jobs(&log->answers);
    latch_destroy(&log->finished);
    xpthread_cond_destroy(&log->wake);
    ovs_mutex_destroy(&log->mutex);
    free(log);
}

static void add_job(struct switch_log *log, struct job *job)
{
    ovs_mutex_lock(&log->mutex);
    ovs_list_push_back(&log->todo, &job->node);
    xpthread_cond_signal(&log->wake);
    ovs_mutex_unlock(&log->mutex);
}

/* A vswitchd whose pid is not known (in another PID namespace) has its log at the usual place. */
static void look_for_file(struct switch_log *log, const struct vswitchd *vswitchd)
{
    unsigned int start = vswitchd_start(vswitchd);
    pid_t pid = vswitchd_pid(vswitchd);
    struct job *job;

    if (vswitchd_state(vswitchd) == VSWITCHD_DEAD ||
        (log->looked && start == log->start && pid == log->pid)) {
        return;
    }
    log->looked = true;
    log->start = start;
    log->pid = pid;
    job = xzalloc(sizeof *job);
    job->pid = pid;
    memcpy(job->given, log->given, sizeof job->given);
    add_job(log, job);
}

static void remove_answer(struct switch_log *log, struct job *job)
{
    ovs_list_remove(&job->node);
    free(job);
    log->n_answers--;
}

static void add_answer(struct switch_log *log, struct job *job)
{
    ovs_list_push_back(&log->answers, &job->node);
    log->n_answers++;
}

/* Forgets the oldest answers, which nobody has taken, if there are too many. */
static void limit_answers(struct switch_log *log)
{
    struct job *job;

    LIST_FOR_EACH_SAFE (job, node, &log->answers) {
        if (log->n_answers <= SWITCH_LOG_QUESTIONS_MAX) {
            break;
        }
        remove_answer(log, job);
    }
}

static void take_done(struct switch_log *log)
{
    struct ovs_list done;
    struct job *job;

    if (!latch_poll(&log->finished)) {
        return;
    }
    ovs_list_init(&done);
    ovs_mutex_lock(&log->mutex);
    ovs_list_push_back_all(&done, &log->done);
    ovs_mutex_unlock(&log->mutex);
    LIST_FOR_EACH_SAFE (job, node, &done) {
        ovs_list_remove(&job->node);
        if (job->question == 0) {
            log->file = job->file;
            free(job);
        } else {
            log->n_waiting--;
            add_answer(log, job);
        }
    }
    limit_answers(log);
}

void switch_log_run(struct switch_log *log, const struct vswitchd *vswitchd)
{
    look_for_file(log, vswitchd);
    take_done(log);
}

void switch_log_wait(const struct switch_log *log)
{
    latch_wait(&log->finished);
}

struct log_mark switch_log_mark(const struct switch_log *log)
{
    return log_file_mark(&log->file);
}

uint64_t switch_log_ask(struct switch_log *log, const struct log_mark *mark,
                        const struct log_names *names)
{
    struct job *job;

    if (log->n_waiting == SWITCH_LOG_QUESTIONS_MAX) {
        return 0;
    }
    job = xzalloc(sizeof *job);
    job->question = ++log->last;
    job->file = log->file;
    job->mark = *mark;
    job->names = *names;
    if (log->file.path[0] && mark->known) {
        log->n_waiting++;
        add_job(log, job);
    } else { /* The file is not known, or was not at the mark. */
        add_answer(log, job);
        limit_answers(log);
    }
    return log->last;
}

static struct job *find_answer(const struct switch_log *log, uint64_t question)
{
    struct job *job;

    LIST_FOR_EACH (job, node, &log->answers) {
        if (job->question == question) {
            return job;
        }
    }
    return NULL;
}

bool switch_log_take(struct switch_log *log, uint64_t question, struct switch_log_answer *answer)
{
    struct job *job = find_answer(log, question);

    if (!job) {
        return false;
    }
    memcpy(answer->lines, job->lines, sizeof answer->lines);
    memcpy(answer->path, job->file.path, sizeof answer->path);
    memcpy(answer->problem, job->file.problem, sizeof answer->problem);
    remove_answer(log, job);
    return true;
}
