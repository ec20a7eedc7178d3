/* SPDX-License-Identifier: GPL-3.0-or-later
 * A long video in parts, so that several workers can make it into another form at the same time: cut at key frames, its
 * packets as they are, with the times they had. */
#ifndef MILLRACE_MEDIA_CUT_H
#define MILLRACE_MEDIA_CUT_H
#include "workers/fenced/media/input.h"

/* Write in->video's packets into part-00000.nut and so on, each of which begins with a key frame at least seconds
 * behind the one before. *ret is an array of the files' names. 0; or a negative number, with the job buried or
 * released. */
int media_cut(struct job *job, struct media_input *in, int seconds, json_t **ret);
#endif
