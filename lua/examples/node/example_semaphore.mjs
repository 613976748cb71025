// Limits that people want on all machines together: node example_semaphore.mjs [redis://host:port]

import { setTimeout as sleep } from 'node:timers/promises';
import { createClient } from 'redis';
import { Locks, nodeRedis } from './index.mjs';

const client = await createClient({ url: process.argv[2] ?? 'redis://localhost:6379' }).connect();
const locks = new Locks(nodeRedis(client));

// At most 5 exports at once. A large one takes two of the permits.
const exports = locks.semaphore('example:exports', 5, 30_000);
const used = await Promise.all(Array.from({ length: 12 }, (_, i) => exports.with(i === 0 ? 2 : 1, async (permit, signal) => {
  await sleep(50, undefined, { signal }); // aborted if the permit is lost
  return (await exports.status()).used;
}, { timeout: 60_000 })));
console.log(`12 exports, never more than ${Math.max(...used)} permits in use`);

// Calls to somebody's API, bounded by how many are under way. Who finds no room does something else.
const api = locks.semaphore('example:api', 3, 10_000);
const calls = [await api.acquire(), await api.acquire(), await api.acquire()];
console.log(`a fourth call: ${await api.tryAcquire()}`);
await Promise.all(calls.map((lock) => lock.release()));

// A configuration that many read and one rewrites. Having written, the writer stays on as a reader.
const config = locks.rwlock('example:config', 30_000);
await config.withRead(() => config.withRead(async () => {
  console.log(`two read it; to write: ${await config.tryWrite()}`);
}));
await config.withWrite(async (lock) => {
  await lock.downgrade();
  await config.withRead(() => console.log('written, and read by others'));
}, { timeout: 60_000 });
client.destroy();
