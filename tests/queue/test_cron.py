# SPDX-License-Identifier: GPL-3.0-or-later
"""Cron expressions and the moments that they mean: a table of expected ones, and random expressions against a model that
looks at every minute. MILLRACE_SEED repeats a run."""
import os
import random
from array import array
from calendar import isleap
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from servers import Refused

pytestmark = pytest.mark.writes_nothing
SEEDS = [int(os.environ["MILLRACE_SEED"])] if "MILLRACE_SEED" in os.environ else [1, 2, random.randrange(10**9)]
UTC = timezone.utc
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def quoted(text):
    return "'" + text.replace("'", "''") + "'"


def ticks(sql, expression, zone, after, count):
    """The next moments, as seconds since 1970."""
    rows = sql(f"with recursive t(n, tick) as (select 1, cron_next({quoted(expression)}, {quoted(zone)}, {quoted(after)})"
               f" union all select n + 1, cron_next({quoted(expression)}, {quoted(zone)}, tick) from t where n < {count})"
               " select extract(epoch from tick)::bigint from t")
    return [int(row[0]) for row in rows]


def iso(seconds):
    return (EPOCH + timedelta(seconds=seconds)).strftime("%Y-%m-%d %H:%M:%S").removesuffix(":00")


# ---- a table ----

@pytest.mark.parametrize("expression, after, expected", [
    ("* * * * *", "2026-05-01 12:00", "2026-05-01 12:01|2026-05-01 12:02"),
    ("* * * * *", "2026-05-01 11:59:59.999", "2026-05-01 12:00"),
    ("0 12 * * *", "2026-05-01 12:00", "2026-05-02 12:00"),
    ("0 12 * * *", "2026-05-01 11:59:59.999999", "2026-05-01 12:00"),
    ("*/15 * * * *", "2026-12-31 23:40", "2026-12-31 23:45|2027-01-01 00:00"),
    ("5-59/20 8-9 * * *", "2026-05-01 00:00", "2026-05-01 08:05|2026-05-01 08:25|2026-05-01 08:45|2026-05-01 09:05"),
    ("0 0,12 1 */2 *", "2026-01-01 12:00", "2026-03-01 00:00|2026-03-01 12:00|2026-05-01 00:00"),
    ("  0\t0  1 JAN *  ", "2026-01-01 00:00", "2027-01-01 00:00"),
    ("0 0 * * mon-fri", "2026-05-01 00:00", "2026-05-04 00:00|2026-05-05 00:00"),     # a Friday
    ("0 0 * * sat-sun", "2026-05-01 00:00", "2026-05-02 00:00|2026-05-03 00:00|2026-05-09 00:00"),
    ("0 0 * * 7", "2026-05-01 00:00", "2026-05-03 00:00|2026-05-10 00:00"),
    ("0 0 * * 0", "2026-05-01 00:00", "2026-05-03 00:00|2026-05-10 00:00"),
    ("0 0 * * 5-7", "2026-05-01 00:00", "2026-05-02 00:00|2026-05-03 00:00|2026-05-08 00:00"),
    # both day fields: either; but with a star in front of one: both
    ("0 0 13 * fri", "2026-05-01 00:00", "2026-05-08 00:00|2026-05-13 00:00|2026-05-15 00:00"),
    ("0 0 */2 * fri", "2026-05-01 00:00", "2026-05-15 00:00|2026-05-29 00:00"),
    ("0 0 13 * */5", "2026-05-01 00:00", "2026-09-13 00:00|2026-11-13 00:00|2026-12-13 00:00"),
    ("0 0 31 2 fri", "2026-05-01 00:00", "2027-02-05 00:00|2027-02-12 00:00"),
    # ends of months, leap years
    ("0 0 31 * *", "2026-01-31 00:00", "2026-03-31 00:00|2026-05-31 00:00|2026-07-31 00:00|2026-08-31 00:00"),
    ("0 0 30 */2 *", "2026-01-01 00:00", "2026-01-30 00:00|2026-03-30 00:00"),
    ("0 0 30 2,4 *", "2026-01-01 00:00", "2026-04-30 00:00|2027-04-30 00:00"),
    ("59 23 28-31 2 *", "2027-02-01 00:00", "2027-02-28 23:59|2028-02-28 23:59|2028-02-29 23:59|2029-02-28 23:59"),
    ("0 0 29 2 *", "2026-01-01 00:00", "2028-02-29 00:00|2032-02-29 00:00"),
    ("0 0 29 2 *", "2096-02-29 00:00", "2104-02-29 00:00"),
    ("0 0 29 2 */7", "2088-03-01 00:00", "2128-02-29 00:00"),                         # a Sunday; 2100 is no leap year
    ("0 * 29 2 *", "2026-01-01 00:00", "2028-02-29 00:00|2028-02-29 01:00"),
    ("@hourly", "2026-05-01 12:00", "2026-05-01 13:00"),
    ("@daily", "2026-05-01 12:00", "2026-05-02 00:00"),
    ("@midnight", "2026-05-01 12:00", "2026-05-02 00:00"),
    ("@weekly", "2026-05-01 12:00", "2026-05-03 00:00"),
    ("@monthly", "2026-05-01 12:00", "2026-06-01 00:00"),
    ("@Yearly", "2026-05-01 12:00", "2027-01-01 00:00"),
    ("@annually", "2026-05-01 12:00", "2027-01-01 00:00"),
    ("@every 90s", "2026-05-01 12:00", "2026-05-01 12:01:30|2026-05-01 12:03|2026-05-01 12:04:30"),
    ("@every 15m", "2026-05-01 12:03:07", "2026-05-01 12:15|2026-05-01 12:30"),
    ("@every 6h", "2026-05-01 12:03:07", "2026-05-01 18:00|2026-05-02 00:00"),
])
def test_moments(sql, expression, after, expected):
    expected = expected.split("|")
    assert [iso(tick) for tick in ticks(sql, expression, "UTC", after + "+00", len(expected))] == expected


