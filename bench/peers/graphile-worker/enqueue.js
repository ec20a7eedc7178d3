// SPDX-License-Identifier: GPL-3.0-or-later
// enqueue.js COUNT BYTES: by the batch function of its SQL interface; COUNT 0 only makes the tables.
"use strict";
const { makeWorkerUtils } = require("graphile-worker");
const { Pool } = require("pg");

async function main() {
    const [count, bytes] = process.argv.slice(2).map(Number);
    const pool = new Pool({ connectionString: process.env.BENCH_POSTGRES });
    const utils = await makeWorkerUtils({ pgPool: pool });
    await utils.migrate();
    const payload = { pad: "x".repeat(bytes) };
    for (let from = 0; from < count; from += 1000) {
        const jobs = Array.from({ length: Math.min(1000, count - from) }, () =>
            ({ identifier: "noop", payload, maxAttempts: 1 }));
        await pool.query(
            `select 1 from graphile_worker.add_jobs(array(
               select json_populate_recordset(null::graphile_worker.job_spec, $1::json)))`,
            [JSON.stringify(jobs.map((job) => ({ identifier: job.identifier, payload: job.payload, max_attempts: 1 })))]);
    }
    await utils.release();
    await pool.end();
}

main();
