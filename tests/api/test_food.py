# SPDX-License-Identifier: GPL-3.0-or-later
"""What a meal holds: photos and descriptions, through all stages (ai.food), and the table of foods."""
import os
import subprocess

import pytest

import album
from waits import until

ANALYZE = "/api/v1/ai/analyze/"
STAGES = ["image_preprocessing", "food_detection", "portion_estimation", "nutritional_analysis"]
SUMS = ("calories", "protein", "carbs", "fat")


@pytest.fixture
def eater(account):
    return account("nutrition")


@pytest.fixture
def openai(outside):
    return outside("openai")


def ended(client, session, status="completed"):
    seen = until(lambda: (now := client.get(f"{ANALYZE}{session.session_id}/")).status != "processing" and now, "it goes on and on")
    assert seen.status == status, seen.value
    return seen


def holds(result):
    """The totals are the items' sums, and every item says where its values come from."""
    for name in SUMS:
        assert result.total_nutrition[name] == pytest.approx(sum(item[name] for item in result["items"]), abs=0.001)
    for item in result["items"]:
        assert item["unit"] == "g" and item["quantity"] > 0 and 0 <= item["confidence"] <= 1
        assert item["source"] in ("shipped", "fdc", "estimate") and (item["food"] is None) == (item["source"] == "estimate")


def test_a_photo(eater, openai):
    session = eater.upload(ANALYZE, image=("lunch.png", album.packed(album.flag(3000, 2000), "PNG")), expect=202)
    assert session.status == "processing"
    seen = ended(eater, session)
    assert list(seen.stages) == STAGES and seen.overall_progress == 100
    assert all(stage == {"status": "completed", "progress": 100} for stage in seen.value["stages"].values())
    assert seen.final_result["items"]
    holds(seen.final_result)
    asked = openai.calls("POST", "%/chat/completions")[-1]["input"]
    picture = [part for part in asked["messages"][-1]["content"] if part["type"] == "image_url"]
    assert len(picture) == 1 and picture[0]["image_url"]["url"].startswith("data:image/jpeg;base64,")
    assert asked["response_format"]["json_schema"]["strict"] is True


def test_a_description(eater, openai):
    for send in (lambda: eater.post(ANALYZE, {"text": "two eggs and a banana"}, 202),
                 lambda: eater.upload(ANALYZE, text="two eggs and a banana", expect=202)):
        seen = ended(eater, send())
        holds(seen.final_result)
        assert "two eggs and a banana" in str(openai.calls("POST", "%/chat/completions", about="a banana")[-1]["input"]["messages"][-1])


def test_neither(eater):
    assert "picture" in str(eater.post(ANALYZE, {}, 400).value)
    eater.post(ANALYZE, {"text": ""}, 400)
    eater.post(ANALYZE, {"text": "x" * 2001}, 400)


def test_what_is_no_picture(eater, openai):
    """It has the first bytes of one."""
    session = eater.upload(ANALYZE, image=("x.png", album.packed(album.flag(600, 400), "PNG")[:200]), expect=202)
    seen = ended(eater, session, "failed")
    assert seen.error.startswith("The picture ") and "final_result" not in seen.value
    assert openai.calls("POST") == [], "nobody was shown what could not be read"


def test_a_provider_that_fails_once_is_asked_again(eater, openai):
    openai.fault("status", "*/chat/completions", status=429, retry_after=1)
    ended(eater, eater.post(ANALYZE, {"text": "an apple"}, 202))
    assert len(openai.calls("POST", "%/chat/completions")) == 2


def test_a_provider_that_refuses_for_good(eater, openai):
    openai.fault("status", "*/chat/completions", status=400)
    seen = ended(eater, eater.post(ANALYZE, {"text": "an apple"}, 202), "failed")
    assert seen.error == "The meal could not be analysed"


def test_a_stranger_sees_nothing(eater, account):
    session = eater.post(ANALYZE, {"text": "an apple"}, 202)
    account("nutrition").get(f"{ANALYZE}{session.session_id}/", 404)
    ended(eater, session)


# ---- the table ----

@pytest.mark.parametrize("asked, food", [
    ("Grilled chicken breast", "Chicken breast, grilled"), ("apple", "Apple"), ("apples", "Apple"), ("boiled egg", "Egg, boiled"),
    ("French fries", "French fries"), ("steamed rice", "White rice, cooked"), ("a slice of wholemeal bread", "Whole wheat bread"),
    ("penne", "Pasta, cooked"), ("Margherita pizza", "Pizza Margherita"), ("prawns", "Shrimp, cooked"),
    ("egg", "Egg, boiled"), ("rice", "White rice, cooked"), ("pasta", "Pasta, cooked"), ("steak", "Beef steak, grilled"),
    ("chicken", "Chicken breast, grilled"), ("beef", "Roast beef"), ("Potatoes", "Potato, boiled"), ("milk", "Whole milk"),
    ("green tea", "Tea, unsweetened"), ("bread", "White bread"),
    ("xyzzy", ""), ("", ""), ("the of and", ""), ("'; drop | & ! (", ""), ("bolts of tungsten and steel", ""),
])
def test_a_description_finds_its_food(sql, asked, food):
    assert sql("select (nutrition.food_match(%s)).name", asked) == food


