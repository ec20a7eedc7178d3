# SPDX-License-Identifier: GPL-3.0-or-later
"""Videos and sounds: small ones, so that a thousand take minutes."""
import clips
from mutate import Subject

SMALL = {"seconds": 1, "size": "160x90", "rate": 10}
SOURCE = {"source": "any"}


def transcode(output_format):
    return "media", "media.transcode", {**SOURCE, "output_format": output_format, "quality": "low"}


PROBE = ("media", "media.probe", SOURCE)
POSTER = ("media", "media.poster", {**SOURCE, "style": "auto"})
HLS = ("media", "media.hls", {**SOURCE, "quality": "low"})
ASKED = {**SOURCE, "output_format": "mp4", "quality": "low"}
# Parts of a video go from one fence to the next: what a decoder that was taken over has written is as foreign.
PART = "{p} -c:v libx264 -preset veryfast -bf 2 -output_ts_offset 10 -f nut"
SUBJECTS = [
    Subject("mp4", lambda folder: clips.make(folder, "clip.mp4", **SMALL),
            (PROBE, POSTER, HLS, transcode("mp4"), transcode("webm"), transcode("mp3"))),
    Subject("webm", lambda folder: clips.make(folder, "clip.webm", **SMALL),
            (PROBE, POSTER, transcode("mp4"), transcode("webm"), transcode("ogg"))),
    Subject("mp3", lambda folder: clips.make(folder, "tone.mp3", **SMALL), (PROBE, POSTER, transcode("mp3"), transcode("wav"))),
    Subject("part", lambda folder: clips.make(folder, "part.nut", recipe=PART, **SMALL),
            (("media", "media.part", {**ASKED, "track": "picture"}),)),
    Subject("join", lambda folder: clips.make(folder, "part.nut", recipe=PART, **SMALL), (("media", "media.join", ASKED),),
            file="part-00000", gathered={"parts": 1, "sound": False, "duration_ms": 1000}),
]
