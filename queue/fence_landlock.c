/* SPDX-License-Identifier: GPL-3.0-or-later
 * The bits and the structure are written out: the kernel headers that a distribution builds with know fewer than the
 * kernel it may run on (see linux/landlock.h of the kernel for each ABI's share). */
#include "common/memory.h"
#include "queue/fence_inside.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum right {
    WRITE_FILE = 1 << 1,
    READ_FILE = 1 << 2,
    READ_DIR = 1 << 3,
    REMOVE_DIR = 1 << 4,
    REMOVE_FILE = 1 << 5,
    MAKE_DIR = 1 << 7,
    MAKE_REG = 1 << 8,
    REFER = 1 << 13,
    TRUNCATE = 1 << 14,
    IOCTL_DEV = 1 << 15,

    ALL_OF_ABI_1 = (1 << 13) - 1,
    OF_A_FILE = WRITE_FILE | READ_FILE | TRUNCATE, /* of those granted here; the others only make sense on a folder */

    LOOK = READ_FILE | READ_DIR,
    DEVICE = READ_FILE | WRITE_FILE,
    /* No symbolic links, sockets, pipes or devices: whoever takes the files out must find files and folders only. */
    OWN = LOOK | WRITE_FILE | REMOVE_DIR | REMOVE_FILE | MAKE_DIR | MAKE_REG | REFER | TRUNCATE,
};

struct ruleset {
    uint64_t files, ports, scopes;
};

/* What each ABI of Landlock lets one forbid. All of it is forbidden, then the places below are allowed. A kernel takes
 * a structure longer than it knows as long as the rest is zero. */
static const struct {
    int abi;
    struct ruleset adds;
} growth[] = {
    { .abi = 1, .adds = { .files = ALL_OF_ABI_1 } },
    { .abi = 2, .adds = { .files = REFER } },
    { .abi = 3, .adds = { .files = TRUNCATE } },
    { .abi = 4, .adds = { .ports = 1 << 0 | 1 << 1 } }, /* TCP bind, connect */
    { .abi = 5, .adds = { .files = IOCTL_DEV } },
    { .abi = 6, .adds = { .scopes = 1 << 0 | 1 << 1 } }, /* abstract unix sockets, signals */
};

/* What libraries load when they first need it. No right to execute anything: mapping a library takes none. */
static const struct {
    const char *path;
    enum right rights;
} places[] = {
    { "/usr/lib", LOOK },           { "/lib", LOOK },           { "/lib64", LOOK },
    { "/usr/share", LOOK },         { "/etc/fonts", LOOK },     { "/etc/ImageMagick-6", LOOK },
    { "/etc/ImageMagick-7", LOOK }, { "/proc/self", LOOK },     { "/sys/devices/system/cpu", LOOK },
    { "/dev/null", DEVICE },        { "/dev/urandom", DEVICE },
};

static int place_allow(int rules, uint64_t handled, const char *path, uint64_t rights)
{
    struct landlock_path_beneath_attr beneath = { .allowed_access = rights & handled };
    autoclose int fd = open(path, O_PATH | O_CLOEXEC);
    struct stat status;

    if (fd < 0 || fstat(fd, &status) < 0)
        return -errno;
    if (!S_ISDIR(status.st_mode))
        beneath.allowed_access &= OF_A_FILE;
    beneath.parent_fd = fd;
    return syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0) < 0 ? -errno : 0;
}

static int places_allow(int rules, uint64_t handled, const char *folder)
{
    int r;

    for (size_t i = 0; i < ELEMENTS(places); i++) {
        r = place_allow(rules, handled, places[i].path, places[i].rights);
        if (r < 0 && r != -ENOENT)
            return r;
    }
    return place_allow(rules, handled, folder, OWN);
}

int fence_landlock(const char *folder, bool required)
{
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    struct ruleset handled = { .files = 0 };
    autoclose int rules = -1;
    int r;

    if (abi < 1) /* ENOSYS: not built in; EOPNOTSUPP: switched off at boot */
        return required ? -EOPNOTSUPP : 0;
    for (size_t i = 0; i < ELEMENTS(growth) && growth[i].abi <= abi; i++) {
        handled.files |= growth[i].adds.files;
        handled.ports |= growth[i].adds.ports;
        handled.scopes |= growth[i].adds.scopes;
    }
    rules = (int)syscall(SYS_landlock_create_ruleset, &handled, sizeof handled, 0);
    if (rules < 0)
        return -errno;
    r = places_allow(rules, handled.files, folder);
    if (r < 0)
        return r;
    return syscall(SYS_landlock_restrict_self, rules, 0) < 0 ? -errno : 0;
}
