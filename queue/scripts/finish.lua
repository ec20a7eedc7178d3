-- SPDX-License-Identifier: GPL-3.0-or-later
-- finish: give leases back, after the outcome was committed. ARGV = worker, n, then n of id, epoch, due (at most 64), then
-- pairs of a counter's name and what to add to it. due: '' forgets the job (it has ended); a time in ms makes it ready
-- again then, '0' at once. Returns one number a job: 1 done, 0 when it was not this worker's any more (nothing is changed
-- then). What has ended is told to whoever listens on the channel "mr1:jobs". Whose lease ran out before is told until
-- the job has ended: who was told may have failed to write it down.
local ids, reply, mine, ready, delayed, held, ended, soonest

-- '0' is at once, without asking what time it is.
local function is_to_come(due)
  if due == 0 then return false end
  if not now then read_clock() end
  return due > now
end

local function sort_out(ARGV, worker, owns, packs)
  for i, id in ipairs(ids) do
    local own, prefix = owns[i], ARGV[3 * i + 1] .. '|' .. worker .. '|'
    if own and string.sub(own, 1, #prefix) == prefix then
      local due, priority, kind, key, tenant = ARGV[3 * i + 2]
      if packs[i] then priority, kind, key, tenant = string.match(packs[i], '^1|([0-3])|([^|]*)|%d+|%d+|([^|]*)|%d+|(.+)$') end
      reply[i] = 1
      held[#held + 1] = id
      local job = tenant and { id = id, priority = priority, kind = kind, key = key, tenant = tenant }
      if job then mine[#mine + 1] = job end
      if due == '' or not job then
        ended[#ended + 1] = id
      elseif is_to_come(tonumber(due)) then
        delayed[#delayed + 1] = due
        delayed[#delayed + 1] = id
        soonest = math.min(soonest, tonumber(due))
      else
        ready[#ready + 1] = job
      end
    else
      reply[i] = 0
    end
  end
end

-- flags: whether anything is lost, is asked to stop, has progress.
local function forget(flags)
  call('HDEL', P .. 'j', unpack(ended))
  if flags[1] then
    call('HDEL', P .. 'lost', unpack(ended))
    if call('EXISTS', P .. 'lost') == 0 then call('HDEL', P .. 'm', 'lost') end
  end
  if flags[2] then
    call('SREM', P .. 'cx', unpack(ended))
    if call('EXISTS', P .. 'cx') == 0 then call('HDEL', P .. 'm', 'cx') end
  end
  if flags[3] then
    local progress = {}
    for i, id in ipairs(ended) do progress[i] = P .. 'p:' .. id end
    call('UNLINK', unpack(progress))
  end
end

script('finish', { 'allow-oom' }, function(ARGV)
  local worker, n = ARGV[1], tonumber(ARGV[2])
  ids, reply, mine, ready, delayed = {}, {}, {}, {}, {}
  held, ended, soonest = {}, {}, math.huge
  for i = 1, n do ids[i] = ARGV[3 * i] end
  if n > 0 then sort_out(ARGV, worker, call('HMGET', P .. 'own', unpack(ids)), call('HMGET', P .. 'j', unpack(ids))) end

  local parked, flags = false, call('HMGET', P .. 'm', 'lost', 'cx', 'prog', 'cfg', 'park', 'caps')
  if #held > 0 then
    call('ZREM', P .. 'lease', unpack(held))
    call('HDEL', P .. 'own', unpack(held))
    parked = leave(mine, flags[5], flags[6])
  end
  if #ended > 0 then
    forget(flags)
    call('PUBLISH', 'mr1:jobs', 'ended ' .. table.concat(ended, ' '))
  end
  if #delayed > 0 then
    call('ZADD', P .. 'dl', unpack(delayed))
    due_at(soonest)
  end
  line_up(ready)
  -- Somebody may run now who could not before: one who is parked, or whoever is next when the queue itself has a cap.
  if #ready > 0 or #delayed > 0 or parked or #held > 0 and flags[4] and call('HEXISTS', P .. 'cfg', 'cap') == 1 then wake() end
  for i = 3 + 3 * n, #ARGV, 2 do call('HINCRBY', P .. 'n', ARGV[i], ARGV[i + 1]) end
  return reply
end)
