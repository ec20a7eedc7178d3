-- SPDX-License-Identifier: GPL-3.0-or-later
-- open: whether the queue is open for this run of the server, and opening it. KEYS[1] = prefix; ARGV = run id, mode.
-- mode 'look': 1 when open, else 0. mode 'close': forget `gen`, so that workers re-assert their leases. mode ID:
-- write `gen` as "ID|run id": what Redis holds is whole. It is not when there is no trace of the close any more:
-- everything was flushed meanwhile, and with it what the rebuild had put; or another leader has opened it. Returns 1
-- when this call opened it.
local P, run, mode = KEYS[1], ARGV[1], ARGV[2]
if mode == 'close' then
  redis.call('SET', P .. 'rebuild', run, 'EX', 86400)
  return redis.call('DEL', P .. 'gen')
end
if mode ~= 'look' then
  if redis.call('DEL', P .. 'rebuild') == 0 then return 0 end
  redis.call('SET', P .. 'gen', mode .. '|' .. run)
  redis.call('ZADD', P .. 'wake', 0, 'w')
  return 1
end
local gen = redis.call('GET', P .. 'gen')
return gen and string.sub(gen, -#run) == run and 1 or 0
