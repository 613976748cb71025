// Run me in two terminals: node example.mjs [redis://host:port]

import { createClient } from 'redis';
import { Locks, nodeRedis } from './index.mjs';

const client = await createClient({ url: process.argv[2] ?? 'redis://localhost:6379' }).connect();
const locks = new Locks(nodeRedis(client));
await locks.with('example:node', 10_000, async (lock) => {
  const left = () => (lock.left / 1000).toFixed(1);
  console.log(`mine, fence ${lock.fence}, for ${left()} s at least`);
  await lock.extend(20_000);
  console.log(`extended to ${left()} s; another attempt: ${await locks.tryLock('example:node', 10_000)}`);
}, { timeout: 60_000 });
console.log('released');
client.destroy();