@pytest.mark.parametrize("zone, expression, after, expected", [
    # Europe/Berlin, 2026-03-29: 02:00 to 03:00 is left out at 01:00 UTC
    ("Europe/Berlin", "30 2 * * *", "2026-03-27 12:00", "2026-03-28 01:30|2026-03-29 01:00|2026-03-30 00:30"),
    ("Europe/Berlin", "*/20 2 * * *", "2026-03-28 12:00", "2026-03-29 01:00|2026-03-30 00:00"),
    ("Europe/Berlin", "0 2,3 * * *", "2026-03-28 12:00", "2026-03-29 01:00|2026-03-30 00:00"),
    ("Europe/Berlin", "0 */2 * * *", "2026-03-28 23:00", "2026-03-29 01:00|2026-03-29 02:00|2026-03-29 04:00"),
    ("Europe/Berlin", "30 * * * *", "2026-03-28 23:40", "2026-03-29 00:30|2026-03-29 01:30|2026-03-29 02:30"),
    ("Europe/Berlin", "@daily", "2026-03-28 12:00", "2026-03-28 23:00|2026-03-29 22:00"),
    # 2026-10-25: 02:00 to 03:00 comes twice, at 00:00 and 01:00 UTC
    ("Europe/Berlin", "30 2 * * *", "2026-10-24 12:00", "2026-10-25 00:30|2026-10-26 01:30"),
    ("Europe/Berlin", "30 2 * * *", "2026-10-25 00:30", "2026-10-26 01:30"),
    ("Europe/Berlin", "*/30 1-3 * * *", "2026-10-25 00:00", "2026-10-25 00:30|2026-10-25 02:00|2026-10-25 02:30"),
    ("Europe/Berlin", "30 * * * *", "2026-10-24 23:40", "2026-10-25 00:30|2026-10-25 01:30|2026-10-25 02:30"),
    ("Europe/Berlin", "0 0-23 * * *", "2026-10-24 23:40", "2026-10-25 00:00|2026-10-25 01:00|2026-10-25 02:00"),
    ("Europe/Berlin", "15 * 25 10 *", "2026-10-25 00:00", "2026-10-25 00:15|2026-10-25 01:15|2026-10-25 02:15"),
    # America/New_York, 2026-03-08 and 2026-11-01
    ("America/New_York", "5 2 * * *", "2026-03-07 12:00", "2026-03-08 07:00|2026-03-09 06:05"),
    ("America/New_York", "5 1 * * sun", "2026-10-31 12:00", "2026-11-01 05:05|2026-11-08 06:05"),
    ("America/New_York", "*/30 * * * *", "2026-11-01 05:10", "2026-11-01 05:30|2026-11-01 06:00|2026-11-01 06:30"),
    # Australia/Lord_Howe changes by half an hour: 2026-10-04 at 02:00, 2026-04-05 at 02:00
    ("Australia/Lord_Howe", "15 2 * * *", "2026-10-02 20:00", "2026-10-03 15:30|2026-10-04 15:15"),
    ("Australia/Lord_Howe", "45 1 * * *", "2026-04-04 12:00", "2026-04-04 14:45|2026-04-05 15:15"),
    ("Australia/Lord_Howe", "45 * * * *", "2026-04-04 14:00", "2026-04-04 14:45|2026-04-04 15:15|2026-04-04 16:15"),
    # a gap at midnight, one of a whole day, and a repeated end of the day before
    ("Africa/Cairo", "0 0 * * *", "2026-04-22 12:00", "2026-04-22 22:00|2026-04-23 22:00|2026-04-24 21:00"),
    ("Pacific/Apia", "0 12 * * *", "2011-12-29 00:00", "2011-12-29 22:00|2011-12-30 10:00|2011-12-30 22:00"),
    ("America/St_Johns", "30 * 31 10 *", "2009-11-01 00:00", "2009-11-01 01:00|2009-11-01 02:00|2009-11-01 03:00"),
    ("America/St_Johns", "0 * 1 11 *", "2009-11-01 02:00", "2009-11-01 02:30|2009-11-01 03:30|2009-11-01 04:30"),
    ("America/St_Johns", "0 0 1 11 *", "2009-11-01 02:00", "2009-11-01 02:30|2010-11-01 02:30"),
    ("UTC", "30 2 * * *", "2026-03-28 12:00", "2026-03-29 02:30|2026-03-30 02:30"),
    ("Europe/Berlin", "@every 1h", "2026-03-29 00:10", "2026-03-29 01:00|2026-03-29 02:00"),
])
def test_moments_when_clocks_are_changed(sql, zone, expression, after, expected):
    expected = expected.split("|")
    for session_zone in ("UTC", "America/New_York", "Pacific/Apia"):
        sql(f"set timezone = '{session_zone}'")
        assert [iso(tick) for tick in ticks(sql, expression, zone, after + "+00", len(expected))] == expected


