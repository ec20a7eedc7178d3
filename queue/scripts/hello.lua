-- SPDX-License-Identifier: GPL-3.0-or-later
-- hello: a worker tells that it lives and what it does. ARGV = worker, information (JSON; '' when it leaves). Returns
-- 'drain' when an operator wants it to finish its jobs and end, else 'ok'. Who has been silent for five minutes is
-- forgotten.
script('hello', { 'allow-oom' }, function(ARGV)
  read_clock()
  local worker, information = ARGV[1], ARGV[2]
  for _, name in ipairs(call('ZRANGEBYSCORE', P .. 'who', '-inf', now - 300000, 'LIMIT', 0, 64)) do
    call('ZREM', P .. 'who', name)
    call('HDEL', P .. 'info', name)
    call('SREM', P .. 'drain', name)
  end
  if information == '' then
    call('ZREM', P .. 'who', worker)
    call('HDEL', P .. 'info', worker)
    call('SREM', P .. 'drain', worker)
    wake() -- it may have been woken and have gone without looking
    return 'ok'
  end
  call('ZADD', P .. 'who', whole(now), worker)
  call('HSET', P .. 'info', worker, information)
  return call('SISMEMBER', P .. 'drain', worker) == 1 and 'drain' or 'ok'
end)
