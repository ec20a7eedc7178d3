-- SPDX-License-Identifier: GPL-3.0-or-later
-- The hosts that are one product's, as in millrace-vhost.conf: so that lighttpd's own errors are in the product's words.
return {
    ["figureforge.example.org"] = "figureforge",
}
