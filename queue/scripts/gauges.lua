-- SPDX-License-Identifier: GPL-3.0-or-later
-- gauges: what can be counted of a queue. ARGV = run id. Returns {waiting, running, delayed, parked, due time of the oldest
-- that waits in ms or -1, paused, open, workers heard of in the last 15 s, version of the settings, leases over for a
-- minute, now in ms, counters as name, number, ...}. parked: how many tenants, kinds and keys wait for a place or a rate.
-- The oldest is looked for at the heads of at most 16 tenants a priority, ready and parked, and 16 lanes: those in front
-- have been served least, and with no more than so many it is exact.
local oldest

local function head(list)
  local ids = call('LRANGE', list, 0, 3)
  if #ids == 0 then return end
  for i, packed in ipairs(call('HMGET', P .. 'j', unpack(ids))) do
    local job = packed and unpack_job(ids[i], packed)
    if job then
      if not oldest or job.due < oldest then oldest = job.due end
      return
    end
  end
end

script('gauges', { 'no-writes', 'allow-oom' }, function(ARGV)
  read_clock()
  oldest = nil
  for priority = 0, 3 do
    for _, ring in ipairs({ 'ring:', 'blk:' }) do
      for _, tenant in ipairs(call('ZRANGE', P .. ring .. priority, 0, 15)) do
        head(P .. 'r:' .. priority .. ':' .. tenant)
      end
    end
  end
  for _, name in ipairs(call('ZRANGE', P .. 'park', 0, 15)) do
    if string.sub(name, 1, 2) ~= 't:' then
      for _, seat in ipairs(call('ZRANGE', P .. 'w:' .. name, 0, 3)) do head(P .. 'w:' .. name .. '|' .. seat) end
    end
  end
  local delayed, running = call('ZCARD', P .. 'dl'), call('ZCARD', P .. 'lease')
  return { math.max(0, call('HLEN', P .. 'j') - delayed - running), running, delayed, call('ZCARD', P .. 'park'),
           oldest or -1, call('HEXISTS', P .. 'cfg', 'paused'), open_for(ARGV[1]) and 1 or 0,
           call('ZCOUNT', P .. 'who', now - 15000, '+inf'), tonumber(call('HGET', P .. 'cfg', 'version')) or 0,
           call('ZCOUNT', P .. 'lease', '-inf', now - 60000), now, call('HGETALL', P .. 'n') }
end)
