-- SPDX-License-Identifier: GPL-3.0-or-later
-- settings: what reserve goes by, all of it: ARGV = version, then name, value, ... (at most 1,000 pairs). Names and values
-- are those of table queue_setting. An older version than the one that is here changes nothing: of two that tell Redis at
-- once the last word is the database's. Returns 1 when it was taken.

-- From now on it is counted how many of each tenant and kind run. It stays so, until a rebuild, when no caps are set any more.
local function count_all()
  local ids = call('ZRANGE', P .. 'lease', 0, -1)
  for from = 1, #ids, 64 do
    local some, jobs = { unpack(ids, from, math.min(from + 63, #ids)) }, {}
    for i, packed in ipairs(call('HMGET', P .. 'j', unpack(some))) do
      if packed then jobs[#jobs + 1] = unpack_job(some[i], packed) end
    end
    count('SADD', jobs, true)
  end
  mark('caps')
end

script('settings', { 'allow-oom' }, function(ARGV)
  local version = tonumber(ARGV[1])
  if version < (tonumber(call('HGET', P .. 'cfg', 'version')) or 0) then return 0 end
  call('DEL', P .. 'cfg')
  if #ARGV > 1 then mark('cfg') else call('HDEL', P .. 'm', 'cfg') end
  call('HSET', P .. 'cfg', 'version', ARGV[1])
  local caps
  for i = 2, #ARGV, 2 do
    call('HSET', P .. 'cfg', ARGV[i], ARGV[i + 1])
    local family = string.match(ARGV[i], '^%a+%.(%a+):') or string.match(ARGV[i], '^(weight):')
    if family then call('HSET', P .. 'cfg', 'some.' .. family, 1) end
    caps = caps or string.find(ARGV[i], '^cap%.tenant') or string.find(ARGV[i], '^cap%.kind')
  end
  if caps and call('HEXISTS', P .. 'm', 'caps') == 0 then count_all() end
  wake()
  return 1
end)
