// Distributed locks, semaphores and readers–writer locks on plain Redis: the scripts of go-redilock through node-redis or ioredis.
// All times are ms.

import { randomBytes } from 'node:crypto';
import { LockLost, LockTimeout, UnknownReply } from './errors.mjs';
import { most, mutex } from './kinds.mjs';
import { Lock } from './lock.mjs';
import { argv, keysOf, read } from './scripts.mjs';
import { RWLock, Semaphore } from './semaphore.mjs';
import { Line, clock, pause, presence } from './turns.mjs';

export { ioredis, nodeRedis } from './clients.mjs';
export * from './errors.mjs';
export { Lock } from './lock.mjs';
export { keysOf } from './scripts.mjs';
export { RWLock, Semaphore } from './semaphore.mjs';

/** The locks of one server or cluster: new Locks(nodeRedis(client)) or new Locks(ioredis(client)). */
export class Locks {
  #lines = new Map();

  /** owner: what those who inspect a lock see of its token. turn: how long one grant may serve the callers of this process. */
  constructor(client, { owner = '', turn = 1 } = {}) { Object.assign(this, { client, owner, turn }); }

  /** One call of a script: the reply as an object of its tag and fields. */
  async _call(kind, verb, name, values = {}) {
    const script = kind.scripts[verb];
    const words = [script.sha1, keysOf(name, script.suffixes), argv(script, values)];
    let reply;
    try {
      reply = await this.client.evalsha(...words);
    } catch (error) {
      if (!String(error?.message).startsWith('NOSCRIPT')) throw error;
      await this.client.load(script.source);
      reply = await this.client.evalsha(...words);
    }
    const right = read(script, reply);
    // Of what is not understood only the tag is told: the rest may have a token.
    if (!right) throw new UnknownReply(`${verb} answered ${Array.isArray(reply) ? String(reply[0]) : 'no array'}`);
    return right;
  }

  /** One attempt: a Lock, or null if somebody else has it or waits for it. */
  tryLock(name, lease, options = {}) { return this._try(mutex, name, lease, options); }

  /** Waits in the queue, until the AbortSignal says otherwise, or a LockTimeout after `timeout`. */
  lock(name, lease, options = {}) { return this._wait(mutex, name, lease, options); }

  /** Runs work(lock, lock.signal) under the lock, which is renewed meanwhile unless { renew: false } is given. */
  with(name, lease, work, options = {}) { return this._under(mutex, name, lease, work, options); }

  /** The lock that another process took: extends it, and has it as a Lock here. */
  attach(name, token, lease) { return this._attach(mutex, name, token, lease); }

  /** Who holds the lock, and how many wait for it. holderPTTL -2: nobody. */
  async status(name) {
    const { holder, holder_pttl: holderPTTL, fence, time, queued } = await this._call(mutex, 'inspect', name);
    return { holder, holderPTTL, fence, time, queued };
  }

  /** Whether anybody holds the lock. */
  async locked(name) { return (await this.status(name)).holderPTTL !== -2; }

  /** `limit` permits of this name, on all machines together. */
  semaphore(name, limit, lease) { return new Semaphore(this, name, limit, lease); }

  /** Many readers or one writer of this name, on all machines together. */
  rwlock(name, lease) { return new RWLock(this, name, lease); }

