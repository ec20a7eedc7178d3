-- SPDX-License-Identifier: GPL-3.0-or-later
-- What lighttpd says itself while the front is away, or when it refuses a body or does not find a file, in the words of
-- each product. Runs before each answer's head is sent; what the front has answered is left alone.

local r = lighty.r
local status = r.req_item.http_status
if status < 400 then return 0 end
-- The front names every answer; a file of its that is not there keeps the name, and only that.
if r.resp_header["X-Request-ID"] and not (status == 404 and r.resp_header["Content-Disposition"]) then return 0 end

local words = {
    [404] = { "NOT_FOUND", "There is no such resource" },
    [413] = { "PAYLOAD_TOO_LARGE", "The request is larger than allowed." },
    [503] = { "SERVICE_UNAVAILABLE", "The service is not available at the moment. Please try again shortly." },
}
if status == 500 or (status >= 502 and status <= 504) then status = 503 end
if not words[status] then return 0 end
local code, message = words[status][1], words[status][2]

-- As the client wishes, else anew.
local id = r.resp_header["X-Request-ID"] or r.req_header["X-Request-ID"] or ""
if #id > 64 or not id:match("^[%w_-]+$") then
    id = string.format("req_%06x%06x", math.random(0, 0xffffff), math.random(0, 0xffffff))
end
local now = os.date("!%Y-%m-%dT%H:%M:%SZ")

local forms = {
    nutrition = function() return string.format('{"error":"%s","message":"%s"}', code:lower(), message) end,
    smsagent = function()
        return string.format('{"error":"%s","detail":"%s","fields":{},"timestamp":"%s","request_id":"%s"}',
                             code:lower(), message, now, id)
    end,
    expenses = function()
        return string.format('{"status":"error","error":{"code":"%s","message":"%s","details":[]},'
                             .. '"meta":{"timestamp":"%s","request_id":"%s","version":"1.0"}}',
                             code == "NOT_FOUND" and "RESOURCE_NOT_FOUND" or code, message, now, id)
    end,
    ailice = function() return string.format('{"detail":"%s"}', message) end,
}
local function others() return string.format('{"error":{"code":"%s","message":"%s","details":{}}}', code, message) end

-- The product: the host's, else the first part of the path.
local hosts = dofile("@MILLRACE_LIGHTTPD@/millrace-hosts.lua")
local product = hosts[r.req_attr["uri.authority"] or ""] or (r.req_attr["request.orig-uri"] or ""):match("^/(%l+)/")

for _, name in ipairs({ "Content-Disposition", "Content-Security-Policy", "Content-Encoding", "ETag", "Last-Modified",
                        "Accept-Ranges" }) do
    r.resp_header[name] = nil
end
r.resp_header["Content-Type"] = "application/json"
r.resp_header["Cache-Control"] = "no-store"
r.resp_header["X-Content-Type-Options"] = "nosniff"
r.resp_header["X-Request-ID"] = id
if status == 503 then r.resp_header["Retry-After"] = "2" end
r.resp_body:set({ (forms[product] or others)() })
return status
