// SPDX-License-Identifier: GPL-3.0-or-later
// work.js BATCH LOOPS: fetch and complete in batches, several at a time. work() of pg-boss does the same, but waits half
// a second or more between two fetches.
"use strict";
const PgBoss = require("pg-boss");
const count = require("../count.js");

async function loop(boss, batchSize) {
    for (;;) {
        const jobs = await boss.fetch("bench", { batchSize, priority: false });
        if (jobs.length === 0) {
            await new Promise((resolve) => setTimeout(resolve, 20));
            continue;
        }
        await boss.complete("bench", jobs.map((job) => job.id));
        count.add(jobs.length);
    }
}

async function main() {
    const [batchSize, loops] = process.argv.slice(2).map(Number);
    const boss = new PgBoss({ connectionString: process.env.BENCH_POSTGRES, max: loops, schedule: false, supervise: false });
    boss.on("error", (why) => console.error(why));
    await boss.start();
    for (let i = 0; i < loops; i++)
        loop(boss, batchSize);
}

main();
