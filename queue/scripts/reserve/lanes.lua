-- SPDX-License-Identifier: GPL-3.0-or-later
-- In front of reserve.lua, behind grant.lua: who is parked, and the lanes of kinds and keys.

-- Look at it again then at the latest.
local function park(name, at, condition)
  if condition then call('ZADD', P .. 'park', condition, whole(at), name) else call('ZADD', P .. 'park', whole(at), name) end
  parked = true
  soon(at)
end

-- Who is at its cap or limit leaves the ring with its virtual time, until someone of its own has finished: a tenant, or a
-- lane, which stands in the ring as "|NAME".
local function step_aside(name, member, priority, virtual, at)
  call('ZADD', P .. 'blk:' .. priority, virtual, member)
  park(name, at)
end

local entered -- rings that somebody has come back to

local function lanes_anew() entered = {} end

local function come_back(priority, member, had)
  enter(priority, { member }, had)
  levels[priority], entered[priority] = true, true
end

local function unpark(member)
  for priority = 0, 3 do
    local virtual = call('ZSCORE', P .. 'blk:' .. priority, member)
    if virtual then
      call('ZREM', P .. 'blk:' .. priority, member)
      come_back(priority, member, tonumber(virtual))
    end
  end
end

-- A job whose kind or key is at its cap or limit waits in a lane of that kind or key, so that it does not stand in the way
-- of its tenant's others. A lane is a ring of its own, of seats "PRIORITY:TENANT": priorities are strict there, and tenants
-- take turns. A seat whose tenant is at a limit of its own stands behind all others until that is over (AWAY). A lane is in
-- `park` for as long as it has jobs, and when it may have its turn also in the ring of its first job's priority, among the
-- tenants: so nobody comes short because of it.
local AWAY = 4 * LEVEL

local function enter_lane(name, job, at, side)
  local lane, seat = P .. 'w:' .. name, job.priority .. ':' .. job.tenant
  if call(side or 'RPUSH', lane .. '|' .. seat, job.id) == 1 then
    local base = job.priority * LEVEL
    local first = call('ZRANGEBYSCORE', lane, whole(base), '(' .. whole(base + LEVEL), 'WITHSCORES', 'LIMIT', 0, 1)
    call('ZADD', lane, 'NX', first[2] or whole(base), seat)
  end
  park(name, at, side and 'XX' or 'NX')
  lanes[name] = lane_waits(name) and lanes[name] or 'held'
  mine[job.id] = nil
end

-- The lane gets its turns. When it has no job any more it is gone.
local function lane_turn(name)
  local top = call('ZRANGE', P .. 'w:' .. name, 0, 0, 'WITHSCORES')
  if not top[1] then
    call('ZREM', P .. 'park', name)
    lanes[name] = 'none'
    return
  end
  lanes[name] = 'waits'
  park(name, now + AGAIN, 'XX')
  unpark('|' .. name)
  local priority = math.floor(tonumber(top[2]) / LEVEL)
  if priority < 4 then
    come_back(priority, '|' .. name)
    lanes[name] = 'ring'
  end
end

-- A seat's tenant is at its cap or limit.
local function seat_away(name, seat, score, tenant, at)
  call('ZADD', P .. 'w:' .. name, 'XX', whole(score + AWAY), seat)
  call('SADD', P .. 'w:t:' .. tenant, name)
  park('t:' .. tenant, at, 'NX')
end

local function unpark_tenant(name)
  local tenant = string.sub(name, 3)
  local away = call('SPOP', P .. 'w:t:' .. tenant, 16)
  if #away < 16 then call('ZREM', P .. 'park', name) end
  unpark(tenant)
  for _, lane in ipairs(away) do
    for priority = 0, 3 do
      local score = tonumber(call('ZSCORE', P .. 'w:' .. lane, priority .. ':' .. tenant) or 0)
      if score >= AWAY then call('ZADD', P .. 'w:' .. lane, 'XX', whole(score - AWAY), priority .. ':' .. tenant) end
    end
    lane_turn(lane)
  end
end

-- A lane's turn in the ring of this priority: up to most of its jobs. How many have started, and whether it stays there.
local function serve_lane(name, priority, virtual, most)
  local lane, before = P .. 'w:' .. name, #out
  while #out - before < most and looks < LOOKS and not stop do
    local top = call('ZRANGE', lane, 0, 0, 'WITHSCORES')
    local score = tonumber(top[2] or 0)
    if not top[1] or score >= (priority + 1) * LEVEL then -- nothing, or what is less urgent
      lane_turn(name)
      return #out - before, false
    end
    local id = call('LPOP', lane .. '|' .. top[1])
    local job = id and jobs_of({ id })[1]
    local what, at
    looks = looks + 1
    if job then
      job.priority, job.tenant = string.match(top[1], '^(%d):(.+)$')
      what, at = admit(job, true)
    end
    if not id then
      call('ZREM', lane, top[1])
    elseif job and not what then
      grant(job)
      call('ZADD', lane, 'XX', whole(score + 1), top[1])
    elseif what == 't' then
      enter_lane(name, job, now + AGAIN, 'LPUSH')
      seat_away(name, top[1], score, job.tenant, at)
    elseif what == 'q' or what == 'b' then
      enter_lane(name, job, now + AGAIN, 'LPUSH')
      stop_at(what, at, job.cost)
    elseif what == name then
      enter_lane(name, job, at, 'LPUSH')
      step_aside(name, '|' .. name, priority, virtual + #out - before, at)
      lanes[name] = 'held'
      return #out - before, false
    elseif what then
      enter_lane(what, job, at)
    end
  end
  return #out - before, true
end
