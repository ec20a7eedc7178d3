/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/memory.h"
#include "common/provider/storage_s3.h"
#include "common/token.h"
#include "queue/cli/doctor.h"
#include <errno.h>
#include <sodium.h>
#include <string.h>
#include <unistd.h>

static const char said[] = "what the doctor stored";

static const char *advice(int r)
{
    switch (r) {
    case -EACCES:
        return ": look at storage.access_key, storage.secret_key, storage.region, and what the key may do";
    case -ENOENT:
        return ": is there such a bucket, and does the service want storage.path_style?";
    case -EAGAIN:
        return ": it cannot be reached, or is too busy";
    default:
        return "; MILLRACE_LOG_LEVEL=debug shows what it says";
    }
}

static int probe_put(const struct storage *storage, const char *key)
{
    autoclose int fd = storage_draft(storage);

    if (fd < 0)
        return fd;
    return write(fd, said, sizeof said) == sizeof said ? storage_keep(storage, key, fd) : -EIO;
}

static int probe_get(const struct storage *storage, const char *key)
{
    char found[sizeof said] = "";
    autoclose int fd = storage_open(storage, key);

    if (fd < 0)
        return TAKE_FD(fd);
    return pread(fd, found, sizeof found, 0) == sizeof found && !memcmp(found, said, sizeof said) ? 0 : -EIO;
}

static int probe_seen(void *closure, const char *key, time_t changed_at)
{
    (void)closure;
    (void)key;
    (void)changed_at;
    return 1; /* one is enough */
}

static void complain_of_bucket(struct doctor *doctor, const char *what, int r)
{
    if (r < 0)
        doctor_say(doctor, BAD, "%s cannot %s%s", doctor->operation->config->storage_bucket, what, advice(r));
}

void check_bucket(struct doctor *doctor)
{
    const struct storage *storage = storage_new(doctor->operation->ctx, doctor->operation->config);
    char random[JTI_HEX + 1];
    const char *key;
    int r;

    if (!storage_is_remote(storage) || sodium_init() < 0)
        return;
    token_jti(random);
    key = FORMAT(doctor->operation->ctx, "millrace/doctor/%s", random);
    r = probe_put(storage, key);
    complain_of_bucket(doctor, "be written to", r);
    if (r < 0)
        return;
    complain_of_bucket(doctor, "be read", probe_get(storage, key));
    complain_of_bucket(doctor, "be listed, which millrace files sweep needs", storage_each(storage, probe_seen, NULL));
    complain_of_bucket(doctor, "have files removed", storage_drop(storage, key));
}
