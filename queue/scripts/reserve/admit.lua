-- SPDX-License-Identifier: GPL-3.0-or-later
-- In front of reserve.lua, which tells its arguments: whether the queue is open, what is set for it, and which jobs may run.
local LOOKS, SHARE, AGAIN, LEVEL = 64, 4, 5000, 1099511627776
local SETTINGS = { 'paused', 'limiter', 'cap', 'rate', 'cap.tenant', 'rate.tenant', 'cap.key', 'level.1', 'level.2', 'level.3',
                   'age', 'some.tenant', 'some.kind', 'some.key', 'some.weight' }
local want, lease, worker, budget, last_epoch -- the last two: nil when there is none
-- What `m` says (its words are told in the prelude), and what has become of it. was_parked: as it was.
local levels, any_lost, odd, next_due, parked, was_parked, caps
local cfg, anything_set

-- Take the arguments, and what is set. Nothing when jobs may be handed out, else what to answer.
local function look_around(ARGV)
  read_clock()
  local run, known = ARGV[4], call('MGET', P .. 'gen', P .. 'ep')
  want, lease, worker, budget = math.min(tonumber(ARGV[1]), LOOKS), tonumber(ARGV[2]), ARGV[3], tonumber(ARGV[5])
  last_epoch = tonumber(known[2] or nil)
  if not is_of_run(known[1], run) then return { '0', -2, 0 } end

  local flags = call('HMGET', P .. 'm', 'l0', 'l1', 'l2', 'l3', 'cfg', 'lost', 'odd', 'next', 'park', 'caps')
  levels, any_lost, odd = { [0] = flags[1], flags[2], flags[3], flags[4] }, flags[6], flags[7]
  next_due, parked, was_parked, caps = tonumber(flags[8] or nil), flags[9], flags[9], flags[10]
  cfg, anything_set = NONE, flags[5]
  if anything_set then
    cfg = {}
    for i, value in ipairs(call('HMGET', P .. 'cfg', unpack(SETTINGS))) do cfg[SETTINGS[i]] = value or nil end
    if cfg.paused then return { '0', -3, 0 } end
    if cfg.limiter and not budget then return { '0', -4, cfg.limiter } end
  end
end

-- ---- what may run: caps and rates ----

local limits, running, limited -- limited: somebody has been stopped by a rate
local settings -- of tenants, kinds and keys
-- What is known of a lane: 'none', 'waits', 'ring' (it has its turns), 'held' (at its cap or limit).
local lanes

local function admit_anew()
  limits, running, limited, settings, lanes = {}, {}, false, {}, {}
end

-- The limiter called name with its rate "units a second|burst" (GCRA, as in tokens.lua).
local function limiter(name, rate)
  local of = limits[name]
  if not of then
    local a_second, burst = string.match(rate, '^([%d.]+)|(%d+)$')
    local step = 1000000 / tonumber(a_second)
    of = { step = step, room = tonumber(burst) * step, name = name, tat = earned_at(call('GET', P .. 'l:' .. name), step) }
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

-- Whether jobs wait in a lane: then who comes from the ring waits behind them.
local function lane_waits(name)
  if not parked then return false end
  if not lanes[name] then lanes[name] = call('EXISTS', P .. 'w:' .. name) == 1 and 'waits' or 'none' end
  return lanes[name] ~= 'none'
end

-- Why a job may not start now: nil, or what it waits for ('t' its tenant, 'q' the queue, 'b' the budget, else the name of
-- the lane of its kind or key) and when to look again; and whether it only waits for those before it. When it may, it is
-- charged. turn: it comes from a lane.
local function admit(job, turn)
  local tenant, kind, charged, at = tenant_of(job.tenant), setting_of('kind', job.kind), {}, nil
  local function pass(name, rate)
    if not rate then return true end
    local of = limiter(name, rate)
    local early = too_early(of, job.cost)
    -- A rate may be raised, so that nobody is left alone for long.
    at = early and math.min(early, now + AGAIN)
    charged[#charged + 1] = of
    if early then limited = true end
    return not early
  end
  if tenant.cap and runs('t:' .. job.tenant) >= tenant.cap then return 't', now + AGAIN end
  if kind.cap and runs('k:' .. job.kind) >= kind.cap then return 'k:' .. job.kind, now + AGAIN end
  if (kind.cap or kind.rate) and not turn and lane_waits('k:' .. job.kind) then return 'k:' .. job.kind, now + AGAIN, true end
  if job.key ~= '' then
    local key = setting_of('key', job.key, cfg['cap.key'] or 1)
    if runs('y:' .. job.key) >= key.cap then return 'y:' .. job.key, now + AGAIN end
    if not turn and lane_waits('y:' .. job.key) then return 'y:' .. job.key, now + AGAIN, true end
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
