// Semaphores and readers–writer locks. locks.semaphore and locks.rwlock make them.

import { most, permits } from './kinds.mjs';
import { keysOf } from './scripts.mjs';

/** `limit` permits of one name, for all processes together: weighted, leased, first come, first served. */
export class Semaphore {
  #locks;

  constructor(locks, name, limit, lease) {
    permits(limit, 1);
    keysOf(name, ['']);
    Object.assign(this, { name, limit, lease });
    this.#locks = locks;
  }

  /** Waits for so many permits at once, as locks.lock does for a lock. A large request is not overtaken by small ones. */
  async acquire(weight = 1, options = {}) { return this.#locks._wait(permits(this.limit, weight), this.name, this.lease, options); }

  /** One attempt: a Lock, or null if there is no room, or others wait. */
  async tryAcquire(weight = 1, options = {}) { return this.#locks._try(permits(this.limit, weight), this.name, this.lease, options); }

  /** Runs work(lock, lock.signal) with so many permits, which are renewed meanwhile unless { renew: false } is given. */
  async with(weight, work, options = {}) { return this.#locks._under(permits(this.limit, weight), this.name, this.lease, work, options); }

  /** The permits that another process took: extends them, and has them as a Lock here. */
  async attach(token, weight = 1) { return this.#locks._attach(permits(this.limit, weight), this.name, token, this.lease); }

  /** How many permits are in use, and the first `rows` of those who hold them and of those who wait. */
  async status(rows = 10) {
    const { tag, holders, waiters, ...status } = await this.#locks._call(permits(this.limit, 1), 'inspect', this.name, { rows });
    return {
      ...status,
      holders: holders.map(({ lease_left: leaseLeft, ...row }) => ({ ...row, leaseLeft })),
      waiters: waiters.map(({ presence_left: presenceLeft, ...row }) => ({ ...row, presenceLeft })),
    };
  }

  /** Whether a permit is not to be had at once. */
  async locked() {
    const { used, held, recorded, queued } = await this.status(0);
    return used >= this.limit || queued > 0 || recorded !== held; // without a record nobody knows what is in use
  }
}

/** Many readers or one writer of one name: first come, first served; readers next to each other go in together. */
export class RWLock {
  #permits;

  constructor(locks, name, lease) { this.#permits = new Semaphore(locks, name, most, lease); }

  get name() { return this.#permits.name; }

  get lease() { return this.#permits.lease; }

  /** Wait for the lock, as locks.lock does. A writer's lock.downgrade() makes a reader of it. */
  read(options) { return this.#permits.acquire(1, options); }

  write(options) { return this.#permits.acquire(most, options); }

  /** One attempt: a Lock or null. */
  tryRead(options) { return this.#permits.tryAcquire(1, options); }

  tryWrite(options) { return this.#permits.tryAcquire(most, options); }

  /** Run work(lock, lock.signal) as a reader, as the writer. */
  withRead(work, options) { return this.#permits.with(1, work, options); }

  withWrite(work, options) { return this.#permits.with(most, work, options); }

  attach(token, { writer = false } = {}) { return this.#permits.attach(token, writer ? most : 1); }

  /** A reader weighs 1, a writer the whole limit. */
  status(rows) { return this.#permits.status(rows); }

  /** Whether anybody has it, readers or a writer. */
  async locked() { return (await this.status(0)).held > 0; }
}
