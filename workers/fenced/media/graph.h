/* SPDX-License-Identifier: GPL-3.0-or-later
 * The filter graph of a track. */
#ifndef MILLRACE_MEDIA_GRAPH_H
#define MILLRACE_MEDIA_GRAPH_H
#include "workers/fenced/media/track.h"

/* Make the track's graph for frames like its decoder's, or like frame when there is one, in the place of the one it
 * has. 0 or the library's error. */
int media_graph_make(struct media_track *track, const AVFrame *frame);
/* Whether it was made for frames like this one. */
bool media_graph_fits(const struct media_track *track, const AVFrame *frame);
#endif
