-- SPDX-License-Identifier: GPL-3.0-or-later
-- What all functions of the engine's library share: they are made once, when Redis loads it, and a call only runs. The one
-- key of a call is the queue's prefix "mr1:{q:NAME}:"; docs/queue.md lists what begins with it. Whatever outlives a function
-- here, or in the file of one, is set anew at the start of every call: the call before may have ended anywhere.

-- Lua's own names are there only when a function runs, not when the library is loaded; as locals they are found faster.
local function lua() return redis.call, ipairs, pairs, tonumber, unpack, math, string, table end
local call, ipairs, pairs, tonumber, unpack, math, string, table

local P, micros, now -- the prefix; the server's clock in microseconds, and in ms: when read_clock() was called

local function begin(prefix)
  if not call then call, ipairs, pairs, tonumber, unpack, math, string, table = lua() end
  P, micros, now = prefix, nil, nil
end

local function read_clock()
  local time = call('TIME')
  micros = time[1] * 1000000 + time[2]
  now = math.floor(micros / 1000)
end

-- What stands for a table that stays empty; and small numbers as words, since a number that is given to Redis is formatted
-- as a fraction each time.
local NONE, WORD = {}, {}
for n = 0, 64 do WORD[n] = n .. '' end

-- A packed job: 1|priority|kind|due in ms|deadline in s|key|cost|tenant.
local PACKED = '^1|([0-3])|([^|]*)|(%d+)|(%d+)|([^|]*)|(%d+)|(.+)$'
local function unpack_job(id, packed)
  local priority, kind, due, deadline, key, cost, tenant = string.match(packed, PACKED)
  if not priority then return nil end
  return { id = id, packed = packed, priority = priority, kind = kind, due = tonumber(due), deadline = tonumber(deadline),
           key = key, cost = tonumber(cost), tenant = tenant }
end

-- As a whole number. What is one already takes half the time.
local function whole(number)
  return string.format(number % 1 == 0 and math.abs(number) < 9e15 and '%d' or '%.0f', number)
end

-- When a limiter of so many microseconds a unit will have earned all that it has given. Kept as "THEN|NOW|STEP": so a clock
-- that goes back takes nothing along, and what is owed stays the same number of units when the rate is changed.
local function earned_at(kept, step)
  local tat, written, old = string.match(kept or '', '^(%d+)|(%d+)|([%d.]+)$')
  if not tat then return micros end
  local ahead = tonumber(tat) - math.max(micros, tonumber(written))
  return micros + math.max(0, ahead) * (step / tonumber(old))
end

local function remember_earned(key, tat, step)
  if tat > micros then
    call('SET', key, whole(tat) .. '|' .. whole(micros) .. '|' .. string.format('%.6f', step), 'PX',
         math.ceil((tat - micros) / 1000) + 1000)
  else
    call('UNLINK', key)
  end
end

