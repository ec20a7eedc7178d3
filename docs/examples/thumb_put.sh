#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Have a thumbnail made: thumb_put.sh FROM TO
# psql finds its server as always (PGHOST, PGDATABASE ...); REDIS is Redis' unix socket, PUT the installed put.lua.
set -eu
ticket=$(psql -XqAt -v ON_ERROR_STOP=1 -v from="$1" -v to="$2" << 'END'
begin;
-- Statements of your own come here: their rows and the job are there together, or neither is.
select job_ticket(j)
  from job_put('thumb.make', product => 'shop', tenant => 'shop', account_id => null,
               args => json_build_object('from', :'from', 'to', :'to')) as j;
commit;
END
)
[ -n "$ticket" ] || exit 0 # due in more than ten minutes: the scheduler tells Redis when it is near
queue=${ticket%% *} job=${ticket#* }
redis-cli -e -s "$REDIS" --eval "$PUT" "mr1:{q:$queue}:" , "${job%% *}" "${job#* }" > /dev/null
echo "${job%% *}"
