-- SPDX-License-Identifier: GPL-3.0-or-later
-- tokens: a rate limit that several queues share. KEYS[1] = the limiter's prefix "mr1:{l:NAME}:"; ARGV = mode, number.
-- 'take': hands out up to number tokens, but none below a third word (1 when there is none), which is what the first job
-- costs; what costs more than the burst is handed out when all is earned. Returns {granted, ms until it is worth to ask
-- again}. 'back': number tokens were not used. 'block': none for number ms (what a provider's Retry-After says). 'rate'
-- with a third word, the burst: number units a second, '' for no limit. Without a rate there is no limit. GCRA (generic
-- cell rate algorithm): `tat` is when all that was handed out will have been earned, in microseconds; it may be at most
-- the burst ahead of the clock.
-- Until when nothing is handed out, with the time at which that was said: a clock that goes back makes it no longer.
local function blocked_until()
  local till, said = string.match(call('GET', P .. 'block') or '', '^(%d+)|(%d+)$')
  if not till then return 0 end
  return tonumber(till) - math.max(0, tonumber(said) - micros)
end

local function block_until(till)
  call('SET', P .. 'block', whole(till) .. '|' .. whole(micros), 'PX', math.max(1, math.ceil((till - micros) / 1000)))
end

script('tokens', { 'allow-oom' }, function(ARGV)
  read_clock()
  local mode, n = ARGV[1], tonumber(ARGV[2])
  if mode == 'rate' then
    if ARGV[2] == '' then call('UNLINK', P .. 'rate') else call('SET', P .. 'rate', ARGV[2] .. '|' .. ARGV[3]) end
    return { 1, 0 }
  end
  local blocked = blocked_until()
  if mode == 'block' then
    block_until(math.max(blocked, micros + n * 1000))
    return { 1, 0 }
  end
  if blocked > micros then block_until(blocked) end
  local wait = math.max(0, math.ceil((blocked - micros) / 1000))
  local rate, burst = string.match(call('GET', P .. 'rate') or '', '^([%d.]+)|(%d+)$')
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
