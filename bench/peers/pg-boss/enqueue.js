// SPDX-License-Identifier: GPL-3.0-or-later
// enqueue.js COUNT BYTES; COUNT 0 only makes the tables and the queue.
"use strict";
const PgBoss = require("pg-boss");

async function main() {
    const [count, bytes] = process.argv.slice(2).map(Number);
    const boss = new PgBoss({ connectionString: process.env.BENCH_POSTGRES, schedule: false, supervise: false });
    await boss.start();
    if (count === 0)
        await boss.createQueue("bench");
    const data = { pad: "x".repeat(bytes) };
    for (let from = 0; from < count; from += 1000)
        await boss.insert(Array.from({ length: Math.min(1000, count - from) }, () => ({ name: "bench", data })));
    await boss.stop({ graceful: false });
}

main();
