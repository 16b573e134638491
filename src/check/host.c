/* SPDX-License-Identifier: Apache-2.0 */
#include "check/host.h"

#include <dirent.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/number.h"
#include "base/plain-file.h"

void host_query_destroy(struct host_query *query)
{
    dpdk_extra_destroy(&query->extra);
    free(query->profiles);
    free(query->socket_group);
    free(query->socket_dirs);
}

/* --- Hugepages and IOMMU. --- */

/* Calls `cb` with the name of each entry of a directory. */
static void for_each_entry(const char *path, void (*cb)(const char *name, void *aux), void *aux)
{
    DIR *dir = opendir(path);
    const struct dirent *entry;

    while (dir && (entry = readdir(dir))) {
        if (entry->d_name[0] != '.') {
            cb(entry->d_name, aux);
        }
    }
    if (dir) {
        closedir(dir);
    }
}

/* Reads the number in the file DIR/NAME; 0 if that is not possible. */
static int64_t read_number(const char *dir, const char *name)
{
    char path[PATH_MAX];
    char text[32] = "";
    int64_t number = 0;
    FILE *file;

    if (snprintf(path, sizeof path, "%s/%s", dir, name) >= (int)sizeof path) {
        return 0;
    }
    file = plain_file_stream(path);
    if (file && fgets(text, sizeof text, file)) {
        text[strcspn(text, "\n")] = '\0';
        number = number_parse(text, 0, INT64_MAX / 1024, &number) ? number : 0;
    }
    if (file) {
        fclose(file);
    }
    return number;
}

/* A directory with a directory "hugepages-NkB" for each size of pages. */
struct sizes {
    const char *path;
    struct host_node node;
};

static void add_size(const char *name, void *sizes_)
{
    static const char prefix[] = "hugepages-";
    struct sizes *sizes = sizes_;
    char path[PATH_MAX];
    char text[32];
    int64_t kib;

    if (strncmp(name, prefix, sizeof prefix - 1) != 0 ||
        snprintf(path, sizeof path, "%s/%s", sizes->path, name) >= (int)sizeof path) {
        return;
    }
    snprintf(text, sizeof text, "%s", name + sizeof prefix - 1);
    text[strcspn(text, "k")] = '\0';
    if (number_parse(text, 1, INT32_MAX, &kib)) {
        sizes->node.total_kib += kib * read_number(path, "nr_hugepages");
        sizes->node.free_kib += kib * read_number(path, "free_hugepages");
    }
}

static void add_pages(struct host_facts *facts, int node, const char *path)
{
    struct sizes sizes = {.path = path, .node = {.node = node}};
    struct stat st;

    if (facts->n_nodes < HOST_NODES_MAX && stat(path, &st) == 0) {
        for_each_entry(path, add_size, &sizes);
        facts->nodes[facts->n_nodes++] = sizes.node;
    }
}

struct nodes {
    struct host_facts *facts;
    const char *path;
};

static void add_node(const char *name, void *nodes_)
{
    struct nodes *nodes = nodes_;
    char path[PATH_MAX];
    int64_t node;

    if (!strncmp(name, "node", 4) && number_parse(name + 4, 0, INT32_MAX, &node) &&
        snprintf(path, sizeof path, "%s/%s/hugepages", nodes->path, name) < (int)sizeof path) {
        add_pages(nodes->facts, (int)node, path);
    }
}

static void count_entry(const char *name, void *n_)
{
    size_t *n = n_;

    (void)name;
    ++*n;
}

void host_read_memory(const struct host_query *query, struct host_facts *facts)
{
    char path[PATH_MAX];
    char text[8] = "";
    struct stat st;
    FILE *file;

    snprintf(path, sizeof path, "%s/bus/pci/devices", query->sysfs_root);
    facts->has_pci = stat(path, &st) == 0;
    snprintf(path, sizeof path, "%s/devices/system/node", query->sysfs_root);
    for_each_entry(path, add_node, &(struct nodes){facts, path});
    if (facts->n_nodes == 0) { /* A kernel without NUMA. */
        snprintf(path, sizeof path, "%s/kernel/mm/hugepages", query->sysfs_root);
        add_pages(facts, -1, path);
    }
    snprintf(path, sizeof path, "%s/kernel/iommu_groups", query->sysfs_root);
    facts->has_iommu_table = stat(path, &st) == 0;
    for_each_entry(path, count_entry, &facts->n_iommu_groups);
    snprintf(path, sizeof path, "%s/module/vfio/parameters/enable_unsafe_noiommu_mode",
             query->sysfs_root);
    file = plain_file_stream(path);
    facts->unsafe_noiommu = file && fgets(text, sizeof text, file) && text[0] == 'Y';
    if (file) {
        fclose(file);
    }
}

/* --- Files. --- */

static void read_files(const struct host_query *query, struct host_facts *facts)
{
    struct stat st;

    if (stat(query->socket, &st) == 0 && S_ISSOCK(st.st_mode)) {
        facts->has_socket = true;
        facts->socket_gid = st.st_gid;
        host_group_name(st.st_gid, facts->socket_group);
        facts->socket_mode = st.st_mode & 07777;
    }
    if (stat(query->config_path, &st) == 0) {
        facts->has_config = true;
        facts->config_mtime = st.st_mtim;
    }
}

void host_read(const struct host_query *query, struct host_facts *facts)
{
    memset(facts, 0, sizeof *facts);
    host_read_cards(query, facts);
    host_read_memory(query, facts);
    host_read_users(query, facts);
    for (size_t i = 0; i < query->n_socket_dirs; i++) {
        host_add_dir(facts, query->socket_dirs[i]);
    }
    host_read_dirs(facts);
    read_files(query, facts);
}
