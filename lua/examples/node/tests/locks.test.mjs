// What users of node-redis and ioredis do with the locks. clients.mjs has the clients.

import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { LockLost, LockTimeout, Locks, UnknownReply, ioredis } from '../index.mjs';
import { clients, closeAll, clusters, ioClient, ioCluster, nameOf, times } from './clients.mjs';

test.after(closeAll);

for (const [kind, make] of Object.entries({ ...clients, ...clusters })) {
  test(`the calls through ${kind}`, async () => {
    const client = await make();
    const locks = new Locks(client, { owner: 'me' });
    const others = new Locks(client);
    const name = nameOf('clients');
    const lock = await locks.lock(name, 30_000, { timeout: 5000 });
    assert.ok(lock.fence > 0 && typeof lock.fence === 'number');
    assert.ok(await lock.owned());
    assert.ok(await locks.locked(name));
    assert.equal(await others.tryLock(name, 30_000), null);
    await assert.rejects(others.lock(name, 30_000, { timeout: 50, poll: 10 }), LockTimeout);
    await lock.extend(60_000);
    assert.ok(lock.left > 50_000);
    assert.ok(lock.token.startsWith('me/'));
    await lock.release();
    assert.equal(await locks.locked(name), false);
    await assert.rejects(lock.release(), LockLost);
  });
}

for (const [kind, make] of Object.entries(clusters)) {
  test(`NOSCRIPT on every node, ${kind}`, async () => {
    const all = ioCluster();
    await all.ping();
    const locks = new Locks(await make());
    for (let i = 0; i < 20; i++) {
      if (i % 10 === 0) await Promise.all(all.nodes('master').map((n) => n.script('FLUSH')));
      await (await locks.lock(nameOf(`node${i}`), 30_000)).release();
    }
  });
}

test('keyPrefix is refused', () => {
  assert.throws(() => ioredis(ioClient({ keyPrefix: 'app:' })), /keyPrefix/);
});

for (const reply of ['QUEUED', ['QUEUED'], ['QUEUED', 'x', 1], ['GRANTED', 1, null, 1], ['GRANTED', 1, 5000, 1, 1], ['LATER', 1], [Buffer.from('LATER'), 1], [], null, 1]) {
  test(`an unknown reply is an error: ${JSON.stringify(reply)}`, async () => {
    const client = { closes: () => 0, evalsha: async () => reply, load: async () => {} };
    await assert.rejects(new Locks(client).lock('unknown', 5000, { timeout: 5000 }), UnknownReply);
  });
}

test('bad arguments are errors, and leave no listener', async () => {
  const locks = new Locks(await clients['node-redis']());
  const { signal } = new AbortController();
  for (const [name, lease] of [['a}b', 5000], ['', 5000], ['x', 0], ['x', NaN], ['x', 1.5], ['x', undefined]]) {
    await assert.rejects(locks.lock(name, lease, { signal }), RangeError);
  }
  assert.equal(getEventListeners(signal, 'abort').length, 0);
});

test('a long-lived AbortSignal keeps no listeners', async () => {
  const locks = new Locks(await clients['node-redis']());
  const { signal } = new AbortController();
  const name = nameOf('signal');
  for (let i = 0; i < 20; i++) await locks.with(name, 30_000, () => {}, { signal });
  await assert.rejects(locks.with(name, 30_000, () => locks.lock(name, 30_000, { signal, timeout: 20, poll: 5 })), LockTimeout);
  assert.equal(getEventListeners(signal, 'abort').length, 0);
});

