-- SPDX-License-Identifier: GPL-3.0-or-later
-- reserve: lease up to n jobs to a worker. ARGV = n (at most 64), lease in ms, worker, run id, budget (what the jobs may
-- cost together, from the limiter that the queue shares with others; '' when none is held).
-- Returns {epoch, ms until something may be ready or -1, need, then id, packed, lost of each job}: lost is '' or "epoch|worker" of a
-- lease that ran out and is not yet written down; need is what the job costs that the budget did not suffice for, else 0.
-- Without jobs, epoch '0' and the second number below -1: -2 the queue is closed (no `gen`, or one that another run of
-- this server wrote, so that what Redis holds is not yet known to be whole); -3 it is paused; -4 it shares a limiter, named
-- in place of need, and no budget was given.
-- What lies in reserve/ stands in front of this.

-- ---- the ring ----

-- Take from the lists of the tenants in front: their ids first, all jobs with one look, then who may start. Who has had a
-- share more than the first one stays where he is: else many places at once would be shared without regard to weights. all:
-- the ring has nobody else.
local function visit(priority, front, most, all)
  local alone = all and #front == 2
  local visits, ids, back, given_by_lanes, far = {}, {}, {}, 0, tonumber(front[2] or 0) + SHARE
  entered[priority] = false
  for i = 1, #front, 2 do
    local name, virtual = front[i], tonumber(front[i + 1])
    local lane = string.sub(name, 1, 1) == '|' and string.sub(name, 2)
    local tenant = anything_set and not lane and tenant_of(name)
    local share = math.min(alone and most or SHARE, most - #ids - given_by_lanes)
    if share <= 0 or looks >= LOOKS or stop or virtual > far then
      back[#back + 1] = front[i + 1]
      back[#back + 1] = name
    elseif lane then
      local given_now, stays = serve_lane(lane, priority, virtual, share)
      given_by_lanes = given_by_lanes + given_now
      if stays then
        back[#back + 1] = virtual + given_now
        back[#back + 1] = name
      end
    elseif tenant and tenant.cap and tenant.cap <= runs('t:' .. name) then
      step_aside('t:' .. name, name, priority, virtual, now + AGAIN)
    else
      if tenant and tenant.cap then share = math.min(share, tenant.cap - runs('t:' .. name)) end
      local list = call('LPOP', P .. 'r:' .. WORD[priority] .. ':' .. name, WORD[share])
      looks = looks + (list and #list or 1)
      if list then
        visits[#visits + 1] = { name = name, virtual = virtual, weight = tenant and tenant.weight or 1, from = #ids + 1,
                                to = #ids + #list, emptied = #list < share }
        for _, id in ipairs(list) do ids[#ids + 1] = id end
      end
    end
  end
  local jobs = #ids > 0 and jobs_of(ids) or NONE
  for _, of in ipairs(visits) do
    local taken, parked_until, returned = 0, nil, NONE
    for i = of.from, of.to do
      local job, what, at, behind = jobs[i], nil, nil, nil
      if job then
        job.priority, job.tenant = priority, of.name
        if parked_until then what = 't'
        elseif stop then what = 'q'
        elseif anything_set or job.key ~= '' then what, at, behind = admit(job) end
        if not what then
          grant(job)
          taken = taken + 1
        elseif what == 't' or what == 'q' or what == 'b' then
          mine[job.id] = nil
          if returned == NONE then returned = {} end
          table.insert(returned, 1, job.id)
          if what == 't' then parked_until = parked_until or at
          elseif not stop then stop_at(what, at, job.cost) end
        else
          enter_lane(what, job, at)
          if behind and lanes[what] == 'waits' then lane_turn(what) end
        end
      end
    end
    local list = P .. 'r:' .. WORD[priority] .. ':' .. of.name
    if #returned > 0 then call('LPUSH', list, unpack(returned)) end
    local virtual = of.virtual + taken / of.weight
    if parked_until then
      step_aside('t:' .. of.name, of.name, priority, virtual, parked_until)
    elseif not alone or #returned > 0 or not of.emptied and call('EXISTS', list) == 1 then
      -- Among others it stays also when its list is empty now, and keeps its virtual time until its turn would come:
      -- else who comes with one job at a time would always be first.
      back[#back + 1] = virtual
      back[#back + 1] = of.name
    end
  end
  if #back > 0 then
    call('ZADD', P .. 'ring:' .. WORD[priority], unpack(back))
  elseif all and not entered[priority] then
    levels[priority] = false
    call('HDEL', P .. 'm', 'l' .. priority)
  end
end

-- Up to most jobs of a level, after so many looks at most. True when it has no more for now.
local function serve(priority, most, tries)
  local before, until_look = #out, math.min(LOOKS, looks + tries)
  while levels[priority] and #out - before < most and looks < until_look and not stop do
    local left = most - (#out - before)
    local several = math.min(16, left + 1)
    local front = call('ZPOPMIN', P .. 'ring:' .. WORD[priority], WORD[several])
    visit(priority, front, left, #front < 2 * several)
  end
  return not levels[priority]
end

-- How much a level counts: its weight, more for each `age` that its first one has waited.
local function level_weight(priority)
  local weight, age = tonumber(cfg['level.' .. priority] or ({ 6, 3, 1 })[priority]), tonumber(cfg.age or 60)
  local first = call('ZRANGE', P .. 'ring:' .. priority, 0, 0)
  local id = first[1] and call('LINDEX', P .. 'r:' .. priority .. ':' .. first[1], 0)
  local packed = id and call('HGET', P .. 'j', id)
  local job = packed and unpack_job(id, packed)
  if not job or age == 0 then return weight end
  return weight * (1 + math.max(0, now - job.due) / 1000 / age)
end

-- The levels below urgent share by weight and age: the one with the least virtual time is next (start-time fair queuing).
local function serve_levels()
  local some = {}
  for priority = 1, 3 do
    if levels[priority] then some[#some + 1] = { priority = priority } end
  end
  if #some <= 1 then
    if some[1] then serve(some[1].priority, want - #out, LOOKS) end
    return
  end
  local kept = call('HMGET', P .. 'lvl', '1', '2', '3', 'clock')
  local clock = tonumber(kept[4]) or 0
  for _, level in ipairs(some) do
    level.virtual = math.max(tonumber(kept[level.priority]) or 0, clock)
    level.weight, level.vain = level_weight(level.priority), 0
  end
  -- The jobs of a call start together, so in a large one turns may be longer: what that costs a level it has in the next.
  local turn, changed = math.max(SHARE, math.ceil(want / 8)), {}
  while #out < want and looks < LOOKS and not stop and #some > 0 do
    local at = 1
    for i = 2, #some do if some[i].virtual + some[i].vain < some[at].virtual + some[at].vain then at = i end end
    local level, before, looked = some[at], #out, looks
    local empty = serve(level.priority, math.min(turn, want - #out), 4 * SHARE)
    if #out > before then
      clock = math.max(clock, level.virtual)
      level.virtual = level.virtual + (#out - before) / level.weight
      changed[level.priority] = level.virtual
    end
    -- What could not run costs the level its turn in this call only: others must not wait until all of it is in lanes.
    level.vain = level.vain + (looks - looked - (#out - before)) / level.weight
    if empty then table.remove(some, at) end
  end
  local words = {}
  for priority, virtual in pairs(changed) do
    words[#words + 1] = priority
    words[#words + 1] = virtual
  end
  if #words > 0 then call('HSET', P .. 'lvl', 'clock', clock, unpack(words)) end
end

-- ---- the call ----

-- When the first of a sorted set is due, in ms.
local function first_due(name)
  return tonumber(call('ZRANGE', P .. name, 0, 0, 'WITHSCORES')[2])
end

-- Leases that ran out go back to the head of their tenant's list, with whose they were.
local function take_back_leases()
  local over = call('ZRANGEBYSCORE', P .. 'lease', '-inf', whole(now), 'LIMIT', 0, 64)
  local owned, packs, known = call('HMGET', P .. 'own', unpack(over)), call('HMGET', P .. 'j', unpack(over)), {}
  for i, id in ipairs(over) do
    local job = packs[i] and unpack_job(id, packs[i])
    if job then
      known[#known + 1] = job
      levels[tonumber(job.priority)] = true
      if owned[i] then call('HSET', P .. 'lost', id, string.match(owned[i], '^(%d+|[^|]*)')) end
    else
      call('SREM', P .. 'cx', id)
    end
  end
  mark('lost')
  any_lost = true
  call('ZREM', P .. 'lease', unpack(over))
  call('HDEL', P .. 'own', unpack(over))
  leave(known, parked, caps)
  line_up(known, 'LPUSH')
end

local function promote()
  local due, jobs = call('ZRANGEBYSCORE', P .. 'dl', '-inf', whole(now), 'LIMIT', 0, 64), {}
  for i, packed in ipairs(call('HMGET', P .. 'j', unpack(due))) do
    local job = packed and unpack_job(due[i], packed)
    if job then
      jobs[#jobs + 1] = job
      levels[tonumber(job.priority)] = true
    end
  end
  call('ZREM', P .. 'dl', unpack(due))
  line_up(jobs)
end

-- After the clock has gone back everything looks far ahead that was counted from the old time. A lease ends one from now at
-- the latest; who is parked is looked at.
local function heed_clock()
  local far = call('ZRANGEBYSCORE', P .. 'lease', '(' .. lease_end, '+inf', 'LIMIT', 0, 64)
  for _, id in ipairs(far) do call('ZADD', P .. 'lease', lease_end, id) end
  for _, name in ipairs(call('ZRANGEBYSCORE', P .. 'park', '(' .. whole(now + AGAIN), '+inf', 'LIMIT', 0, 64)) do
    call('ZADD', P .. 'park', 0, name)
  end
end

-- Whatever is due by now: leases that have run out, delayed jobs, who is parked.
local function look_for_due()
  local lease_due, delay_due, park_due = first_due('lease'), first_due('dl'), first_due('park')
  if lease_due and lease_due <= now then
    take_back_leases()
    park_due = first_due('park')
  end
  if delay_due and delay_due <= now then promote() end
  if park_due and park_due <= now then
    for _, name in ipairs(call('ZRANGEBYSCORE', P .. 'park', '-inf', whole(now), 'LIMIT', 0, 16)) do
      if string.sub(name, 1, 2) == 't:' then unpark_tenant(name) else lane_turn(name) end
    end
  end
end

-- Lease what was granted, and say so.
local function hand_out()
  local reply = { #out > 0 and stamp or '0', -1, need }
  if #out == 0 then return reply end
  call('SET', P .. 'ep', stamp)
  call('ZADD', P .. 'lease', unpack(leases))
  call('HSET', P .. 'own', unpack(owns))
  count('SADD', given, caps)
  local lost = any_lost and call('HMGET', P .. 'lost', unpack(out)) or NONE
  for i, job in ipairs(given) do
    reply[3 * i + 1] = job.id
    reply[3 * i + 2] = job.packed
    reply[3 * i + 3] = lost[i] or ''
  end
  soon(now + lease)
  return reply
end

-- When something may be ready: a delayed job, a lease that may run out, one who is parked. looked: all of them were looked
-- at, so that `next` may be later than it was.
local function remember_next(looked)
  if looked then
    soonest = nil
    for _, name in ipairs({ 'lease', 'dl', 'park' }) do soon(first_due(name)) end
    if parked and call('EXISTS', P .. 'park') == 0 then
      parked = false
      call('HDEL', P .. 'm', 'park')
    end
    if soonest then call('HSET', P .. 'm', 'next', whole(soonest)) else call('HDEL', P .. 'm', 'next') end
  elseif soonest and soonest < next_due then
    call('HSET', P .. 'm', 'next', whole(soonest))
  else
    soon(next_due)
  end
  if parked and not was_parked then mark('park') end
end

script('reserve', { 'allow-oom' }, function(ARGV)
  local refused = look_around(ARGV)
  if refused then return refused end
  admit_anew()
  grant_anew()
  lanes_anew()
  if clock_back then heed_clock() end
  local looked = clock_back or not next_due or next_due <= now
  if looked then look_for_due() end
  local room = cfg.cap and tonumber(cfg.cap) - call('ZCARD', P .. 'lease')
  if room then want = math.min(want, room) end
  if want > 0 then
    serve(0, want, LOOKS)
    if #out < want and not stop then serve_levels() end
  end
  for _, of in pairs(limits) do
    if of.tat > micros then remember_earned(P .. 'l:' .. of.name, of.tat, of.step) end
  end
  local reply = hand_out()
  remember_next(looked)

  -- Somebody else may take what is left; or wait for who has been stopped by a rate, when this one has all it wants. Else what
  -- the queue's own limit allows.
  soon(stopped_until)
  local left, full = levels[0] or levels[1] or levels[2] or levels[3], room and #out >= room
  if not stop and not full then
    if left and #out < want then soon(now) end
    if left or limited and #out >= want then wake() end
  end
  if odd and not left and not parked then call('HDEL', P .. 'm', 'odd') end -- no list has anything
  if soonest then reply[2] = math.max(0, math.ceil(soonest - now)) end
  return reply
end)
