/** Distributed locks, semaphores and readers–writer locks on plain Redis: the scripts of go-redilock through node-redis or ioredis. All times are ms. */

/** What all errors of a lock have in common. Those of the Redis library pass through; a bad name or argument is a RangeError. */
export class LockError extends Error {}
/** We had the lock. Its lease has ended, or somebody took it away, or it was given back already. */
export class LockLost extends LockError {}
/** Somebody else had the lock for as long as the caller wanted to wait. */
export class LockTimeout extends LockError {}
/** The script answered what its manifest does not list. */
export class UnknownReply extends LockError {}

/** What Locks need of a Redis library. */
export interface Client {
  /** How many connections were closed: a library that sends calls again does it after that. */
  closes(): number;
  evalsha(sha1: string, keys: Uint8Array[], args: (string | Uint8Array)[]): Promise<unknown>;
  load(source: string): Promise<unknown>;
}
/** A client or cluster of node-redis. */
export function nodeRedis(client: object): Client;
/** A Redis or Cluster of ioredis, without keyPrefix. */
export function ioredis(client: object): Client;
/** The keys of a name: the name itself for an empty suffix, a companion in its cluster slot for others. */
export function keysOf(name: string | Uint8Array, suffixes: string[]): Uint8Array[];

export type Name = string | Uint8Array;

export interface Options {
  /** Extend the lock until it is released; lock.signal is aborted if it is lost. */
  renew?: boolean;
  /** One's own, never used before. */
  token?: string;
}
export interface WaitOptions extends Options {
  signal?: AbortSignal;
  /** How long to wait at the most: then a LockTimeout. */
  timeout?: number;
  /** How often the first waiter asks; 250. */
  poll?: number;
}
export interface Status {
  holder: string;
  /** -2: held by nobody, -1: by a key without expiry. */
  holderPTTL: number;
  fence: number;
  /** The server's clock, µs. */
  time: number;
  queued: number;
}

export class Locks {
  /** owner: what those who inspect a lock see of its token. turn: how long one grant may serve the callers of this process; 1. */
  constructor(client: Client, options?: { owner?: string; turn?: number });
  /** One attempt: a Lock, or null if somebody else has it or waits for it. */
  tryLock(name: Name, lease: number, options?: Options): Promise<Lock | null>;
  /** Waits in the queue. */
  lock(name: Name, lease: number, options?: WaitOptions): Promise<Lock>;
  /** Runs work(lock, lock.signal) under the lock, which is renewed meanwhile unless renew is false. */
  with<T>(name: Name, lease: number, work: Work<T>, options?: WaitOptions): Promise<T>;
  /** The lock that another process took. */
  attach(name: Name, token: string, lease: number): Promise<Lock>;
  status(name: Name): Promise<Status>;
  /** Whether anybody holds the lock. */
  locked(name: Name): Promise<boolean>;
  /** `limit` permits of this name, on all machines together. */
  semaphore(name: Name, limit: number, lease: number): Semaphore;
  /** Many readers or one writer of this name, on all machines together. */
  rwlock(name: Name, lease: number): RWLock;
}

type Work<T> = (lock: Lock, signal: AbortSignal) => T | Promise<T>;

export interface SemaphoreStatus {
  /** Permits in use. */
  used: number;
  /** The last that was asked for; 0: none. */
  limit: number;
  /** Holders. */
  held: number;
  /** Of them those whose record is there: while the two differ nothing is granted. */
  recorded: number;
  queued: number;
  /** The server's clock, µs. */
  time: number;
  holders: { token: string; fence: number; weight: number; leaseLeft: number }[];
  waiters: { token: string; weight: number; limit: number; presenceLeft: number }[];
}

/** `limit` permits of one name, for all processes together: weighted, leased, first come, first served. */
export class Semaphore {
  private constructor();
  readonly name: Name;
  readonly limit: number;
  readonly lease: number;
  /** Waits for so many permits at once; 1. A large request is not overtaken by small ones. */
  acquire(weight?: number, options?: WaitOptions): Promise<Lock>;
  /** One attempt: a Lock, or null if there is no room, or others wait. */
  tryAcquire(weight?: number, options?: Options): Promise<Lock | null>;
  /** Runs work with so many permits, which are renewed meanwhile unless renew is false. */
  with<T>(weight: number, work: Work<T>, options?: WaitOptions): Promise<T>;
  /** The permits that another process took. */
  attach(token: string, weight?: number): Promise<Lock>;
  /** How many permits are in use, and the first `rows` (10) of those who hold them and of those who wait. */
  status(rows?: number): Promise<SemaphoreStatus>;
  /** Whether a permit is not to be had at once. */
  locked(): Promise<boolean>;
}

/** Many readers or one writer of one name: first come, first served; readers next to each other go in together. */
export class RWLock {
  private constructor();
  readonly name: Name;
  readonly lease: number;
  read(options?: WaitOptions): Promise<Lock>;
  /** lock.downgrade() makes a reader of the writer. */
  write(options?: WaitOptions): Promise<Lock>;
  tryRead(options?: Options): Promise<Lock | null>;
  tryWrite(options?: Options): Promise<Lock | null>;
  withRead<T>(work: Work<T>, options?: WaitOptions): Promise<T>;
  withWrite<T>(work: Work<T>, options?: WaitOptions): Promise<T>;
  attach(token: string, options?: { writer?: boolean }): Promise<Lock>;
  /** A reader weighs 1, a writer the whole limit. */
  status(rows?: number): Promise<SemaphoreStatus>;
  /** Whether anybody has it, readers or a writer. */
  locked(): Promise<boolean>;
}

/** A lock that is held, or some permits of a semaphore. `await using` gives it back. */
export class Lock {
  private constructor();
  readonly name: Name;
  /** How many permits it has: 1 where it is no semaphore's. */
  readonly weight: number;
  /** Higher than that of every grant of this name before it: what a store can check. */
  readonly fence: number;
  /** Until when it is ours for sure, on performance.now(). */
  readonly deadline: number;
  /** ms until the deadline; 0 when it has passed. */
  readonly left: number;
  /** Whether it is known to be lost. Nothing is asked of the server. */
  readonly lost: boolean;
  /** Aborted, with a LockLost, when a renewed lock is lost. */
  readonly signal: AbortSignal;
  /** What another process needs, with the name, to attach to the lock. */
  readonly token: string;
  /** Throws LockLost if it is known to be lost. */
  check(): void;
  /** Asks the server whether it is still ours. */
  owned(): Promise<boolean>;
  /** Keeps the lock for `lease` from now at least. */
  extend(lease: number): Promise<void>;
  /** Gives some of its permits back, and keeps `weight` of them. */
  shrink(weight: number): Promise<void>;
  /** Makes a reader of a writer. */
  downgrade(): Promise<void>;
  /** Gives the lock back. LockLost if it was lost meanwhile, or given back already. */
  release(): Promise<void>;
}
