-- SPDX-License-Identifier: GPL-3.0-or-later
-- In front of reserve.lua, behind admit.lua: what is handed out.

local stamp, clock_back -- the batch's epoch; the clock has gone back since the last one
local out, leases, owns, mine, given
local looks, stop, need, soonest, stopped_until
local lease_end, own_prefix, hard -- hard: what stands in `own`, by deadline

local function grant_anew()
  local last = last_epoch or 0
  stamp, clock_back = whole(math.max(last + 1, micros)), last > micros + 1000000
  out, leases, owns, mine, given = {}, {}, {}, {}, {}
  looks, stop, need, soonest, stopped_until = 0, false, 0, nil, nil
  lease_end, own_prefix, hard = whole(now + lease), stamp .. '|' .. worker .. '|', {}
end

local function soon(at) if at and (not soonest or at < soonest) then soonest = at end end

local function grant(job)
  local n = #given
  given[n + 1] = job
  out[n + 1] = job.id
  leases[2 * n + 1] = lease_end
  leases[2 * n + 2] = job.id
  if not hard[job.deadline] then hard[job.deadline] = own_prefix .. whole(now + job.deadline * 1000) end
  owns[2 * n + 1] = job.id
  owns[2 * n + 2] = hard[job.deadline]
end

-- The jobs of these ids without their tenant and priority, false for what is not ready: its job has gone
-- (cancelled while it waited), is leased already, by this very call perhaps, or waits for its time (it was put again after
-- a cancel, and released). Such ids are dropped here, because to take them out of a list's middle would cost its length.
local function jobs_of(ids)
  local packs, jobs, held, delayed = call('HMGET', P .. 'j', unpack(ids)), {}, NONE, NONE
  if odd then
    held, delayed = call('HMGET', P .. 'own', unpack(ids)), call('ZMSCORE', P .. 'dl', unpack(ids))
  end
  for i, id in ipairs(ids) do
    jobs[i] = false
    if packs[i] and not held[i] and not delayed[i] and not mine[id] then
      local kind, deadline, key, cost = string.match(packs[i], '^1|[0-3]|([^|]*)|%d+|(%d+)|([^|]*)|(%d+)|')
      jobs[i] = { id = id, packed = packs[i], kind = kind, deadline = deadline, key = key, cost = tonumber(cost) }
      mine[id] = true
    end
  end
  return jobs
end

-- The queue's own limit is reached, or the budget's.
local function stop_at(what, at, cost)
  stop = true
  if what == 'b' then need = cost else stopped_until = at end
end
