/* SPDX-License-Identifier: Apache-2.0 */
/* A fake /sys for unit tests: tests/sandbox/pcitree.py makes it, and tests change it. */

#ifndef TEST_PCI_TREE_H
#define TEST_PCI_TREE_H 1

#include "check.h"

#include <ftw.h>
#include <limits.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/pci-addr.h"

extern char **environ;

#define PCI_TREE_ROOT_LEN 64

static inline void run_pcitree_(const char *root, const char *const cards[])
{
    const char *argv[160] = {"python3", TEST_PCITREE, root};
    int status = -1;
    pid_t pid;

    for (size_t i = 0; cards[i]; i++) {
        assert_true(i + 4 < N(argv));
        argv[3 + i] = cards[i];
    }
    assert_int_equal(
        posix_spawn(&pid, "/usr/bin/python3", NULL, NULL, (char **)(uintptr_t)argv, environ), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

/* Makes a tree of `cards` (in the form of pcitree.py, NULL at the end) and fills in its root. */
static inline void pci_tree_make(char root[PCI_TREE_ROOT_LEN], const char *const cards[])
{
    strcpy(root, "/tmp/test-pci-tree-XXXXXX");
    assert_non_null(mkdtemp(root));
    run_pcitree_(root, cards);
}

static inline int remove_entry_(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

static inline void pci_tree_remove(const char *root)
{
    nftw(root, remove_entry_, 16, FTW_DEPTH | FTW_PHYS);
}

/* Replaces the cards below the same root. */
static inline void pci_tree_remake(const char *root, const char *const cards[])
{
    pci_tree_remove(root);
    run_pcitree_(root, cards);
}

/* The path of `name` of a device. */
static inline const char *pci_tree_path(const char *root, const char *device, const char *name)
{
    static char path[PATH_MAX];

    snprintf(path, sizeof path, "%s/bus/pci/devices/%s/%s", root, device, name);
    return path;
}

static inline void pci_tree_unlink(const char *root, const char *device, const char *name)
{
    CHECK_INT(name, unlink(pci_tree_path(root, device, name)), 0);
}

static inline void pci_tree_link(const char *root, const char *device, const char *name,
                                 const char *target)
{
    CHECK_INT(name, symlink(target, pci_tree_path(root, device, name)), 0);
}

static inline void pci_tree_mkdir(const char *root, const char *device, const char *name)
{
    CHECK_INT(name, mkdir(pci_tree_path(root, device, name), 0755), 0);
}

static inline void pci_tree_write(const char *root, const char *device, const char *name,
                                  const char *text)
{
    FILE *file = fopen(pci_tree_path(root, device, name), "we");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static inline struct pci_addr pci_addr_of(const char *text)
{
    struct pci_addr result;

    CHECK(text, pci_addr_parse(text, &result));
    return result;
}

#endif
