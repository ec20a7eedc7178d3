-- SPDX-License-Identifier: GPL-3.0-or-later
-- tokens: a rate limit that several queues share. KEYS[1] = the limiter's prefix "mr1:{l:NAME}:"; ARGV = mode, number.
-- 'take': hands out up to number tokens, but none below a third word (1 when there is none), which is what the first job
-- costs; what costs more than the burst is handed out when all is earned. Returns {granted, ms until it is worth to ask
-- again}. 'back': number tokens were not used. 'block': none for number ms (what a provider's Retry-After says). 'rate'
-- with a third word, the burst: number units a second, '' for no limit. Without a rate there is no limit. GCRA (generic
-- cell rate algorithm): `tat` is when all that was handed out will have been earned, in microseconds; it may be at most
-- the burst ahead of the clock, but for turns that are kept. 'block' with 0 ends a block. 'turn' with a job's id: one token, or
-- {0, ms until its turn comes}, which is kept for it. Time that is blocked does not count: what was to come then, and all
-- that was to come behind it, comes later by as much, in the same order; and earlier again when the block is ended.
local LINE, GRACE = 3600 * 1000000, 900 * 1000
local OUTLIVES = '10800000' -- ms that are longer than any turn is kept
-- Until when nothing is handed out, with the time at which that was said: a clock that goes back makes it no longer.
local function blocked_until()
  local till, said = string.match(call('GET', P .. 'block') or '', '^(%d+)|(%d+)$')
  if not till then return 0 end
  return tonumber(till) - math.max(0, tonumber(said) - micros)
end

local function block_until(till)
  call('SET', P .. 'block', whole(till) .. '|' .. whole(micros), 'PX', math.max(1, math.ceil((till - micros) / 1000)))
end

local function ms_until(at) return math.max(1, math.ceil((at - micros) / 1000)) end

-- For how long blocks have held the limiter up so far: turns that were given before are later by what has been added since.
local function held_up() return tonumber(call('GET', P .. 'held') or 0) end

local function rate_and_burst() return string.match(call('GET', P .. 'rate') or '', '^([%d.]+)|(%d+)$') end

-- Blocks are longer by so much, or shorter.
local function hold_up(more)
  local rate = rate_and_burst()
  call('SET', P .. 'held', whole(held_up() + more), 'PX', OUTLIVES)
  if not rate then return end
  local step = 1000000 / tonumber(rate)
  local tat = earned_at(call('GET', P .. 'tat'), step)
  if tat > micros then remember_earned(P .. 'tat', tat + more, step) end
end

-- When a kept turn comes, nil when none is kept: "THEN|NOW|HELD|STEP", so that a clock that goes back takes it along, and it
-- comes sooner when the rate is raised. free: nobody's comes before.
local function kept_until(kept, step, free)
  local at, said, held, old = string.match(kept or '', '^(%d+)|(%d+)|(-?%d+)|([%d.]+)$')
  if not at then return nil end
  at = tonumber(at) - math.max(0, tonumber(said) - micros) + held_up() - tonumber(held)
  return free + math.max(0, at - free) * (step / tonumber(old))
end

local function keep(key, at, step)
  local held = held_up()
  call('SET', key, whole(at) .. '|' .. whole(micros) .. '|' .. whole(held) .. '|' .. string.format('%.6f', step), 'PX',
       ms_until(at) + GRACE)
  if held ~= 0 then call('PEXPIRE', P .. 'held', OUTLIVES) end
end

-- A job's turn. When it cannot have it now it is kept for the job, and nobody else gets it: so those who wait come one after
-- the other, each once, instead of all together time and again. Who does not come for his turn has lost it.
local function turn(id, blocked)
  local key, free, rate, burst = P .. 'turn:' .. id, math.max(micros, blocked), rate_and_burst()
  local step = rate and 1000000 / tonumber(rate) or 0
  local at = kept_until(call('GET', key), step, free)
  if not at and rate then
    local tat = math.max(earned_at(call('GET', P .. 'tat'), step), free) + step
    at = math.max(free, tat - tonumber(burst) * step)
    if at > free + LINE then return { 0, LINE / 1000 } end
    remember_earned(P .. 'tat', tat, step)
  end
  at = at or free
  if at <= micros + 0.5 then
    call('UNLINK', key)
    return { 1, 0 }
  end
  if rate then keep(key, at, step) end
  return { 0, ms_until(at) }
end

script('tokens', { 'allow-oom' }, function(ARGV)
  read_clock()
  local mode, n = ARGV[1], tonumber(ARGV[2])
  if mode == 'rate' then
    if ARGV[2] == '' then call('UNLINK', P .. 'rate') else call('SET', P .. 'rate', ARGV[2] .. '|' .. ARGV[3]) end
    return { 1, 0 }
  end
  local blocked = blocked_until()
  if mode == 'block' and n == 0 then
    call('UNLINK', P .. 'block')
    if blocked > micros then hold_up(micros - blocked) end
    return { 1, 0 }
  elseif mode == 'block' then
    local till, free = micros + n * 1000, math.max(micros, blocked)
    block_until(math.max(blocked, till))
    if till > free then hold_up(till - free) end
    return { 1, 0 }
  end
  if blocked > micros then block_until(blocked) end
  if mode == 'turn' then return turn(ARGV[2], blocked) end
  local wait = math.max(0, math.ceil((blocked - micros) / 1000))
  local rate, burst = rate_and_burst()
  if not rate then return { wait > 0 and mode == 'take' and 0 or n, wait } end
  local step, least = 1000000 / tonumber(rate), tonumber(ARGV[3] or 1)
  local room, tat = tonumber(burst) * step, earned_at(call('GET', P .. 'tat'), step)
  if mode == 'back' then
    tat = math.max(micros, tat - n * step)
  elseif wait > 0 then
    return { 0, wait }
  else
    local most = math.floor((micros + room - tat) / step + 1e-6)
    if least > tonumber(burst) and tat <= micros + 0.5 then most = least end
    n = most < least and 0 or math.min(n, most)
    tat = tat + n * step
  end
  remember_earned(P .. 'tat', tat, step)
  return { n, math.max(0, math.ceil((tat + math.min(least * step, room) - room - micros) / 1000)) }
end)