@pytest.mark.parametrize("expression, why", [
    ("", '"" has 0 fields'), ("* * * *", "has 4 fields"), ("* * * * * *", "has 6 fields"),
    ("60 * * * *", "minute: 60 is not between 0 and 59"), ("* 24 * * *", "hour: 24 is not between 0 and 23"),
    ("* * 0 * *", "day of month: 0 is not between 1 and 31"), ("* * 32 * *", "day of month: 32 is not between 1 and 31"),
    ("* * * 0 *", "month: 0 is not between 1 and 12"), ("* * * 13 *", "month: 13 is not between 1 and 12"),
    ("* * * * 8", "day of week: 8 is not between 0 and 7"), ("* * * jab *", 'month: "jab" is neither a number nor a name'),
    ("* * * * jan", 'day of week: "jan" is neither'), ("mon * * * *", 'minute: "mon" is neither'),
    ("5-sun * * * *", 'minute: "sun" is neither'),
    ("-1 * * * *", 'minute: "-1" is no value, range or step'), ("1, * * * *", 'minute: "" is no value'),
    ("1-2-3 * * * *", 'minute: "1-2-3" is no value'), ("*/x * * * *", 'minute: "*/x" is no value'),
    ("*-5 * * * *", 'minute: "*-5" is no value'), ("1.5 * * * *", 'minute: "1.5" is no value'),
    ("99999999999 * * * *", 'minute: "99999999999" is neither'),
    ("* * * * 5-1", "day of week: the range 5-1 goes backwards"), ("*/0 * * * *", "minute: the step of */0 is 0"),
    ("5/15 * * * *", "minute: the step of 5/15 has no range"),
    ("0 0 31 2 *", "day of month: 31 never comes in month 2"), ("0 0 30-31 feb *", "day of month: 30-31 never comes"),
    ("0 0 31 4,jun,9,11 *", "day of month: 31 never comes"), ("0 0 31 2 */2", "day of month: 31 never comes"),
    ("@reboot", "There is no @reboot"), ("@every", "is no interval"), ("@every 0s", "is no interval"),
    ("@every 5", "is no interval"), ("@every 1d", "is no interval"), ("@every 123456s", "is no interval"),
    ("@every -5s", "is no interval"), ("*" * 201, "at most 200 characters"), ("1;drop * * * *", "minute: \"1;drop\" is no"),
])
def test_what_is_no_expression_is_refused_with_a_reason(sql, expression, why):
    with pytest.raises(Refused) as refused:
        sql(f"select cron_next({quoted(expression)}, 'UTC', now())")
    assert refused.value.sqlstate == "MR400" and why in str(refused.value)


