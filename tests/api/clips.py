# SPDX-License-Identifier: GPL-3.0-or-later
"""Small clips, made by the ffmpeg command, and what its ffprobe says of files. Nothing of either is used by the product."""
import json
import subprocess
from pathlib import Path

PICTURE = "testsrc2=size={size}:rate={rate}:duration={seconds}"
TONE = "sine=frequency=440:duration={seconds}"
# Name of a clip: what makes it, behind the inputs. {p} and {t}: with a picture, with a tone.
RECIPES = {
    "clip.mp4": "{p} {t} -c:v libx264 -preset veryfast -c:a aac -movflags +faststart",
    "clip.mov": "{p} {t} -c:v libx264 -preset veryfast -c:a aac",
    "clip.mkv": "{p} {t} -c:v libx264 -preset veryfast -c:a aac",
    "clip.webm": "{p} {t} -c:v libvpx-vp9 -deadline realtime -cpu-used 8 -c:a libopus",
    "silent.mp4": "{p} -c:v libx264 -preset veryfast",
    "turned.mp4": "",
    "tone.mp3": "{t} -c:a libmp3lame",
    "tone.wav": "{t} -c:a pcm_s16le",
    "tone.ogg": "{t} -c:a libvorbis",
    "tone.flac": "{t} -c:a flac",
    "tone.m4a": "{t} -c:a aac",
    "dots.png": "{p} -frames:v 1",
    "dots.jpg": "{p} -frames:v 1",
    "dots.gif": "{p} -frames:v 1",
    "dots.webp": "{p} -frames:v 1",
}


def ffmpeg(*words):
    subprocess.run(["ffmpeg", "-hide_banner", "-loglevel", "error", "-nostdin", "-y", *map(str, words)], check=True, timeout=120,
                   capture_output=True)


def make(folder, name, seconds=2, size="320x180", rate=25, recipe=None):
    """The path of a clip; made once in a folder."""
    path = Path(folder) / name
    if path.exists():
        return path
    told = (recipe or RECIPES[path.name]).split()
    words = []
    for mark, graph in (("{p}", PICTURE), ("{t}", TONE)):
        if mark in told:
            words += ["-f", "lavfi", "-i", graph.format(size=size, rate=rate, seconds=seconds)]
    if path.name == "turned.mp4":           # this ffmpeg turns what it encodes, and notes what it copies
        plain = make(folder, "plain.mp4", seconds, size, rate, RECIPES["clip.mp4"])
        ffmpeg("-i", plain, "-c", "copy", "-metadata:s:v:0", "rotate=90", path)
        return path
    ffmpeg(*words, *(word for word in told if word not in ("{p}", "{t}")), path)
    return path


def probe(path):
    """What ffprobe says: format, streams by their type, and how long it is."""
    told = json.loads(subprocess.run(["ffprobe", "-v", "error", "-show_format", "-show_streams", "-of", "json", str(path)],
                                     check=True, timeout=60, capture_output=True).stdout)
    told["by_type"] = {stream["codec_type"]: stream for stream in told["streams"]}
    return told


def boxes(content):
    """The names of an MP4's outermost boxes, in their order."""
    names, at = [], 0
    while at + 8 <= len(content):
        size, name = int.from_bytes(content[at:at + 4], "big"), content[at + 4:at + 8].decode("latin-1")
        names.append(name)
        at += size if size > 7 else len(content)
    return names
