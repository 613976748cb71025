// A lock in the hands of one caller.

import { LockLost } from './errors.mjs';
import { most, mutex, permits } from './kinds.mjs';
import { clock } from './turns.mjs';

/** A lock that is held, or some permits of a semaphore, until `deadline` on performance.now(). `await using` gives it back. */
export class Lock {
  #locks; #grant; #ended = false; #lost = new AbortController(); #timer;

  constructor(locks, name, grant, fence) {
    Object.assign(this, { name, fence });
    this.#locks = locks;
    this.#grant = grant;
  }

  /** How many permits it has: 1 where it is no semaphore's. */
  get weight() { return this.#grant.kind.weight; }

  get deadline() { return this.#grant.deadline; }

  /** ms until the deadline; 0 when it has passed. */
  get left() { return this.#ended ? 0 : Math.max(0, this.#grant.deadline - clock()); }

  /** Whether it is known to be lost. Nothing is asked of the server. */
  get lost() { return this.#ended || this.#grant.lost || clock() >= this.#grant.deadline; }

  /** Aborted, with a LockLost, when a renewed lock is lost. */
  get signal() { return this.#lost.signal; }

  /** What another process needs, with the name, to attach to the lock. Nobody else gets this grant afterwards. */
  get token() {
    this.#close();
    return this.#grant.token;
  }

  /** Throws LockLost if it is known to be lost. */
  check() { if (this.lost) throw this.#loss(); }

  /** Asks the server whether it is still ours. */
  async owned() {
    const { kind, token } = this.#grant;
    return !this.#ended && kind.stands(token, await this.#call(kind.probe[0], kind.probe[1]));
  }

  /** Keeps the lock for `lease` from now at least: it never adds to what is left, and never takes from it. */
  async extend(lease) {
    this.#close();
    const sent = clock();
    const reply = await this.#call('extend', { lease });
    this.#still(reply);
    this.#grant.raised(sent, reply.fence, reply.lease_left);
  }

  /** Gives some of its permits back, and keeps `weight` of them. Who waits for them is admitted. */
  async shrink(weight) {
    const { kind } = this.#grant;
    if (kind === mutex) throw new RangeError(`${this.name} is a mutex: it has no permits to give back`);
    if (!Number.isInteger(weight) || weight < 1 || weight > kind.weight) throw new RangeError(`keep 1 to ${kind.weight} of its permits`);
    this.#close();
    let reply = await this.#call('shrink', { weight });
    this.#still(reply);
    this.#grant.kind = permits(kind.limit, Math.min(kind.weight, reply.weight));
    this.#locks._wake(this.#grant);
    while (reply.more) reply = await this.#call('shrink', { weight }); // one call admits a bounded number
  }

  /** Makes a reader of a writer: other readers come in, and no writer in between. */
  async downgrade() {
    if (this.weight !== most) throw new RangeError(`${this.name} is not held by a writer`);
    await this.shrink(1);
  }

  /** Gives the lock back, to the first that waits. LockLost if it was lost meanwhile, or given back already. */
  async release() {
    if (this.#ended) throw new LockLost(`${this.name}: it was given back already`);
    this.#ended = true;
    clearTimeout(this.#timer);
    const late = clock() >= this.#grant.deadline || this.#grant.lost;
    if (await this.#locks._giveBack(this.#grant, late)) throw new LockLost(`${this.name}: the lease had ended, or somebody had taken the lock`);
  }

  [Symbol.asyncDispose ?? Symbol.for('Symbol.asyncDispose')]() { return this.release(); }

  /** Extends the lock until it is released or lost. Its timer does not keep the process running. */
  _renew(lease, wait = lease / 3) {
    this.#grant.closed = true;
    this.#timer = setTimeout(async () => {
      if (this.#ended) return;
      if (this.lost) return this.#tell(new LockLost(`${this.name}: it could not be renewed in time`));
      const end = setTimeout(() => this.#tell(new LockLost(`${this.name}: it could not be renewed in time`)), this.left);
      try {
        await this.extend(lease);
        if (!this.#ended) this._renew(lease);
      } catch (error) { // the next attempt, or the deadline, decides
        if (!(error instanceof LockLost) && !this.#ended) this._renew(lease, Math.min(Math.max(50, lease / 10), this.left));
      } finally { clearTimeout(end); }
    }, Math.min(wait, this.left));
    this.#timer.unref();
  }

  #call(verb, values) {
    const { kind, name, token } = this.#grant;
    return this.#locks._call(kind, verb, name, { token, ...kind.permits, ...values });
  }

  /** No other caller may use the grant from now on. */
  #close() {
    if (this.#ended) throw new LockLost(`${this.name}: it was given back`);
    this.#grant.closed = true;
  }

  #loss() { return new LockLost(`${this.name}: the lease has ended, or somebody took the lock`); }

  #still({ tag }) {
    if (tag !== 'NOTHELD') return;
    const lost = this.#loss();
    this.#tell(lost);
    throw lost;
  }

  #tell(lost) {
    if (this.#ended) return;
    this.#grant.lost = true;
    this.#lost.abort(lost);
  }
}
