// SPDX-License-Identifier: GPL-3.0-or-later
// make.mjs SOURCE TO FRONT: the pages of /docs and /redoc, and a Postman collection of each product, into the folder TO.
// SOURCE has our own files of the pages; FRONT is millrace-front, which tells of the products.
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const require = createRequire(import.meta.url);
const { convertV2 } = require("openapi-to-postmanv2");

const [source, to, front] = process.argv.slice(2);
const packaged = (name, file) => join(dirname(require.resolve(`${name}/package.json`)), file);

/** What is copied as it is: to where, from where. */
const files = [
    ["docs/index.html", join(source, "docs/index.html")],
    ["docs/page.js", join(source, "docs/page.js")],
    ["docs/swagger-ui-bundle.js", packaged("swagger-ui-dist", "swagger-ui-bundle.js")],
    ["docs/swagger-ui.css", packaged("swagger-ui-dist", "swagger-ui.css")],
    ["docs/favicon.png", packaged("swagger-ui-dist", "favicon-32x32.png")],
    ["docs/LICENSE", packaged("swagger-ui-dist", "LICENSE")],
    ["docs/NOTICE", packaged("swagger-ui-dist", "NOTICE")],
    ["redoc/index.html", join(source, "redoc/index.html")],
    ["redoc/page.js", join(source, "redoc/page.js")],
    ["redoc/LICENSE", packaged("redoc", "LICENSE")],
];

/** Redoc's bundle without the one picture that it would fetch from its makers. */
function redoc() {
    const picture = "https://cdn.redoc.ly/redoc/logo-mini.svg";
    const nothing = "data:image/svg+xml,%3Csvg%20xmlns=%22http://www.w3.org/2000/svg%22/%3E";
    const parts = readFileSync(packaged("redoc", "bundles/redoc.standalone.js"), "utf8").split(picture);
    if (parts.length !== 2)
        throw new Error(`redoc's bundle names ${picture} ${parts.length - 1} times, not once`);
    return parts.join(nothing);
}

/** Each request of the collection says itself who calls; examples are made from the schemas. */
function collection(description) {
    return new Promise((resolve, reject) => {
        convertV2({ type: "json", data: description }, { folderStrategy: "Tags" }, (error, made) => {
            if (error || !made.result)
                reject(error ?? new Error(made.reason));
            else
                resolve(made.output[0].data);
        });
    });
}

const ask = (...words) => JSON.parse(execFileSync(front, words, { maxBuffer: 1 << 26 }));
const write = (name, text) => writeFileSync(join(to, name), text);

for (const folder of ["docs", "redoc", "postman"])
    mkdirSync(join(to, folder), { recursive: true });
for (const [name, from] of files)
    copyFileSync(from, join(to, name));
write("redoc/redoc.standalone.js", redoc());
for (const product of new Set(ask("--endpoints").filter((row) => !row.root).map((row) => row.product)))
    write(`postman/${product}.json`, JSON.stringify(await collection(ask("--openapi", product, `http://localhost/${product}`)), null, 1) + "\n");