def test_february_29_is_an_expression_and_february_30_is_none(sql):
    assert sql.one("select cron_next('0 0 29 2 *', 'UTC', '2026-01-01+00') = '2028-02-29+00'") == "t"
    with pytest.raises(Refused, match="30 never comes in month 2"):
        sql("select cron_next('0 0 30 2 *', 'UTC', now())")


@pytest.mark.parametrize("zone, name", [("europe/berlin", "Europe/Berlin"), ("UTC", "UTC"), ("Etc/GMT+2", "Etc/GMT+2"),
                                        ("GMT+2", None), ("Europe/Berln", None), ("", None), ("2", None)])
def test_zones_are_those_with_a_name(sql, zone, name):
    if name:
        assert sql.one(f"select cron_zone('{zone}')") == name
    else:
        with pytest.raises(Refused, match=f"There is no time zone {zone.replace('+', '.')}") as refused:
            sql(f"select cron_zone('{zone}')")
        assert refused.value.sqlstate == "MR400"


# ---- the last moment of a span ----

@pytest.mark.parametrize("expression, first, last, expected", [
    ("* * * * *", "2026-05-01 00:00", "2026-05-28 12:34:56.7", "2026-05-28 12:34"),
    ("@every 7s", "2026-05-01 00:00", "2026-05-01 00:00:30", "2026-05-01 00:00:29"),
    ("@every 1s", "2026-05-01 00:00", "2026-05-01 03:00:30.5", "2026-05-01 03:00:30"),
    ("0 0 1 * *", "2026-04-15 00:00", "2026-05-01 00:00", "2026-05-01 00:00"),
    ("0 0 1 * *", "2026-05-01 00:00", "2026-05-28 00:00", "2026-05-01 00:00"),
    ("0 0 1 * *", "2026-05-01 00:00:01", "2026-05-28 00:00", ""),
    ("0 0 1 * *", "2026-05-01 00:00:00.5", "2026-05-28 00:00", ""),
    ("* * 1-3 * *", "2026-04-20 00:00", "2026-05-10 00:00", "2026-05-03 23:59"),
    ("30 2 * * *", "2026-05-01 02:30", "2026-05-01 02:30", "2026-05-01 02:30"),
    ("30 2 * * *", "2026-05-01 02:30", "2026-05-01 02:29", ""),
])
def test_the_last_moment_between_two(sql, expression, first, last, expected):
    found = sql(f"select extract(epoch from cron_last(cron_parse('{expression}'), 'UTC', '{first}+00', '{last}+00'))::bigint")
    assert [iso(int(row[0])) for row in found] == ([expected] if expected else [])


# ---- random expressions against every minute of three years ----

FIELDS = ((0, 59, ""), (0, 23, ""), (1, 31, ""), (1, 12, "jan feb mar apr may jun jul aug sep oct nov dec"),
          (0, 7, "sun mon tue wed thu fri sat"))
PLACES = (("Europe/Berlin", 2026), ("America/New_York", 2027), ("Australia/Lord_Howe", 2026), ("UTC", 2026),
          ("Africa/Cairo", 2024), ("America/Havana", 2026), ("America/St_Johns", 2008), ("Pacific/Apia", 2010),
          ("Asia/Kathmandu", 1985), ("Africa/Casablanca", 2026))
YEARS = 3


