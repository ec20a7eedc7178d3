-- SPDX-License-Identifier: GPL-3.0-or-later
-- reserve: lease up to n jobs to a worker. ARGV = n (at most 64), lease in ms, worker, run id, budget (what the jobs may
-- cost together, from the limiter that the queue shares with others; '' when none is held).
-- Returns {epoch, ms until something may be ready or -1, need, then id, packed, lost of each job}: lost is '' or "epoch|worker" of a
-- lease that ran out and is not yet written down; need is what the job costs that the budget did not suffice for, else 0.
-- Without jobs, epoch '0' and the second number below -1: -2 the queue is closed (no `gen`, or one that another run of
-- this server wrote, so that what Redis holds is not yet known to be whole); -3 it is paused; -4 it shares a limiter, named
-- in place of need, and no budget was given.
local want, lease, worker, run, budget = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3], ARGV[4], tonumber(ARGV[5])
local LOOKS, SHARE, AGAIN, LEVEL = 64, 4, 5000, 1099511627776
if not open_for(run) then return { '0', -2, 0 } end

local flags = call('HMGET', P .. 'm', 'l0', 'l1', 'l2', 'l3', 'cfg', 'lost', 'odd', 'next', 'park')
local levels, any_lost, odd = { [0] = flags[1], flags[2], flags[3], flags[4] }, flags[6], flags[7]
local next_due, parked = tonumber(flags[8] or nil), flags[9]
local cfg, anything_set = {}, flags[5]
if anything_set then
  local names = { 'paused', 'limiter', 'cap', 'rate', 'cap.tenant', 'rate.tenant', 'cap.key', 'level.1', 'level.2', 'level.3',
                  'age', 'some.tenant', 'some.kind', 'some.key', 'some.weight' }
  for i, value in ipairs(call('HMGET', P .. 'cfg', unpack(names))) do cfg[names[i]] = value or nil end
  if cfg.paused then return { '0', -3, 0 } end
  if cfg.limiter and not budget then return { '0', -4, cfg.limiter } end
end

-- ---- what may run: caps and rates ----

local micros = time[1] * 1000000 + time[2]
local limits, running = {}, {}

-- The limiter called name with its rate "units a second|burst" (GCRA, as in tokens.lua).
local function limiter(name, rate)
  local of = limits[name]
  if not of then
    local a_second, burst = string.match(rate, '^([%d.]+)|(%d+)$')
    local step = 1000000 / tonumber(a_second)
    of = { step = step, room = tonumber(burst) * step, name = name,
           tat = math.max(tonumber(call('GET', P .. 'l:' .. name)) or 0, micros) }
    limits[name] = of
  end
  return of
end

-- When (ms) a job of this cost may start; nil: now. What costs more than the burst starts when all is earned.
local function too_early(of, cost)
  local over = of.tat + math.min(cost * of.step, of.room) - micros - of.room
  if over > 0.5 then return now + math.ceil(over / 1000) end
end

-- How many of a name run, with those that this call has admitted.
local function runs(name)
  if not running[name] then running[name] = call('SCARD', P .. 'in:' .. name) end
  return running[name]
end

local settings = {}
-- The settings of tenants, kinds and keys: a call asks for each once. all: what goes for those without their own.
local function setting_of(family, name, all_cap, all_rate)
  local known = settings[family .. name]
  if not known then
    local cap, rate, weight
    if cfg['some.' .. family] or family == 'tenant' and cfg['some.weight'] then
      cap, rate, weight = unpack(call('HMGET', P .. 'cfg', 'cap.' .. family .. ':' .. name, 'rate.' .. family .. ':' .. name,
                                      'weight:' .. name))
    end
    known = { cap = tonumber(cap or all_cap), rate = rate or all_rate, weight = tonumber(weight or 1) }
    settings[family .. name] = known
  end
  return known
end

local function tenant_of(name) return setting_of('tenant', name, cfg['cap.tenant'], cfg['rate.tenant']) end

