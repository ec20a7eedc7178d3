# SPDX-License-Identifier: GPL-3.0-or-later
"""Deep pages: the cursors that links carry, page numbers without them, and totals that nobody counts."""
import subprocess
from urllib.parse import parse_qs, urlsplit

import pytest

from paged import LISTS, Images, Items

ROWS = 23


def make(kind, request, sql):
    client = request.getfixturevalue("sign_in")("deep") if issubclass(kind, Images) else \
        request.getfixturevalue("account")(kind.product)
    return kind(client, sql)


@pytest.fixture(params=LISTS, ids=lambda kind: f"{kind.product}-{kind.__name__.lower()}")
def rows(request, sql):
    """A list with some rows."""
    made = make(request.param, request, sql)
    made.add(ROWS)
    yield made
    if hasattr(made, "clear"):
        made.clear()


@pytest.fixture
def images(request, sql):
    return make(Images, request, sql)


def asked(rows):
    """The list's path, some with a filter already, and what joins a query's next pair to it."""
    return rows.path + ("&" if "?" in rows.path else "?")


def begin(rows, size=5, more=""):
    return rows.client.get(f"{asked(rows)}{rows.size}={size}{more}")


def pages_from(rows, page, meanwhile=lambda page: None, way=0):
    """The page and all that its links lead to. way: 0 onwards, 1 back."""
    while True:
        yield page
        meanwhile(page)
        link = rows.links(page)[way]
        if not link:
            return
        page = rows.follow(link)


def names_from(rows, page, **more):
    return [name for one in pages_from(rows, page, **more) for name in rows.shown(one)]


def query_of(link):
    return {name: value[0] for name, value in parse_qs(urlsplit(link).query).items()}


# -- walks -------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("size", (1, 4, 5, 100))
def test_links_lead_through_all_rows(rows, size):
    if size == 1 and not rows.owned:
        size = 3                                              # those of other tests are there as well
    assert names_from(rows, begin(rows, size)) == rows.names()


def test_rows_of_the_same_time(rows):
    rows.add(17, apart="0 seconds")
    assert names_from(rows, begin(rows, 4)) == rows.names()


def test_filters_are_kept(rows):
    if not rows.some:
        pytest.skip("no filter but the one that tells its rows apart, or none at all")
    page = begin(rows, 3, f"&{rows.some}&unknown=%26x")
    assert rows.some in rows.links(page)[0] and "unknown=%26x" in rows.links(page)[0]
    assert names_from(rows, page) == rows.some_names()


def test_a_walk_sees_each_row_once_whatever_comes_and_goes(rows):
    there, gone = rows.names(), []

    def meanwhile(page):
        """New rows in front; the page's last, which the cursor names, goes, and the very first."""
        rows.add(3)
        for name in (rows.shown(page)[-1], rows.names()[0], there[0]):
            if name not in gone:
                rows.remove(name)
                gone.append(name)
    assert names_from(rows, begin(rows, 4), meanwhile=meanwhile) == there


def test_rows_that_go_in_front_of_a_walk_are_not_seen(rows):
    there = rows.names()
    page = begin(rows, 4)
    for name in there[5:8]:
        rows.remove(name)
    assert names_from(rows, page) == there[:5] + there[8:]


def test_the_last_page_leads_nowhere(rows):
    """Also when it is full, and when rows were added since the walk began."""
    rows.add(-len(rows.names()) % 6)
    page = begin(rows, 6)
    rows.add(6)
    *_, last = pages_from(rows, page)
    assert len(rows.shown(last)) == 6 and rows.links(last)[0] is None and rows.links(last)[1]


def test_and_back_again(rows):
    there = list(pages_from(rows, begin(rows)))
    back = list(pages_from(rows, there[-1], way=1))
    assert [rows.shown(page) for page in back] == [rows.shown(page) for page in there[::-1]]
    assert "cursor" not in query_of(rows.links(there[1])[1]) and "cursor" in query_of(rows.links(there[2])[1])
    assert names_from(rows, back[2]) == [name for page in there[-3:] for name in rows.shown(page)]


