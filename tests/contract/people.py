# SPDX-License-Identifier: GPL-3.0-or-later
"""Names and addresses that nobody else has, for a fixture's people."""
import base64
import secrets

PNG = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")
PASSWORD = "SecurePassword123!"


def name():
    return "ref" + secrets.token_hex(4)


def email():
    return f"{name()}@example.org"
