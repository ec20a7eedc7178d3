# SPDX-License-Identifier: GPL-3.0-or-later
"""What people do in a group, as hypothesis thinks of it: numbers that mean something in any group."""
from hypothesis import strategies as st

NUMBER = st.integers(0, 10 ** 6)
AMOUNT = st.one_of(st.integers(1, 30), st.integers(1, 10 ** 7))
CURRENCY = st.sampled_from(["USD", "EUR", "JPY", "KWD"])
SPENT = st.one_of(CURRENCY, st.just("VND"))      # a hundred of them are nothing in most books
DAY = st.integers(0, 80)
# How, and who takes part by what weight: numbers of members in the order that they are sent.
SPLIT = st.tuples(st.sampled_from(["equal", "percentage", "exact", "shares"]),
                  st.lists(st.tuples(NUMBER, st.integers(1, 1000)), min_size=1, max_size=6))
CREATE = st.tuples(st.just("create"), NUMBER, NUMBER, AMOUNT, st.one_of(st.none(), SPENT), DAY, SPLIT)
EDIT = st.tuples(st.just("edit"), NUMBER, st.one_of(st.none(), AMOUNT, AMOUNT), st.one_of(st.none(), NUMBER))
MOVE = st.tuples(st.just("move"), NUMBER, DAY)
RESPLIT = st.tuples(st.just("resplit"), NUMBER, SPLIT)
DELETE = st.tuples(st.just("delete"), NUMBER)
ASK = st.tuples(st.just("ask"), NUMBER, NUMBER, AMOUNT)
SETTLE = st.tuples(st.just("settle"), NUMBER, NUMBER, AMOUNT)
CONFIRM = st.tuples(st.just("confirm"), NUMBER, st.booleans())
CANCEL = st.tuples(st.just("cancel"), NUMBER, st.booleans())
LEAVE = st.tuples(st.just("leave"), NUMBER)
JOIN = st.tuples(st.just("join"), NUMBER)

ANY = st.one_of(CREATE, CREATE, CREATE, EDIT, EDIT, MOVE, RESPLIT, DELETE, ASK, SETTLE, CONFIRM, CONFIRM, CANCEL, LEAVE, JOIN)
WITHOUT_ENDS = st.one_of(CREATE, CREATE, EDIT, MOVE, RESPLIT, DELETE, ASK, SETTLE, CONFIRM, CANCEL)
COMMUTING = st.one_of(CREATE, CREATE, SETTLE)


def several(deed, least, most):
    """Some expenses, so that there is something to be done, and what comes then."""
    return st.builds(list.__add__, st.lists(CREATE, min_size=2, max_size=6), st.lists(deed, min_size=least, max_size=most))