def test_back_when_the_rows_in_front_have_changed(rows):
    third = list(pages_from(rows, begin(rows)))[2]
    there = rows.names()
    rows.remove(there[9])
    rows.add(2)
    assert rows.shown(rows.follow(rows.links(third)[1])) == there[4:9]
    for name in there[:9]:
        rows.remove(name)
    second = rows.follow(rows.links(third)[1])
    assert len(rows.shown(second)) == 2 and rows.links(second)[1] is None


def test_no_rows(rows):
    if not rows.owned:
        pytest.skip("those of other tests are there")
    for name in rows.names():
        rows.remove(name)
    page = begin(rows)
    assert rows.shown(page) == [] and rows.links(page) == (None, None)


# -- numbers and cursors that do not hold ----------------------------------------------------------------------------------

def by_number(rows, size, page):
    return f"{asked(rows)}{rows.size}={size}&{rows.place}={page + 1 if rows.pages else page * size}"


def test_numbers_are_what_they_were(rows):
    there, links = rows.names(), [rows.links(page)[0] for page in pages_from(rows, begin(rows))]
    stale = f"&cursor={query_of(links[0])['cursor']}"
    for page in (0, 2, 1, 3):
        for more in ("", "" if page == 1 else stale):         # a link's number changed by hand
            assert rows.shown(rows.client.get(by_number(rows, 5, page) + more)) == there[page * 5:page * 5 + 5]
    beyond = rows.client.get(by_number(rows, 5, 100_000))
    assert rows.shown(beyond) == [] and rows.links(beyond)[0] is None and rows.links(beyond)[1]


def test_a_cursor_that_is_none_is_refused(rows):
    refused = 422 if rows.product == "expenses" else 400
    for wrong in ("", "a*b", "%20", "a" * 1025, "%C3%A9"):
        answer = rows.client.get(f"{by_number(rows, 5, 1)}&cursor={wrong}", refused)
        assert b"cursor" in answer.http.content
    rows.client.get(f"{by_number(rows, 5, 1)}&cursor=%00", 400)


def test_a_cursor_that_does_not_hold_is_passed_over(rows):
    """Altered, cut, of another page size, of other filters."""
    there, good = rows.names(), query_of(rows.links(begin(rows))[0])["cursor"]
    flipped = ("A" if good[0] != "A" else "B") + good[1:]
    longer = good + "AAAA"
    rows.add(2)
    moved = rows.names()
    assert rows.shown(rows.client.get(f"{by_number(rows, 5, 1)}&cursor={good}")) == there[5:10]
    for wrong in (flipped, longer, good[:-4], good[:20], good[1:] + good[0], "A", "AAAA", "a" * 1024, good + good):
        assert rows.shown(rows.client.get(f"{by_number(rows, 5, 1)}&cursor={wrong}")) == moved[5:10], wrong
    for size, page in ((5, 2), (4, 1)):
        assert rows.shown(rows.client.get(f"{by_number(rows, size, page)}&cursor={good}")) == moved[page * size:(page + 1) * size]
    if rows.some:
        answer = rows.client.get(f"{by_number(rows, 5, 1)}&cursor={good}&{rows.some}")
        assert rows.shown(answer) == rows.some_names()[5:10]


def test_somebody_elses_cursor_is_passed_over(rows, request, sql):
    if not rows.owned:
        pytest.skip("all see the same list")
    other = make(type(rows), request, sql)
    other.add(11)
    theirs = query_of(rows.links(begin(rows))[0])["cursor"]
    assert rows.shown(other.client.get(f"{by_number(other, 5, 1)}&cursor={theirs}")) == other.names()[5:10]


def test_long_queries_have_no_link_in_a_header(account, sql):
    items = Items(account("ailice"), sql)
    items.add(3)
    answer = begin(items, 1, "&x=" + "y" * 700)
    assert items.links(answer) == (None, None) and answer.http.headers["X-Request-ID"]
    assert items.links(begin(items, 1, "&x=" + "y" * 100))[0]


