-- SPDX-License-Identifier: GPL-3.0-or-later
-- touch: renew leases. ARGV = lease in ms, worker, run id, then id, epoch, packed, ... (at most 64). Returns one text a
-- job: 'ok'; 'lost' (it is somebody else's, or nobody's: write nothing more); 'cancel' (renewed, but asked to stop); 'late'
-- (past its deadline: not renewed, stop it). While the queue is closed (no `gen`, or that of another run of this server) a
-- lease that nobody holds, or one that is older, is taken back by who says it has it: so live workers carry their jobs
-- over a loss of Redis, a whole one or one of its last second. While a rebuild wipes the queue nothing is written: it waits
-- afterwards until all have said again what they hold.
local function take_back(job, worker, epoch)
  call('HSET', P .. 'j', job.id, job.packed)
  call('HSET', P .. 'own', job.id, epoch .. '|' .. worker .. '|' .. whole(now + job.deadline * 1000))
  call('ZREM', P .. 'dl', job.id)
  count('SADD', { job }, call('HGET', P .. 'm', 'caps'))
  mark('odd')
  if tonumber(epoch) > (tonumber(call('GET', P .. 'ep')) or 0) then call('SET', P .. 'ep', epoch) end
end

script('touch', { 'allow-oom' }, function(ARGV)
  read_clock()
  local lease, worker, run = tonumber(ARGV[1]), ARGV[2], ARGV[3]
  local closed, ids, reply, renewed = not open_for(run), {}, {}, {}
  for i = 4, #ARGV, 3 do ids[#ids + 1] = ARGV[i] end
  if #ids == 0 then return reply end

  if closed then
    if call('HEXISTS', P .. 'j', 'wiping') == 1 then
      for i = 1, #ids do reply[i] = 'ok' end
      return reply
    end
    for i = 1, #ids do
      local epoch, own = ARGV[3 * i + 2], call('HGET', P .. 'own', ids[i])
      local job = unpack_job(ids[i], ARGV[3 * i + 3])
      if job and tonumber(string.match(own or '0|', '^(%d+)|')) < tonumber(epoch) then take_back(job, worker, epoch) end
    end
  end

  local owns, asked = call('HMGET', P .. 'own', unpack(ids)), call('SMISMEMBER', P .. 'cx', unpack(ids))
  for i, id in ipairs(ids) do
    local held, owner, hard = string.match(owns[i] or '', '^(%d+)|([^|]*)|(%d+)$')
    if held ~= ARGV[3 * i + 2] or owner ~= worker then
      reply[i] = 'lost'
    elseif tonumber(hard) + lease < now then
      reply[i] = 'late'
    else
      renewed[#renewed + 1] = whole(now + lease)
      renewed[#renewed + 1] = id
      reply[i] = asked[i] == 1 and 'cancel' or 'ok'
    end
  end
  if #renewed > 0 then
    call('ZADD', P .. 'lease', unpack(renewed))
    if closed then due_at(now + lease) end
  end
  return reply
end)
