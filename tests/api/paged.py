# SPDX-License-Identifier: GPL-3.0-or-later
"""The lists that page by cursor: how each adds rows, names them in order and takes them away."""
import secrets

from books import Books


class Images:
    """FigureForge: rows and links in an envelope, a tag as filter."""
    product, path, size, place, pages = "figureforge", "/api/images/user/", "limit", "offset", False
    some, table, owned = "tag=pose%3Asome", "figureforge.image", True

    def __init__(self, client, sql):
        self.client, self.sql, self.owner = client, sql, client.id.removeprefix("user_")
        self.sql("""with f as (insert into file (product, account_id, storage_key, name, type)
                                values ('figureforge', %s, 'deep/' || %s, 'a.png', 'image/png') returning id, account_id)
                    insert into figureforge.generation (id, account_id, prompt, filters, model, batch_size, cost, period, status)
                    select gen_random_uuid(), account_id, 'x', '{}', 'croquis', 1, 1, now()::date, 'completed' from f""",
                 self.owner, secrets.token_hex(8))

    def add(self, n, apart="1 second"):
        """Rows newer than all that are there; apart: 0 makes ties."""
        self.sql("""with last as materialized (
                      select g.id, g.account_id, f.id as file,
                             (select coalesce(max(position), -1) from figureforge.image i where i.generation_id = g.id) as n,
                             (select coalesce(max(created_at), now() - interval '1 day') from figureforge.image i
                               where i.account_id = g.account_id) as at
                        from figureforge.generation g join file f using (account_id) where g.account_id = %s)
                    insert into figureforge.image (generation_id, account_id, position, file_id, thumbnail_id, width,
                                                   height, tags, created_at)
                    select id, account_id, last.n + g, file, file, 1, 1,
                           array['pose:' || case when g %% 2 = 0 then 'some' else 'others' end], at + g * %s::interval
                      from last, generate_series(1, %s::int) as g""", self.owner, apart, n)

    def names(self, where="true"):
        """Of all rows, in the list's order."""
        found = self.sql(f"""select string_agg('img_' || id, ',' order by created_at desc, id desc) from figureforge.image
                              where account_id = %s and deleted_at is null and ({where})""", self.owner)
        return found.split(",") if found else []

    def some_names(self):
        return self.names("'pose:some' = any (tags)")

    def remove(self, name):
        self.sql("update figureforge.image set deleted_at = now() where id = %s", name.removeprefix("img_"))

    def shown(self, answer):
        return [row.id for row in answer.results]

    def links(self, answer):
        return answer.next, answer.previous

    def follow(self, link):
        return self.client.get(link.removeprefix("/figureforge"))


class Items:
    """AIlice: a bare array, links in a header."""
    product, path, size, place, pages = "ailice", "/api/items", "limit", "skip", False
    some, owned = "item_type=post", True

    def __init__(self, client, sql):
        self.client, self.sql = client, sql
        self.owner = sql("select id from account where product = 'ailice' and username = %s", client.username)

    def add(self, n, apart="1 second"):
        self.sql("""insert into ailice.item (account_id, title, item_type, status, created_at)
                    select %s, 'x', case when n %% 2 = 0 then 'post' else 'note' end, 'draft',
                           coalesce((select max(created_at) from ailice.item where account_id = %s),
                                    now() - interval '1 day') + n * %s::interval
                      from generate_series(1, %s::int) as n""", self.owner, self.owner, apart, n)

    def names(self, where="true"):
        found = self.sql(f"""select string_agg(id::text, ',' order by created_at desc, id desc) from ailice.item
                              where account_id = %s and ({where})""", self.owner)
        return [int(name) for name in found.split(",")] if found else []

    def some_names(self):
        return self.names("item_type = 'post'")

    def remove(self, name):
        self.sql("delete from ailice.item where id = %s", name)

    def shown(self, answer):
        return [row.id for row in answer.value]

    def links(self, answer):
        return tuple(answer.http.links[rel]["url"] if rel in answer.http.links else None for rel in ("next", "prev"))

    def follow(self, link):
        assert link.startswith(self.client.base)
        return self.client.get(link)


