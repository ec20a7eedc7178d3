-- SPDX-License-Identifier: GPL-3.0-or-later
-- drain: ask workers to end once their jobs have. ARGV = at most 64 names. They hear it with their next hello. Of those that
-- are not there nothing is kept: names are not used twice, so it would stay for ever. Returns how many were asked.
script('drain', { 'allow-oom' }, function(ARGV)
  local asked = 0
  for _, worker in ipairs(ARGV) do
    if call('ZSCORE', P .. 'who', worker) then
      call('SADD', P .. 'drain', worker)
      asked = asked + 1
    end
  end
  return asked
end)
