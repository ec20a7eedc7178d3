-- SPDX-License-Identifier: GPL-3.0-or-later
-- tokens: a rate limit that several queues share. KEYS[1] = the limiter's prefix "mr1:{l:NAME}:"; ARGV = mode, number.
-- 'take': hands out up to number tokens; returns {granted, ms until there is another}. 'back': number tokens were not
-- used. 'block': none for number ms (what a provider's Retry-After says). 'rate' with a third word, the burst: number
-- units a second, '' for no limit. Without a rate there is no limit. GCRA (generic cell rate algorithm): `tat` is when
-- all that was handed out will have been earned, in microseconds; it may be at most the burst ahead of the clock.
local mode, n = ARGV[1], tonumber(ARGV[2])
local micros = time[1] * 1000000 + time[2]
if mode == 'rate' then
  if ARGV[2] == '' then call('UNLINK', P .. 'rate') else call('SET', P .. 'rate', ARGV[2] .. '|' .. ARGV[3]) end
  return { 1, 0 }
end
if mode == 'block' then
  if n > (call('PTTL', P .. 'block')) then call('SET', P .. 'block', 1, 'PX', math.max(1, n)) end
  return { 1, 0 }
end
local rate, burst = string.match(call('GET', P .. 'rate') or '', '^([%d.]+)|(%d+)$')
local blocked = call('PTTL', P .. 'block')
if not rate then return { blocked > 0 and mode == 'take' and 0 or n, math.max(0, blocked) } end
local step = 1000000 / tonumber(rate)
local tat = math.max(tonumber(call('GET', P .. 'tat')) or 0, micros)
if mode == 'back' then
  tat = math.max(micros, tat - n * step)
elseif blocked > 0 then
  return { 0, blocked }
else
  n = math.min(n, math.max(0, math.floor((micros + tonumber(burst) * step - tat) / step + 1e-6)))
  tat = tat + n * step
end
if tat > micros then
  call('SET', P .. 'tat', whole(tat), 'PX', math.ceil((tat - micros) / 1000) + 1000)
else
  call('UNLINK', P .. 'tat')
end
return { n, math.max(0, math.ceil((tat + step - tonumber(burst) * step - micros) / 1000)) }