class People:
    """SMS agent: page numbers, absolute links, rows that belong to nobody."""
    product, path, size, place, pages = "smsagent", "/api/users/", "page_size", "page", True
    some, owned = "tier=premium", False

    def __init__(self, client, sql):
        self.client, self.sql, self.prefix = client, sql, f"+44{secrets.randbelow(10**4):04}"

    def clear(self):
        """What is nobody's would stay for the tests that follow."""
        for table in ("task", "tier_change", "person"):
            self.sql(f"delete from smsagent.{table} where phone_number like %s", f"{self.prefix}%")

    def add(self, n, apart="1 second"):
        prefix = self.prefix + secrets.token_hex(4).translate(str.maketrans("abcdef", "012345"))[:6]
        self.sql("""insert into smsagent.person (phone_number, tier, created_at)
                    select %s || to_char(n, 'FM000'), case when n %% 2 = 0 then 'premium' else 'free' end,
                           (select greatest(max(created_at), now()) from smsagent.person) + n * %s::interval
                      from generate_series(1, %s::int) as n""", prefix, apart, n)

    def names(self, where="true"):
        found = self.sql(f"""select string_agg(phone_number, ',' order by created_at desc, phone_number desc)
                               from smsagent.person where {where}""")
        return found.split(",") if found else []

    def some_names(self):
        return self.names("tier = 'premium'")

    def remove(self, name):
        for table in ("task", "tier_change", "person"):
            self.sql(f"delete from smsagent.{table} where phone_number = %s", name)

    def shown(self, answer):
        return [row.phone_number for row in answer.results]

    def links(self, answer):
        return answer.next, answer.previous

    def follow(self, link):
        assert link.startswith(self.client.base)
        return self.client.get(link)


class Listed:
    """A list of a table's rows, the latest first. A subclass says what is told apart: columns and values of rows to add (n is
    their number, at their time), which column they are ordered by, how a row is named, and, where there is a filter, the rows
    that it lets through."""
    size, place, pages, owned = "page_size", "page", True, True
    some, filter, time, name, more = None, None, "created_at", "id::text", ""

    def __init__(self, client, sql):
        self.client, self.sql = client, sql
        self.owner = sql("select id from account where product = %s and username = %s", self.product, client.username)
        self.mine = f"account_id = {self.owner}"

    def add(self, n, apart="1 second"):
        columns, values = zip(*self.values.items())
        self.sql(f"""insert into {self.table} (account_id, {self.time}, {", ".join(columns)})
                     select {self.owner}, t.last + n * %s::interval, {", ".join(values)}
                       from generate_series(1, %s::int) as n,
                            (select coalesce(max({self.time}), now() - interval '1 day') as last from {self.table}
                              where {self.mine}) as t""", apart, n)

    def names(self, where="true"):
        found = self.sql(f"""select string_agg({self.name}, ',' order by {self.time} desc, id desc) from {self.table}
                              where {self.mine} and ({where})""")
        return found.split(",") if found else []

    def some_names(self):
        return self.names(self.filter)

    def remove(self, name):
        self.sql(f"delete from {self.table} where {self.mine} and {self.name} = %s", name)

    def shown(self, answer):
        return [str(row.id) for row in answer.results]

    def links(self, answer):
        return answer.next, answer.previous

    def follow(self, link):
        assert link.startswith(self.client.base)
        return self.client.get(link)


class Meals(Listed):
    product, path, table, time = "nutrition", "/api/v1/meals/", "nutrition.meal", "consumed_at"
    values = {"name": "'x'", "items": "'[]'"}


class Told(Listed):
    product, path, table, name = "nutrition", "/api/v1/notifications/", "nutrition.notification", "'notif_' || id"
    values = {"about": "gen_random_uuid()", "title": "'x'", "message": "'x'", "priority": "'low'"}