# -- totals ----------------------------------------------------------------------------------------------------------------

def test_totals_around_ten_thousand(images):
    images.add(9_999)
    for total in (9_999, 10_000, 10_001):
        assert images.client.get(images.path).count == total == begin(images, 7, "&offset=9990").count
        images.add(1)
    for name, total in zip(images.names()[:3], (10_001, 10_000, 9_999)):
        images.remove(name)
        assert images.client.get(images.path).count == total


def test_long_lists_are_not_counted(images):
    """Of a million rows (bench/front/deep.py has them) the counter tells, which is seen when it tells something else."""
    images.add(30_000)
    page = begin(images, 100)
    assert page.count == 30_000
    images.sql("update list_count set n = n + 970000 where list = 'figureforge.image' and owner = %s", images.owner)
    deep = images.client.get(by_number(images, 100, 298))
    following = images.follow(images.links(deep)[0])
    assert deep.count == following.count == 1_000_000 and images.follow(page.next).count == 1_000_000
    assert images.shown(following) == images.shown(images.client.get(by_number(images, 100, 299))) == images.names()[29_900:]
    assert following.next is None and begin(images, 5, f"&{images.some}").count == 15_000


def test_a_filtered_total_is_counted_once_a_walk(images):
    images.add(10_100)
    page = begin(images, 5, f"&{images.some}")
    assert page.count == 5_050
    images.remove(images.some_names()[-1])
    assert images.follow(page.next).count == 5_050 and begin(images, 5, f"&{images.some}").count == 5_049
    short = images.client.get(f"{images.path}?tag=pose%3Anone")
    assert short.count == 0 and short.next is None


def test_a_counter_keeps_count(images):
    """Of what is added, taken away, brought back and deleted, in statements of one row and of many."""
    def counted():
        return int(images.sql("select list_count('figureforge.image', %s)", images.owner))
    images.add(12)
    images.add(1)
    images.remove(images.names()[0])
    images.remove(images.names()[0])
    images.sql("update figureforge.image set is_public = true where account_id = %s", images.owner)
    assert counted() == len(images.names()) == 11
    images.sql("update figureforge.image set deleted_at = null where account_id = %s", images.owner)
    images.sql("delete from figureforge.image where account_id = %s and position < 5", images.owner)
    assert counted() == len(images.names()) == 8
    assert images.sql("select count(*) from list_count where owner = %s", images.owner) == "1"


def test_writers_do_not_wait_for_each_other(images, stack):
    """One has written and not yet committed when another writes; the first is taken back."""
    images.add(4)
    with subprocess.Popen(["psql", "-XAtq", "-d", stack["database_url"]], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          text=True) as first:
        first.stdin.write(f"begin; delete from figureforge.image where id = {images.names()[0][4:]} returning 'done';\n")
        first.stdin.flush()
        assert first.stdout.readline() == "done\n"
        images.sql("set lock_timeout = '5s'; update figureforge.image set deleted_at = now() where id = %s",
                   images.names()[1].removeprefix("img_"))
        assert begin(images).count == 3
        first.stdin.write("rollback;\n")
        first.stdin.close()
    assert images.client.get(images.path).count == 3
    assert images.sql("select list_count('figureforge.image', %s)", images.owner) == "3"
    assert images.sql("select count(*) from list_count where owner = %s", images.owner) == "2"


def test_what_was_there_before_is_counted(sql):
    assert sql("""begin;
                  create table deep (account_id bigint);
                  insert into deep select n %% 2 from generate_series(1, 7) as n;
                  call list_count_keep('deep', 'account_id');
                  insert into deep values (1), (2);
                  select list_count('deep', 0), list_count('deep', 1), list_count('deep', 2);
                  truncate deep;
                  select list_count('deep', 1);
                  rollback""") == "3|5|1\n0"
