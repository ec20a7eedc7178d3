/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "queue/cli/command.h"
#include "common/database.h"
#include <pwd.h>
#include <unistd.h>

int complain(const char *what, const char *why, int status)
{
    fprintf(stderr, "millrace: %s: %s\n", what, why);
    return status;
}

int status_of(enum error error)
{
    static const int statuses[E_COUNT] = {
        [E_INVALID] = USAGE, [E_NOT_FOUND] = NOT_THERE, [E_CONFLICT] = NOT_NOW, [E_QUOTA] = NOT_NOW
    };

    if (error == E_NONE)
        return DONE;
    return statuses[error] ? statuses[error] : FAILED;
}

int complain_of(const char *what, const struct result *result)
{
    return complain(what, result->message, status_of(result->error));
}

const char *operator_name(void)
{
    const struct passwd *who = getpwuid(getuid());
    return who ? who->pw_name : "operator";
}
