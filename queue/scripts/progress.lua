-- SPDX-License-Identifier: GPL-3.0-or-later
-- progress: the latest progress of running jobs. ARGV = worker, then id, epoch, percent, ... Kept an hour, and told to
-- whoever listens on the channel "mr1:job:ID"; which they were, on "mr1:jobs". Of a job that is not this worker's any more, nothing is written.
script('progress', {}, function(ARGV)
  local moved = {}
  for i = 2, #ARGV, 3 do
    local id, epoch, percent = ARGV[i], ARGV[i + 1], ARGV[i + 2]
    local held, owner = string.match(call('HGET', P .. 'own', id) or '', '^(%d+)|([^|]*)|')
    if held == epoch and owner == ARGV[1] then
      call('SET', P .. 'p:' .. id, percent, 'EX', 3600)
      call('PUBLISH', 'mr1:job:' .. id, percent)
      moved[#moved + 1] = id
    end
  end
  if moved[1] then call('PUBLISH', 'mr1:jobs', 'moved ' .. table.concat(moved, ' ')) end
  mark('prog')
  return 1
end)
