-- SPDX-License-Identifier: GPL-3.0-or-later
-- What a script's file ends with makes a function of the library: its name, Redis' flags, and what it does with its words.
-- allow-oom: it frees memory, needs a bounded bit of it, or work that has begun would not come to its end without it. All
-- others are refused as a whole when Redis has no memory left, before anything is written.
local function script(name, flags, run)
  redis.register_function({
    function_name = LIBRARY .. name,
    flags = flags,
    callback = function(keys, words)
      begin(keys[1])
      return run(words)
    end,
  })
end