class Place:
    """What the clocks of a zone show in each minute, and when they show each time."""

    def __init__(self, zone, year):
        self.zone = zone
        self.start = int((datetime(year, 1, 1, tzinfo=UTC) - EPOCH).total_seconds()) // 60
        self.shown = array("l")                 # by minute from start: the minute shown, since 1970
        self.changes = []
        info = ZoneInfo(zone)
        days = sum(366 if isleap(year + n) else 365 for n in range(YEARS))
        shows = lambda minute: minute + (EPOCH + timedelta(minutes=minute)).astimezone(info).utcoffset() // timedelta(minutes=1)
        for hour in range(self.start, self.start + days * 1440, 60):
            step = 60 if shows(hour) + 60 == shows(hour + 60) else 1       # clocks change in the middle of an hour, too
            for minute in range(hour, hour + 60, step):
                shown = shows(minute)
                if self.shown and self.shown[-1] + 1 != shown:
                    self.changes.append(minute)
                self.shown.extend(range(shown, shown + step))
        self.first = self.shown[0]
        self.moment = array("l")                # by minute shown: when first, or the first moment past a gap
        for n, minute in enumerate(self.shown):
            while len(self.moment) + self.first <= minute:
                self.moment.append(self.start + n)

    def ticks(self, fits, day_fits, real):
        """All moments of an expression in these years, in minutes since 1970."""
        if real:
            return [self.start + n for n, shown in enumerate(self.shown) if fits[shown % 1440] and day_fits(shown // 1440)]
        past, times = self.first + len(self.moment), [minute for minute in range(1440) if fits[minute]]
        days = [day * 1440 for day in range(self.first // 1440, past // 1440 + 1) if day_fits(day)]
        return sorted({self.moment[day + minute - self.first] for day in days for minute in times
                       if self.first <= day + minute < past})


def members(text, low, high, names):
    """The values of a field's text."""
    found = set()
    for item in text.split(","):
        span, _, step = item.partition("/")
        first, _, last = span.partition("-")
        if span == "*":
            first, last = low, high
        first, last = (names.index(word) + low if word in names else int(word) for word in (first, last or first))
        found.update(value for value in range(first, last + 1) if (value - first) % int(step or 1) == 0)
    return found


def model(place, expression):
    minutes, hours, days, months, weekdays = (members(text, low, high, names.split())
                                              for text, (low, high, names) in zip(expression.split(), FIELDS))
    star_day, star_weekday = (expression.split()[n].startswith("*") for n in (2, 4))
    fits = [n % 60 in minutes and n // 60 in hours for n in range(1440)]
    known = {}

    def day_fits(day):
        if day not in known:
            date = (EPOCH + timedelta(days=day)).date()
            one, other = date.day in days, date.isoweekday() in weekdays or date.isoweekday() % 7 in weekdays
            known[day] = date.month in months and (one and other if star_day or star_weekday else one or other)
        return known[day]
    return place.ticks(fits, day_fits, len(hours) == 24)


def random_field(dice, low, high, names, star):
    if dice.random() < star:
        return dice.choice(["*", "*", "*/1", f"*/{dice.randint(2, 1 + high // 2)}"])
    items = []
    for _ in range(dice.choice([1, 1, 1, 2, 3])):
        first, last = sorted((dice.randint(low, high), dice.randint(low, high)))
        words = names.split()
        name = words[first - low] if words and first - low < len(words) and dice.random() < 0.3 else str(first)
        items.append(dice.choice([name, name, f"{name}-{last}", f"{first}-{last}/{dice.randint(1, 7)}"]))
    return ",".join(items)


def random_expression(dice):
    stars = (0.3, 0.4, 0.5, 0.6, 0.6)
    return " ".join(random_field(dice, *field, star) for field, star in zip(FIELDS, stars))


@pytest.fixture(scope="module")
def places():
    return [Place(zone, year) for zone, year in PLACES]


@pytest.mark.parametrize("seed", SEEDS)
def test_random_expressions_mean_what_a_look_at_every_minute_finds(sql, places, seed):
    dice, compared = random.Random(seed), 0
    for n in range(40):
        place, expression = places[n % len(places)], random_expression(dice)
        expected = [minute * 60 for minute in model(place, expression)][:-1]      # the last may be of a gap at the end
        starts = [dice.randrange(place.start * 60, (place.start + len(place.shown)) * 60) for _ in range(3)]
        starts += [change * 60 - dice.randrange(-90_000, 90_000) for change in place.changes]
        for start in starts:
            following = [tick for tick in expected if tick > start][:dice.choice([1, 10, 100])]
            if following:
                found = ticks(sql, expression, place.zone, iso(start) + "+00", len(following))
                assert found == following, (seed, place.zone, expression, iso(start))
                compared += len(found)
            else:
                assert start > expected[-1] if expected else cannot_come(sql, expression, place), (seed, expression)
    assert compared > 1000


def cannot_come(sql, expression, place):
    """An expression without a moment in three years: it is refused, or comes later."""
    end = (place.start + len(place.shown)) * 60
    try:
        return ticks(sql, expression, place.zone, iso(place.start * 60) + "+00", 1)[0] >= end - 86_400
    except Refused as refused:
        return "never comes" in str(refused)
