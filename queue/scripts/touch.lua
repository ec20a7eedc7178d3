-- SPDX-License-Identifier: GPL-3.0-or-later
-- touch: renew leases. KEYS[1] = prefix; ARGV = lease in ms, worker, run id, then id, epoch, packed, ... (at most 64).
-- Returns one text a job: 'ok'; 'lost' (it is somebody else's, or nobody's: write nothing more); 'cancel' (renewed, but
-- asked to stop); 'late' (past its deadline: not renewed, stop it). While the queue is closed (no `gen`, or that of
-- another run of this server) a lease that nobody holds, or one that is older, is taken back by who says it has it: so
-- live workers carry their jobs over a loss of Redis, a whole one or one of its last second.
local P = KEYS[1]
local lease, worker, run = tonumber(ARGV[1]), ARGV[2], ARGV[3]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local gen = redis.call('GET', P .. 'gen')
local closed = not gen or string.sub(gen, -#run) ~= run
local reply = {}
for i = 4, #ARGV, 3 do
  local id, epoch, packed = ARGV[i], ARGV[i + 1], ARGV[i + 2]
  local own = redis.call('HGET', P .. 'own', id)
  local seconds, tenant = string.match(packed, '^1|[0-3]|[^|]*|%d+|(%d+)|[^|]*|(.+)$')
  if closed and tonumber(string.match(own or '0|', '^(%d+)|')) < tonumber(epoch) then
    own = epoch .. '|' .. worker .. '|' .. string.format('%.0f', now + seconds * 1000)
    redis.call('SET', P .. 'j:' .. id, packed)
    redis.call('HSET', P .. 'own', id, own)
    redis.call('SADD', P .. 'in:' .. tenant, id)
    redis.call('ZREM', P .. 'dl', id)
    if tonumber(epoch) > (tonumber(redis.call('GET', P .. 'ep')) or 0) then redis.call('SET', P .. 'ep', epoch) end
  end
  local held, owner, hard = string.match(own or '', '^(%d+)|([^|]*)|(%d+)$')
  if held ~= epoch or owner ~= worker then
    reply[#reply + 1] = 'lost'
  elseif tonumber(hard) + lease < now then
    reply[#reply + 1] = 'late'
  else
    redis.call('ZADD', P .. 'lease', now + lease, id)
    reply[#reply + 1] = redis.call('SISMEMBER', P .. 'cx', id) == 1 and 'cancel' or 'ok'
  end
end
return reply
