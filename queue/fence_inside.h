/* SPDX-License-Identifier: GPL-3.0-or-later
 * The fence's two walls, private to fence_enter(), which puts them up last and in this order. Each is for good and
 * holds for the calling thread and all it creates. */
#ifndef MILLRACE_FENCE_INSIDE_H
#define MILLRACE_FENCE_INSIDE_H
#include <stdbool.h>

/* AddressSanitizer reserves terabytes of address space and asks the kernel for more than a plain program does. */
#if defined(__SANITIZE_ADDRESS__)
#define FENCE_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define FENCE_SANITIZED 1
#endif
#endif
#ifndef FENCE_SANITIZED
#define FENCE_SANITIZED 0
#endif

/* Files: system libraries, fonts and tables can be read, folder can be read and written, all else is out of reach.
 * 0 where the kernel has no Landlock unless required: -EOPNOTSUPP. Other -errno. Asks for PR_SET_NO_NEW_PRIVS. */
int fence_landlock(const char *folder, bool required);

/* System calls: what decoders need and no more. -errno. */
int fence_seccomp(void);
#endif
