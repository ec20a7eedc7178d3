/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fcgi/sandbox/sandbox.h"
#include <errno.h>
#include <fnmatch.h>
#include <string.h>

const char *const fault_kind_names[] = {
    [FAULT_LATENCY - 1] = "latency",     [FAULT_STATUS - 1] = "status", [FAULT_CUT - 1] = "cut",
    [FAULT_MALFORMED - 1] = "malformed", [FAULT_KINDS - 1] = NULL,
};

int faults_add(struct faults *faults, const struct fault *fault)
{
    if (faults->count == FAULTS_MAX)
        return -ENOSPC;
    faults->list[faults->count] = *fault;
    return faults->list[faults->count++].id = ++faults->last;
}

static void remove_at(struct faults *faults, int i)
{
    faults->count--;
    memmove(faults->list + i, faults->list + i + 1, (size_t)(faults->count - i) * sizeof *faults->list);
}

int faults_clear(struct faults *faults, const char *service, int id)
{
    int before = faults->count;

    for (int i = faults->count - 1; i >= 0; i--)
        if ((!*service || !strcmp(faults->list[i].service, service)) && (!id || faults->list[i].id == id))
            remove_at(faults, i);
    return before - faults->count;
}

static bool hits(const struct fault *fault, const char *service, const char *method, const char *path)
{
    return (!*fault->service || !strcmp(fault->service, service)) &&
           (!*fault->method || !strcmp(fault->method, method)) && (!*fault->path || fnmatch(fault->path, path, 0) == 0);
}

int faults_take(struct faults *faults, const char *service, const char *method, const char *path, struct fault *ret)
{
    int ms = 0;

    *ret = (struct fault){ .kind = FAULT_NONE };
    for (int i = 0; i < faults->count; i++) {
        struct fault *fault = &faults->list[i];

        if (!hits(fault, service, method, path) || (fault->kind != FAULT_LATENCY && ret->kind != FAULT_NONE))
            continue;
        if (fault->kind == FAULT_LATENCY)
            ms += fault->ms;
        else
            *ret = *fault;
        if (fault->times && --fault->times == 0)
            remove_at(faults, i--);
    }
    return ms;
}
