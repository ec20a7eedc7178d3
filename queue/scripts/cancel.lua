-- SPDX-License-Identifier: GPL-3.0-or-later
-- cancel: KEYS[1] = prefix; ARGV = id, mode. mode 'look' tells where the job is: 'running', 'waiting' or 'unknown'.
-- mode 'ask' flags a running job, so that its worker's next touch hears of it; mode 'drop' forgets a waiting job whose
-- end has been committed (its id may stay in a list; reserve drops it there).
local P, id, mode = KEYS[1], ARGV[1], ARGV[2]
if redis.call('HEXISTS', P .. 'own', id) == 1 then
  if mode == 'ask' then redis.call('SADD', P .. 'cx', id) end
  return 'running'
end
if redis.call('EXISTS', P .. 'j:' .. id) == 0 then return 'unknown' end
if mode == 'drop' then
  redis.call('UNLINK', P .. 'j:' .. id, P .. 'p:' .. id)
  redis.call('ZREM', P .. 'dl', id)
  redis.call('HDEL', P .. 'lost', id)
  redis.call('SREM', P .. 'cx', id)
end
return 'waiting'
