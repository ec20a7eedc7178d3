-- SPDX-License-Identifier: GPL-3.0-or-later
-- settings: what reserve goes by, all of it: ARGV = version, then name, value, ... (at most 1,000 pairs). Names and values
-- are those of table queue_setting. An older version than the one that is here changes nothing: of two that tell Redis at
-- once the last word is the database's. Returns 1 when it was taken.
script('settings', { 'allow-oom' }, function(ARGV)
  local version = tonumber(ARGV[1])
  if version < (tonumber(call('HGET', P .. 'cfg', 'version')) or 0) then return 0 end
  call('DEL', P .. 'cfg')
  if #ARGV > 1 then mark('cfg') else call('HDEL', P .. 'm', 'cfg') end
  call('HSET', P .. 'cfg', 'version', ARGV[1])
  for i = 2, #ARGV, 2 do
    call('HSET', P .. 'cfg', ARGV[i], ARGV[i + 1])
    local family = string.match(ARGV[i], '^%a+%.(%a+):') or string.match(ARGV[i], '^(weight):')
    if family then call('HSET', P .. 'cfg', 'some.' .. family, 1) end
  end
  wake()
  return 1
end)
