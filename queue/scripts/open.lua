-- SPDX-License-Identifier: GPL-3.0-or-later
-- open: whether the queue is open for this run of the server; closing, rebuilding and opening it. ARGV = run id, mode, token,
-- keys. A rebuild belongs to whoever closed the queue, by his token in `rebuild` ("TOKEN|run id", kept 15 s): nobody else's
-- begins beside it, and each step of one that is over (Redis was flushed meanwhile, its leader was held up and another has
-- begun anew) is refused, because what it has put, or waited for, is no longer here.
--   look   1 when open, else 0
--   close  forget `gen`, so that workers re-assert their leases; 0 when somebody else rebuilds
--   forget forget what is known of jobs; 0 when the rebuild is not this one any more. Until `wiped` jobs are neither put nor
--          taken back, for what that would find of lists and sets is going: field `wiping` of `j` says so
--   wipe   unlink keys (at most 1,000), those of lists, lanes and sets. 0 as above
--   wiped  all of them are gone. 0 as above
--   keep   go on. 0 as above
--   open   write `gen`: what Redis holds is whole. 0 as above
script('open', { 'allow-oom' }, function(ARGV)
  local run, mode = ARGV[1], ARGV[2]
  if mode == 'look' then return open_for(run) and 1 or 0 end
  local mine, found = ARGV[3] .. '|' .. run, call('GET', P .. 'rebuild')
  if mode == 'close' then
    if found and found ~= mine and string.sub(found, -#run) == run then return 0 end
    call('SET', P .. 'rebuild', mine, 'PX', 15000)
    call('DEL', P .. 'gen')
    return 1
  end
  if found ~= mine then return 0 end
  call('SET', P .. 'rebuild', mine, 'PX', 15000)
  if mode == 'forget' then
    for _, name in ipairs({ 'j', 'dl', 'lease', 'own', 'park', 'lost', 'cx', 'm', 'lvl' }) do call('UNLINK', P .. name) end
    for priority = 0, 3 do call('UNLINK', P .. 'ring:' .. priority, P .. 'blk:' .. priority) end
    call('HSET', P .. 'j', 'wiping', 1)
    mark('prog') -- that of jobs that run on is kept, and goes with them
  elseif mode == 'wipe' then
    if ARGV[4] then call('UNLINK', unpack(ARGV, 4)) end
  elseif mode == 'wiped' then
    call('HDEL', P .. 'j', 'wiping')
  elseif mode == 'open' then
    call('DEL', P .. 'rebuild')
    call('SET', P .. 'gen', mine)
    wake()
  end
  return 1
end)
