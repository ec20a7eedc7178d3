// SPDX-License-Identifier: GPL-3.0-or-later
// enqueue.js COUNT BYTES
"use strict";
const { Queue } = require("bullmq");
const IORedis = require("ioredis");

async function main() {
    const [count, bytes] = process.argv.slice(2).map(Number);
    const connection = new IORedis({ path: process.env.BENCH_REDIS, maxRetriesPerRequest: null });
    const queue = new Queue("bench", { connection });
    const data = { pad: "x".repeat(bytes) };
    for (let from = 0; from < count; from += 1000) {
        const jobs = Array.from({ length: Math.min(1000, count - from) }, () =>
            ({ name: "noop", data, opts: { removeOnComplete: true } }));
        await queue.addBulk(jobs);
    }
    await queue.close();
    connection.disconnect();
}

main();
