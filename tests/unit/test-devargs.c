/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include "base/devargs.h"

#include <stdio.h>

#define PF "0000:65:00.0"

static const struct {
    const char *text;
    bool ok;
    int pf_index; /* The first of `n_pfs`; -1: the device as written. */
    size_t n_vfs;
    unsigned short vfs[8]; /* The first of them. */
} rows[] = {
    /* Forms of the list. */
    {PF ",representor=3", true, -1, 1, {3}},
    {PF ",representor=[3]", true, -1, 1, {3}},
    {PF ",representor=vf3", true, -1, 1, {3}},
    {PF ",representor=vf[3]", true, -1, 1, {3}},
    {PF ",representor=0-3", true, -1, 4, {0, 1, 2, 3}},
    {PF ",representor=[0-3,5]", true, -1, 5, {0, 1, 2, 3, 5}},
    {PF ",representor=[5,0-3]", true, -1, 5, {5, 0, 1, 2, 3}},
    {PF ",representor=vf[0,2]", true, -1, 2, {0, 2}},
    {PF ",representor=vf[7-7]", true, -1, 1, {7}},
    {PF ",representor=pf1vf3", true, 1, 1, {3}},
    {PF ",representor=pf1vf[0-3]", true, 1, 4, {0, 1, 2, 3}},
    {PF ",representor=pf0vf1", true, 0, 1, {1}},
    {PF ",representor=pf[0,1]vf[2]", true, 0, 1, {2}},
    {PF ",representor=pf[1,0]vf[0-2]", true, 1, 3, {0, 1, 2}},
    {PF ",representor=pf[0-1]vf[0-2]", true, 0, 3, {0, 1, 2}},
    {PF ",representor=pf[1]vf3", true, 1, 1, {3}},
    {PF ",representor=pf[0-7]vf3", true, 0, 1, {3}},
    {PF ",representor=pf[0-1]", true, 0, 0, {0}},
    {PF ",representor=c0pf1vf3", true, 1, 1, {3}},
    {PF ",representor=c[0,1]pf1vf[2,3]", true, 1, 2, {2, 3}},
    {PF ",representor=c0vf4", true, -1, 1, {4}},
    {PF ",representor=[0-255]", true, -1, 256, {0, 1, 2, 3, 4, 5, 6, 7}},
    {PF ",representor=[65535]", true, -1, 1, {65535}},
    /* No VFs. */
    {PF, true, -1, 0, {0}},
    {PF ",", true, -1, 0, {0}},
    {PF ",txq_inline=128", true, -1, 0, {0}},
    {PF ",representor=sf3", true, -1, 0, {0}},
    {PF ",representor=sf[0-3]", true, -1, 0, {0}},
    {PF ",representor=pf0sf[0-3]", true, 0, 0, {0}},
    {PF ",representor=pf1", true, 1, 0, {0}},
    {PF ",xrepresentor=[3]", true, -1, 0, {0}},
    {PF ",key=[representor=3,representor=4]", true, -1, 0, {0}},
    /* Among others. */
    {PF ",a=1,representor=[3],b=[1,2]", true, -1, 1, {3}},
    {PF ",a=[1,2],representor=vf[3-4]", true, -1, 2, {3, 4}},
    {PF ",representor=3,dv_flow_en=1", true, -1, 1, {3}},
    {PF ",representor=pf1,dv_flow_en=1", true, 1, 0, {0}},
    /* Devices. */
    {"65:00.0,representor=[3]", true, -1, 1, {3}},
    {"pci:" PF ",representor=[3]", true, -1, 1, {3}},
    {"net_null0", false, 0, 0, {0}},
    {"net_null0,representor=[3]", false, 0, 0, {0}},
    {"class=eth,mac=00:11:22:33:44:55", false, 0, 0, {0}},
    {"0000:65:20.0,representor=[3]", false, 0, 0, {0}},
    {",representor=[3]", false, 0, 0, {0}},
    {"", false, 0, 0, {0}},
    {"00000000000000000000000000000000000000:65:00.0", false, 0, 0, {0}},
    /* Malformed lists. */
    {PF ",representor=", false, 0, 0, {0}},
    {PF ",representor=[]", false, 0, 0, {0}},
    {PF ",representor=[", false, 0, 0, {0}},
    {PF ",representor=[3", false, 0, 0, {0}},
    {PF ",representor=[3,", false, 0, 0, {0}},
    {PF ",representor=[3,]", false, 0, 0, {0}},
    {PF ",representor=[,3]", false, 0, 0, {0}},
    {PF ",representor=[3-]", false, 0, 0, {0}},
    {PF ",representor=[5-3]", false, 0, 0, {0}},
    {PF ",representor=[-3]", false, 0, 0, {0}},
    {PF ",representor=[+3]", false, 0, 0, {0}},
    {PF ",representor=[ 3]", false, 0, 0, {0}},
    {PF ",representor=[0x3]", false, 0, 0, {0}},
    {PF ",representor=[3]x", false, 0, 0, {0}},
    {PF ",representor=3]", false, 0, 0, {0}},
    {PF ",representor=vf", false, 0, 0, {0}},
    {PF ",representor=pfvf3", false, 0, 0, {0}},
    {PF ",representor=pf[1vf3", false, 0, 0, {0}},
    {PF ",representor=pf[]vf3", false, 0, 0, {0}},
    {PF ",representor=pf[1-0]vf3", false, 0, 0, {0}},
    {PF ",representor=pf[0-8]vf3", false, 0, 0, {0}},
    {PF ",representor=c[x]pf1vf3", false, 0, 0, {0}},
    {PF ",representor=cpf1vf3", false, 0, 0, {0}},
    {PF ",representor=any", false, 0, 0, {0}},
    {PF ",representor=[65536]", false, 0, 0, {0}},
    {PF ",representor=[99999999999999999999]", false, 0, 0, {0}},
    {PF ",representor=[0-256]", false, 0, 0, {0}},
    {PF ",representor=[0-255,0]", false, 0, 0, {0}},
    {PF ",representor=[0-65535]", false, 0, 0, {0}},
};

