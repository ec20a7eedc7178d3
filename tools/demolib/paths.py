# SPDX-License-Identifier: GPL-3.0-or-later
"""The heavy paths of the fleet, each walked as a client does. A path is a function: it makes its calls, looks at what came of
them, and gives the kinds of jobs that did it; what it proves it leaves in world.files or prints."""
import base64
import hashlib
import hmac
import http.server
import json
import queue
import re
import secrets
import socket
import struct
import subprocess
import sys
import threading
import time
import urllib.parse
import urllib.request
from datetime import date, timedelta
from pathlib import Path

from .client import Client, fetch, step, until

MATERIAL = Path(__file__).resolve().parent / "material"
PASSWORD = "correct horse battery staple"
ENDED = ("completed", "failed", "cancelled", "ready", "delivered")
FIGURE = {"prompt": "a dancer leaning back, one arm raised, evening light", "batch_size": 2, "model": "croquis",
          "filters": {"body_type": "athletic", "pose": "dancing", "lighting": "dramatic", "clothing": "casual", "background": "studio"}}


class World:
    """The demo's stack, and those who use it: the users are made as paths need them."""

    def __init__(self, stack, files):
        self.stack, self.files, self.mark = stack, files, secrets.token_hex(4)

    def address(self, product):
        return f"{product}-{self.mark}@example.org"

    def millrace(self, *words, text=""):
        """The operator's command."""
        done = subprocess.run([f"{self.stack['bin']}/millrace", "--config", self.stack["config"], *words], input=text, text=True,
                              capture_output=True, timeout=120, check=False)
        if done.returncode:
            sys.exit(f"demo: millrace {' '.join(words)}: {done.stderr.strip()}")
        return done.stdout.strip()

    def setting(self, key):
        lines = Path(self.stack["config"]).read_text().splitlines()
        return dict(line.split(" = ", 1) for line in lines)[key]

    def sql(self, *words):
        done = subprocess.run(["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", self.stack["database_url"], *words], text=True,
                              capture_output=True, timeout=60, check=False)
        if done.returncode:
            sys.exit(f"demo: psql: {done.stderr.strip()}")
        return done.stdout.strip()

    def mail_to(self, address):
        """Wait for the mail to somebody."""
        began = time.monotonic()
        with socket.socket(socket.AF_UNIX) as to:
            to.connect(self.stack["mail"])
            to.sendall(json.dumps({"wait": address, "count": 1, "timeout": 30}).encode() + b"\n")
            mails = json.loads(to.makefile().readline())
        if not isinstance(mails, list) or not mails:
            sys.exit(f"demo: no mail came to {address}")
        step(f"mail to {address}: \"{mails[-1]['subject']}\"", began, "")
        return mails[-1]["text"]

    def twilio(self, method="GET", **words):
        """Messages at the stand-in of Twilio: those that there are, or one that somebody sends."""
        account = self.setting("twilio.account")
        url, form = f"{self.stack['sandbox']}/twilio/2010-04-01/Accounts/{account}/Messages.json", urllib.parse.urlencode(words)
        request = urllib.request.Request(url if method == "POST" else f"{url}?{form}", form.encode() if method == "POST" else None,
                                         {"Authorization": "Basic " + base64.b64encode(f"{account}:any".encode()).decode()})
        status, _, content = fetch(request)
        if status >= 300:
            sys.exit(f"demo: the sandbox's Twilio: {status} {content.decode()}")
        return json.loads(content)

    def keep(self, name, content):
        self.files.mkdir(mode=0o755, exist_ok=True)
        (self.files / name).write_bytes(content)
        print(f"    {name}: {len(content) // 1024 or 1} KiB")


def demand(good, what):
    if not good:
        sys.exit(f"demo: {what}")


# ---- the paths ----

def mail(world):
    """Sign in to FigureForge by a mailed code."""
    client, address = Client(world.stack, "figureforge"), world.address("figureforge")
    client.post("/api/auth/magic-link/request/", {"email": address})
    code = re.search(r"\b\d{6}\b", world.mail_to(address)).group()
    client.token = client.post("/api/auth/magic-link/verify/", {"email": address, "code": code})["access"]
    world.figureforge = client
    return ["mail.magic_link"]


def figure(world):
    """Have figures drawn."""
    client = world.figureforge
    job = client.post("/api/images/generate/", FIGURE, 202)["job_id"]
    done = until("figureforge: GET /api/images/job/...", lambda: client.get(f"/api/images/job/{job}/", show=False),
                 lambda seen: seen["status"] in ENDED and seen["status"])
    demand(done["status"] == "completed" and len(done["images"]) == 2, "the figures were not drawn")
    for number, image in enumerate(done["images"]):
        content = client.get(image["url"])
        demand(content[:8] == b"\x89PNG\r\n\x1a\n" and struct.unpack(">II", content[16:24]) == (1024, 1024), "the picture is no PNG")
        world.keep(f"figure-{number + 1}.png", content)
    return ["image.generate"]


