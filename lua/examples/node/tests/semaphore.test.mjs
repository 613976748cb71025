// What users do with semaphores and readers–writer locks. clients.mjs has the clients.

import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { LockLost, LockTimeout, Locks, UnknownReply } from '../index.mjs';
import { clients, closeAll, clusters, ioClient, nameOf, times } from './clients.mjs';

test.after(closeAll);

for (const [kind, make] of Object.entries({ ...clients, ...clusters })) {
  test(`the calls of a semaphore through ${kind}`, async () => {
    const locks = new Locks(await make(), { owner: 'me' });
    const exports = locks.semaphore(nameOf('clients'), 5, 30_000);
    const two = await exports.acquire(2, { timeout: 5000 });
    await exports.with(3, async (three) => {
      assert.ok(await two.owned() && await three.owned() && await exports.locked() && three.fence > two.fence);
      assert.equal(await exports.tryAcquire(), null);
      await assert.rejects(exports.acquire(1, { timeout: 50, poll: 10 }), LockTimeout);
      await two.extend(60_000);
      assert.ok(two.left > 50_000 && two.token.startsWith('me/'));
      await three.shrink(1);
      const status = await exports.status();
      assert.deepEqual([three.weight, status.used, status.limit, status.held], [1, 3, 5, 2]);
      assert.deepEqual(status.holders.map(({ weight }) => weight).sort(), [1, 2]);
      await (await exports.tryAcquire(2)).release();
    });
    await two.release();
    await assert.rejects(two.release(), LockLost);
    assert.deepEqual([(await exports.status()).used, await exports.locked()], [0, false]);

    const config = locks.rwlock(nameOf('clients-rw'), 30_000);
    await config.withWrite(async (writer) => {
      assert.equal(await config.tryRead(), null);
      await writer.downgrade();
      await config.withRead(async () => {
        assert.equal(await config.tryWrite(), null);
        assert.ok(await config.locked());
      }, { timeout: 5000 });
    });
    assert.equal(await config.locked(), false);
  });
}

for (const kind of ['node-redis', 'ioredis']) {
  test(`never more than the limit, by two processes' worth of callers, ${kind}`, async () => {
    const sets = [new Locks(await clients[kind]()), new Locks(await clients[kind]())];
    const name = nameOf('limit');
    const inside = [];
    let most = 0;
    let done = 0;
    await Promise.all(Array.from({ length: 16 }, async (_, i) => {
      for (let turn = 0; turn < 20; turn++) {
        const weight = 1 + (i + turn) % 3;
        await sets[i % 2].semaphore(name, 5, 30_000).with(weight, async () => {
          inside.push(weight);
          most = Math.max(most, inside.reduce((a, b) => a + b));
          await sleep(1);
          inside.splice(inside.indexOf(weight), 1);
          done++;
        }, { poll: 2, timeout: 60_000, renew: false });
      }
    }));
    assert.deepEqual([done, most], [320, 5]);
    assert.equal((await sets[0].semaphore(name, 5, 30_000).status()).used, 0);
  });

  test(`readers and writers, ${kind}`, async () => {
    const sets = [new Locks(await clients[kind]()), new Locks(await clients[kind]())];
    const name = nameOf('rw');
    const now = { readers: 0, writers: 0 };
    let together = 0;
    await Promise.all(Array.from({ length: 12 }, async (_, i) => {
      for (let turn = 0; turn < 10; turn++) {
        const who = (i + turn) % 5 ? 'readers' : 'writers';
        const config = sets[i % 2].rwlock(name, 30_000);
        await (who === 'readers' ? config.withRead : config.withWrite).call(config, async () => {
          now[who]++;
          together = Math.max(together, now.readers);
          assert.ok(now.writers === 0 || (now.writers === 1 && now.readers === 0));
          await sleep(1);
          now[who]--;
        }, { poll: 2, timeout: 60_000, renew: false });
      }
    }));
    assert.ok(together > 1);
  });

  test(`first come, first served, ${kind}`, async () => {
    const locks = new Locks(await clients[kind]());
    for (const other of [locks, new Locks(await clients[kind]())]) {
      const exports = locks.semaphore(nameOf('order'), 3, 30_000);
      const small = other.semaphore(exports.name, 3, 30_000);
      const order = [];
      const held = [await exports.acquire(), await exports.acquire()];
      const large = exports.with(3, () => order.push('large'), { poll: 10, timeout: 30_000 });
      while ((await exports.status()).queued !== 1) await sleep(5);
      assert.equal(await small.tryAcquire(), null);
      const later = small.with(1, () => order.push('small'), { poll: 10, timeout: 30_000 });
      await sleep(50);
      assert.deepEqual(order, []);
      await Promise.all(held.map((lock) => lock.release()));
      await Promise.all([large, later]);
      assert.deepEqual(order, ['large', 'small']);
    }
  });

  test(`renewal, and the loss told, of a semaphore, ${kind}`, async () => {
    const exports = new Locks(await clients[kind]()).semaphore(nameOf('renewed'), 2, 3000);
    const redis = ioClient();
    await assert.rejects(exports.with(2, async (lock, signal) => {
      await sleep(4000);
      lock.check();
      assert.ok(await lock.owned());
      await redis.zrem(exports.name, lock.token);
      await sleep(10_000, undefined, { signal }).catch(() => {});
      assert.ok(signal.reason instanceof LockLost);
      await assert.rejects(lock.shrink(1), LockLost);
      throw signal.reason;
    }), LockLost);
    const lock = await exports.acquire();
    await redis.del(exports.name);
    assert.equal(await lock.owned(), false);
    await assert.rejects(lock.release(), LockLost);
  });

  test(`${times} cancelled waits leave no permit, ${kind}`, async () => {
    const exports = new Locks(await clients[kind]()).semaphore(nameOf('cancel'), 2, 60_000);
    const other = new Locks(await clients[kind]()).semaphore(exports.name, 2, 60_000);
    const { signal: lasting } = new AbortController();
    for (let i = 0; i < times; i++) {
      const held = i % 2 ? await other.acquire(2, { poll: 5, signal: lasting }) : null;
      await Promise.allSettled(Array.from({ length: 3 }, (_, n) => {
        const cancel = new AbortController();
        setTimeout(() => cancel.abort(), Math.random() * 4);
        return exports.with(1 + n % 2, () => sleep(3), { signal: cancel.signal, poll: 1 });
      }));
      await held?.release();
    }
    assert.equal(getEventListeners(lasting, 'abort').length, 0);
    const end = performance.now() + 10_000;
    let status;
    do {
      status = await exports.status();
      await sleep(10);
    } while ((status.queued || status.used) && performance.now() < end);
    assert.deepEqual([status.queued, status.used], [0, 0]);
  });
}

