# SPDX-License-Identifier: GPL-3.0-or-later
"""How each product writes an error, a page and who calls: what every answer of it is held against."""
import re

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
SNAKE = {400: {"validation_error", "conflict", "payment_failed"}, 401: {"authentication_failed"}, 403: {"permission_denied"},
         404: {"not_found"}, 405: {"method_not_allowed"}, 409: {"conflict"}, 413: {"payload_too_large"},
         414: {"payload_too_large"}, 416: {"validation_error"}, 429: {"rate_limit_exceeded"}, 431: {"payload_too_large"},
         500: {"internal_server_error"}, 503: {"service_unavailable"}}
EXPENSES = {400: {"VALIDATION_ERROR"}, 401: {"AUTH_REQUIRED", "INVALID_TOKEN"}, 403: {"PERMISSION_DENIED"},
            404: {"RESOURCE_NOT_FOUND"}, 405: {"METHOD_NOT_ALLOWED"}, 409: {"CONFLICT", "DUPLICATE_RESOURCE"},
            413: {"PAYLOAD_TOO_LARGE"}, 414: {"PAYLOAD_TOO_LARGE"}, 416: {"VALIDATION_ERROR"},
            422: {"VALIDATION_ERROR", "PAYMENT_FAILED", "INSUFFICIENT_FUNDS"}, 429: {"RATE_LIMIT_EXCEEDED"}, 431: {"PAYLOAD_TOO_LARGE"},
            500: {"INTERNAL_ERROR"}, 503: {"SERVICE_UNAVAILABLE"}}
FIGUREFORGE = {400: {"INVALID_REQUEST"}, 401: {"AUTHENTICATION_REQUIRED"}, 402: {"INSUFFICIENT_QUOTA", "PAYMENT_FAILED"},
               403: {"PERMISSION_DENIED"}, 404: {"NOT_FOUND"}, 405: {"METHOD_NOT_ALLOWED"}, 409: {"CONFLICT"},
               413: {"PAYLOAD_TOO_LARGE"}, 414: {"PAYLOAD_TOO_LARGE"}, 416: {"INVALID_REQUEST"}, 429: {"RATE_LIMITED"},
               431: {"PAYLOAD_TOO_LARGE"}, 500: {"INTERNAL_ERROR"}, 503: {"SERVICE_UNAVAILABLE"}}


def said(text):
    return isinstance(text, str) and text.strip()


def lists_of_texts(details):
    return all(field and messages and all(map(said, messages)) for field, messages in details.items())


def nutrition_error(body, status):
    more = {400: {"details"}, 429: {"retry_after"}, 500: {"request_id"}}.get(status, set())
    assert set(body) == {"error", "message"} | more, body
    assert body["error"] in SNAKE[status] and said(body["message"])
    assert lists_of_texts(body.get("details", {}))
    assert status != 429 or body["retry_after"] > 0


def smsagent_error(body, status):
    if status == 429:
        assert set(body) == {"error", "detail", "retry_after"} and body["error"] == "Rate limit exceeded", body
        assert body["retry_after"] > 0
        return
    assert set(body) == {"error", "detail", "fields", "timestamp", "request_id"}, body
    assert body["error"] in SNAKE[status] and said(body["detail"]) and lists_of_texts(body["fields"])
    assert TIME.fullmatch(body["timestamp"])


def expenses_error(body, status):
    assert set(body) == {"status", "error", "meta"} and body["status"] == "error", body
    error = body["error"]
    assert set(error) == {"code", "message", "details"} and error["code"] in EXPENSES[status] and said(error["message"])
    for detail in error["details"]:
        assert set(detail) == {"field", "message", "code"} and all(map(said, detail.values())), detail
        assert detail["code"] in {"REQUIRED", "INVALID_VALUE", "INVALID_FORMAT", "TOO_LONG", "UNKNOWN_REFERENCE"}
    expenses_meta(body["meta"])


def expenses_meta(meta):
    assert TIME.fullmatch(meta["timestamp"]) and meta["version"] == "1.0" and meta["request_id"], meta


def ailice_error(body, _status):
    assert set(body) == {"detail"} and said(body["detail"]), body


def figureforge_error(body, status):
    assert set(body) == {"error"} and set(body["error"]) == {"code", "message", "details"}, body
    error = body["error"]
    assert error["code"] in FIGUREFORGE[status] and said(error["message"])
    assert all(field and said(message) for field, message in error["details"].items())


def operator_error(body, status):
    assert set(body) == {"error"} and set(body["error"]) == {"code", "message", "fields"}, body
    codes = {400: {"invalid", "malformed"}, 401: {"unauthenticated", "bad_token"}, 403: {"forbidden"}, 404: {"not_found"},
             405: {"method"}, 409: {"conflict"}, 413: {"too_large"}, 414: {"too_large"}, 429: {"rate_limited"}, 431: {"too_large"},
             503: {"unavailable"}}
    assert body["error"]["code"] in codes[status] and said(body["error"]["message"])
    assert lists_of_texts(body["error"]["fields"])


def expenses_success(body):
    assert body["status"] == "success" and set(body) <= {"status", "data", "message", "meta", "links"}, body
    expenses_meta(body["meta"])


# Product: its scheme of the Authorization header, what an error must be, what a success must be.
SCHEMES = {"smsagent": "Token", "operator": "Session"}
ERRORS = {"nutrition": nutrition_error, "smsagent": smsagent_error, "expenses": expenses_error, "ailice": ailice_error,
          "figureforge": figureforge_error, "operator": operator_error}
SUCCESSES = {"expenses": expenses_success}


def scheme_of(product):
    return SCHEMES.get(product, "Bearer")


def check_body(product, body, status):
    """Of an answer in JSON."""
    if status >= 400:
        ERRORS[product](body, status)
    elif product in SUCCESSES:
        SUCCESSES[product](body)