def food(world):
    """Have a photo of a meal analysed."""
    client, address = Client(world.stack, "nutrition"), world.address("nutrition")
    client.token = client.post("/api/v1/auth/register/", {"email": address, "password": PASSWORD}, 201)["access"]
    session = client.upload("/api/v1/ai/analyze/", "image", MATERIAL / "meal.jpg", "image/jpeg", 202)["session_id"]
    done = until("nutrition: GET /api/v1/ai/analyze/...", lambda: client.get(f"/api/v1/ai/analyze/{session}/", show=False),
                 lambda seen: seen["status"] in ENDED and seen["status"])
    demand(done["status"] == "completed" and done["final_result"]["items"], "the meal was not analysed")
    for item in done["final_result"]["items"]:
        print(f"    {item['name']}: {item['quantity']} {item['unit']}, {item['calories']} kcal ({item['source']})")
    return ["ai.food"]


def sms_agent(world):
    """The administrator of the SMS agent."""
    if not hasattr(world, "agent"):
        name = f"agent-{world.mark}"
        world.millrace("user", "add", "smsagent", name, world.address("smsagent"), "--role", "admin", text=PASSWORD + "\n")
        world.agent = Client(world.stack, "smsagent", "Token")
        world.agent.token = world.agent.post("/api/auth/token/", {"username": name, "password": PASSWORD})["token"]
    return world.agent


def sms_reply(world):
    """Text a question to the SMS agent, and get the answer texted."""
    agent, phone = sms_agent(world), f"+1555{secrets.randbelow(10**7):07}"
    world.twilio("POST", From=phone, To=world.setting("twilio.from"), Body="How do I center a div in CSS?")
    answers = until(f"text to {phone}", lambda: world.twilio(To=phone)["messages"],
                    lambda sent: len(sent) > 0 and all(one["status"] == "delivered" for one in sent) and "delivered")
    task = until("smsagent: GET /api/tasks/", lambda: agent.get(f"/api/tasks/?user_phone={urllib.parse.quote(phone)}", show=False)["results"][0],
                 lambda seen: seen["success"] is not None and "answered")
    print(f"    {task['category']}: \"{answers[-1]['body'][:70]}\"")
    return ["ai.reply", "sms.send"]


def broadcast(world):
    """Text to everybody of a tier."""
    agent = sms_agent(world)
    phones = sorted({f"+1555{secrets.randbelow(10**7):07}" for _ in range(20)})
    world.millrace("limiter", "twilio", "100", "20")
    world.sql("-c", "update smsagent.person set tier = 'free' where tier = 'enterprise'; insert into smsagent.person (phone_number, tier) "
              "values " + ", ".join(f"('{phone}', 'enterprise')" for phone in phones) + " on conflict do nothing")
    asked = agent.post("/api/messaging/broadcast/", {"message": "Maintenance tonight, 22:00 to 23:00.", "tier_filter": ["enterprise"]}, 201)
    told = until("smsagent: GET /api/messaging/status/...", lambda: agent.get(f"/api/messaging/status/{asked['message_id']}/", show=False),
                 lambda seen: seen["status"] in ENDED and seen["status"])
    demand(told["status"] == "completed" and told["sent_count"] == len(phones), f"not everybody was texted: {told}")
    print(f"    {told['sent_count']} texted, {told['failed_count']} failed")
    return ["sms.broadcast"]


def ailice(world):
    if not hasattr(world, "creator"):
        client, name = Client(world.stack, "ailice"), f"creator-{world.mark}"
        client.post("/api/auth/register", {"username": name, "email": world.address("ailice"), "password": PASSWORD, "full_name": "A Creator"}, 201)
        client.token = client.post("/api/auth/login", {"username": name, "password": PASSWORD})["access_token"]
        world.creator = client
    return world.creator


def transcode(world):
    """Send a video, and have it made into WebM."""
    client = ailice(world)
    media = client.upload("/api/media/upload", "file", MATERIAL / "clip.mp4", "video/mp4", 201)
    client.post(f"/api/media/{media['id']}/transcode", {"output_format": "webm", "quality": "medium"})
    seen = until("ailice: GET /api/media/...", lambda: client.get(f"/api/media/{media['id']}", show=False)["renditions"][0],
                 lambda made: made["status"] in ENDED and made["status"])
    demand(seen["status"] == "completed", f"the video was not transcoded: {seen}")
    content = client.get(seen["stream_url"])
    demand(content[:4] == b"\x1a\x45\xdf\xa3", "what came back is no WebM")
    world.keep("clip.webm", content)
    return ["media.probe", "media.transcode"]


