-- SPDX-License-Identifier: GPL-3.0-or-later
-- put: make jobs known. KEYS[1] = the queue's prefix "mr1:{q:NAME}:"; ARGV = id, packed, id, packed, ... (at most 64).
-- Idempotent by id: a known id is left alone. Returns how many were new. A malformed one refuses the whole batch.
-- packed: 1|priority|kind|due in ms|deadline in s|key|tenant (docs/queue.md).
local P = KEYS[1]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local jobs = {}
for i = 1, #ARGV, 2 do
  local priority, due, tenant = string.match(ARGV[i + 1], '^1|([0-3])|[^|]*|(%d+)|%d+|[^|]*|(.+)$')
  if not priority then return redis.error_reply('MALFORMED job ' .. ARGV[i]) end
  jobs[#jobs + 1] = { ARGV[i], ARGV[i + 1], priority, tonumber(due), tenant }
end
local added, ready, soonest = 0, false, nil
for _, job in ipairs(jobs) do
  local id, packed, priority, due, tenant = unpack(job)
  if redis.call('SETNX', P .. 'j:' .. id, packed) == 1 then
    added = added + 1
    if due > now then
      redis.call('ZADD', P .. 'dl', due, id)
      if not soonest or due < soonest then soonest = due end
    else
      if redis.call('RPUSH', P .. 'r:' .. priority .. ':' .. tenant, id) == 1 then
        local first = redis.call('ZRANGE', P .. 'ring:' .. priority, 0, 0, 'WITHSCORES')
        redis.call('ZADD', P .. 'ring:' .. priority, 'NX', first[2] or 0, tenant)
      end
      ready = true
    end
  end
end
-- Wake a waiting worker: at once for a ready job, also for a delayed one that is now the next due, since the waiters'
-- time-outs were computed without it.
if soonest and redis.call('ZCOUNT', P .. 'dl', '-inf', '(' .. soonest) == 0 then ready = true end
if ready then redis.call('ZADD', P .. 'wake', 0, 'w') end
return added