  _try(kind, name, lease, options) { return this.#acquire(kind, name, lease, 0, { ...options, timeout: 0 }); }

  async _wait(kind, name, lease, options) {
    const lock = await this.#acquire(kind, name, lease, presence, options);
    if (!lock) throw new LockTimeout(`${name}: held by somebody else`);
    return lock;
  }

  async _under(kind, name, lease, work, options) {
    const lock = await this._wait(kind, name, lease, { renew: true, ...options });
    let result;
    try {
      result = await work(lock, lock.signal);
    } catch (error) { // the work's own error wins over what the release says
      await lock.release().catch(() => {});
      throw error;
    }
    await lock.release();
    return result;
  }

  async _attach(kind, name, token, lease) {
    const sent = clock();
    const reply = await this._call(kind, 'extend', name, { token, lease, ...kind.permits });
    if (reply.tag === 'NOTHELD') throw new LockLost(`${name}: the lease has ended, or somebody took the lock`);
    const waiter = new Line().join({ kind, name, token, lease, own: true, presence: 0 });
    return new Lock(this, name, waiter.granted(sent, { ...reply, lease: reply.lease_left, fences: 1 }), reply.fence);
  }

  _wake({ kind, name }) { this.#lines.get(key(kind, name))?.wake(); }

  async #acquire(kind, name, lease, presence, { signal, poll = 250, timeout = Infinity, renew = false, token: own }) {
    if (!Number.isInteger(lease) || lease < 1 || lease > most) throw new RangeError('a lease is an integer of ms, 1 to 2^31 - 1');
    keysOf(name, ['']);
    signal?.throwIfAborted();
    const end = clock() + timeout;
    const random = randomBytes(16).toString('base64url');
    const token = own ?? (this.owner ? `${this.owner}/${random}` : random);
    const line = this.#lines.get(key(kind, name)) ?? new Line();
    this.#lines.set(key(kind, name), line);
    const fences = own === undefined ? kind.fences : 1;
    const w = line.join({ kind, name, token, lease, presence, fences, own: own !== undefined, asking: !presence });
    const values = { token, lease, presence, fences, ...kind.permits };
    const abort = () => { w.aborted = true; w.wake(); };
    signal?.addEventListener('abort', abort, { once: true });
    let ask;
    let lock = null;
    let tries = 0;
    try {
      while (!w.passed) {
        if (w.aborted) throw signal.reason;
        if (!line.mayAsk(w)) {
          if (clock() >= end) return null;
          await w.sleep(Math.min(line.patience(w), end - clock()));
          continue;
        }
        const sent = clock();
        ask = this._call(kind, 'acquire', name, values);
        const reply = await w.orAborted(ask, end - clock());
        if (!reply) { // aborted, or the patience is over while the server is silent
          if (w.aborted) throw signal.reason;
          return null;
        }
        const wait = reply.wait ?? reply.holder_pttl; // ms until a lease ends, 0: ask again at once
        if (reply.tag === 'GRANTED') {
          line.granted(w, w.granted(sent, reply));
        } else if (reply.tag === 'HELD') {
          if (wait === 0 && ++tries < 100) continue;
          w.asking = false; // nothing of it is at the server
          return null;
        } else if (sent >= end) {
          return null;
        } else {
          await w.sleep(Math.max(0, Math.min(pause(wait, reply.position, poll), end - clock())));
        }
      }
      const grant = w.passed;
      if (w.aborted) throw signal.reason;
      if (w.short) { // what release handed on lasts the presence: asking again raises it
        const sent = clock();
        ask = this._call(kind, 'acquire', name, { token, lease, ...kind.permits });
        const reply = await ask;
        if (reply.tag !== 'GRANTED') throw new LockLost(`${name}: the lease that was handed on has ended`);
        grant.raised(sent, reply.fence, reply.lease);
      }
      if (grant.deadline <= clock()) throw new LockLost(`${name}: the answer took longer than the lease`);
      lock = new Lock(this, name, grant, grant.take());
      if (renew) lock._renew(lease);
      return lock;
    } finally {
      signal?.removeEventListener('abort', abort);
      // A wait that was cancelled ends at once; behind it, neither a lock nor a place in the queue is left.
      if (!lock) this.#leave(line, w, ask);
    }
  }

  async #leave(line, w, ask) {
    line.leave(w);
    await ask?.catch(() => {});
    if (w.passed) await this._giveBack(w.passed, true).catch(() => {});
    else if (w.asking) await this.#release(line, null, w).catch(() => {});
    else {
      line.wake();
      this.#tidy(line, w);
    }
  }

  /** Passes a grant on, or releases it. Whether it turned out to be lost. */
  async _giveBack(grant, late) {
    const line = this.#lines.get(key(grant.kind, grant.name)) ?? new Line();
    if (!late && line.passOn(grant, this.turn)) return false;
    grant.closed = true;
    const [tag, repeated] = await this.#release(line, grant, grant);
    // After a repeat within the lease NOTHELD says that the first call did it.
    return tag === 'NOTHELD' && (!repeated || late || clock() >= grant.deadline);
  }

  /** Sends a release, and applies its answer. One that failed is repeated behind the caller's back, too. */
  async #release(line, grant, { kind, name, token }) {
    const w = line.successor();
    const sent = clock();
    const before = this.client.closes();
    const until = grant?.deadline ?? sent + 60_000;
    const values = w ? { successor: w.token, lease: w.lease, presence: w.presence, fences: w.fences, ...w.kind.permits } : {};
    let reply;
    try {
      reply = await this._call(kind, 'release', name, { token, ...values });
    } catch (error) {
      this.#again(kind, name, token, until);
      throw error;
    } finally {
      if (line.settle(grant, w, sent, reply)) this.#again(kind, name, w.token, until);
      this.#tidy(line, { kind, name });
    }
    if (reply.more) this.#again(kind, name, token, until, 0); // one call of a semaphore admits a bounded number
    return [reply.tag, this.client.closes() !== before];
  }

  /** Gives a token back until the server has answered, or nothing of it can be left there. */
  #again(kind, name, token, until, wait = 50) {
    setTimeout(async () => {
      try {
        while ((await this._call(kind, 'release', name, { token })).more);
      } catch (error) {
        if (clock() + wait < until && !(error instanceof UnknownReply)) {
          this.#again(kind, name, token, until, Math.min(Math.max(50, 2 * wait), 1000));
        }
      }
    }, wait).unref();
  }

  #tidy(line, { kind, name }) { if (line.idle && this.#lines.get(key(kind, name)) === line) this.#lines.delete(key(kind, name)); }
}

const key = (kind, name) => `${kind.id} ${Buffer.from(name).toString('latin1')}`;
