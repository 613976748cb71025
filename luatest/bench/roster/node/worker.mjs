// A worker process of the benchmark, for npm redis-semaphore: see luatest/bench/crew for the conversation and the tasks.
// Its workers are promises of one thread. Whether too many hold a permit is checked within the process: Node has no shared
// memory of processes.

import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import Redis from 'ioredis';
import { Semaphore } from 'redis-semaphore';

if (process.argv[2] === 'version') {
  const manifest = new URL('node_modules/redis-semaphore/package.json', import.meta.url);
  console.log(JSON.parse(readFileSync(manifest, 'utf8')).version);
  process.exit(0);
}

const task = JSON.parse(process.argv.at(-1));
const ms = (ns) => ns / 1e6;
const redis = new Redis({ host: task.host, port: task.port });

class Histogram { // the same buckets as crew.Histogram
  buckets = {};
  longest = 0;
  add(milliseconds) {
    const ns = Math.floor(milliseconds * 1e6);
    this.longest = Math.max(this.longest, ns);
    const i = ns > 1 ? Math.floor(Math.log(ns) / Math.log(1.01)) : 0;
    this.buckets[i] = (this.buckets[i] ?? 0) + 1;
  }
}

const report = {
  turns: new Array(task.workers).fill(0), elapsed: task.window / 1e9, overlaps: 0, errors: 0, error: '',
  waits: new Histogram(), pairs: new Histogram(),
};

function semaphore(name, patience) {
  return new Semaphore(redis, name, task.limit, {
    lockTimeout: ms(task.ttl), acquireTimeout: Math.max(1, patience), retryInterval: Math.max(1, ms(task.retry)),
  });
}

function fail(error) {
  report.errors += 1;
  report.error ||= String(error);
}

let inside = 0;

async function turns(i, start, end, limit) {
  for (let began = performance.now(); began < end; began = performance.now()) {
    try {
      const permit = semaphore(task.name, limit - began);
      const acquired = await permit.tryAcquire();
      const got = performance.now();
      if (got > start) report.waits.add(got - began);
      if (!acquired) return;
      const counts = got > start && got < end;
      if (counts) report.turns[i] += 1;
      if (++inside > task.limit) report.overlaps += 1;
      inside -= 1;
      await permit.release();
      if (counts) report.pairs.add(performance.now() - began);
    } catch (error) {
      fail(error);
    }
  }
}

async function take(patience) {
  const permit = semaphore(task.name, patience);
  return await permit.tryAcquire();
}

const sleep = (milliseconds) => new Promise((resolve) => { setTimeout(resolve, milliseconds); });
const each = (body) => Promise.all(report.turns.map((_, i) => body(i).catch(fail)));

const first = semaphore(`${task.name}:connect:${task.first}`, 10_000);
await first.acquire();
await first.release();
console.log('ready');
const lines = createInterface({ input: process.stdin });
lines.on('close', () => process.exit(0)); // what is held is held until then
await new Promise((resolve) => { lines.once('line', resolve); });
const start = performance.now() + ms(task.warmup);
const end = start + ms(task.window);
switch (task.kind) {
  case 'turns':
    await each((i) => turns(i, start, end, end + ms(task.drain)));
    break;
  case 'hold':
    await each(async () => {
      if (!await take(10_000)) throw new Error('a free permit was not granted');
    });
    console.log('held');
    await sleep(ms(task.window));
    break;
  case 'fill':
    await each(async (i) => { report.turns[i] = Number(await take(ms(task.drain))); });
    break;
  default:
    throw new Error(task.kind);
}
console.log(JSON.stringify(report));
