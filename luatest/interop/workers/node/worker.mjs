// A contestant of the interop matrix: worker.mjs KIND HOST PORT. doc.go has the protocol.

import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import Redis from 'ioredis';
import { createClient } from 'redis';
import { Locks, ioredis, nodeRedis } from '../../../../lua/examples/node/index.mjs';

const [kind, host, port] = process.argv.slice(2);
const require = createRequire(import.meta.url);
const lease = 5000;
const poll = 2;
const patience = 30_000;

async function raiseCounter(path) {
  const value = Number(readFileSync(path, 'utf8')) + 1;
  await sleep(1);
  writeFileSync(path, String(value));
  return value;
}

const raw = (locks, redis) => Object.assign((key, path) =>
  locks.with(key, lease, async (lock) => [await raiseCounter(path), lock.fence], { poll, signal: AbortSignal.timeout(patience) }), {
  permit: (key, limit, weight, counter) => locks.semaphore(key, Number(limit), lease).with(Number(weight), async (lock) => {
    const used = await (redis.incrBy ?? redis.incrby).call(redis, counter, Number(weight));
    await sleep(2);
    await (redis.decrBy ?? redis.decrby).call(redis, counter, Number(weight));
    return [used, lock.fence];
  }, { poll, timeout: patience }),
});

const kinds = {
  'node-redis': ['redis', async () => {
    const client = await createClient({ url: `redis://${host}:${port}` }).connect();
    return raw(new Locks(nodeRedis(client)), client);
  }],
  ioredis: ['ioredis', async () => {
    const client = new Redis(Number(port), host);
    return raw(new Locks(ioredis(client)), client);
  }],
  'node-redlock': ['redlock', async () => {
    const { default: Redlock } = require('redlock');
    const locks = new Redlock([new Redis(Number(port), host)], {
      retryCount: patience / poll, retryDelay: poll, retryJitter: 0, automaticExtensionThreshold: 0,
    });
    return async (key, path) => {
      const lock = await locks.acquire([key], lease);
      try { return [await raiseCounter(path), 0]; } finally { await lock.release(); }
    };
  }],
  'redlock-universal': ['redlock-universal', async () => {
    const { IoredisAdapter, createLock } = await import('redlock-universal');
    const adapter = new IoredisAdapter(new Redis(Number(port), host));
    return async (key, path) => {
      const lock = createLock({ adapter, key, ttl: lease, retryAttempts: patience / poll, retryDelay: poll });
      const handle = await lock.acquire();
      try { return [await raiseCounter(path), 0]; } finally { await lock.release(handle); }
    };
  }],
};

const [name, make] = kinds[kind];
const turn = await make();
const manifest = new URL(`node_modules/${name}/package.json`, import.meta.url);
console.log(`ready ${name} ${JSON.parse(readFileSync(manifest, 'utf8')).version}`);
for await (const line of createInterface({ input: process.stdin })) {
  const [command, ...words] = line.split(' ');
  try {
    const [value, fence] = await (command === 'permit' ? turn.permit(...words) : turn(...words));
    console.log(`done ${value} ${fence}`);
  } catch (error) {
    console.log(`fail ${String(error).replaceAll('\n', ' ')}`);
  }
}
process.exit(0);
