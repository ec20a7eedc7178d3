# SPDX-License-Identifier: GPL-3.0-or-later
"""/docs and /redoc: the files as they are sent, and the pages in a browser."""
import os

import pytest
from conftest import PRODUCTS
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

PATIENCE = 60
FILES = {
    "docs": {"page.js": "text/javascript", "swagger-ui-bundle.js": "text/javascript", "swagger-ui.css": "text/css",
             "favicon.png": "image/png"},
    "redoc": {"page.js": "text/javascript", "redoc.standalone.js": "text/javascript"},
}


@pytest.mark.parametrize("page", FILES)
def test_files_have_their_types_and_are_kept(nobody, page):
    client = nobody("smsagent")
    for path, kind in {f"/{page}": "text/html", **{f"/{page}/{name}": kind for name, kind in FILES[page].items()}}.items():
        answer = client.get(path)
        assert answer.http.headers["Content-Type"].split(";")[0] == kind and len(answer.http.content) > 100
        client.get(path, 304, headers={"If-None-Match": answer.http.headers["ETag"]})
    for strange in ("nothing.js", "index.html.bak", "..%2Fdocs%2Fpage.js", "LICENSE"):
        client.get(f"/{page}/{strange}", 404)


@pytest.mark.parametrize("page", FILES)
def test_pages_are_confined(nobody, page):
    answer = nobody("ailice").get(f"/{page}")
    policy = answer.http.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "script-src 'self';" in policy and "frame-ancestors 'none'" in policy
    assert b"http" not in answer.http.content and b"@" not in answer.http.content


# -- in a browser --------------------------------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def browser():
    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    for word in ("--headless=new", "--disable-gpu", "--disable-dev-shm-usage", "--no-proxy-server", "--window-size=1400,1200",
                 *(["--no-sandbox"] if os.geteuid() == 0 else [])):
        options.add_argument(word)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)
    driver.set_page_load_timeout(PATIENCE)
    yield driver
    driver.quit()


def shown(browser, selector, text):
    """Wait until an element has the text; the element."""
    def look(_):
        return next((found for found in browser.find_elements(By.CSS_SELECTOR, selector)
                     if text in (found.get_attribute("textContent") or "")), False)
    return WebDriverWait(browser, PATIENCE, ignored_exceptions=()).until(look, f"{selector} with {text}")


def complaints(browser):
    return [entry for entry in browser.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")]


def some_operation(descriptions, product):
    return next(iter(descriptions[product].operations().values()))


@pytest.mark.parametrize("product", PRODUCTS)
@pytest.mark.parametrize("end", ("", "/"))
def test_swagger_ui_shows_the_operations(browser, stack, descriptions, product, end):
    browser.get(f"{stack['url']}/{product}/docs{end}")
    shown(browser, ".opblock-summary-description", some_operation(descriptions, product)["summary"])
    shown(browser, ".info .title", descriptions[product].document["info"]["title"])
    assert len(browser.find_elements(By.CSS_SELECTOR, ".opblock")) == len(descriptions[product].operations())
    assert complaints(browser) == []


@pytest.mark.parametrize("product", PRODUCTS)
def test_redoc_shows_the_operations(browser, stack, descriptions, product):
    browser.get(f"{stack['url']}/{product}/redoc")
    shown(browser, "h2", some_operation(descriptions, product)["summary"])
    shown(browser, "h1", descriptions[product].document["info"]["title"])
    assert complaints(browser) == []


def test_a_call_from_swagger_ui_is_answered(browser, stack):
    browser.get(f"{stack['url']}/figureforge/docs")
    shown(browser, "#operations-images-model_list .opblock-summary", "models").click()
    shown(browser, "#operations-images-model_list .try-out__btn", "Try it out").click()
    shown(browser, "#operations-images-model_list .execute", "Execute").click()
    shown(browser, "#operations-images-model_list .live-responses-table .response-col_status", "200")
    shown(browser, "#operations-images-model_list .live-responses-table .response-col_description", "croquis")
    assert complaints(browser) == []


def test_a_foreign_script_would_be_told(browser, stack):
    """That the log is looked at, and the policy holds."""
    browser.get(f"{stack['url']}/figureforge/docs")
    browser.execute_script("const script = document.createElement('script'); script.src = 'http://127.0.0.2:9/x.js';"
                           "document.head.append(script);")
    found = []
    WebDriverWait(browser, PATIENCE).until(lambda _: found.extend(complaints(browser)) or found)
    assert "Content Security Policy" in found[0]["message"]
