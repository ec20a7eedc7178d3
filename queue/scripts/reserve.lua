-- SPDX-License-Identifier: GPL-3.0-or-later
-- reserve: lease up to n jobs to a worker. KEYS[1] = prefix; ARGV = n (at most 64), lease in ms, worker, run id.
-- Returns {epoch, ms until the next job is due or -1, {id, packed, lost}...}: lost is '' or "epoch|worker" of a lease
-- that ran out and is not yet written down. Returns {'0', -2} when the queue is closed: no `gen`, or one that another
-- run of this server wrote, so that what Redis holds is not yet known to be whole.
local P = KEYS[1]
local want, lease, worker, run = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3], ARGV[4]
local gen = redis.call('GET', P .. 'gen')
if not gen or string.sub(gen, -#run) ~= run then return { '0', -2 } end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local function ready(id, packed, head)
  local priority, tenant = string.match(packed, '^1|([0-3])|[^|]*|%d+|%d+|[^|]*|(.+)$')
  local length = redis.call(head and 'LPUSH' or 'RPUSH', P .. 'r:' .. priority .. ':' .. tenant, id)
  if length == 1 then
    local first = redis.call('ZRANGE', P .. 'ring:' .. priority, 0, 0, 'WITHSCORES')
    redis.call('ZADD', P .. 'ring:' .. priority, 'NX', first[2] or 0, tenant)
  end
end

-- Leases that ran out go back to the head of their tenant's list, with whose they were.
for _, id in ipairs(redis.call('ZRANGEBYSCORE', P .. 'lease', '-inf', now, 'LIMIT', 0, 64)) do
  local own, packed = redis.call('HGET', P .. 'own', id), redis.call('GET', P .. 'j:' .. id)
  redis.call('ZREM', P .. 'lease', id)
  redis.call('HDEL', P .. 'own', id)
  if packed then
    local tenant = string.match(packed, '^1|[0-3]|[^|]*|%d+|%d+|[^|]*|(.+)$')
    redis.call('SREM', P .. 'in:' .. tenant, id)
    if own then redis.call('HSET', P .. 'lost', id, string.match(own, '^(%d+|[^|]*)')) end
    ready(id, packed, true)
  else
    redis.call('SREM', P .. 'cx', id)
  end
end

-- What has become due.
for _, id in ipairs(redis.call('ZRANGEBYSCORE', P .. 'dl', '-inf', now, 'LIMIT', 0, 64)) do
  local packed = redis.call('GET', P .. 'j:' .. id)
  redis.call('ZREM', P .. 'dl', id)
  if packed then ready(id, packed, false) end
end

-- The tenant with the least virtual time of the highest priority goes first; each job costs it one unit. Ids whose job
-- has gone (cancelled while it waited), that is leased already, by this very batch perhaps, or that waits for its time
-- (it was put again after a cancel, and released) are dropped here: removing them from the list's middle would cost its
-- length.
local epoch = math.max((tonumber(redis.call('GET', P .. 'ep')) or 0) + 1, time[1] * 1000000 + time[2])
local stamp = string.format('%.0f', epoch)
local out, leases, owns, mine = {}, {}, {}, {}
local looks = 0
for priority = 0, 3 do
  local ring = P .. 'ring:' .. priority
  while #out < want and looks < 64 do
    local first = redis.call('ZRANGE', ring, 0, 0, 'WITHSCORES')
    local tenant = first[1]
    if not tenant then break end
    looks = looks + 1
    local list = P .. 'r:' .. priority .. ':' .. tenant
    local share = redis.call('ZCARD', ring) > 1 and math.min(4, want - #out) or want - #out
    local ids = redis.call('LPOP', list, share) or {}
    local taken = {}
    if #ids > 0 then
      local keys = {}
      for i, id in ipairs(ids) do keys[i] = P .. 'j:' .. id end
      local packs, held = redis.call('MGET', unpack(keys)), redis.call('HMGET', P .. 'own', unpack(ids))
      local delayed = redis.call('ZMSCORE', P .. 'dl', unpack(ids))
      for i, id in ipairs(ids) do
        if packs[i] and not held[i] and not delayed[i] and not mine[id] then
          mine[id] = true
          local seconds = tonumber(string.match(packs[i], '^1|[0-3]|[^|]*|%d+|(%d+)|'))
          taken[#taken + 1] = id
          out[#out + 1] = { id, packs[i] }
          leases[#leases + 1] = now + lease
          leases[#leases + 1] = id
          owns[#owns + 1] = id
          owns[#owns + 1] = stamp .. '|' .. worker .. '|' .. string.format('%.0f', now + seconds * 1000)
        end
      end
    end
    if #taken > 0 then redis.call('SADD', P .. 'in:' .. tenant, unpack(taken)) end
    if #ids < share or redis.call('EXISTS', list) == 0 then redis.call('ZREM', ring, tenant)
    else redis.call('ZADD', ring, first[2] + #ids, tenant) end
  end
end

local reply = { stamp, -1 }
if #out > 0 then
  local ids = {}
  for i, job in ipairs(out) do ids[i] = job[1] end
  redis.call('SET', P .. 'ep', stamp)
  redis.call('ZADD', P .. 'lease', unpack(leases))
  redis.call('HSET', P .. 'own', unpack(owns))
  local lost = redis.call('HMGET', P .. 'lost', unpack(ids))
  for i, job in ipairs(out) do
    job[3] = lost[i] or ''
    reply[#reply + 1] = job
  end
end

-- Somebody else may take what is left; and when the next one is due: a delayed job, or a lease that may run out.
for priority = 0, 3 do
  if redis.call('EXISTS', P .. 'ring:' .. priority) == 1 then
    redis.call('ZADD', P .. 'wake', 0, 'w')
    break
  end
end
for _, key in ipairs({ 'dl', 'lease' }) do
  local first = redis.call('ZRANGE', P .. key, 0, 0, 'WITHSCORES')
  if first[2] then
    local ms = math.max(0, math.ceil(first[2] - now))
    if reply[2] < 0 or ms < reply[2] then reply[2] = ms end
  end
end
return reply
