# SPDX-License-Identifier: GPL-3.0-or-later
"""GET /openapi.json of each product: valid, complete, and true of what the product answers."""
import json
import os
import subprocess

import pytest
import run
from conftest import PRODUCTS, ROOT

VALIDATE = ROOT / "build" / "npm" / "validate.mjs"


def validate(*files):
    return subprocess.run(["/usr/bin/node", VALIDATE, *files], capture_output=True, text=True, timeout=120, check=False)


def test_the_documents_are_valid_openapi(descriptions, tmp_path):
    files = []
    for product, description in descriptions.items():
        files.append(tmp_path / f"{product}.json")
        files[-1].write_text(json.dumps(description.document))
    done = validate(*files)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("OpenAPI 3.1, valid") == len(PRODUCTS)


def test_the_validator_refuses_what_is_none(descriptions, tmp_path):
    broken = json.loads(json.dumps(descriptions["ailice"].document))
    del broken["paths"]["/api/items"]["get"]["responses"]["200"]["description"]
    (tmp_path / "broken.json").write_text(json.dumps(broken))
    assert validate(tmp_path / "broken.json").returncode == 1


def test_every_row_is_described_and_nothing_else(descriptions, rows):
    for product, description in descriptions.items():
        operations = description.operations()
        mine = [row for row in rows if row["product"] == product]
        assert {(row["method"], row["path"]): row["name"] for row in mine} == \
            {key: operation["operationId"] for key, operation in operations.items()}
        names = [operation["operationId"] for operation in operations.values()]
        assert len(names) == len(set(names))
        for row in mine:
            operation = operations[row["method"], row["path"]]
            assert str(row["status"]) in operation["responses"], row
            signed_in = [way for way in operation["security"] if way]
            assert bool(signed_in) == (row["who"] != "ANYONE"), row
            assert ({} in operation["security"]) == (row["who"] == "OPTIONAL"), row
            in_path = {one["name"] for one in operation.get("parameters", ()) if one["in"] == "path"}
            assert in_path == {part[1:-1] for part in row["path"].split("/") if part.startswith("{")}, row


def test_it_names_the_public_base(descriptions, stack):
    for product, description in descriptions.items():
        assert description.document["servers"] == [{"url": f"{stack['url']}/{product}"}]


def test_the_command_prints_the_same(descriptions, front, stack):
    for product, description in descriptions.items():
        assert json.loads(front("--openapi", product, f"{stack['url']}/{product}")) == description.document
    done = subprocess.run([f"{stack['bin']}/millrace-front", "--openapi", "nobodys"], capture_output=True, text=True,
                          timeout=60, check=False)
    assert done.returncode == 1 and "no such product" in done.stderr and not done.stdout


def test_the_ways_to_say_who_one_is(descriptions):
    def ways(product):
        return descriptions[product].document["components"]["securitySchemes"]
    for product in ("nutrition", "expenses", "ailice", "figureforge"):
        assert list(ways(product)) == ["bearer"] and ways(product)["bearer"]["scheme"] == "bearer"
    assert {name: (way["in"], way["name"]) for name, way in ways("smsagent").items()} == {
        "token": ("header", "Authorization"), "session": ("cookie", "millrace_session"), "csrf": ("header", "X-CSRF-Token")}
    operations = descriptions["smsagent"].operations()
    assert operations["GET", "/api/users/"]["security"] == [{"token": []}, {"session": []}]
    assert operations["POST", "/api/users/"]["security"] == [{"token": []}, {"session": [], "csrf": []}]


@pytest.mark.parametrize("product, place, size, members", (
    ("nutrition", None, None, None),
    ("smsagent", "page", "page_size", ["count", "next", "previous", "results"]),
    ("ailice", "skip", "limit", None),
    ("figureforge", "offset", "limit", ["results", "count", "next", "previous"]),
))
def test_lists_have_the_products_pages(descriptions, product, place, size, members):
    lists = [operation for operation in descriptions[product].operations().values()
             if operation["operationId"] in ("person_list", "item_list", "image_list")]
    assert bool(lists) == bool(place)
    for operation in lists:
        assert [one["name"] for one in operation["parameters"]][-3:] == [place, size, "cursor"]
        schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
        assert list(schema.get("properties", ())) == (members or [])
        rows_of = schema["properties"]["results"] if members else schema
        assert rows_of["type"] == "array" and rows_of["items"]["properties"]


# -- kept, and asked whether it is still the same ------------------------------------------------------------------------

def test_who_has_it_is_told_so(nobody):
    client = nobody("expenses")
    first = client.get("/openapi.json")
    tag = first.http.headers["ETag"]
    assert first.http.headers["Content-Type"] == "application/json"
    assert first.http.headers["Cache-Control"] == "no-cache"
    for sent in (tag, f"W/{tag}", f'"another", {tag}', "*"):
        again = client.get("/openapi.json", 304, headers={"If-None-Match": sent})
        assert again.http.headers["ETag"] == tag and not again.http.content
    assert client.get("/openapi.json", headers={"If-None-Match": '"another"'}).value == first.value
    head = client.head("/openapi.json")
    assert head.http.headers["ETag"] == tag and not head.http.content


def test_each_product_has_its_own(nobody):
    assert len({nobody(product).get("/openapi.json").http.headers["ETag"] for product in PRODUCTS}) == len(PRODUCTS)


