-- SPDX-License-Identifier: GPL-3.0-or-later
-- inspect: look at, and mend, what the other scripts keep in step. ARGV = what, 'look' or 'mend', then items (at most 64).
-- Returns those that are wrong. Mending twice changes nothing more, and each item is judged in this call, so that what
-- others do meanwhile does no harm.
--   jobs: ids that are known, and are neither running nor delayed nor in a list; put to the end of theirs
--   gone: ids whose jobs have ended, that are known and not running; forgotten
--   leases: ids with a lease that nobody owns, or that are delayed as well
--   owned: ids that somebody owns without a lease
--   counts: running ids that are missing in the sets of what runs
--   set: a set's name, then its members: that do not run
--   blocked: a priority, then tenants: that are parked with nothing that would un-park them
--   lanes: names of lanes nobody would look at again
--   seats: lane, seat, ...: jobs in a lane's list that is in no turn
--   lists: "PRIORITY:TENANT": jobs in a list that is in no ring
local mend, group, wrong -- group: the set, or the priority, that is looked at
local function say(item) wrong[#wrong + 1] = item end

-- Whether an id is in a list: near one of its ends, where what has just been moved is.
local function listed(list, id)
  return call('LPOS', list, id, 'MAXLEN', 2000) or call('LPOS', list, id, 'RANK', -1, 'MAXLEN', 2000)
end

local function is_placed(job)
  if call('HEXISTS', P .. 'own', job.id) == 1 or call('ZSCORE', P .. 'dl', job.id) or
     call('ZSCORE', P .. 'lease', job.id) then return true end
  local seat = job.priority .. ':' .. job.tenant
  return listed(P .. 'r:' .. seat, job.id) or listed(P .. 'w:k:' .. job.kind .. '|' .. seat, job.id) or
         job.key ~= '' and listed(P .. 'w:y:' .. job.key .. '|' .. seat, job.id)
end

-- caps: what `m` says.
local function counted_in(job, caps)
  local names = caps and { 't:' .. job.tenant, 'k:' .. job.kind } or {}
  if job.key ~= '' then names[#names + 1] = 'y:' .. job.key end
  return names
end

local check = {}

function check.jobs(id)
  local packed = call('HGET', P .. 'j', id)
  local job = packed and unpack_job(id, packed)
  if not job or is_placed(job) then return end
  say(id)
  if mend then line_up({ job }) end
end

function check.gone(id)
  if call('HEXISTS', P .. 'j', id) == 0 or call('HEXISTS', P .. 'own', id) == 1 then return end
  say(id)
  if mend then
    call('HDEL', P .. 'j', id)
    call('UNLINK', P .. 'p:' .. id)
    call('ZREM', P .. 'dl', id)
    call('HDEL', P .. 'lost', id)
    call('SREM', P .. 'cx', id)
  end
end

function check.leases(id)
  if not call('ZSCORE', P .. 'lease', id) then return end
  if call('HEXISTS', P .. 'own', id) == 0 then
    say(id)
    if mend then call('ZADD', P .. 'lease', 'XX', 1, id) end -- the next reserve takes it back
  elseif call('ZSCORE', P .. 'dl', id) then
    say(id)
    if mend then call('ZREM', P .. 'dl', id) end
  end
end

function check.owned(id)
  if call('HEXISTS', P .. 'own', id) == 0 or call('ZSCORE', P .. 'lease', id) then return end
  say(id)
  if mend then call('ZADD', P .. 'lease', whole(now + 30000), id) end -- who is alive renews it
end

function check.counts(id)
  local packed = call('HEXISTS', P .. 'own', id) == 1 and call('HGET', P .. 'j', id)
  local job = packed and unpack_job(id, packed)
  if not job then return end
  local caps = call('HGET', P .. 'm', 'caps')
  for _, name in ipairs(counted_in(job, caps)) do
    if call('SISMEMBER', P .. 'in:' .. name, id) == 0 then
      say(id)
      if mend then count('SADD', { job }, caps) end
      return
    end
  end
end

function check.set(id)
  if call('HEXISTS', P .. 'own', id) == 1 or call('SISMEMBER', P .. 'in:' .. group, id) == 0 then return end
  say(id)
  if mend then
    call('SREM', P .. 'in:' .. group, id)
    call('ZADD', P .. 'park', 'XX', 0, group)
  end
end

function check.blocked(tenant)
  if not call('ZSCORE', P .. 'blk:' .. group, tenant) or call('ZSCORE', P .. 'park', 't:' .. tenant) then return end
  say(tenant)
  if mend then call('ZADD', P .. 'park', whole(now), 't:' .. tenant) end
end

function check.lanes(name)
  if call('EXISTS', P .. 'w:' .. name) == 0 or call('ZSCORE', P .. 'park', name) then return end
  say(name)
  if mend then call('ZADD', P .. 'park', whole(now), name) end
end

function check.seats(lane, seat)
  if call('EXISTS', P .. 'w:' .. lane .. '|' .. seat) == 0 or call('ZSCORE', P .. 'w:' .. lane, seat) then return end
  say(lane .. '|' .. seat)
  if mend then
    call('ZADD', P .. 'w:' .. lane, whole(tonumber(string.sub(seat, 1, 1)) * 1099511627776), seat)
    call('ZADD', P .. 'park', 'NX', whole(now), lane)
  end
end

function check.lists(name)
  local priority, tenant = string.match(name, '^([0-3]):(.+)$')
  if not priority or call('EXISTS', P .. 'r:' .. name) == 0 or call('ZSCORE', P .. 'ring:' .. priority, tenant) or
     call('ZSCORE', P .. 'blk:' .. priority, tenant) then return end
  say(name)
  if mend then enter(priority, { tenant }) end
end

script('inspect', { 'allow-oom' }, function(ARGV)
  local what = ARGV[1]
  read_clock()
  mend, group, wrong = ARGV[2] == 'mend', ARGV[3], {}
  local first, step = 3, what == 'seats' and 2 or 1
  if what == 'set' or what == 'blocked' then first = 4 end
  for i = first, #ARGV, step do check[what](ARGV[i], ARGV[i + 1]) end
  if mend and #wrong > 0 then
    call('HINCRBY', P .. 'n', 'repaired:' .. what, #wrong)
    for _, name in ipairs({ 'l0', 'l1', 'l2', 'l3', 'park', 'lost', 'cx', 'odd' }) do mark(name) end
    call('HDEL', P .. 'm', 'next')
    wake()
  end
  return wrong
end)
