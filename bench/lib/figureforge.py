# SPDX-License-Identifier: GPL-3.0-or-later
"""A caller of figureforge with an image."""
import re

from .stack import Trouble, api, mails_to, until


def sign_in(stack, address):
    """Access token and account id of a new account of figureforge."""
    api(stack, "POST", "/figureforge/api/auth/magic-link/request/", {"email": address})
    code = re.search(r"\b\d{6}\b", mails_to(stack, address)[-1]["text"]).group()
    entered = api(stack, "POST", "/figureforge/api/auth/magic-link/verify/", {"email": address, "code": code})
    return entered["access"], entered["user"]["id"].removeprefix("user_")


def make_job(stack, token):
    """A finished generation of one image."""
    wish = {"prompt": "somebody waiting", "batch_size": 1}
    job = api(stack, "POST", "/figureforge/api/images/generate/", wish, token)["job_id"]

    def ended():
        shown = api(stack, "GET", f"/figureforge/api/images/job/{job}/", token=token)
        return shown if shown["status"] not in ("queued", "processing") else None

    shown = until("the generation ends", ended)
    if shown["status"] != "completed" or len(shown["images"]) != 1:
        raise Trouble(f"the generation has ended so: {shown}")
    return job