class Payments(Listed):
    product, path, table, time = "nutrition", "/api/v1/payments/history/", "billing.payment", "payment_date"
    values = {"amount": "100", "currency": "'eur'", "status": "'succeeded'", "description": "'x'",
              "stripe_payment_intent_id": "gen_random_uuid()"}


class Notices(Listed):
    """Expense Tracker: links in an object of their own."""
    product, path, table, name = "expenses", "/api/notifications/", "expenses.notification", "'ntf_' || id"
    some, filter = "priority=high", "priority = 'high'"
    values = {"type": "'payment_due'", "title": "'x'", "message": "'x'",
              "priority": "case when n %% 2 = 0 then 'high' else 'low' end"}

    def shown(self, answer):
        return [row["id"] for row in answer["data"]]

    def links(self, answer):
        return answer["links"]["next"], answer["links"]["previous"]

    def follow(self, link):
        return self.client.get(link.removeprefix("/expenses"))


class Circles(Notices):
    """The groups that somebody is in."""
    path, some, filter = "/api/groups/", "group_type=trip", "g.group_type = 'trip'"

    def add(self, n, apart="1 second"):
        self.sql("""with g as (insert into expenses.expense_group (name, currency, group_type, created_by, created_at)
                               select 'x', 'USD', case when n %% 2 = 0 then 'trip' else 'home' end, %s, now() + n * %s::interval
                                 from generate_series(1, %s::int) as n
                               returning id, created_by)
                    insert into expenses.member (group_id, account_id, email, status) select id, created_by, 'x', 'active' from g""",
                 self.owner, apart, n)

    def names(self, where="true"):
        found = self.sql(f"""select string_agg('grp_' || g.id, ',' order by g.id desc)
                               from expenses.expense_group g join expenses.member m on m.group_id = g.id
                              where m.account_id = %s and m.status = 'active' and ({where})""", self.owner)
        return found.split(",") if found else []

    def remove(self, name):
        self.sql("update expenses.member set status = 'left' where account_id = %s and group_id = %s", self.owner, name.removeprefix("grp_"))


class Doings(Notices):
    """What was done in a group."""
    table, name, time, some, filter = "expenses.activity", "'act_' || id", "created_at", None, None

    def __init__(self, client, sql):
        super().__init__(client, sql)
        groups = Circles(client, sql)
        groups.add(1)
        group, = groups.names()
        self.path, self.mine = f"/api/groups/{group}/activity/", f"group_id = {group.removeprefix('grp_')}"
        self.values = {"type": "'noted'", "description": "'x'", "group_id": group.removeprefix("grp_")}


class Unread(Notices):
    """Another index has these."""
    some, filter = "is_read=false", "read_at is null"
    values = Notices.values | {"read_at": "case when n %% 2 = 0 then now() end"}


class Settlements(Notices):
    """Of two, whichever of them asks; two indexes have them."""
    path, table, name, some = "/api/payments/settlements/", "expenses.settlement", "'stl_' || id", "role=payee"

    def __init__(self, client, sql):
        super().__init__(client, sql)
        other = sql("insert into account (product, email, username) select 'expenses', t || '@example.org', t from concat('other-', %s) t returning id",
                    client.username)
        sql("insert into expenses.profile (account_id, first_name, last_name, preferred_currency, timezone) values (%s, 'An', 'Other', 'USD', 'UTC')", other)
        self.both, self.mine, self.filter = (self.owner, other), f"{self.owner} in (payer_id, payee_id)", f"payee_id = {self.owner}"

    def add(self, n, apart="1 second"):
        self.sql("insert into expenses.settlement (payer_id, payee_id, amount, currency, created_at) "
                 "select case when n %% 2 = 0 then %s::bigint else %s end, case when n %% 2 = 1 then %s::bigint else %s end, 100, 'USD', "
                 "t.last + n * %s::interval from generate_series(1, %s::int) as n, (select coalesce(max(created_at), now() - interval '1 day') "
                 f"as last from expenses.settlement where {self.mine}) as t", *self.both, *self.both, apart, n)


