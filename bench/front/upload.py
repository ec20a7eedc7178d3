#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-3.0-or-later
"""What 100 MB that are sent in do to the front's memory: through nginx, really received, typed and stored. In one body
where there is a row that takes as much (ailice's files), else in ten of 10 MiB, one after the other, to expenses'
avatar: what grew with the body would be seen there as well. Small uploads at the same time go in front, which make the
pool's threads and have libmagic read its table in each. What counts is the highest mark of the resident set while they
come in, above what it was before."""
import base64
import http.client
import json
import re
import threading
from pathlib import Path

import part
from lib.stack import PATIENCE, Trouble, api, bearer, call

MIB = 1 << 20
PIECE = bytes(MIB)
# One dot; what comes behind it is not looked at.
PNG = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")
BOUNDARY = "----------------bench"
PERSON = {"username": "sender", "email": "sender@example.org", "password": "Correct-horse-9"}


def resident(pid, which):
    """VmRSS or VmHWM in MiB."""
    text = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(re.search(rf"^{which}:\s+(\d+) kB", text, re.M).group(1)) / 1024


def begin_anew(pid):
    """The highest mark becomes what there is now."""
    Path(f"/proc/{pid}/clear_refs").write_text("5", encoding="ascii")
    return resident(pid, "VmRSS")


def send(stack, path, token, field, mib):
    """Status and answer of a picture of so many MiB, sent in pieces."""
    head = (f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{field}"; filename="me.png"\r\n'
            "Content-Type: image/png\r\n\r\n").encode() + PNG
    foot = f"\r\n--{BOUNDARY}--\r\n".encode()
    to = http.client.HTTPConnection("127.0.0.1", stack["port"], timeout=PATIENCE * 2)
    try:
        to.putrequest("POST", path)
        for name, value in {**bearer(token), "Content-Type": f"multipart/form-data; boundary={BOUNDARY}", "Prefer": "respond-async",
                            "Content-Length": str(len(head) + mib * MIB - len(PNG) + len(foot))}.items():
            to.putheader(name, value)
        to.endheaders(head)
        for left in range(mib, 0, -1):
            to.send(PIECE if left > 1 else PIECE[len(PNG):])
        to.send(foot)
        answer = to.getresponse()
        return answer.status, answer.read()
    finally:
        to.close()


def received(folder):
    """Bytes that lie in a folder of the storage."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def warm(send_one):
    """Eight at the same time."""
    threads = [threading.Thread(target=send_one) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def send_all(stack, path, token, field, sizes):
    """The bytes that have been stored by it."""
    storage = Path(stack["storage"])
    before = received(storage)
    for mib in sizes:
        status, answer = send(stack, path, token, field, mib)
        if status not in (200, 201, 202):
            raise Trouble(f"an upload is answered {status}: {answer}")
    return received(storage) - before


def way(stack):
    """Path, token, field and MiB of each of the uploads that make 100 together."""
    described = json.loads(call(stack, "GET", "/ailice/openapi.json")[2])
    if any(path.endswith("/files/upload") for path in described["paths"]):
        token = api(stack, "POST", "/ailice/api/auth/register", PERSON)["access_token"]
        return "/ailice/api/files/upload", token, "file", [100]
    made = api(stack, "POST", "/expenses/api/auth/register/",
               {**PERSON, "first_name": "A", "last_name": "Sender", "password_confirm": PERSON["password"]})
    return "/expenses/api/users/me/avatar/", made["data"]["tokens"]["access"], "avatar", [10] * 10


def run(stack, options):
    path, token, field, sizes = way(stack)
    front = stack["pids"]["front"]
    warm(lambda: send(stack, path, token, field, 1))
    growths = []
    print(f"{len(sizes)} x {sizes[0]} MiB to {path}\n{'':10} {'before':>10} {'highest':>10} {'growth MiB':>11}")
    for turn in range(options.turns):
        before = begin_anew(front)
        stored = send_all(stack, path, token, field, sizes)
        if stored < sum(sizes) * MIB:
            raise Trouble(f"{stored} bytes have been stored of {sum(sizes)} MiB")
        highest = resident(front, "VmHWM")
        growths.append(highest - before)
        print(f"upload {turn + 1:<3} {before:10.2f} {highest:10.2f} {growths[-1]:11.2f}")
    print()
    return [("front.upload.growth", max(growths), "<=", 1.0)]


if __name__ == "__main__":
    part.main("upload", __doc__, run)
