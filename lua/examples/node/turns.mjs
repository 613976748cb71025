// Grants, and who of one process waits for the next. Nothing in here sends anything.

export const presence = 6000; // how long the server believes a waiter alive that does not ask

export const clock = () => performance.now();

/** The first waiter asks every `poll`, and when a lease ends; the others the less, the further behind they stand. */
export function pause(wait, position, poll) {
  if (position === 1 && wait >= 0) return Math.min(poll, wait + 1);
  return Math.min(poll * position, presence / 3);
}

/** Until when it is ours for sure: from before the request, less 1 % + 2 ms for clocks that run apart. */
export const certain = (sent, lease) => sent + lease * 0.99 - 2;

/** What the server gave to one token: the lock until a deadline, and numbers of which each holder takes one. */
export class Grant {
  closed = false; // no further holder may use it: somebody knows the token, or it was extended or released
  lost = false;
  arrived = clock();

  constructor(values) { Object.assign(this, values); }

  /** A repeated acquire or an extend was answered. */
  raised(sent, fence, lease) {
    this.deadline = Math.max(this.deadline, certain(sent, lease));
    if (fence > this.last) this.closed = true; // the counter was lost
  }

  passesTo(w, turn) {
    const now = clock();
    return !this.closed && !this.lost && this.next <= this.last && now - this.arrived < turn && w.lease === this.lease
      && this.deadline - now > this.lease / 2;
  }

  /** A holder's fence. */
  take() { return this.next++; }
}

/** A caller that waits. asking: it asks the server for itself; gone: it gave up. */
class Waiter {
  since = clock();
  gone = false;
  short = false; // a release of this process handed it on, for less than the lease that was asked for
  passed = null; // a grant
  aborted = false;
  woken = false; // while it did not sleep
  wake = () => { this.woken = true; };

  constructor(values) { Object.assign(this, values); }

  /** The grant that a reply, or a row of one, made. */
  granted(sent, { fence, lease, fences }) {
    return new Grant({ kind: this.kind, name: this.name, token: this.token, lease: this.lease, last: fence, next: fence - fences + 1,
      deadline: certain(sent, lease), closed: this.own });
  }

  /** Sleeps until it is woken, or for so many ms. */
  sleep(ms) {
    if (this.passed || this.aborted || this.woken) {
      this.woken = false;
      return undefined;
    }
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, Math.min(ms, 2 ** 31 - 1));
      this.wake = () => { clearTimeout(timer); resolve(); };
    });
  }

  /** What was promised; or undefined once it is aborted, or when the patience is over. */
  async orAborted(promise, ms) {
    promise.catch(() => {}); // nobody may be listening when it fails
    this.woken = false;
    if (this.aborted) return undefined;
    let timer;
    try {
      return await Promise.race([promise, new Promise((resolve) => {
        this.wake = () => {
          this.woken = true; // it sees it when the call is answered
          if (this.aborted) resolve();
        };
        if (ms !== Infinity) timer = setTimeout(resolve, Math.max(0, Math.min(ms, 2 ** 31 - 1)) + 100);
      })]);
    } finally { clearTimeout(timer); }
  }
}

/** The waiters of one process for one name, first come, first served, and the exclusive grant that one of them uses. */
export class Line {
  waiters = [];
  holder = null;

  get idle() { return !this.waiters.length && !this.holder; }

  join(values) {
    const w = new Waiter(values);
    if (w.presence) this.waiters.push(w);
    return w;
  }

  /** Only the first asks the server: when nobody here keeps it out, and if that lasts, to strand nobody. */
  mayAsk(w) {
    if (!w.asking && this.waiters[0] === w) {
      w.asking = !this.holder || this.holder.deadline <= clock() || clock() - w.since >= presence / 3;
    }
    return w.asking;
  }

  /** How long w may sleep before it looks again. */
  patience(w) {
    if (!this.holder || this.waiters[0] !== w) return presence / 3;
    return Math.max(1, Math.min(this.holder.deadline, w.since + presence / 3) - clock());
  }

  granted(w, grant) {
    this.#remove(w);
    w.passed = grant;
    if (grant.kind.exclusive) this.holder = grant;
    else this.wake();
  }

  /** Lets the first look whether it may go in, or ask. */
  wake() { this.waiters[0]?.wake(); }

  /** Gives the grant of a holder that is done to the next, without the server. Else it must be released. */
  passOn(grant, turn) {
    const [w] = this.waiters;
    if (!w || w.asking || !this.#holds(grant) || !grant.passesTo(w, turn)) return false;
    this.granted(w, grant);
    w.wake();
    return true;
  }

  /** Who is to be named in a release. One that asks for itself stands at the server already. */
  successor() { return this.waiters[0]?.asking ? undefined : this.waiters[0]; }

  /** Applies the answer to a release that named w (reply undefined: it failed). Whether w is gone meanwhile. */
  settle(grant, w, sent, reply) {
    if (this.#holds(grant)) this.holder = null;
    if (w && !w.gone && !w.passed) {
      const row = told(reply).find(({ token }) => token === String(w.token));
      if (row) {
        this.granted(w, w.granted(sent, row));
        w.short = row.lease < w.lease;
      } else {
        w.asking = true;
      }
      w.wake();
    } else {
      this.wake();
    }
    return Boolean(w?.gone);
  }

  leave(w) {
    w.gone = true;
    this.#remove(w);
  }

  #holds(grant) { return Boolean(this.holder && grant && this.holder.token === grant.token); }

  #remove(w) {
    const i = this.waiters.indexOf(w);
    if (i >= 0) this.waiters.splice(i, 1);
  }
}

// Whom a release granted, of those that the caller has to tell.
const told = (reply) => (reply?.tag === 'HANDED' ? [reply] : reply?.granted ?? []);
