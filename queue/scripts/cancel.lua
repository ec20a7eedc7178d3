-- SPDX-License-Identifier: GPL-3.0-or-later
-- cancel: ARGV = id, mode. mode 'look' tells where the job is: 'running', 'waiting' or 'unknown'. mode 'ask' flags a
-- running job, so that its worker's next touch hears of it; mode 'drop' forgets a waiting job whose end has been committed
-- (its id may stay in a list; reserve drops it there), and tells that it has ended on the channel "mr1:jobs".
script('cancel', { 'allow-oom' }, function(ARGV)
  local id, mode = ARGV[1], ARGV[2]
  if call('HEXISTS', P .. 'own', id) == 1 then
    if mode == 'ask' then
      call('SADD', P .. 'cx', id)
      mark('cx')
    end
    return 'running'
  end
  if mode == 'drop' then call('PUBLISH', 'mr1:jobs', 'ended ' .. id) end
  if call('HEXISTS', P .. 'j', id) == 0 then return 'unknown' end
  if mode == 'drop' then
    call('HDEL', P .. 'j', id)
    call('UNLINK', P .. 'p:' .. id)
    call('ZREM', P .. 'dl', id)
    call('HDEL', P .. 'lost', id)
    call('SREM', P .. 'cx', id)
    mark('odd')
    call('HDEL', P .. 'm', 'next')
  end
  return 'waiting'
end)