def predict(world):
    """Train a classifier on a few examples, and ask it."""
    client = ailice(world)
    examples = [{"text": text, "label": label} for label, texts in (
        ("bill", ("Your invoice is due on Friday", "Payment received, thank you", "The invoice of March is attached", "Your card was charged")),
        ("travel", ("Your flight leaves at nine", "The hotel has confirmed your booking", "Boarding begins at gate 4", "Your train is late")))
        for text in texts]
    training = client.post("/api/ai/train", {"model_name": "inbox", "model_type": "text", "base_model": "local:text-classifier",
                                             "training_data": {"examples": examples}, "parameters": {}})["training_id"]
    until("ailice: GET /api/ai/train/...", lambda: client.get(f"/api/ai/train/{training}", show=False),
          lambda seen: seen["status"] in ENDED and seen["status"])
    answer = client.post("/api/ai/predict", {"model_id": "local:inbox", "input_data": {"prompt": "Please pay the invoice by Monday"}})
    demand(answer["output"] == "bill", f"the classifier says {answer}")
    print(f"    \"Please pay the invoice by Monday\": {answer['output']} ({answer['metadata']['confidence']:.2f})")
    return ["ai.fit", "ai.classify"]


def spender(world):
    """A member of the Expense Tracker, with some months behind."""
    if not hasattr(world, "member"):
        client = Client(world.stack, "expenses")
        entered = client.post("/api/auth/register/", {"email": world.address("expenses"), "password": PASSWORD, "first_name": "Ann",
                                                      "username": f"ann-{world.mark}", "last_name": "Member"}, 201)["data"]
        client.token, client.number = entered["tokens"]["access"], entered["user"]["id"].removeprefix("usr_")
        world.sql("-v", f"account={client.number}", "-f", str(MATERIAL.parent / "expenses.sql"))
        world.member = client
    return world.member


def report(world):
    """Have a report made."""
    client, today = spender(world), date.today()
    asked = client.post("/api/analytics/reports/generate/", {
        "report_type": "expense_summary", "format": "pdf", "filters": {"date_from": str(today - timedelta(days=100)), "date_to": str(today)},
        "options": {"include_charts": True, "group_by": "category"}}, 202)["data"]
    done = until("expenses: GET /api/analytics/reports/...",
                 lambda: client.get(f"/api/analytics/reports/{asked['report_id']}/", show=False)["data"],
                 lambda seen: seen["status"] in ENDED and seen["status"])
    demand(done["status"] == "completed", f"the report was not made: {done}")
    content = client.get(done["download_url"])
    demand(content[:5] == b"%PDF-", "the report is no PDF")
    world.keep("report.pdf", content)
    return ["report.generate"]


def receipt(world):
    """Have a receipt read."""
    client = ailice(world)
    media = client.upload("/api/media/upload", "file", MATERIAL / "receipt.png", "image/png", 201)
    file = world.sql("-c", f"select file_id from ailice.media where id = {int(media['id'])}")
    began = time.monotonic()
    said = world.millrace("put", "ai.ocr", "--product", "ailice", "--args", json.dumps({"file_id": int(file)}), "--wait")
    read = json.loads(said.splitlines()[-1])
    step("millrace put ai.ocr --wait", began, "done")
    print(f"    {read['vendor']}, {read['date']}: {read['total']} {read['currency']}, {len(read['items'])} items")
    demand((read["total"], read["date"]) == ("23.67", "2026-11-20"), f"the receipt was misread: {read}")
    return ["ai.ocr"]


def webhook(world):
    """Be told of an event at an address of one's own."""
    client, got = spender(world), queue.Queue()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):                                             # pylint: disable=invalid-name
            got.put((dict(self.headers), self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_words):                                # pylint: disable=arguments-differ
            pass

    server = http.server.HTTPServer(("127.0.0.77", 0), Handler)    # the one private address that this stack allows
    threading.Thread(target=server.serve_forever, daemon=True).start()
    made = client.post("/api/webhooks/", {"url": f"http://127.0.0.77:{server.server_port}/events", "events": ["expense.created"]}, 201)["data"]
    began = time.monotonic()
    world.millrace("put", "hook.fanout", "--product", "expenses", "--args", json.dumps({
        "event": "expense.created", "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "audience": [int(client.number)],
        "data": {"title": "Weekly groceries", "amount": "64.20"}}))
    headers, body = got.get(timeout=30)
    signed = hmac.compare_digest(hmac.new(made["secret"].encode(), body, hashlib.sha256).hexdigest(), headers["X-Webhook-Signature"])
    step(f"POST to our own address: {headers['X-Webhook-Event']}", began, "signed" if signed else "FORGED")
    server.shutdown()
    demand(signed, "the webhook's signature does not hold")
    return ["hook.fanout", "hook.deliver"]


PATHS = (("mail", mail), ("figure", figure), ("food photo", food), ("SMS reply", sms_reply), ("broadcast", broadcast),
         ("transcode", transcode), ("report", report), ("receipt", receipt), ("predict", predict), ("webhook", webhook))
