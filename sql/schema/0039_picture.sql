-- SPDX-License-Identifier: GPL-3.0-or-later
-- What workers have made of pictures.

-- Smaller ones, by the longest side that was asked for.
create table picture_variant (
  file_id    bigint not null references file,
  box        integer not null check (box > 0),
  variant_id bigint not null references file,
  width      integer not null,
  height     integer not null,
  primary key (file_id, box)
);
