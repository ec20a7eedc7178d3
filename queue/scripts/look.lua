-- SPDX-License-Identifier: GPL-3.0-or-later
-- look: what there is in a queue, for operators. Changes nothing. ARGV = what to look at, then its words:
--   'queue', run id    {open 0|1, paused 0|1, known, delayed, running, parked names, wake 0|1, workers alive, workers asked
--                      to end, version of the settings}
--   'oldest', cursor   {next cursor or '', when the oldest of this page was due in ms or ''}: of the jobs that wait for their
--                      turn. A page is at most 64 tenants; '' begins. Between pages the queue goes on: what moves meanwhile
--                      may be missed.
--   'workers', offset  up to 64 of {worker, last hello in ms, information, asked to end 0|1}, who was heard longest ago first
--   'running', offset  up to 64 ids, whose lease ends first first
--   'jobs', id...      for each of at most 64: {'unknown'}; {'running', worker, epoch, deadline in ms, progress or '', asked to stop
--                      0|1}; {'delayed', due in ms}; {'waiting', due in ms}
local LOOKS, STALE, ALIVE = 64, 4, 15000

-- When the first of a list was due. Its head may be an id that was dropped; past a few of them the list is passed over.
local function first_due(list)
  for _, id in ipairs(call('LRANGE', list, 0, STALE - 1)) do
    local packed = call('HGET', P .. 'j', id)
    local job = packed and call('HEXISTS', P .. 'own', id) == 0 and unpack_job(id, packed)
    if job then return job.due end
  end
end

-- Where jobs wait: the rings, the tenants that are parked, then the lanes of the kinds and keys that are.
local function oldest(cursor)
  local section, at, seat = string.match(cursor, '^(%d+):(%d+):(%d+)$')
  section, at, seat = tonumber(section or 0), tonumber(at or 0), tonumber(seat or 0)
  local looks, due = 0, nil
  local function see(list)
    local one = first_due(list)
    if one and (not due or one < due) then due = one end
  end
  while section < 8 and looks < LOOKS do
    local priority, want = section % 4, LOOKS - looks
    local tenants = call('ZRANGE', P .. (section < 4 and 'ring:' or 'blk:') .. priority, at, at + want - 1)
    for _, tenant in ipairs(tenants) do see(P .. 'r:' .. priority .. ':' .. tenant) end
    looks, at = looks + #tenants, at + #tenants
    if #tenants < want then section, at = section + 1, 0 end
  end
  while section == 8 and looks < LOOKS do
    local name = call('ZRANGE', P .. 'park', at, at)[1]
    local want = LOOKS - looks
    looks = looks + 1
    if not name then
      section = 9
    elseif string.sub(name, 1, 2) == 't:' then
      at = at + 1
    else
      local lane = P .. 'w:' .. name
      local seats = call('ZRANGE', lane, seat, seat + want - 1)
      for _, one in ipairs(seats) do see(lane .. '|' .. one) end
      looks, seat = looks + #seats, seat + #seats
      if #seats < want then at, seat = at + 1, 0 end
    end
  end
  return { section < 9 and section .. ':' .. at .. ':' .. seat or '', due and whole(due) or '' }
end

local function job_of(id, packed, own)
  if own then
    local epoch, worker, deadline = string.match(own, '^(%d+)|([^|]*)|(%d+)$')
    return { 'running', worker or '', epoch or '', deadline or '', call('GET', P .. 'p:' .. id) or '',
             call('SISMEMBER', P .. 'cx', id) }
  end
  local job = packed and unpack_job(id, packed)
  if not job then return { 'unknown' } end
  local due = call('ZSCORE', P .. 'dl', id)
  if due then return { 'delayed', due } end
  return { 'waiting', whole(job.due) }
end

local looks_at = {
  queue = function(run)
    read_clock()
    return { open_for(run) and 1 or 0, call('HEXISTS', P .. 'cfg', 'paused'), call('HLEN', P .. 'j'), call('ZCARD', P .. 'dl'),
             call('ZCARD', P .. 'lease'), call('ZCARD', P .. 'park'), call('EXISTS', P .. 'wake'),
             call('ZCOUNT', P .. 'who', whole(now - ALIVE), '+inf'), call('SCARD', P .. 'drain'),
             tonumber(call('HGET', P .. 'cfg', 'version') or 0) }
  end,
  oldest = oldest,
  workers = function(offset)
    local who, rows = call('ZRANGE', P .. 'who', offset, offset + 63, 'WITHSCORES'), {}
    for i = 1, #who, 2 do
      rows[#rows + 1] = { who[i], who[i + 1], call('HGET', P .. 'info', who[i]) or '{}', call('SISMEMBER', P .. 'drain', who[i]) }
    end
    return rows
  end,
  running = function(offset) return call('ZRANGE', P .. 'lease', offset, offset + 63) end,
  jobs = function(...)
    local ids, rows = { ... }, {}
    if #ids == 0 then return rows end
    local packs, owns = call('HMGET', P .. 'j', unpack(ids)), call('HMGET', P .. 'own', unpack(ids))
    for i, id in ipairs(ids) do rows[i] = job_of(id, packs[i], owns[i]) end
    return rows
  end,
}
script('look', { 'no-writes', 'allow-oom' }, function(ARGV) return looks_at[ARGV[1]](unpack(ARGV, 2)) end)
