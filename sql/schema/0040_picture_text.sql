-- SPDX-License-Identifier: GPL-3.0-or-later
-- What workers have read on pictures, one row a file that was read; none: nobody has asked, or it is being read.
create table picture_text (
  file_id bigint primary key references file,
  job_id  uuid not null,
  status  text not null check (status in ('completed', 'failed', 'cancelled')),
  result  json, -- {vendor, date, total, currency, items: [{name, price}], confidence}, as workers/fenced/text/ocr.h says
  error   text,
  read_at timestamptz not null default now()
);
