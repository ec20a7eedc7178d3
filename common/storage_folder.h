/* SPDX-License-Identifier: GPL-3.0-or-later
 * Between storage.c and storage_draft.c. */
#ifndef MILLRACE_STORAGE_FOLDER_H
#define MILLRACE_STORAGE_FOLDER_H

/* The folder root/prefix, made as needed. Only root itself may be a link: it is the operator's word. A descriptor, or
 * -errno. */
int storage_folder_open(const char *root, const char *prefix);
#endif
