/** Distributed locks on plain Redis: the scripts of go-redilock through node-redis or ioredis. All times are ms. */

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
  evalsha(sha1: string, keys: Buffer[], args: (string | Buffer)[]): Promise<unknown>;
  load(source: string): Promise<unknown>;
}
/** A client or cluster of node-redis. */
export function nodeRedis(client: object): Client;
/** A Redis or Cluster of ioredis, without keyPrefix. */
export function ioredis(client: object): Client;
/** The keys of a name: the name itself for an empty suffix, a companion in its cluster slot for others. */
export function keysOf(name: string | Uint8Array, suffixes: string[]): Buffer[];

export type Name = string | Buffer;

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
  with<T>(name: Name, lease: number, work: (lock: Lock, signal: AbortSignal) => T | Promise<T>, options?: WaitOptions): Promise<T>;
  /** The lock that another process took. */
  attach(name: Name, token: string, lease: number): Promise<Lock>;
  status(name: Name): Promise<Status>;
  locked(name: Name): Promise<boolean>;
}

/** A lock that is held. */
export class Lock {
  private constructor();
  readonly name: Name;
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
  /** Gives the lock back. LockLost if it was lost meanwhile, or given back already. */
  release(): Promise<void>;
}
