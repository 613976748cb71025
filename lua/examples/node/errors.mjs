// The errors of a lock. Those of the Redis library pass through; a bad name or argument is a RangeError.

/** What all errors of a lock have in common. */
export class LockError extends Error { get name() { return this.constructor.name; } }

/** We had the lock. Its lease has ended, or somebody took it away, or it was given back already. */
export class LockLost extends LockError {}

/** Somebody else had the lock for as long as the caller wanted to wait. */
export class LockTimeout extends LockError {}

/** The script answered what its manifest does not list. Never take that for one of the answers that it lists. */
export class UnknownReply extends LockError {}