test('a wait that ends lets those behind it in', async () => {
  const exports = new Locks(await clients.ioredis()).semaphore(nameOf('ends'), 3, 30_000);
  const lock = await exports.acquire(2);
  const large = assert.rejects(exports.acquire(3, { timeout: 300, poll: 10 }), LockTimeout);
  while ((await exports.status()).queued !== 1) await sleep(5);
  await (await exports.acquire(1, { timeout: 20_000 })).release();
  await large;
  await lock.release();
});

test('attach to permits, with one\'s own token', async () => {
  const exports = new Locks(await clients['node-redis']()).semaphore(nameOf('attach'), 3, 30_000);
  const other = new Locks(await clients.ioredis()).semaphore(exports.name, 3, 30_000);
  const lock = await exports.acquire(2, { token: 'mine/1' });
  assert.deepEqual((await exports.status()).holders.map(({ token }) => token), ['mine/1']);
  await (await other.attach('mine/1', 2)).release();
  await assert.rejects(lock.extend(5000), LockLost);
  await assert.rejects(other.attach('mine/1', 2), LockLost);
});

test('a lost record is restored by a renewal', async () => {
  const redis = ioClient();
  const exports = new Locks(await clients.ioredis()).semaphore(nameOf('record'), 3, 30_000);
  const lock = await exports.acquire(2);
  await redis.del(`{${exports.name}}:redilock:members`);
  assert.equal(await exports.tryAcquire(2), null);
  await lock.extend(30_000);
  assert.equal((await exports.status()).used, 2);
  await lock.release();
});

test('bad arguments of a semaphore are errors, and change nothing', async () => {
  const locks = new Locks(await clients['node-redis']());
  for (const [name, limit] of [['a}b', 5], ['', 5], ['x', 0], ['x', 2 ** 31], ['x', 1.5], ['x', undefined]]) {
    assert.throws(() => locks.semaphore(name, limit, 30_000), RangeError);
  }
  const exports = locks.semaphore(nameOf('bad'), 5, 30_000);
  for (const weight of [0, 6, -1, 1.5, null]) await assert.rejects(exports.acquire(weight), RangeError);
  await assert.rejects(locks.semaphore(exports.name, 5, 0).acquire(), RangeError);
  await exports.with(3, async (lock) => {
    for (const weight of [0, 4, 2.5]) await assert.rejects(lock.shrink(weight), RangeError);
    await assert.rejects(lock.downgrade(), RangeError);
    assert.equal((await exports.status()).used, 3);
    await assert.rejects(locks.lock(exports.name, 30_000, { timeout: 100 }), /WRONGTYPE/);
  });
  await locks.rwlock(nameOf('bad'), 30_000).withRead((lock) => assert.rejects(lock.downgrade(), RangeError));
  await locks.with(nameOf('bad'), 30_000, (lock) => assert.rejects(lock.shrink(1), RangeError));
});

for (const reply of [['QUEUED', 5], ['LATER', 1], ['GRANTED', 1, 5000], null]) {
  test(`an unknown reply is an error of a semaphore: ${JSON.stringify(reply)}`, async () => {
    const client = { closes: () => 0, evalsha: async () => reply, load: async () => {} };
    await assert.rejects(new Locks(client).semaphore('unknown', 5, 5000).acquire(1, { timeout: 5000 }), UnknownReply);
  });
}

test('while the server does not know what a holder weighs, nothing is to be had', async () => {
  const client = ioClient();
  const locks = new Locks(await clients.ioredis());
  const [name, other] = [nameOf('records'), nameOf('records-rw')];
  const [exports, config] = [locks.semaphore(name, 5, 30_000), locks.rwlock(other, 30_000)];
  const held = [await exports.acquire(), await config.write()];
  await client.del(`{${name}}:redilock:members`, `{${other}}:redilock:members`);
  assert.deepEqual([await exports.tryAcquire(), await config.tryRead()], [null, null]);
  assert.deepEqual([await exports.locked(), await config.locked()], [true, true]);
  for (const lock of held) await lock.release();
  assert.deepEqual([await exports.locked(), await config.locked()], [false, false]);
});
