// SPDX-License-Identifier: GPL-3.0-or-later
"use strict";
{
    const page = document.getElementById("page");
    Redoc.init(page.dataset.description, { nativeScrollbars: true }, page);
}
