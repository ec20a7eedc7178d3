# SPDX-License-Identifier: GPL-3.0-or-later
"""FigureForge: images that are shown to others, and the price list."""
import secrets

import pytest

from waits import in_one, this_hour

GALLERY = "/api/images/gallery/"


@pytest.fixture
def images(alice):
    """Her four pictures, the oldest first."""
    return sorted((image.id for image in alice.draw(batch_size=4).images), key=lambda image: int(image.removeprefix("img_")))


@pytest.fixture
def image(alice):
    return alice.draw().images[0].id


def change(client, image, expect=200, **more):
    return client.call("PATCH", f"/api/images/{image}/update/", expect, more)


def ids(answer):
    return [image.id for image in answer.results]


def test_what_is_shown_is_seen_by_everybody(alice, figureforge, bob, images):
    tag = secrets.token_hex(4)
    for image in images:
        change(alice, image, tags=[tag, "pose:a b"])
    assert figureforge.get(f"{GALLERY}?tags={tag}").value == {"results": [], "count": 0, "next": None, "previous": None}
    for image in images[:3]:
        assert change(alice, image, is_public=True).tags == [tag, "pose:a b"]
    change(alice, images[0], tags=[tag])
    for anybody in (figureforge, bob, alice):
        assert ids(anybody.get(f"{GALLERY}?tags={tag}")) == images[2::-1]
    assert ids(figureforge.get(f"{GALLERY}?tags=pose:a+b,{tag}")) == [images[2], images[1]]
    assert ids(figureforge.get(f"{GALLERY}?tags={tag},none")) == ids(figureforge.get(f"{GALLERY}?tags=,{tag}")) == []
    page = figureforge.get(f"{GALLERY}?tags={tag}&limit=2")
    assert page.count == 3 and page.next.startswith(f"/figureforge{GALLERY}?tags={tag}&limit=2&offset=2&cursor=") and page.previous is None
    rest = figureforge.get(page.next.removeprefix("/figureforge"))
    assert ids(page) + ids(rest) == images[2::-1] and rest.next is None
    whole, path = [], f"{GALLERY}?limit=100"
    while path:
        page = figureforge.get(path.removeprefix("/figureforge"))
        whole, path = whole + ids(page), page.next
    assert [image for image in whole if image in images] == images[2::-1] and images[3] not in whole
    for wrong in ("limit=0", "offset=-1", "tags="):
        assert wrong.split("=")[0] in figureforge.get(f"{GALLERY}?{wrong}", 400).error.details
    assert figureforge.get(GALLERY, 401, headers={"Authorization": "Bearer garbage"}).error.code == "AUTHENTICATION_REQUIRED"


def test_a_model_of_a_dearer_plan_is_not_shown(alice, figureforge, image, sql):
    tag = secrets.token_hex(4)
    change(alice, image, tags=[tag], is_public=True)
    sql("update figureforge.generation set model = 'flux-pro' where id = (select generation_id from figureforge.image where id = %s)",
        image.removeprefix("img_"))
    assert figureforge.get(f"{GALLERY}?tags={tag}").count == 0


def test_what_is_hidden_again_has_no_link(alice, figureforge, image):
    shown = change(alice, image, is_public=True)
    figureforge.get(shown.url), figureforge.get(shown.thumbnail_url)
    assert change(alice, image, is_public=True).url == change(alice, image, tags=["x"]).url == shown.url
    hidden, again = in_one(this_hour, lambda: (change(alice, image, is_public=False), alice.get(f"/api/images/{image}/")))
    figureforge.get(shown.url, 404), figureforge.get(shown.thumbnail_url, 404)
    assert hidden.url != shown.url and alice.get(hidden.url) == {} and hidden.tags == ["x"]
    figureforge.get(f"/api/images/{image}/", 404)
    assert hidden == again


def test_what_is_no_change(alice, image):
    for body, field in (({"tags": "x"}, "tags"), ({"tags": [""]}, "tags[0]"), ({"tags": [1]}, "tags[0]"), ({"tags": ["x"] * 31}, "tags"),
                        ({"is_public": 1}, "is_public")):
        assert field in change(alice, image, 400, **body).error.details


def test_only_its_owner_changes_an_image(alice, bob, image):
    change(bob, image, 404, is_public=True)
    change(alice, image, is_public=True)
    change(bob, image, 404, tags=["mine"])
    change(alice, "img_0", 404), change(alice, image.removeprefix("img_"), 404)


def test_favorites(alice, bob, figureforge, image):
    place = f"/api/images/{image}/favorite/"
    bob.post(place, None, 404)                                              # not his to see
    assert alice.post(place) == {"image_id": image, "is_favorite": True, "favorites_count": 1}
    change(alice, image, is_public=True)
    assert bob.post(place) == {"image_id": image, "is_favorite": True, "favorites_count": 2}
    shown = {client: client.get(f"/api/images/{image}/").is_favorite for client in (alice, bob, figureforge)}
    assert shown == {alice: True, bob: True, figureforge: False}
    assert bob.post(place) == {"image_id": image, "is_favorite": False, "favorites_count": 1}
    assert (bob.get(f"/api/images/{image}/").is_favorite, alice.get(f"/api/images/{image}/").favorites_count) == (False, 1)
    figureforge.post(place, None, 401)


def test_prices(figureforge, alice):
    plans = figureforge.get("/api/subscriptions/plans/").plans
    assert [(plan.id, plan.price, plan.credits, plan.max_batch_size) for plan in plans] == [
        ("free", 0, 10, 4), ("pro_monthly", 19.99, 200, 8), ("studio_monthly", 59.99, 1000, 16)]
    assert figureforge.get("/api/pricing/") == {"currency": "usd", "plans": plans}
    mine = alice.get("/api/subscriptions/current/")
    assert (mine.plan_id, mine.tier, mine.status, mine.cancel_at_period_end) == ("free", "free", "none", False)
    assert mine.current_period_end == alice.get("/api/auth/user/").quota.resets_at > mine.current_period_start
