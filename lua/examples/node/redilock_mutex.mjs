// A distributed lock on plain Redis: the scripts of go-redilock through node-redis or ioredis. All times are ms.

import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

export const dist = new URL('../../dist/', import.meta.url);
const presence = 6000; // how long the server believes a waiter alive that does not ask

/** We had the lock, and its lease has ended or somebody took it away. */
export class LockLost extends Error {}

/** The script answered what its manifest does not list. Never take that for one of the answers that it lists. */
export class UnknownReply extends Error {}

/** The clients of two libraries, made one. ioredis sends a call again whose reply was lost, node-redis does not. */
export const nodeRedis = (client) => ({
  resends: false,
  load: (source) => client.scriptLoad(source),
  evalsha: (sha1, keys, args) => client.evalSha(sha1, { keys, arguments: args }),
});
export const ioredis = (client) => ({
  resends: true,
  load: (source) => client.script('LOAD', source),
  evalsha: (sha1, keys, args) => client.evalsha(sha1, keys.length, ...keys, ...args),
});

/** The lock's key is its name; the companions have a hash tag that puts them into the same cluster slot. */
export function keysOf(name, suffixes) {
  const bytes = Buffer.from(name).toString('latin1'); // one character for each byte
  const open = bytes.indexOf('{');
  const tagged = open >= 0 && bytes.indexOf('}', open) > open + 1;
  const alone = open === 0 && bytes.indexOf('}') === bytes.length - 1; // {x} would have the companions of x
  const reserved = tagged && /:redilock:[a-z]+$/.test(bytes); // the form of a companion key
  if (bytes.length < 1 || bytes.length > 1024 || (bytes.includes('}') && !tagged) || alone || reserved) {
    throw new RangeError('a name has 1 to 1024 bytes, no } except in a hash tag like {this}:lock, and is no companion key');
  }
  return suffixes.map((suffix) => Buffer.from((tagged || !suffix ? bytes : `{${bytes}}`) + suffix, 'latin1'));
}

/** The first waiter asks every `poll`, and when the lease ends; the others the less, the further behind they stand. */
function pause(holderPTTL, position, poll) {
  if (position === 1 && holderPTTL >= 0) return Math.min(poll, holderPTTL + 1);
  return Math.min(poll * position, presence / 3);
}

/** Until when it is ours for sure: from before the request, less 1 % + 2 ms for clocks that run apart. */
const certain = (sent, lease) => sent + lease * 0.99 - 2;

const aborted = (signal) => new Promise((_, reject) => {
  signal.addEventListener('abort', () => reject(signal.reason), { once: true });
});

/** A lock that is held, until `deadline` on performance.now(). `await using` gives it back. */
export class Lock {
  constructor(locks, name, token, fence, deadline) { Object.assign(this, { locks, name, token, fence, deadline }); }

  /** Keeps the lock for `lease` from now at least. */
  async extend(lease) {
    const sent = performance.now();
    const [tag, fence, left] = await this.locks.call('extend', this.name, this.token, lease);
    if (tag === 'NOTHELD') throw new LockLost(this.name);
    this.fence = fence;
    this.deadline = Math.max(this.deadline, certain(sent, left));
  }

  /** Gives the lock back, to the first that waits for it. */
  async release() {
    const [tag] = await this.locks.call('release', this.name, this.token);
    if (tag !== 'NOTHELD') return;
    // After a repeat within the lease it says that the first call did it.
    if (!this.locks.client.resends || performance.now() >= this.deadline) throw new LockLost(this.name);
  }

  [Symbol.asyncDispose]() { return this.release(); }
}

/** The locks of one server: new Locks(nodeRedis(client)) or new Locks(ioredis(client)). */
export class Locks {
  constructor(client) {
    const { scripts } = JSON.parse(readFileSync(new URL('manifest.json', dist), 'utf8'));
    this.client = client;
    this.scripts = Object.fromEntries(scripts.filter((s) => s.name.startsWith('mutex.') && s.version === 1).map((s) =>
      [s.name.slice('mutex.'.length), { ...s, source: readFileSync(new URL(s.file, dist), 'utf8') }]));
  }

  async call(verb, name, ...args) {
    const { sha1, source, keys, replies } = this.scripts[verb];
    const words = [sha1, keysOf(name, keys.map((key) => key.suffix ?? '')), args.map(String)];
    let reply;
    try {
      reply = await this.client.evalsha(...words);
    } catch (error) {
      if (!error.message.startsWith('NOSCRIPT')) throw error;
      await this.client.load(source);
      reply = await this.client.evalsha(...words);
    }
    // Of what is not understood only the tag is told: the rest may have a token.
    if (!replies.some(({ tag }) => tag === reply?.[0])) throw new UnknownReply(`${verb} answered ${reply?.[0]}`);
    return reply;
  }

  /** One attempt: a Lock, or null if somebody else has it or waits for it. */
  tryLock(name, lease) { return this.#acquire(name, lease, 0, {}); }

  /** Waits in the queue, until the AbortSignal says otherwise. */
  lock(name, lease, { signal, poll = 250 } = {}) { return this.#acquire(name, lease, presence, { signal, poll }); }

  /** Runs work(lock) under the lock. */
  async with(name, lease, work, options) {
    const lock = await this.lock(name, lease, options);
    try { return await work(lock); } finally { await lock.release(); }
  }

  async #acquire(name, lease, presence, { signal, poll }) {
    const token = randomBytes(16).toString('base64url');
    const cancelled = signal && aborted(signal);
    cancelled?.catch(() => {}); // nobody may be listening when it comes
    let ask, lock;
    try {
      while (!lock) {
        signal?.throwIfAborted();
        const sent = performance.now();
        ask = this.call('acquire', name, token, lease, presence);
        const [tag, first, second] = await (signal ? Promise.race([ask, cancelled]) : ask);
        if (tag === 'GRANTED') { // fence, lease, fences
          const deadline = certain(sent, second);
          if (deadline <= performance.now()) throw new LockLost(`${name}: the answer took longer than the lease`);
          lock = new Lock(this, name, token, first, deadline);
        } else if (tag === 'HELD') {
          ask = undefined;
          return null;
        } else { // QUEUED
          await sleep(pause(first, second, poll), undefined, { signal });
        }
      }
      return lock;
    } finally {
      // A wait that was cancelled ends at once; behind it, neither a lock nor a place in the queue is left.
      if (ask && !lock) ask.catch(() => {}).then(() => this.call('release', name, token)).catch(() => {});
    }
  }
}
