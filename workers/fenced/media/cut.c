/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "workers/fenced/media/cut.h"
#include "common/memory.h"
#include "workers/fenced/media/output.h"

enum { PARTS_MAX = 1000 };
static const AVRational microseconds = { 1, 1000000 };

struct cutting {
    struct job *job;
    struct media_input *in;
    struct media_output *out; /* the part that is being written */
    AVPacket *packet;
    json_t *files;
    int64_t step, next; /* microseconds: of a part; where the next one may begin */
};

static int cutting_free(struct cutting *cutting)
{
    av_packet_free(&cutting->packet);
    json_decref(cutting->files);
    return 0;
}

static int part_end(struct cutting *cutting)
{
    int r = cutting->out ? media_output_end(cutting->out) : 0;

    talloc_free(cutting->out);
    cutting->out = NULL;
    return r;
}

static int part_begin(struct cutting *cutting)
{
    autotalloc char *file = FORMAT(NULL, "part-%05zu.nut", json_array_size(cutting->files));
    AVStream *from = cutting->in->video, *to;
    int r = part_end(cutting);

    if (r >= 0 && json_array_size(cutting->files) == PARTS_MAX)
        return AVERROR(EOVERFLOW);
    r = r < 0 ? r : media_output_new(cutting, "nut", NULL, file, 1, &cutting->out);
    if (r < 0)
        return r;
    json_array_append_new(cutting->files, json_string(file));
    return media_output_copy(cutting->out, cutting->in->format, from, &to);
}

/* Times are those of the whole video from here on, from 0. */
static int packet_take(struct cutting *cutting)
{
    AVPacket *packet = cutting->packet;
    AVRational base = cutting->in->video->time_base;
    int64_t shift = av_rescale_q(cutting->in->start, microseconds, base), at;
    int r = 0;

    if (packet->pts == AV_NOPTS_VALUE)
        packet->pts = packet->dts;
    if (packet->pts == AV_NOPTS_VALUE || (!cutting->out && !(packet->flags & AV_PKT_FLAG_KEY)))
        return 0; /* it has no place, or nothing that it stands on */
    packet->pts -= shift;
    if (packet->dts != AV_NOPTS_VALUE)
        packet->dts -= shift;
    at = av_rescale_q(packet->pts, base, microseconds);
    if (!cutting->out || (packet->flags & AV_PKT_FLAG_KEY && at >= cutting->next)) {
        cutting->next = at + cutting->step;
        r = part_begin(cutting);
    }
    packet->stream_index = 0;
    if (cutting->in->duration > 0 && at > 0)
        job_progress(cutting->job, (int)(at < cutting->in->duration ? at * 99 / cutting->in->duration : 99));
    return r < 0 ? r : media_output_write(cutting->out, packet, base);
}

static int cut_all(struct cutting *cutting)
{
    int r = 0;

    while (r >= 0 && av_read_frame(cutting->in->format, cutting->packet) >= 0) {
        if (cutting->packet->stream_index == cutting->in->video->index)
            r = packet_take(cutting);
        av_packet_unref(cutting->packet);
    }
    return r < 0 ? r : part_end(cutting);
}

int media_cut(struct job *job, struct media_input *in, int seconds, json_t **ret)
{
    autotalloc struct cutting *cutting = NEW(NULL, struct cutting);
    int r;

    *cutting = (struct cutting){ .job = job, .in = in, .step = seconds * 1000000LL };
    talloc_set_destructor(cutting, cutting_free);
    cutting->packet = av_packet_alloc();
    cutting->files = json_array();
    r = cutting->packet ? cut_all(cutting) : AVERROR(ENOMEM);
    if (r < 0)
        return media_refuse(job, "this cannot be cut into parts", r);
    if (json_array_size(cutting->files) == 0)
        return job_bury(job, "this is not media that can be read: nothing of its pictures can be decoded");
    *ret = TAKE(cutting->files);
    return 0;
}
