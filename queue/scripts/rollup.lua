-- SPDX-License-Identifier: GPL-3.0-or-later
-- rollup: one minute of a queue. ARGV = minute (since 1970). Returns {waiting, running, delayed, put, done, failed, buried}:
-- the first three as they are now, the others what was counted since the last minute that was asked for. Hash roll keeps what
-- had been counted by then. Asked again for the same minute it says the same again, so that two who ask do no harm.
local function answer(said)
  local reply = {}
  for number in string.gmatch(said, '%d+') do reply[#reply + 1] = tonumber(number) end
  return reply
end

local function counted()
  local sums, counters = { put = 0, done = 0, failed = 0, buried = 0 }, call('HGETALL', P .. 'n')
  for i = 1, #counters, 2 do
    local what = string.match(counters[i], '^(%l+):[^:]*$') or counters[i]
    if sums[what] then sums[what] = sums[what] + tonumber(counters[i + 1]) end
  end
  return sums
end

script('rollup', { 'allow-oom' }, function(ARGV)
  read_clock()
  local before, kept = {}, call('HGETALL', P .. 'roll')
  for i = 1, #kept, 2 do before[kept[i]] = kept[i + 1] end
  if before.minute == ARGV[1] then return answer(before.said) end

  local sums, delayed, running = counted(), call('ZCARD', P .. 'dl'), call('ZCARD', P .. 'lease')
  local said = { whole(math.max(0, call('HLEN', P .. 'j') - delayed - running)), whole(running), whole(delayed) }
  local words = { 'minute', ARGV[1] }
  for _, what in ipairs({ 'put', 'done', 'failed', 'buried' }) do
    local last = tonumber(before[what]) or 0
    -- Counters that were lost begin again at nothing.
    said[#said + 1] = whole(sums[what] >= last and sums[what] - last or sums[what])
    words[#words + 1] = what
    words[#words + 1] = whole(sums[what])
  end
  words[#words + 1] = 'said'
  words[#words + 1] = table.concat(said, ' ')
  call('HSET', P .. 'roll', unpack(words))
  return answer(words[#words])
end)