def test_it_asks_no_database(nobody, paused):
    with paused("postgres"):
        assert nobody("nutrition").get("/openapi.json").openapi == "3.1.0"
        nobody("nutrition").get("/docs")


# -- what it says is so --------------------------------------------------------------------------------------------------

def test_the_examples_and_their_answers_are_as_described(descriptions, stack, rows):
    """Each example of the reference that there is a row for."""
    cases = run.load_cases()
    ready = [case for case in run.ready_of(cases, rows) if case["kind"] == "http"]
    fixtures = run.fixtures_of({case["product"] for case in ready}, cases, stack, rows)
    troubles = []
    for case in ready:
        fixture, description = fixtures[case["product"]], descriptions[case["product"]]
        operation = description.find(case["method"], case["full_path"])
        answer = run.send(fixture, case)
        found = description.answer_troubles(operation, answer)
        if answer.http.request.body and "requestBody" in operation:
            found += description.request_troubles(operation, answer.http.request)
        troubles += [f"{case['id']}: {trouble}" for trouble in found]
        if case["id"] in getattr(fixture, "after", {}):
            fixture.after[case["id"]](fixture, case)
    assert len(ready) > 20 and not troubles, "\n".join(troubles)


@pytest.fixture(scope="module")
def file(stack, rows):
    """(client, path) of a media file."""
    fixture = run.fixtures_of({"ailice"}, run.load_cases(), stack, rows)["ailice"]
    return fixture.user, f"/api/media/{fixture.path['media_id']}/stream"


@pytest.mark.parametrize("asked, status", (
    ({}, 200), ({"Range": "bytes=0-9"}, 206), ({"If-None-Match": None}, 304), ({"Range": "bytes=99999999-"}, 416)))
def test_what_a_file_is_answered_with_is_described(descriptions, file, asked, status):
    (client, path), description = file, descriptions["ailice"]
    operation = description.find("GET", "/api/media/{media_id}/stream")
    asked = {name: value or client.get(path).http.headers["ETag"] for name, value in asked.items()}
    response = client._session.get(client.base + path, timeout=60, headers={
        **asked, "X-Forwarded-For": client.address, "Authorization": f"Bearer {client.token}"})
    assert response.status_code == status and str(status) in operation["responses"]
    if status in (200, 206):
        assert not description.answer_troubles(operation, type("Answer", (), {"http": response, "value": None}))
        assert response.headers["Content-Type"] == "video/mp4"
        assert "application/json" not in operation["responses"][str(status)]["content"]


def test_refusals_are_as_described(descriptions, nobody, rows):
    """Nobody, who sends nothing and asks for what is not there."""
    for row in rows:
        if row["who"] != "ANYONE" or row["method"] != "GET":
            client, description = nobody(row["product"]), descriptions[row["product"]]
            path = row["path"].replace("{", "").replace("}", "")
            response = client._session.request(row["method"], client.base + path, timeout=60, data="[]",
                                               headers={"X-Forwarded-For": client.address,
                                                        "Content-Type": "application/json"})
            if response.status_code >= 400:
                answer = type("Answer", (), {"http": response, "value": response.json()})
                operation = description.operations()[row["method"], row["path"]]
                assert not description.answer_troubles(operation, answer), (row, response.text)


# -- without make web ----------------------------------------------------------------------------------------------------

def as_cgi(stack, path, **environment):
    """The answer of a front that a web server starts for one request: its head and its body."""
    done = subprocess.run([f"{stack['bin']}/millrace-front", "--config", stack["config"]], capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, timeout=60, check=True,
                          env={**os.environ, "GATEWAY_INTERFACE": "CGI/1.1", "REQUEST_METHOD": "GET", "REQUEST_URI": path,
                               "REMOTE_ADDR": "127.0.0.1", **environment})
    head, _, body = done.stdout.replace("\r\n", "\n").partition("\n\n")
    return head, body


@pytest.mark.parametrize("page", ("docs", "redoc", "docs/page.js"))
def test_without_the_pages_there_is_a_hint(stack, tmp_path, page):
    head, body = as_cgi(stack, f"/expenses/{page}", MILLRACE_FRONT_PAGES=str(tmp_path))
    assert head.startswith("Status: 404")
    assert json.loads(body)["error"]["code"] == "RESOURCE_NOT_FOUND" and "make web" in json.loads(body)["error"]["message"]


def test_plain_cgi_describes_as_well(stack, descriptions):
    head, body = as_cgi(stack, "/ailice/openapi.json")
    assert head.startswith("Status: 200") and json.loads(body) == descriptions["ailice"].document
    tag = next(line for line in head.split("\n") if line.startswith("ETag: ")).removeprefix("ETag: ")
    head, body = as_cgi(stack, "/ailice/openapi.json", HTTP_IF_NONE_MATCH=f"W/{tag}")
    assert head.startswith("Status: 304") and tag in head and not body and "Content-Length" not in head


def test_pages_know_where_they_are(stack):
    head, body = as_cgi(stack, "/apis/ailice/redoc/", MILLRACE_FRONT_MOUNT="/apis")
    assert head.startswith("Status: 200") and 'src="/apis/ailice/redoc/page.js"' in body
    head, body = as_cgi(stack, "/docs", MILLRACE_PRODUCT="ailice")           # a host of its own: no prefix
    assert head.startswith("Status: 200") and 'src="/docs/page.js"' in body and 'data-description="/openapi.json"' in body