class Spent(Notices):
    """Expenses of one's own and of a group, whose order is that of their days."""
    path, table, time, name = "/api/expenses/", "expenses.expense", "expense_date", "'exp_' || id"
    some, filter, where = "search=SOME", "title = 'some'", "deleted_at is null"

    def __init__(self, client, sql):
        super().__init__(client, sql)
        self.group = Books(sql).group("Paged", self.owner)
        self.mine += f" and {self.where}"

    def add(self, n, apart="1 second"):
        """A second of others is a day of these."""
        self.sql(f"""with made as (
                       insert into expenses.expense as e (account_id, paid_by, group_id, title, amount, booked, currency, expense_date)
                       select {self.owner}, {self.owner}, case when n %% 3 = 0 then %s::bigint end, case when n %% 2 = 0 then 'some' else 'others' end,
                              100 + n %% 4, 100 + n %% 4, 'EUR', t.last + case when %s = '0 seconds' then 0 else n end
                         from generate_series(1, %s::int) as n,
                              (select coalesce(max(expense_date), date '2024-01-01') as last from expenses.expense where {self.mine}) as t
                       returning e)
                     select expenses.shares_make(e, array[{self.owner}]::bigint[], null), expenses.book((e).id, 1) from made""",
                 self.group, apart, n)

    def remove(self, name):
        self.sql(f"""select expenses.book(id, -1) from expenses.expense where id = {name[4:]} and deleted_at is null;
                     update expenses.expense set deleted_at = now() where id = {name[4:]}""")


class History(Listed):
    """AIlice: a bare array, links in a header."""
    product, path, table, size, place, pages = "ailice", "/api/notify/history", "ailice.notification", "limit", "skip", False
    some, filter = "unread_only=true", "read_at is null"
    values = {"title": "'x'", "message": "'x'", "notification_type": "'info'",
              "read_at": "case when n %% 2 = 0 then now() end"}
    links = Items.links

    def shown(self, answer):
        return [str(row.id) for row in answer.value]


class Tasks(Listed):
    """SMS agent: of one who texts, who are nobody's."""
    product, table = "smsagent", "smsagent.task"
    some, filter = "category=debug", "category = 'debug'"

    def __init__(self, client, sql):
        super().__init__(client, sql)
        self.phone = f"+44{secrets.randbelow(10**10):010}"
        self.mine = f"phone_number = '{self.phone}'"
        self.path = f"/api/tasks/?user_phone=%2B{self.phone[1:]}"
        sql("insert into smsagent.person (phone_number) values (%s)", self.phone)

    def clear(self):
        self.sql("delete from smsagent.task where phone_number = %s", self.phone)
        self.sql("delete from smsagent.person where phone_number = %s", self.phone)

    def add(self, n, apart="1 second"):
        self.sql("""insert into smsagent.task (phone_number, category, success, user_message, created_at)
                    select %s, case when n %% 2 = 0 then 'debug' else 'explain' end, n %% 3 = 0, 'x',
                           (select coalesce(max(created_at), now() - interval '1 day') from smsagent.task where phone_number = %s)
                           + n * %s::interval
                      from generate_series(1, %s::int) as n""", self.phone, self.phone, apart, n)


class WellDone(Tasks):
    """Those that went well."""
    some, filter = "success=true", "success"


class Gallery(Images):
    """FigureForge: what everybody sees; those with a tag of the test's own are told apart."""
    path, some, owned = "/api/images/gallery/", None, True

    def __init__(self, client, sql):
        super().__init__(client, sql)
        self.tag = secrets.token_hex(4)
        self.path = f"/api/images/gallery/?tags={self.tag}"

    def add(self, n, apart="1 second"):
        super().add(n, apart)
        self.sql("update figureforge.image set is_public = true, tags = tags || array[%s] where account_id = %s and not is_public",
                 self.tag, self.owner)


LISTS = (Images, Items, People, Meals, Told, Payments, Notices, Circles, Doings, Unread, Spent, Settlements, History, Tasks, WellDone, Gallery)
