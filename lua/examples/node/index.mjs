// Distributed locks on plain Redis: the scripts of go-redilock through node-redis or ioredis. All times are ms.

import { randomBytes } from 'node:crypto';
import { keysOf, scripts } from './scripts.mjs';
import { Line, certain, clock, pause, presence } from './turns.mjs';

export { ioredis, nodeRedis } from './clients.mjs';
export { keysOf } from './scripts.mjs';

/** What all errors of a lock have in common. Those of the Redis library pass through; a bad name or argument is a RangeError. */
export class LockError extends Error { get name() { return this.constructor.name; } }

/** We had the lock. Its lease has ended, or somebody took it away, or it was given back already. */
export class LockLost extends LockError {}

/** Somebody else had the lock for as long as the caller wanted to wait. */
export class LockTimeout extends LockError {}

/** The script answered what its manifest does not list. Never take that for one of the answers that it lists. */
export class UnknownReply extends LockError {}

/** A lock that is held, until `deadline` on performance.now(). `await using` gives it back. */
export class Lock {
  #locks; #grant; #ended = false; #lost = new AbortController(); #timer;

  constructor(locks, name, grant, fence) {
    Object.assign(this, { name, fence });
    this.#locks = locks;
    this.#grant = grant;
  }

  get deadline() { return this.#grant.deadline; }

  /** ms until the deadline; 0 when it has passed. */
  get left() { return this.#ended ? 0 : Math.max(0, this.#grant.deadline - clock()); }

  /** Whether it is known to be lost. Nothing is asked of the server. */
  get lost() { return this.#ended || this.#grant.lost || clock() >= this.#grant.deadline; }

  /** Aborted, with a LockLost, when a renewed lock is lost. */
  get signal() { return this.#lost.signal; }

  /** What another process needs, with the name, to attach to the lock. Nobody else gets this grant afterwards. */
  get token() {
    if (this.#ended) throw new LockLost(`${this.name}: it was given back`);
    this.#grant.closed = true;
    return this.#grant.token;
  }

  /** Throws LockLost if it is known to be lost. */
  check() { if (this.lost) throw new LockLost(`${this.name}: the lease has ended, or somebody took the lock`); }

  /** Asks the server whether it is still ours. */
  async owned() { return !this.#ended && (await this.#locks.status(this.name)).holder === this.#grant.token; }

  /** Keeps the lock for `lease` from now at least: it never adds to what is left, and never takes from it. */
  async extend(lease) {
    if (this.#ended) throw new LockLost(`${this.name}: it was given back`);
    this.#grant.closed = true;
    const sent = clock();
    const [tag, fence, left] = await this.#locks.call('extend', this.name, this.#grant.token, lease);
    if (tag === 'NOTHELD') {
      const lost = new LockLost(`${this.name}: the lease has ended, or somebody took the lock`);
      this.#tell(lost);
      throw lost;
    }
    this.#grant.raised(sent, fence, left);
  }

  /** Gives the lock back, to the first that waits. LockLost if it was lost meanwhile, or given back already. */
  async release() {
    if (this.#ended) throw new LockLost(`${this.name}: it was given back already`);
    this.#ended = true;
    clearTimeout(this.#timer);
    const late = clock() >= this.#grant.deadline || this.#grant.lost;
    const stolen = await this.#locks.giveBack(this.#grant, late);
    if (stolen) throw new LockLost(`${this.name}: the lease had ended, or somebody had taken the lock`);
  }

  [Symbol.asyncDispose ?? Symbol.for('Symbol.asyncDispose')]() { return this.release(); }

  /** Extends the lock until it is released or lost. Its timer does not keep the process running. */
  renew(lease, wait = lease / 3) {
    this.#grant.closed = true;
    this.#timer = setTimeout(async () => {
      if (this.#ended) return;
      if (this.lost) return this.#tell(new LockLost(`${this.name}: it could not be renewed in time`));
      const end = setTimeout(() => this.#tell(new LockLost(`${this.name}: it could not be renewed in time`)), this.left);
      try {
        await this.extend(lease);
        if (!this.#ended) this.renew(lease);
      } catch (error) { // the next attempt, or the deadline, decides
        if (!(error instanceof LockLost) && !this.#ended) this.renew(lease, Math.min(Math.max(50, lease / 10), this.left));
      } finally { clearTimeout(end); }
    }, Math.min(wait, this.left));
    this.#timer.unref();
  }

  #tell(lost) {
    if (this.#ended) return;
    this.#grant.lost = true;
    this.#lost.abort(lost);
  }
}

/** The locks of one server or cluster: new Locks(nodeRedis(client)) or new Locks(ioredis(client)). */
export class Locks {
  #lines = new Map();

  /** owner: what those who inspect a lock see of its token. turn: how long one grant may serve the callers of this process. */
  constructor(client, { owner = '', turn = 1 } = {}) { Object.assign(this, { client, owner, turn }); }

  async call(verb, name, ...args) {
    const { sha1, source, suffixes, replies } = scripts[verb];
    const keys = keysOf(name, suffixes);
    const words = [sha1, keys, args.map((arg) => (Buffer.isBuffer(arg) ? arg : String(arg)))];
    let reply;
    try {
      reply = await this.client.evalsha(...words);
    } catch (error) {
      if (!String(error?.message).startsWith('NOSCRIPT')) throw error;
      await this.client.load(source);
      reply = await this.client.evalsha(...words);
    }
    // Clients give Buffers for strings, and text for numbers, if they are told to.
    const tag = Array.isArray(reply) ? String(reply[0]) : 'no array';
    const fields = replies.get(tag);
    const values = fields?.map(({ type }, i) => (type === 'integer' ? Number(reply[i + 1]) : reply[i + 1]));
    const right = values?.length === reply?.length - 1
      && fields.every(({ type }, i) => type !== 'integer' || (reply[i + 1] !== null && Number.isSafeInteger(values[i])));
    // Of what is not understood only the tag is told: the rest may have a token.
    if (!right) throw new UnknownReply(`${verb} answered ${tag}`);
    return [tag, ...values.map((value) => (Buffer.isBuffer(value) ? value.toString() : value))];
  }

  /** One attempt: a Lock, or null if somebody else has it or waits for it. */
  tryLock(name, lease, options = {}) { return this.#acquire(name, lease, 0, { ...options, timeout: 0 }); }

  /** Waits in the queue, until the AbortSignal says otherwise, or a LockTimeout after `timeout`. */
  async lock(name, lease, options = {}) {
    const lock = await this.#acquire(name, lease, presence, options);
    if (!lock) throw new LockTimeout(`${name}: held by somebody else`);
    return lock;
  }

  /** Runs work(lock, lock.signal) under the lock, which is renewed meanwhile unless { renew: false } is given. */
  async with(name, lease, work, options = {}) {
    const lock = await this.lock(name, lease, { renew: true, ...options });
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

  /** The lock that another process took: extends it, and has it as a Lock here. */
  async attach(name, token, lease) {
    const sent = clock();
    const [tag, fence, left] = await this.call('extend', name, token, lease);
    if (tag === 'NOTHELD') throw new LockLost(`${name}: the lease has ended, or somebody took the lock`);
    const grant = this.#lines.get(key(name))?.grant(name, token, lease, fence, 1, certain(sent, left))
      ?? new Line().grant(name, token, lease, fence, 1, certain(sent, left));
    grant.closed = true;
    return new Lock(this, name, grant, fence);
  }

  /** Who holds the lock, and how many wait for it. holderPTTL -2: nobody. */
  async status(name) {
    const [, holder, holderPTTL, fence, time, queued] = await this.call('inspect', name);
    return { holder: String(holder), holderPTTL, fence, time, queued };
  }

  /** Whether anybody holds the lock. */
  async locked(name) { return (await this.status(name)).holderPTTL !== -2; }

  async #acquire(name, lease, presence, { signal, poll = 250, timeout = Infinity, renew = false, token: own }) {
    if (!Number.isInteger(lease) || lease < 1 || lease > 2147483647) throw new RangeError('a lease is an integer of ms, 1 to 2^31 - 1');
    keysOf(name, ['']);
    signal?.throwIfAborted();
    const end = clock() + timeout;
    const random = randomBytes(16).toString('base64url');
    const token = own ?? (this.owner ? `${this.owner}/${random}` : random);
    const line = this.#lines.get(key(name)) ?? new Line();
    this.#lines.set(key(name), line);
    const w = line.join({ name, token, lease, presence, fences: own === undefined ? 64 : 1, asking: !presence });
    const abort = () => { w.aborted = true; w.wake(); };
    signal?.addEventListener('abort', abort, { once: true });
    let ask;
    let lock = null;
    try {
      while (!w.passed) {
        if (w.aborted) throw signal.reason;
        if (!line.mayAsk(w)) {
          if (clock() >= end) return null;
          await w.sleep(Math.min(line.patience(w), end - clock()));
          continue;
        }
        const sent = clock();
        ask = this.call('acquire', name, token, lease, presence, 'poll', '', w.fences);
        const reply = await w.orAborted(ask, end - clock());
        if (!reply) { // aborted, or the patience is over while the server is silent
          if (w.aborted) throw signal.reason;
          return null;
        }
        const [tag, first, second, third] = reply;
        if (tag === 'GRANTED') { // fence, lease, fences
          line.granted(w, line.grant(name, token, lease, first, third, certain(sent, second)));
        } else if (tag === 'HELD') {
          w.asking = false; // nothing of it is at the server
          return null;
        } else if (sent >= end) {
          return null;
        } else {
          await w.sleep(Math.max(0, Math.min(pause(first, second, poll), end - clock())));
        }
      }
      const grant = w.passed;
      if (w.aborted) throw signal.reason;
      if (w.handed && lease > presence) { // what release handed on lasts the presence: asking again raises it
        const sent = clock();
        ask = this.call('acquire', name, token, lease, presence);
        const [tag, fence, left] = await ask;
        if (tag !== 'GRANTED') throw new LockLost(`${name}: the lease that was handed on has ended`);
        grant.raised(sent, fence, left);
      }
      if (grant.deadline <= clock()) throw new LockLost(`${name}: the answer took longer than the lease`);
      if (own !== undefined) grant.closed = true;
      lock = new Lock(this, name, grant, grant.take());
      if (renew) lock.renew(lease);
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
    if (w.passed) await this.giveBack(w.passed, true).catch(() => {});
    else if (w.asking) await this.#release(line, null, w.name, w.token).catch(() => {});
    else this.#tidy(line, w.name);
  }

  /** Passes a grant on, or releases it. Whether it turned out to be lost. */
  async giveBack(grant, late) {
    const line = this.#lines.get(key(grant.name)) ?? new Line();
    if (!late && line.passOn(grant, this.turn)) return false;
    grant.closed = true;
    const [tag, repeated] = await this.#release(line, grant, grant.name, grant.token);
    // After a repeat within the lease NOTHELD says that the first call did it.
    return tag === 'NOTHELD' && (!repeated || late || clock() >= grant.deadline);
  }

  /** Sends a release, and applies its answer. One that failed is repeated behind the caller's back, too. */
  async #release(line, grant, name, token) {
    const w = line.successor();
    const sent = clock();
    const before = this.client.closes();
    const until = grant?.deadline ?? sent + 60_000;
    let reply;
    try {
      reply = w
        ? await this.call('release', name, token, '', w.token, w.lease, w.presence, 'poll', w.fences)
        : await this.call('release', name, token);
    } catch (error) {
      this.#again(name, token, until);
      throw error;
    } finally {
      if (line.settle(grant, w, sent, reply)) this.#again(name, w.token, until);
      this.#tidy(line, name);
    }
    return [reply[0], this.client.closes() !== before];
  }

  /** Gives a token back until the server has answered, or nothing of it can be left there. */
  #again(name, token, until, wait = 50) {
    setTimeout(() => this.call('release', name, token).catch((error) => {
      if (clock() + wait < until && !(error instanceof UnknownReply)) this.#again(name, token, until, Math.min(2 * wait, 1000));
    }), wait).unref();
  }

  #tidy(line, name) { if (line.idle && this.#lines.get(key(name)) === line) this.#lines.delete(key(name)); }
}

const key = (name) => Buffer.from(name).toString('latin1');