def test_at_least_150_foods_are_shipped_and_none_is_impossible(sql):
    assert int(sql("select count(*) from nutrition.food where source = 'shipped'")) >= 150
    assert sql("select string_agg(name, ', ') from nutrition.food where source = 'shipped' and not (approximate and portion > 0 and "
               "protein + carbs + fat <= 100.5 and calories between 0 and 900)") == ""


# ---- what is published elsewhere ----

FOODS = '''"fdc_id","data_type","description","food_category_id","publication_date"
"900001","sr_legacy_food","Gooseberry, ""star"", raw","9","2019-04-01"
"900002","foundation_food","Quark, lean","1","2020-10-30"
"900003","sub_sample_food","Quark, lean, sample 1","1","2020-10-30"
"900004","branded_food","Air","",""
'''
NUTRIENTS = '''"id","fdc_id","nutrient_id","amount","data_points","derivation_id"
"1","900001","1008","44","1",""
"2","900001","1003","0.88","1",""
"3","900001","1005","10.18","1",""
"4","900001","1004","0.58","1",""
"5","900001","1079","4.3","1",""
"6","900002","2047","67","1",""
"7","900002","1003","12.5","1",""
"8","900003","1008","60","1",""
'''


@pytest.fixture
def publication(tmp_path):
    """publication(foods, nutrients) -> the folder."""
    def make(foods=FOODS, nutrients=NUTRIENTS):
        os.chmod(tmp_path, 0o755)
        (tmp_path / "food.csv").write_text(foods)
        (tmp_path / "food_nutrient.csv").write_text(nutrients)
        return str(tmp_path)
    return make


def imported(sql):
    return sql("select string_agg(concat_ws('|', source_id, name, calories, protein, carbs, fat), E'\\n' order by source_id) "
               "from nutrition.food where source = 'fdc' and source_id like '90000%%'")


def test_foods_are_imported(sql, operator, publication):
    said = operator("foods", "import", publication())
    assert said.startswith("2 foods imported, 1 left out")
    assert imported(sql).splitlines() == ['900001|Gooseberry, "star", raw|44.0|0.88|10.18|0.58', "900002|Quark, lean|67.0|12.50|0.00|0.00"]
    assert sql("select (nutrition.food_match('raw star gooseberry')).source_id") == "900001"
    assert operator("foods", "import", publication(FOODS.replace("Quark, lean", "Quark"))).startswith("2 foods imported")
    assert "900002|Quark|67.0" in imported(sql)


def test_amounts_in_every_form_of_a_publication(sql, operator, publication):
    nutrients = NUTRIENTS.replace('"0.88"', '""').replace('"10.18"', '"-0.04"').replace('"0.58"', '"5.8E-1"')
    assert operator("foods", "import", publication(nutrients=nutrients)).startswith("2 foods imported")
    assert '900001|Gooseberry, "star", raw|44.0|0.00|0.00|0.58' in imported(sql)


@pytest.mark.parametrize("foods, nutrients, why", [
    (FOODS + '"900009","branded_food","never closed', NUTRIENTS, "food.csv, line 6"),
    (FOODS, NUTRIENTS + '"9","900001"\n', "food_nutrient.csv, line 10"),
    (FOODS.replace("fdc_id", "number"), NUTRIENTS, "fdc_id"),
    ("", NUTRIENTS, "empty"),
    (FOODS, NUTRIENTS.replace("0.88", "0,88"), "food_nutrient.csv, line 3, column amount: \"0,88\" is no amount; nothing was taken"),
    (FOODS, NUTRIENTS.replace("10.18", "1e"), "food_nutrient.csv, line 4, column amount"),
    (FOODS, NUTRIENTS.replace('"2","900001"', '"2","9OOOO1"'), "food_nutrient.csv, line 3, column fdc_id"),
    (FOODS.replace('"900002"', '""'), NUTRIENTS, "food.csv, line 3, column fdc_id"),
])
def test_of_a_broken_publication_nothing_is_taken(sql, stack, publication, foods, nutrients, why):
    before = imported(sql)
    done = subprocess.run([f"{stack['bin']}/millrace", "--config", stack["config"], "foods", "import",
                           publication(foods.replace("Gooseberry", "Currant"), nutrients)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and why in done.stderr, done
    assert imported(sql) == before
