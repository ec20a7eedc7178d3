-- SPDX-License-Identifier: GPL-3.0-or-later
-- put: make jobs known. ARGV = id, packed, id, packed, ... (at most 64). Idempotent by id: a known id is left alone.
-- Returns how many were new. A malformed one refuses the whole batch. While a rebuild wipes the queue nothing is put: it
-- puts all open jobs when it is through.
-- An id that is none would come to every worker, none of whom could ask for its job.
local ID = '^%x%x%x%x%x%x%x%x%-%x%x%x%x%-%x%x%x%x%-%x%x%x%x%-%x%x%x%x%x%x%x%x%x%x%x%x$'
local WHERE = '^1|([0-3])|[^|]*|(%d+)|%d+|[^|]*|%d+|(.+)$' -- of a packed job, what says where it goes

script('put', {}, function(ARGV)
  read_clock()
  local ids, jobs = {}, {}
  for i = 1, #ARGV, 2 do
    local id, priority, due, tenant = ARGV[i], string.match(ARGV[i + 1], WHERE)
    if not priority or not string.find(id, ID) then return redis.error_reply('MALFORMED job ' .. id) end
    ids[#ids + 1] = id
    jobs[#jobs + 1] = { id = id, packed = ARGV[i + 1], priority = priority, due = tonumber(due), tenant = tenant }
  end
  if #ids == 0 then return 0 end

  ids[#ids + 1] = 'wiping'
  local known = call('HMGET', P .. 'j', unpack(ids))
  if known[#ids] then return 0 end
  local seen, packs, ready, delayed, soonest = {}, {}, {}, {}, nil
  for i, job in ipairs(jobs) do
    if not known[i] and not seen[job.id] then
      seen[job.id] = true
      packs[#packs + 1] = job.id
      packs[#packs + 1] = job.packed
      if job.due > now then
        delayed[#delayed + 1] = whole(job.due)
        delayed[#delayed + 1] = job.id
        if not soonest or job.due < soonest then soonest = job.due end
      else
        ready[#ready + 1] = job
      end
    end
  end
  if #packs == 0 then return 0 end
  call('HSET', P .. 'j', unpack(packs))
  call('HINCRBY', P .. 'n', 'put', #packs / 2)
  line_up(ready)
  if soonest then
    call('ZADD', P .. 'dl', unpack(delayed))
    due_at(soonest)
  end

  -- Wake a waiting worker: at once for a ready job, also for a delayed one that is now the next due, since the waiters'
  -- time-outs were computed without it.
  if #ready > 0 or soonest and call('ZCOUNT', P .. 'dl', '-inf', '(' .. whole(soonest)) == 0 then wake() end
  return #packs / 2
end)
