/* SPDX-License-Identifier: GPL-3.0-or-later
 * A Redis script, made by tools/embed from queue/scripts/NAME.lua. */
#ifndef MILLRACE_SCRIPT_H
#define MILLRACE_SCRIPT_H

struct script {
    const char *name;
    const char *text;
};
#endif
