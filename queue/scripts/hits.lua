-- SPDX-License-Identifier: GPL-3.0-or-later
-- hits: count a request in windows of the front's rate limits. ARGV = window, seconds it is kept, ... The one key is the
-- prefix of who is counted, "mr1:{rl:PRODUCT:WHO}:". Returns how many each window has counted, with this one.
script('hits', {}, function(ARGV)
  local counts = {}
  for i = 1, #ARGV, 2 do
    local n = call('INCR', P .. ARGV[i])
    if n == 1 then call('EXPIRE', P .. ARGV[i], ARGV[i + 1]) end
    counts[#counts + 1] = n
  end
  return counts
end)
