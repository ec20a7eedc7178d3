-- SPDX-License-Identifier: GPL-3.0-or-later
-- What lighttpd says itself while the front is away, when it refuses a request or does not find a file, in the words of
-- each product; in those of the operators where there is none. Runs before each answer's head is sent; what the front has answered is left alone.

local r = lighty.r
local status = r.req_item.http_status
if status < 400 then return 0 end
-- The front names every answer; a file of its that is not there keeps the name, and only that.
if r.resp_header["X-Request-ID"] and not (status == 404 and r.resp_header["Content-Disposition"]) then return 0 end

-- early: refused before it is known whose path it is.
local words = {
    [400] = { code = "INVALID_REQUEST", message = "The request is malformed.", early = true },
    [404] = { code = "NOT_FOUND", message = "There is no such resource" },
    [413] = { code = "PAYLOAD_TOO_LARGE", message = "The request is larger than allowed." },
    [417] = { code = "INVALID_REQUEST", message = "The request asks for something that is not supported.", early = true },
    [431] = { code = "PAYLOAD_TOO_LARGE", message = "The headers are larger than allowed.", early = true },
    [501] = { code = "INVALID_REQUEST", message = "The request asks for something that is not supported.", early = true },
    [503] = { code = "SERVICE_UNAVAILABLE", message = "The service is not available at the moment. Please try again shortly." },
    [505] = { code = "INVALID_REQUEST", message = "This version of HTTP is not supported.", early = true },
}
local in_words = {
    INVALID_REQUEST = { snake = "validation_error", plain = "malformed", expenses = "VALIDATION_ERROR" },
    NOT_FOUND = { snake = "not_found", plain = "not_found", expenses = "RESOURCE_NOT_FOUND" },
    PAYLOAD_TOO_LARGE = { snake = "payload_too_large", plain = "too_large", expenses = "PAYLOAD_TOO_LARGE" },
    SERVICE_UNAVAILABLE = { snake = "service_unavailable", plain = "unavailable", expenses = "SERVICE_UNAVAILABLE" },
}
if status == 500 or (status >= 502 and status <= 504) then status = 503 end
if not words[status] then return 0 end
local code, message = words[status].code, words[status].message
local word = in_words[code]

-- As the client wishes, else anew.
local id = r.resp_header["X-Request-ID"] or r.req_header["X-Request-ID"] or ""
if #id > 64 or not id:match("^[%w_-]+$") then
    id = string.format("req_%06x%06x", math.random(0, 0xffffff), math.random(0, 0xffffff))
end
local now = os.date("!%Y-%m-%dT%H:%M:%SZ")

local forms = {
    nutrition = function()
        return string.format('{"error":"%s","message":"%s"%s}', word.snake, message, status == 400 and ',"details":{}' or "")
    end,
    smsagent = function()
        return string.format('{"error":"%s","detail":"%s","fields":{},"timestamp":"%s","request_id":"%s"}',
                             word.snake, message, now, id)
    end,
    expenses = function()
        return string.format('{"status":"error","error":{"code":"%s","message":"%s","details":[]},'
                             .. '"meta":{"timestamp":"%s","request_id":"%s","version":"1.0"}}',
                             word.expenses, message, now, id)
    end,
    ailice = function() return string.format('{"detail":"%s"}', message) end,
    figureforge = function()
        return string.format('{"error":{"code":"%s","message":"%s","details":{}}}', code, message)
    end,
}
local function plain() return string.format('{"error":{"code":"%s","message":"%s","fields":{}}}', word.plain, message) end

-- The product: the host's, else the first part of the path. What is nobody's and was read is left to others.
local hosts = dofile("@MILLRACE_LIGHTTPD@/millrace-hosts.lua")
local path = r.req_attr["request.orig-uri"] or ""
local host = r.req_attr["uri.authority"] or ""
if host == "" then host = (r.req_header["Host"] or ""):lower():gsub(":%d+$", "") end
local form = forms[hosts[host] or path:match("^/(%l+)/")]
if not form then
    if not words[status].early and not path:match("^/%-/") then return 0 end
    form = plain
end

for _, name in ipairs({ "Content-Disposition", "Content-Security-Policy", "Content-Encoding", "ETag", "Last-Modified",
                        "Accept-Ranges" }) do
    r.resp_header[name] = nil
end
r.resp_header["Content-Type"] = "application/json"
r.resp_header["Cache-Control"] = "no-store"
r.resp_header["X-Content-Type-Options"] = "nosniff"
r.resp_header["X-Request-ID"] = id
if status == 503 then r.resp_header["Retry-After"] = "2" end
r.resp_body:set({ form() })
return status
