/* SPDX-License-Identifier: Apache-2.0 */
/* Checks: what an operator looks at to find out why a guest has no network, as a table with one
 * function for each check.
 *
 * A check reads facts (facts.h) and adds findings; it changes nothing, and asks nobody. A check
 * without findings has passed. */

#ifndef VP_CHECK_H
#define VP_CHECK_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "check/facts.h"

/* The results, the worst last. */
enum check_result { CHECK_PASS, CHECK_WARN, CHECK_FAIL, CHECK_N_RESULTS };

/* "pass", "warn", "fail". */
const char *check_result_name(enum check_result result);

/* The number of findings of one check that are told one by one. */
#define CHECK_LINES_MAX 50

/* The number of checks in the table at most. */
#define CHECKS_MAX 48

#define CHECK_MESSAGE_LEN 768

/* One line for the operator. Strings are borrowed, and valid during the call. */
struct check_finding {
    enum check_result result;
    const char *check;   /* The name of the check. */
    const char *object;  /* What it is about: a VIF, a PF, a directory, a process. */
    const char *message; /* A sentence: what is wrong, and what to do next. */
};

struct check_run;

/* What a check needs: without it, it is left out. */
enum check_needs { NEEDS_NOTHING = 0, NEEDS_HOST = 1, NEEDS_SWITCH = 2, NEEDS_PCI = 4 };

struct check_class {
    const char *name;
    unsigned int needs; /* enum check_needs, or'ed. */
    /* Either of the two: looks at the host and the switch as a whole, or at each VIF. */
    void (*run)(struct check_run *run);
    void (*vif)(struct check_run *run, const struct vif_facts *vif);
    const char *object; /* Of the finding that says that all is well... */
    const char *well;   /* ...and its message. */
};

extern const struct check_class check_classes[];
extern const size_t check_n_classes;

/* One run of all checks: check_begin(), check_vif() for each VIF, check_end(). */
struct check_run {
    const struct check_facts *facts;
    void (*tell)(void *aux, const struct check_finding *finding);
    void *aux;
    const struct check_class *class; /* The check under way... */
    size_t row;                      /* ...and its row in check_classes. */
    size_t found[CHECKS_MAX];        /* The findings of each check. */
    enum check_result worst[CHECKS_MAX];
    uint64_t told_dirs;        /* Directories of which a VIF's check has told, by index. */
    size_t n[CHECK_N_RESULTS]; /* The findings that were told, by result. */
};

/* Begins a run: does the checks of host and switch. Tells `tell` each finding. `facts` is borrowed
 * until check_end(). */
void check_begin(struct check_run *run, const struct check_facts *facts,
                 void (*tell)(void *aux, const struct check_finding *finding), void *aux);

/* Does the checks of one VIF. */
void check_vif(struct check_run *run, const struct vif_facts *vif);

/* Tells which checks of VIFs have passed, and how many findings were not told. */
void check_end(struct check_run *run);

/* The worst result that was told. */
enum check_result check_verdict(const struct check_run *run);

/* For checks: adds a finding. The message is a sentence that ends in what to do next. */
void check_add(struct check_run *run, enum check_result result, const char *object,
               const char *format, ...) __attribute__((format(printf, 4, 5)));

#endif
