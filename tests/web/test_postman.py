# SPDX-License-Identifier: GPL-3.0-or-later
"""The Postman collections have each operation once."""
import json

import pytest
from conftest import PRODUCTS, ROOT


def requests_of(item):
    if "request" in item:
        yield item["request"]
    for inner in item.get("item", ()):
        yield from requests_of(inner)


@pytest.mark.parametrize("product", PRODUCTS)
def test_every_operation_is_a_request(rows, product):
    collection = json.loads((ROOT / "build" / "web" / "postman" / f"{product}.json").read_text())
    assert collection["info"]["schema"] == "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"

    bases = [one["value"] for one in collection["variable"] if one["key"] == "baseUrl"]
    assert bases == [f"http://localhost/{product}"]

    def shape(method, parts):
        return method, tuple("{}" if part.startswith((":", "{")) else part for part in parts if part)
    found = sorted(shape(request["method"], request["url"]["path"]) for request in requests_of(collection))
    assert found == sorted(shape(row["method"], row["path"].split("/")) for row in rows if row["product"] == product)