static void test_parse(void **state)
{
    static const struct pci_addr pf = {0, 0x65, 0, 0};

    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        struct devargs devargs;

        CHECK_INT(rows[i].text, devargs_parse(rows[i].text, &devargs), rows[i].ok);
        if (!rows[i].ok) {
            continue;
        }
        CHECK(rows[i].text, pci_addr_equal(&devargs.device, &pf));
        CHECK_INT(rows[i].text, devargs.n_pfs ? devargs.pfs[0] : -1, rows[i].pf_index);
        CHECK_INT(rows[i].text, devargs.representor, rows[i].n_vfs > 0);
        CHECK_INT(rows[i].text, devargs.n_vfs, rows[i].n_vfs);
        for (size_t j = 0; j < rows[i].n_vfs && j < N(rows[i].vfs); j++) {
            CHECK_INT(rows[i].text, devargs.vfs[j], rows[i].vfs[j]);
        }
    }
}

static void test_null(void **state)
{
    struct devargs devargs;

    (void)state;
    assert_false(devargs_parse(NULL, &devargs));
    assert_false(devargs.representor);
}

/* Whether VF number `vf` of `pf` is among those that were read. */
static bool takes(const struct devargs *devargs, const struct pci_addr *pf, unsigned int vf)
{
    bool of_pf = false;
    bool is_vf = false;

    for (size_t i = 0; i < devargs_n_pfs(devargs); i++) {
        struct pci_addr device = devargs_pf_at(devargs, i);

        of_pf = of_pf || pci_addr_equal(&device, pf);
    }
    for (size_t i = 0; devargs->representor && i < devargs->n_vfs; i++) {
        is_vf = is_vf || devargs->vfs[i] == vf;
    }
    return of_pf && is_vf;
}

/* devargs_pf() is the first of the list. */
static void test_first_pf(void **state)
{
    static const struct {
        const char *text;
        struct pci_addr pf;
    } firsts[] = {
        {PF ",representor=[3]", {0, 0x65, 0, 0}},
        {PF ",representor=pf[1,0]vf3", {0, 0x65, 0, 1}},
        {PF, {0, 0x65, 0, 0}},
    };

    (void)state;
    for (size_t i = 0; i < N(firsts); i++) {
        struct devargs devargs;
        struct pci_addr pf;

        CHECK(firsts[i].text, devargs_parse(firsts[i].text, &devargs));
        pf = devargs_pf(&devargs);
        CHECK(firsts[i].text, pci_addr_equal(&pf, &firsts[i].pf));
    }
}

static void test_claims(void **state)
{
    static const struct {
        const char *text;
        struct pci_addr pf;
        unsigned int vf;
        bool claims;
    } claims[] = {
        {PF ",representor=[3]", {0, 0x65, 0, 0}, 3, true},
        {PF ",representor=[3]", {0, 0x65, 0, 0}, 4, false},
        {PF ",representor=[3]", {0, 0x65, 0, 1}, 3, false},
        {PF ",representor=[3]", {0, 0x66, 0, 0}, 3, false},
        {PF ",representor=[3]", {1, 0x65, 0, 0}, 3, false},
        {"65:00.0,representor=vf[2-4]", {0, 0x65, 0, 0}, 2, true},
        {"65:00.0,representor=vf[2-4]", {0, 0x65, 0, 0}, 4, true},
        {"65:00.0,representor=vf[2-4]", {0, 0x65, 0, 0}, 5, false},
        /* pfN means function N of the same card. */
        {PF ",representor=pf1vf3", {0, 0x65, 0, 1}, 3, true},
        {PF ",representor=pf1vf3", {0, 0x65, 0, 0}, 3, false},
        {PF ",representor=pf0vf3", {0, 0x65, 0, 0}, 3, true},
        {PF ",representor=pf[0,1]vf3", {0, 0x65, 0, 0}, 3, true},
        {PF ",representor=pf[0,1]vf3", {0, 0x65, 0, 1}, 3, true},
        {PF ",representor=pf[0,1]vf3", {0, 0x65, 0, 2}, 3, false},
        {"0000:65:00.3,representor=pf[0-2]vf[3-5]", {0, 0x65, 0, 2}, 5, true},
        {"0000:65:00.3,representor=pf[0-2]vf[3-5]", {0, 0x65, 0, 3}, 5, false},
        /* No PCI function has such a number: the device as written. */
        {PF ",representor=pf8vf3", {0, 0x65, 0, 0}, 3, true},
        /* None of these takes a VF. */
        {PF, {0, 0x65, 0, 0}, 0, false},
        {PF ",representor=pf0", {0, 0x65, 0, 0}, 0, false},
        {PF ",representor=sf3", {0, 0x65, 0, 0}, 3, false},
    };

    (void)state;
    for (size_t i = 0; i < N(claims); i++) {
        struct devargs devargs;
        char row[96];

        snprintf(row, sizeof row, "%zu: %s, vf %u", i, claims[i].text, claims[i].vf);
        CHECK(row, devargs_parse(claims[i].text, &devargs));
        CHECK_INT(row, takes(&devargs, &claims[i].pf, claims[i].vf), claims[i].claims);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_null),
        cmocka_unit_test(test_first_pf),
        cmocka_unit_test(test_claims),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
