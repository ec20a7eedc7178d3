-- SPDX-License-Identifier: GPL-3.0-or-later
-- open: whether the queue is open for this run of the server, and opening it. ARGV = run id, mode. mode 'look': 1 when
-- open, else 0. mode 'close': forget `gen`, so that workers re-assert their leases. mode ID: write `gen` as "ID|run id":
-- what Redis holds is whole. It is not when there is no trace of the close any more: everything was flushed meanwhile, and
-- with it what the rebuild had put; or another leader has opened it. Returns 1 when this call opened it.
local run, mode = ARGV[1], ARGV[2]
if mode == 'close' then
  call('SET', P .. 'rebuild', run, 'EX', 86400)
  return call('DEL', P .. 'gen')
end
if mode ~= 'look' then
  if call('DEL', P .. 'rebuild') == 0 then return 0 end
  call('SET', P .. 'gen', mode .. '|' .. run)
  wake()
  return 1
end
return open_for(run) and 1 or 0
