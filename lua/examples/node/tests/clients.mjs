// The clients of the tests. REDIS_URL is a server, REDIS_CLUSTER a node of a cluster, for tests alone.

import { randomBytes } from 'node:crypto';
import Redis from 'ioredis';
import { RESP_TYPES, createClient, createCluster } from 'redis';
import { ioredis, nodeRedis } from '../index.mjs';

const url = process.env.REDIS_URL ?? 'redis://localhost:6379';
const cluster = process.env.REDIS_CLUSTER;
export const times = Number(process.env.REDILOCK_TIMES ?? 100);
export const nameOf = (text) => `${text}-${randomBytes(3).toString('hex')}`;
const at = ({ hostname, port }) => ({ host: hostname, port: Number(port) });
const made = [];
const nodeClient = async (options = {}) => {
  const c = await createClient({ url, ...options }).on('error', () => {}).connect();
  made.push(() => c.destroy());
  return c;
};
export const ioClient = (options = {}) => { const c = new Redis(url, options); made.push(() => c.disconnect()); return c; };
const nodeCluster = async () => {
  const c = await createCluster({ rootNodes: [{ url: cluster }] }).on('error', () => {}).connect();
  made.push(() => c.destroy());
  return c;
};
export const ioCluster = () => { const c = new Redis.Cluster([at(new URL(cluster))]); made.push(() => c.disconnect()); return c; };
/** What the tests opened. */
export const closeAll = () => made.forEach((close) => close());

export const clients = {
  'node-redis': async () => nodeRedis(await nodeClient()),
  'node-redis, Buffers': async () => nodeRedis((await nodeClient()).withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer })),
  'node-redis, Buffers and digits by its options': async () => nodeRedis(await nodeClient({
    commandOptions: { typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer, [RESP_TYPES.NUMBER]: String } } })),
  'node-redis, RESP3': async () => nodeRedis(await nodeClient({ RESP: 3 })),
  ioredis: () => ioredis(ioClient()),
  'ioredis, numbers as text': () => ioredis(ioClient({ stringNumbers: true })),
  'ioredis, auto pipelining': () => ioredis(ioClient({ enableAutoPipelining: true })),
  'ioredis, connected late': () => ioredis(ioClient({ lazyConnect: true })),
};
export const clusters = cluster ? {
  'node-redis cluster': async () => nodeRedis(await nodeCluster()),
  'ioredis cluster': () => ioredis(ioCluster()),
} : {};
