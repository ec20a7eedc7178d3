// SPDX-License-Identifier: GPL-3.0-or-later
// work.js CONCURRENCY
"use strict";
const { Worker } = require("bullmq");
const IORedis = require("ioredis");

const connection = new IORedis({ path: process.env.BENCH_REDIS, maxRetriesPerRequest: null });
const worker = new Worker("bench", async () => {}, {
    connection,
    concurrency: Number(process.argv[2]),
    removeOnComplete: { count: 0 },
});
worker.on("error", (why) => console.error(why));
