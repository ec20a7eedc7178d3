// SPDX-License-Identifier: GPL-3.0-or-later
// work.js CONCURRENCY LOCAL_QUEUE COMPLETE_DELAY
"use strict";
process.env.NO_LOG_SUCCESS = "1";
const { run, Logger } = require("graphile-worker");
const { Pool } = require("pg");
const count = require("../count.js");

async function main() {
    const [concurrency, size, completeDelay] = process.argv.slice(2).map(Number);
    const pool = new Pool({ connectionString: process.env.BENCH_POSTGRES, max: concurrency });
    pool.on("error", (why) => console.error(why));
    const logger = new Logger(() => (level, message) => {
        if (level === "error" || level === "warning") console.error(message);
    });
    await run({
        pgPool: pool,
        logger,
        preset: {
            worker: {
                concurrentJobs: concurrency,
                localQueue: { size },
                completeJobBatchDelay: completeDelay,
                failJobBatchDelay: completeDelay,
                pollInterval: 1000,
            },
        },
        taskList: { noop: () => count.add(1) },
    });
}

main();
