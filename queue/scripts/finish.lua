-- SPDX-License-Identifier: GPL-3.0-or-later
-- finish: give leases back, after the outcome was committed. KEYS[1] = prefix; ARGV = worker, then id, epoch, due, ...
-- (at most 64). due: '' forgets the job (it has ended); a time in ms makes it ready again then, '0' at once.
-- Returns one number a job: 1 done, 0 when it was not this worker's any more (nothing is changed then). Whose lease ran
-- out before is told until the job has ended: who was told may have failed to write it down.
local P = KEYS[1]
local worker = ARGV[1]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local reply, woken = {}, false
for i = 2, #ARGV, 3 do
  local id, epoch, due = ARGV[i], ARGV[i + 1], ARGV[i + 2]
  local held, owner = string.match(redis.call('HGET', P .. 'own', id) or '', '^(%d+)|([^|]*)|')
  if held ~= epoch or owner ~= worker then
    reply[#reply + 1] = 0
  else
    local packed = redis.call('GET', P .. 'j:' .. id)
    local priority, tenant = string.match(packed or '', '^1|([0-3])|[^|]*|%d+|%d+|[^|]*|(.+)$')
    redis.call('ZREM', P .. 'lease', id)
    redis.call('HDEL', P .. 'own', id)
    if tenant then redis.call('SREM', P .. 'in:' .. tenant, id) end
    if due == '' or not tenant then
      redis.call('HDEL', P .. 'lost', id)
      redis.call('SREM', P .. 'cx', id)
      redis.call('UNLINK', P .. 'j:' .. id, P .. 'p:' .. id)
    elseif tonumber(due) > now then
      redis.call('ZADD', P .. 'dl', due, id)
      woken = true
    else
      if redis.call('RPUSH', P .. 'r:' .. priority .. ':' .. tenant, id) == 1 then
        local first = redis.call('ZRANGE', P .. 'ring:' .. priority, 0, 0, 'WITHSCORES')
        redis.call('ZADD', P .. 'ring:' .. priority, 'NX', first[2] or 0, tenant)
      end
      woken = true
    end
    reply[#reply + 1] = 1
  end
end
if woken then redis.call('ZADD', P .. 'wake', 0, 'w') end
return reply
