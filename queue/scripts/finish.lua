-- SPDX-License-Identifier: GPL-3.0-or-later
-- finish: give leases back, after the outcome was committed. ARGV = worker, n, then n of id, epoch, due (at most 64), then
-- pairs of a counter's name and what to add to it. due: '' forgets the job (it has ended); a time in ms makes it ready
-- again then, '0' at once. Returns one number a job: 1 done, 0 when it was not this worker's any more (nothing is changed
-- then). Whose lease ran out before is told until the job has ended: who was told may have failed to write it down.
local worker, n = ARGV[1], tonumber(ARGV[2])
local ids, reply, mine = {}, {}, {}
for i = 1, n do ids[i] = ARGV[3 * i] end

local function mine_of(owns, packs)
  for i, id in ipairs(ids) do
    local held, owner = string.match(owns[i] or '', '^(%d+)|([^|]*)|')
    reply[i] = held == ARGV[3 * i + 1] and owner == worker and 1 or 0
    if reply[i] == 1 then
      local job = packs[i] and unpack_job(id, packs[i]) or { id = id }
      job.back = ARGV[3 * i + 2]
      mine[#mine + 1] = job
    end
  end
end
if n > 0 then mine_of(call('HMGET', P .. 'own', unpack(ids)), call('HMGET', P .. 'j', unpack(ids))) end

local held, known, ended, progress, ready, delayed = {}, {}, {}, {}, {}, {}
for i, job in ipairs(mine) do
  held[i] = job.id
  if job.tenant then known[#known + 1] = job end
  if job.back == '' or not job.tenant then
    ended[#ended + 1] = job.id
    progress[#progress + 1] = P .. 'p:' .. job.id
  elseif tonumber(job.back) > now then
    delayed[#delayed + 1] = job.back
    delayed[#delayed + 1] = job.id
  else
    ready[#ready + 1] = job
  end
end
if #held > 0 then
  call('ZREM', P .. 'lease', unpack(held))
  call('HDEL', P .. 'own', unpack(held))
  leave(known)
end
if #ended > 0 then
  call('HDEL', P .. 'j', unpack(ended))
  call('HDEL', P .. 'lost', unpack(ended))
  call('SREM', P .. 'cx', unpack(ended))
  call('UNLINK', unpack(progress))
end
if #delayed > 0 then call('ZADD', P .. 'dl', unpack(delayed)) end
line_up(ready)
-- Somebody may run now who could not before: the queue's own cap is looked at by no other.
if #ready > 0 or #delayed > 0 or #held > 0 and call('HEXISTS', P .. 'cfg', 'cap') == 1 or
   call('EXISTS', P .. 'park') == 1 then wake() end
for i = 3 + 3 * n, #ARGV, 2 do call('HINCRBY', P .. 'n', ARGV[i], ARGV[i + 1]) end
return reply
