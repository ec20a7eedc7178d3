-- SPDX-License-Identifier: GPL-3.0-or-later
-- What became of each queue, minute by minute: the scheduler that leads writes a row a queue, and drops what is older than
-- 14 days. Nothing in it is updated.
create table queue_minute (
  minute  timestamptz not null,
  queue   text not null,
  waiting bigint not null,              -- as of the minute's row
  running bigint not null,
  delayed bigint not null,
  put     bigint not null,              -- since the row before
  done    bigint not null,
  failed  bigint not null,              -- attempts that failed
  buried  bigint not null,
  primary key (minute, queue)
);
