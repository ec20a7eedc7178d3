/* SPDX-License-Identifier: GPL-3.0-or-later
 * What each service's file gives to the table of services.c. */
#ifndef MILLRACE_SANDBOX_SERVICES_H
#define MILLRACE_SANDBOX_SERVICES_H
#include "fcgi/sandbox/sandbox.h"
#include "sandbox_sql.h"

#define SERVED(id)                                                                                                     \
    extern const struct service id##_service;                                                                          \
    extern const struct endpoint id##_endpoints[]
SERVED(pictures);
SERVED(openai);
SERVED(gemini);
SERVED(replicate);
/* integrations.c */
SERVED(google_drive);
SERVED(dropbox);
SERVED(onedrive);
SERVED(github);
SERVED(gitlab);
SERVED(slack);
SERVED(discord);
SERVED(twitter);
SERVED(linkedin);
SERVED(twilio);
SERVED(stripe);
#endif
