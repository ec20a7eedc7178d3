// SPDX-License-Identifier: GPL-3.0-or-later
// validate.mjs FILE...: hold OpenAPI documents against the specification of their version. Exits 1 when one does not hold.
import { readFileSync } from "node:fs";
import { Validator } from "@seriousme/openapi-schema-validator";

for (const file of process.argv.slice(2)) {
    const validator = new Validator();
    const { valid, errors } = await validator.validate(JSON.parse(readFileSync(file, "utf8")));
    console.log(`${file}: OpenAPI ${validator.version}, ${valid ? "valid" : JSON.stringify(errors)}`);
    if (!valid)
        process.exitCode = 1;
}
