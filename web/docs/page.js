// SPDX-License-Identifier: GPL-3.0-or-later
"use strict";
/* No validator badge: it would send the description to somebody else. */
SwaggerUIBundle({
    url: document.getElementById("page").dataset.description,
    dom_id: "#page",
    deepLinking: true,
    validatorUrl: null,
});
