-- SPDX-License-Identifier: GPL-3.0-or-later
-- wrk's summary as one line of JSON; times in microseconds
function done(summary, latency)
  local e = summary.errors
  io.write(string.format('report {"requests":%d,"duration":%d,"p50":%d,"p99":%d,"errors":{"connect":%d,"read":%d,' ..
                           '"write":%d,"status":%d,"timeout":%d}}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99), e.connect, e.read, e.write,
    e.status, e.timeout))
end
