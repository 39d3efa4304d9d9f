-- wrk script: posts one file. Arguments after the URL: body file, pause between requests of a connection in
-- milliseconds (0 sends the next as soon as the answer is there), then header names and values in turn.
-- Prints one line of JSON with the counts, and the latencies in microseconds.

local pause = 0

function init(args)
  local file = assert(io.open(args[1], "rb"))
  wrk.body = file:read("*a")
  file:close()
  wrk.method = "POST"
  pause = tonumber(args[2])
  for i = 3, #args, 2 do
    wrk.headers[args[i]] = args[i + 1]
  end
  if pause > 0 then
    -- Spread around the mean, so that connections do not fall into step.
    function delay() return math.random(math.floor(pause / 2), math.floor(pause * 3 / 2)) end
  end
end

function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format('{"requests":%d,"seconds":%.6f,"p50":%d,"p99":%d,"errors":%d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50), latency:percentile(99),
    e.connect + e.read + e.write + e.status + e.timeout))
end