-- Whether the queue is whole as of this run of the server, which `gen` tells.
local function is_of_run(gen, run) return gen and string.sub(gen, -#run) == run end

local function open_for(run) return is_of_run(call('GET', P .. 'gen'), run) end

-- Hash `m` says what need not be looked for: l0 .. l3 are missing when the ring of that level is empty, cfg when nothing is
-- set, park, lost and cx when those are empty, prog when no progress was ever told, caps when no tenant and no kind ever had
-- a cap, odd when no id lies in a list whose job is not ready. next: no delayed job is due, no lease ends and nobody parked is looked at before that time (ms); missing: that
-- is not known.
local function mark(name) call('HSET', P .. 'm', name, '1') end

-- Something is due at that time: `next` must not be later.
local function due_at(at)
  local known = call('HGET', P .. 'm', 'next')
  if known and at < tonumber(known) then call('HSET', P .. 'm', 'next', whole(at)) end
end

-- Who enters a ring starts where its first one stands (the first of the parked when nobody else is there: they will be
-- back), or at the virtual time it had, and keeps what it has when it is in it still.
local function enter(priority, tenants, had)
  local ring = P .. 'ring:' .. priority
  local first = call('ZRANGE', ring, 0, 0, 'WITHSCORES')
  if not first[1] then
    mark('l' .. priority)
    if not had then first = call('ZRANGE', P .. 'blk:' .. priority, 0, 0, 'WITHSCORES') end
  end
  local start = had and math.max(tonumber(first[2] or 0), had) or first[2] or '0'
  if #tenants == 1 then
    call('ZADD', ring, 'NX', start, tenants[1])
    return
  end
  local words = {}
  for i, tenant in ipairs(tenants) do
    words[2 * i - 1] = start
    words[2 * i] = tenant
  end
  call('ZADD', ring, 'NX', unpack(words))
end

-- Put jobs to the end of their tenants' lists, or to the head.
local function line_up(jobs, side)
  local one = jobs[1]
  if not jobs[2] then
    if one and call(side or 'RPUSH', P .. 'r:' .. one.priority .. ':' .. one.tenant, one.id) == 1 then
      enter(one.priority, { one.tenant })
    end
    return
  end
  local lists, order, entering = {}, {}, {}
  for _, job in ipairs(jobs) do
    local name = job.priority .. ':' .. job.tenant
    local list = lists[name]
    if not list then
      list = { name = name, job = job, ids = {} }
      lists[name] = list
      order[#order + 1] = list
    end
    list.ids[#list.ids + 1] = job.id
  end
  for _, list in ipairs(order) do
    if call(side or 'RPUSH', P .. 'r:' .. list.name, unpack(list.ids)) == #list.ids then
      local priority = list.job.priority
      entering[priority] = entering[priority] or {}
      table.insert(entering[priority], list.job.tenant)
    end
  end
  for priority, tenants in pairs(entering) do enter(priority, tenants) end
end

local function count_one(command, job, caps)
  if caps then
    call(command, P .. 'in:t:' .. job.tenant, job.id)
    call(command, P .. 'in:k:' .. job.kind, job.id)
  end
  if job.key ~= '' then call(command, P .. 'in:y:' .. job.key, job.id) end
end

-- Count jobs among what runs (SADD), or no longer (SREM): of their key and, from when caps are first set (script settings),
-- of their tenant and their kind. A call a set. caps: what `m` says of that.
local function count(command, jobs, caps)
  local one = jobs[1]
  if not jobs[2] then
    if one then count_one(command, one, caps) end
    return
  end
  local sets, order = {}, {}
  local function add(name, id)
    local set = sets[name]
    if set then
      set[#set + 1] = id
    else
      sets[name] = { id }
      order[#order + 1] = name
    end
  end
  for _, job in ipairs(jobs) do
    if caps then
      add('t:' .. job.tenant, job.id)
      add('k:' .. job.kind, job.id)
    end
    if job.key ~= '' then add('y:' .. job.key, job.id) end
  end
  for _, name in ipairs(order) do call(command, P .. 'in:' .. name, unpack(sets[name])) end
end

-- Running jobs have given up their places: whoever is parked for one of them is looked at by the next reserve. parked: what
-- `m` says of that, as caps is. Whether there may be any.
local function leave(jobs, parked, caps)
  count('SREM', jobs, caps)
  if not parked or not jobs[1] then return false end
  local words, seen = {}, {}
  local function look_at(name)
    if seen[name] then return end
    seen[name] = true
    words[#words + 1] = '0'
    words[#words + 1] = name
  end
  for _, job in ipairs(jobs) do
    look_at('t:' .. job.tenant)
    look_at('k:' .. job.kind)
    if job.key ~= '' then look_at('y:' .. job.key) end
  end
  call('HDEL', P .. 'm', 'next')
  call('ZADD', P .. 'park', 'XX', unpack(words))
  return true
end

local function wake() call('ZADD', P .. 'wake', '0', 'w') end