-- Why a job may not start now: nil, or what it waits for ('t' its tenant, 'q' the queue, 'b' the budget, else the name of
-- the lane of its kind or key) and when to look again. When it may, it is charged.
local function admit(job)
  local tenant, kind, charged, at = tenant_of(job.tenant), setting_of('kind', job.kind), {}, nil
  local function pass(name, rate)
    if not rate then return true end
    local of = limiter(name, rate)
    at = too_early(of, job.cost)
    charged[#charged + 1] = of
    return not at
  end
  if tenant.cap and runs('t:' .. job.tenant) >= tenant.cap then return 't', now + AGAIN end
  if kind.cap and runs('k:' .. job.kind) >= kind.cap then return 'k:' .. job.kind, now + AGAIN end
  if job.key ~= '' then
    local key = setting_of('key', job.key, cfg['cap.key'] or 1)
    if runs('y:' .. job.key) >= key.cap then return 'y:' .. job.key, now + AGAIN end
  end
  if not pass('t:' .. job.tenant, tenant.rate) then return 't', at end
  if not pass('k:' .. job.kind, kind.rate) then return 'k:' .. job.kind, at end
  if not pass('q', cfg.rate) then return 'q', at end
  if budget then
    if job.cost > budget then return 'b', now end
    budget = budget - job.cost
  end
  for _, of in ipairs(charged) do of.tat = of.tat + job.cost * of.step end
  for _, name in ipairs({ 't:' .. job.tenant, 'k:' .. job.kind, 'y:' .. job.key }) do
    if running[name] then running[name] = running[name] + 1 end
  end
end

-- ---- what is handed out ----

local epoch = math.max((tonumber(call('GET', P .. 'ep')) or 0) + 1, micros)
local stamp = whole(epoch)
local out, leases, owns, mine, given = {}, {}, {}, {}, {}
local looks, stop, need, soonest, stopped_until = 0, false, 0, nil, nil
local lease_end, own_prefix, hard = whole(now + lease), stamp .. '|' .. worker .. '|', {}

local function soon(at) if at and (not soonest or at < soonest) then soonest = at end end

local function grant(job)
  local n = #given
  given[n + 1] = job
  out[n + 1] = job.id
  leases[2 * n + 1] = lease_end
  leases[2 * n + 2] = job.id
  if not hard[job.deadline] then hard[job.deadline] = own_prefix .. whole(now + job.deadline * 1000) end
  owns[2 * n + 1] = job.id
  owns[2 * n + 2] = hard[job.deadline]
end

-- The jobs of these ids without their tenant and priority, false for what is not ready: its job has gone
-- (cancelled while it waited), is leased already, by this very call perhaps, or waits for its time (it was put again after
-- a cancel, and released). Such ids are dropped here, because to take them out of a list's middle would cost its length.
local function jobs_of(ids)
  local packs, jobs, held, delayed = call('HMGET', P .. 'j', unpack(ids)), {}, {}, {}
  if odd then
    held, delayed = call('HMGET', P .. 'own', unpack(ids)), call('ZMSCORE', P .. 'dl', unpack(ids))
  end
  for i, id in ipairs(ids) do
    jobs[i] = false
    if packs[i] and not held[i] and not delayed[i] and not mine[id] then
      local kind, deadline, key, cost = string.match(packs[i], '^1|[0-3]|([^|]*)|%d+|(%d+)|([^|]*)|(%d+)|')
      jobs[i] = { id = id, packed = packs[i], kind = kind, deadline = deadline, key = key, cost = tonumber(cost) }
      mine[id] = true
    end
  end
  return jobs
end

-- The queue's own limit is reached, or the budget's.
local function stop_at(what, at, cost)
  stop = true
  if what == 'b' then need = cost else stopped_until = at end
end

-- ---- the parked ----

-- A tenant at its cap or limit leaves the ring, with its virtual time, until someone of its own has finished.
local function park(name, at, condition)
  if condition then call('ZADD', P .. 'park', condition, whole(at), name) else call('ZADD', P .. 'park', whole(at), name) end
  parked = true
  soon(at)
end

local function park_tenant(name, priority, virtual, at)
  call('ZADD', P .. 'blk:' .. priority, virtual, name)
  park('t:' .. name, at)
end

local function unpark_tenant(parked_as)
  local name = string.sub(parked_as, 3)
  call('ZREM', P .. 'park', parked_as)
  for priority = 0, 3 do
    local virtual = call('ZSCORE', P .. 'blk:' .. priority, name)
    if virtual then
      local ring = P .. 'ring:' .. priority
      local first = call('ZRANGE', ring, 0, 0, 'WITHSCORES')
      call('ZREM', P .. 'blk:' .. priority, name)
      call('ZADD', ring, 'NX', math.max(tonumber(virtual), tonumber(first[2] or 0)), name)
      if not first[1] then mark('l' .. priority) end
      levels[priority] = true
    end
  end
end

-- A job whose kind or key is at its cap or limit waits in a lane of that kind or key, so that it does not stand in the way
-- of its tenant's others. A lane is a ring of its own: priorities are strict there, and tenants take turns.
local function enter_lane(name, job, at, side)
  local lane, seat = P .. 'w:' .. name, job.priority .. ':' .. job.tenant
  if call(side or 'RPUSH', lane .. '|' .. seat, job.id) == 1 then
    local base = job.priority * LEVEL
    local first = call('ZRANGEBYSCORE', lane, whole(base), '(' .. whole(base + LEVEL), 'WITHSCORES', 'LIMIT', 0, 1)
    call('ZADD', lane, 'NX', first[2] or whole(base), seat)
  end
  park(name, at, side and 'XX' or 'NX')
  mine[job.id] = nil
end

local function serve_lane(name)
  local lane = P .. 'w:' .. name
  park(name, now + AGAIN, 'XX')
  while #out < want and looks < LOOKS and not stop do
    local top = call('ZRANGE', lane, 0, 0, 'WITHSCORES')
    if not top[1] then
      call('ZREM', P .. 'park', name)
      return
    end
    local id = call('LPOP', lane .. '|' .. top[1])
    looks = looks + 1
    if not id then
      call('ZREM', lane, top[1])
    else
      local job, what, at = jobs_of({ id })[1], nil, nil
      if job then
        job.priority, job.tenant = string.match(top[1], '^(%d):(.+)$')
        what, at = admit(job)
      end
      if job and not what then
        grant(job)
        call('ZADD', lane, 'XX', whole(tonumber(top[2]) + 1), top[1])
      elseif what == 't' then
        mine[id] = nil
        if call('LPUSH', P .. 'r:' .. job.priority .. ':' .. job.tenant, id) == 1 then
          enter(job.priority, { job.tenant })
          levels[tonumber(job.priority)] = true
        end
      elseif what == 'q' or what == 'b' then
        enter_lane(name, job, now, 'LPUSH')
        stop_at(what, at, job.cost)
      elseif what == name then
        enter_lane(name, job, at, 'LPUSH')
        return
      elseif what then
        enter_lane(what, job, at)
      end
    end
  end
  if not stop then park(name, now, 'XX') end
end

-- ---- the ring ----

-- Take from the lists of the tenants in front: their ids first, all jobs with one look, then who may start. all: the ring
-- has nobody else.
local function visit(priority, front, most, all)
  local alone = all and #front == 2
  local visits, ids, back = {}, {}, {}
  for i = 1, #front, 2 do
    local name, virtual = front[i], tonumber(front[i + 1])
    local tenant = anything_set and tenant_of(name)
    local share = math.min(alone and most or SHARE, most - #ids)
    if tenant and tenant.cap then share = math.min(share, tenant.cap - runs('t:' .. name)) end
    if #ids >= most then
      back[#back + 1] = virtual
      back[#back + 1] = name
    elseif share <= 0 then
      park_tenant(name, priority, virtual, now + AGAIN)
    else
      looks = looks + 1
      local list = call('LPOP', P .. 'r:' .. priority .. ':' .. name, share)
      if list then
        visits[#visits + 1] = { name = name, virtual = virtual, weight = tenant and tenant.weight or 1, from = #ids + 1,
                                to = #ids + #list, emptied = #list < share }
        for _, id in ipairs(list) do ids[#ids + 1] = id end
      end
    end
  end
  local jobs = #ids > 0 and jobs_of(ids) or {}
  for _, of in ipairs(visits) do
    local taken, parked_until, returned = 0, nil, {}
    for i = of.from, of.to do
      local job, what, at = jobs[i], nil, nil
      if job then
        job.priority, job.tenant = priority, of.name
        if parked_until then what = 't'
        elseif stop then what = 'q'
        elseif anything_set or job.key ~= '' then what, at = admit(job) end
        if not what then
          grant(job)
          taken = taken + 1
        elseif what == 't' or what == 'q' or what == 'b' then
          mine[job.id] = nil
          table.insert(returned, 1, job.id)
          if what == 't' then parked_until = parked_until or at
          elseif not stop then stop_at(what, at, job.cost) end
        else
          enter_lane(what, job, at)
        end
      end
    end
    local list = P .. 'r:' .. priority .. ':' .. of.name
    if #returned > 0 then call('LPUSH', list, unpack(returned)) end
    local virtual = of.virtual + taken / of.weight
    if parked_until then
      park_tenant(of.name, priority, virtual, parked_until)
    elseif not alone or #returned > 0 or not of.emptied and call('EXISTS', list) == 1 then
      -- Among others it stays also when its list is empty now, and keeps its virtual time until its turn would come:
      -- else who comes with one job at a time would always be first.
      back[#back + 1] = virtual
      back[#back + 1] = of.name
    end
  end
  if #back > 0 then
    call('ZADD', P .. 'ring:' .. priority, unpack(back))
  elseif all then
    levels[priority] = false
    call('HDEL', P .. 'm', 'l' .. priority)
  end
end

-- Up to most jobs of a level. True when it has no more for now.
local function serve(priority, most)
  local before = #out
  while levels[priority] and #out - before < most and looks < LOOKS and not stop do
    local left = most - (#out - before)
    local several = math.min(16, left + 1)
    local front = call('ZPOPMIN', P .. 'ring:' .. priority, several)
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
    if some[1] then serve(some[1].priority, want - #out) end
    return
  end
  local kept = call('HMGET', P .. 'lvl', '1', '2', '3', 'clock')
  local clock = tonumber(kept[4]) or 0
  for _, level in ipairs(some) do
    level.virtual = math.max(tonumber(kept[level.priority]) or 0, clock)
    level.weight = level_weight(level.priority)
  end
  while #out < want and looks < LOOKS and not stop and #some > 0 do
    local at = 1
    for i = 2, #some do if some[i].virtual < some[at].virtual then at = i end end
    local level, before = some[at], #out
    clock = level.virtual
    local empty = serve(level.priority, math.min(SHARE, want - #out))
    level.virtual = level.virtual + (#out - before) / level.weight
    call('HSET', P .. 'lvl', level.priority, level.virtual, 'clock', clock)
    if empty then table.remove(some, at) end
  end
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
  leave(known)
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

local room = cfg.cap and tonumber(cfg.cap) - call('ZCARD', P .. 'lease')
local lanes, looked = {}, not next_due or next_due <= now
if looked then
  local lease_due, delay_due, park_due = first_due('lease'), first_due('dl'), first_due('park')
  if lease_due and lease_due <= now then
    take_back_leases()
    room = cfg.cap and tonumber(cfg.cap) - call('ZCARD', P .. 'lease')
  end
  if delay_due and delay_due <= now then promote() end
  if park_due and park_due <= now then
    for _, name in ipairs(call('ZRANGEBYSCORE', P .. 'park', '-inf', whole(now), 'LIMIT', 0, 16)) do
      if string.sub(name, 1, 2) == 't:' then unpark_tenant(name) else lanes[#lanes + 1] = name end
    end
  end
end
if room then want = math.min(want, room) end
if want > 0 then
  serve(0, want)
  for _, name in ipairs(lanes) do
    if #out < want and not stop then serve_lane(name) end
  end
  if #out < want and not stop then serve_levels() end
end

for _, of in pairs(limits) do
  if of.tat > micros then call('SET', P .. 'l:' .. of.name, whole(of.tat), 'PX', math.ceil((of.tat - micros) / 1000) + 1000) end
end
local reply = { #out > 0 and stamp or '0', -1, need }
if #out > 0 then
  call('SET', P .. 'ep', stamp)
  call('ZADD', P .. 'lease', unpack(leases))
  call('HSET', P .. 'own', unpack(owns))
  count('SADD', given)
  local lost = any_lost and call('HMGET', P .. 'lost', unpack(out)) or {}
  for i, job in ipairs(given) do
    reply[3 * i + 1] = job.id
    reply[3 * i + 2] = job.packed
    reply[3 * i + 3] = lost[i] or ''
  end
  soon(now + lease)
end

-- When something may be ready: a delayed job, a lease that may run out, one who is parked.
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
if parked and not flags[9] then mark('park') end

-- Somebody else may take what is left; else what the queue's own limit allows.
soon(stopped_until)
local left = levels[0] or levels[1] or levels[2] or levels[3]
if left and not stop and not (room and #out >= room) then
  if #out < want then soon(now) end
  wake()
elseif odd and not left and not parked then
  call('HDEL', P .. 'm', 'odd') -- no list has anything
end
if soonest then reply[2] = math.max(0, math.ceil(soonest - now)) end
return reply