for (const kind of ['node-redis', 'ioredis']) {
  test(`stolen before its deadline, ${kind}`, async () => {
    const locks = new Locks(await clients[kind]());
    const redis = ioClient();
    const name = nameOf('stolen');
    const lock = await locks.lock(name, 30_000);
    await redis.del(name);
    assert.equal(await lock.owned(), false);
    await assert.rejects(lock.release(), LockLost);
    await assert.rejects(locks.with(name, 30_000, async () => { await redis.del(name); throw new TypeError('own'); }), TypeError);
  });

  test(`renewal, and the loss told, ${kind}`, async () => {
    const locks = new Locks(await clients[kind]());
    const redis = ioClient();
    const name = nameOf('renewed');
    await locks.with(name, 3000, async (lock, signal) => {
      await sleep(4000);
      lock.check();
      assert.ok(await lock.owned());
      assert.equal(signal.aborted, false);
    });
    await assert.rejects(locks.with(name, 3000, async (lock, signal) => {
      await redis.del(name);
      await sleep(10_000, undefined, { signal }).catch(() => {});
      assert.ok(signal.reason instanceof LockLost);
      throw signal.reason;
    }), LockLost);
  });

  test(`many callers of two processes' worth, ${kind}`, async () => {
    const name = nameOf('turns');
    const sets = [new Locks(await clients[kind]()), new Locks(await clients[kind]())];
    const fences = [];
    let inside = 0;
    await Promise.all(Array.from({ length: 16 }, async (_, i) => {
      for (let n = 0; n < 25; n++) {
        await sets[i % 2].with(name, 30_000, async (lock) => {
          assert.equal(++inside, 1);
          fences.push(lock.fence);
          await null;
          inside--;
        }, { poll: 2, timeout: 60_000, renew: false });
      }
    }));
    assert.equal(fences.length, 400);
    fences.forEach((fence, i) => assert.ok(i === 0 || fence > fences[i - 1]));
  });

  test(`${times} cancelled waits leave nothing, ${kind}`, async () => {
    const name = nameOf('cancel');
    const [locks, other] = [new Locks(await clients[kind]()), new Locks(await clients[kind]())];
    for (let i = 0; i < times; i++) {
      const held = i % 2 ? await other.lock(name, 30_000, { poll: 5 }) : null;
      const work = Array.from({ length: 3 }, () => {
        const cancel = new AbortController();
        setTimeout(() => cancel.abort(), Math.random() * 4);
        return locks.with(name, 60_000, () => sleep(3), { signal: cancel.signal, poll: 1 });
      });
      await Promise.allSettled(work);
      await held?.release();
    }
    const end = performance.now() + 10_000;
    let status;
    do {
      status = await locks.status(name);
      await sleep(10);
    } while ((status.queued || status.holderPTTL !== -2) && performance.now() < end);
    assert.deepEqual([status.queued, status.holderPTTL], [0, -2]);
  });
}

test('a turn passes on, and an ended lock reaches nothing', async () => {
  const locks = new Locks(await clients['node-redis'](), { turn: 10_000 });
  const name = nameOf('pass');
  await (await locks.lock(name, 30_000)).release(); // from now on there is a counter, so that a grant may own several numbers
  const first = await locks.lock(name, 30_000);
  const next = locks.lock(name, 30_000);
  await first.release();
  const second = await next;
  assert.equal(second.fence, first.fence + 1);
  assert.throws(() => first.token, LockLost);
  await assert.rejects(first.extend(5000), LockLost);
  await assert.rejects(first.release(), LockLost);
  assert.ok(await second.owned());
  await second.release();
  assert.equal(await locks.locked(name), false);
});

test('attach, with one\'s own token', async () => {
  const [locks, other] = [new Locks(await clients['node-redis']()), new Locks(await clients.ioredis())];
  const name = nameOf('attach');
  const lock = await locks.lock(name, 30_000, { token: 'mine/1' });
  assert.equal(lock.token, 'mine/1');
  await (await other.attach(name, 'mine/1', 5000)).release();
  await assert.rejects(lock.extend(5000), LockLost);
  await assert.rejects(other.attach(name, 'mine/1', 5000), LockLost);
});

test('the time limit holds although the server is silent', async () => {
  const client = { closes: () => 0, evalsha: () => new Promise(() => {}), load: async () => {} };
  await assert.rejects(new Locks(client).lock('silent', 5000, { timeout: 50 }), LockTimeout);
});
