// What `tsc --noEmit --strict` has to accept, and, below, what it has to refuse.

import { Lock, LockLost, LockTimeout, Locks, RWLock, Semaphore, type Client, type SemaphoreStatus } from 'go-redilock';

export async function types(client: Client): Promise<number> {
  const locks = new Locks(client, { owner: 'me', turn: 0 });
  const fence: number = await locks.with('name', 5000, (lock, signal) => { signal.throwIfAborted(); return lock.fence; });
  const exports: Semaphore = locks.semaphore('exports', 5, 30_000);
  const permit: Lock = await exports.acquire(2, { timeout: 1000, poll: 10, renew: true, signal: AbortSignal.timeout(5000) });
  await permit.shrink(1);
  const none: Lock | null = await exports.tryAcquire();
  const text: string = await exports.with(1, async (lock) => lock.token);
  const status: SemaphoreStatus = await exports.status(100);
  const config: RWLock = locks.rwlock(new Uint8Array([120]), 30_000);
  const one: number = await config.withRead(() => 1);
  const lock = await config.write({ token: 'mine' });
  await lock.downgrade();
  await (await config.attach(lock.token, { writer: false })).release().catch((error: unknown) => {
    if (!(error instanceof LockLost || error instanceof LockTimeout)) throw error;
  });

  // @ts-expect-error a Lock may be null
  none.release();
  // @ts-expect-error who made it is locks.semaphore
  new Semaphore(locks, 'exports', 5, 30_000);
  // @ts-expect-error a fence is not to be set
  lock.fence = 1;
  // @ts-expect-error a limit is a number
  locks.semaphore('exports', '5', 30_000);
  // @ts-expect-error one attempt does not wait
  exports.tryAcquire(1, { timeout: 5 });
  return fence + one + status.used + text.length;
}
