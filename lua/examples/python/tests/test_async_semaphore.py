"""What users of redis.asyncio do with semaphores and readers–writer locks. See test_semaphore.py."""

import asyncio
import unittest

import redis
import redis.asyncio

from go_redilock import LockLost, LockTimeout
from go_redilock.asyncio import Locks
from tests.test_asyncio import CLIENTS, cancel_at_any_moment, until
from tests.test_locks import CLUSTER, TIMES, URL, name_of


class Semaphores(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        asyncio.get_running_loop().set_debug(False)  # it tells of slow callbacks
        self.client = redis.asyncio.Redis.from_url(URL)
        self.locks = Locks(self.client)

    async def asyncTearDown(self):
        await self.locks.aclose()
        await self.client.aclose()

    async def test_clients(self):
        for kind, make in CLIENTS.items():
            if "cluster" in kind and not CLUSTER:
                print(f"NOT PROVEN: {kind}: no REDIS_CLUSTER")
                continue
            with self.subTest(kind):
                client = make()
                locks = Locks(client)
                exports = locks.semaphore(name_of("clients"), 5, lease=30)
                async with asyncio.timeout(60), await exports.acquire(2) as two, await exports.acquire(3, renew=True) as three:
                    self.assertTrue(await two.owned() and await three.owned() and await exports.locked())
                    self.assertIsNone(await exports.try_acquire())
                    with self.assertRaises(LockTimeout):
                        await exports.acquire(timeout=0.1, poll=0.02)
                    await three.shrink(1)
                    self.assertEqual((three.weight, (await exports.status()).used), (1, 3))
                lock = await exports.acquire(2, token="mine/1")
                await (await exports.attach("mine/1", 2)).release()
                with self.assertRaises(LockLost):
                    await lock.extend(60)
                self.assertFalse(await exports.locked())
                await client.aclose()

    async def test_downgrade(self):
        config = self.locks.rwlock(name_of("downgrade"), lease=30)
        async with await config.write() as writer:
            self.assertIsNone(await config.try_read())
            waiting = asyncio.ensure_future(config.read(timeout=30))
            await asyncio.sleep(0.05)
            await writer.downgrade()
            async with await waiting as reader:
                self.assertIsNone(await config.try_write())
                with self.assertRaises(ValueError):
                    await reader.downgrade()
        self.assertFalse(await config.locked())

    async def test_locked_without_records(self):
        name = name_of("records")
        exports, client = self.locks.semaphore(name, 5, lease=30), self.locks.client
        async with await exports.acquire():
            await client.delete(f"{{{name}}}:redilock:members")
            self.assertIsNone(await exports.try_acquire())
            self.assertTrue(await exports.locked())
        async with await self.locks.rwlock(name, lease=30).write():
            await client.delete(f"{{{name}}}:redilock:members")
            self.assertTrue(await self.locks.rwlock(name, lease=30).locked())
        self.assertFalse(await exports.locked())

    async def test_never_more_than_the_limit(self):
        name, inside, most, done = name_of("limit"), [], 0, 0
        sets = [self.locks, Locks(redis.asyncio.Redis.from_url(URL))]

        async def work(i):
            nonlocal most, done
            for turn in range(20):
                weight = 1 + (i + turn) % 3
                async with await sets[i % 2].semaphore(name, 5, 30).acquire(weight, timeout=60, poll=0.002):
                    inside.append(weight)
                    most = max(most, sum(inside))
                    await asyncio.sleep(0.001)
                    inside.remove(weight)
                    done += 1
        await asyncio.gather(*(work(i) for i in range(16)))
        self.assertEqual((done, most), (320, 5))
        self.assertEqual([s._lines for s in sets], [{}, {}])
        await sets[1].client.aclose()

    async def test_loss(self):
        exports, told = self.locks.semaphore(name_of("loss"), 2, lease=3), []
        with self.assertLogs("go_redilock"):
            lock = await exports.acquire(renew=True, on_lost=told.append)
            await asyncio.sleep(4)
            self.assertTrue(await lock.owned())
            await self.client.delete(exports.name)
            await asyncio.wait_for(lock.wait_lost(), 10)
        self.assertEqual(told, [lock])
        with self.assertRaises(LockLost):
            await lock.release()

    async def test_cancels(self):
        """A cancel at any moment of a wait leaves no permit behind that nobody holds."""
        exports = self.locks.semaphore(name_of("cancel"), 2, lease=60)
        locks = Locks(redis.asyncio.Redis.from_url(URL))
        other = locks.semaphore(exports.name, 2, lease=60)
        left = await cancel_at_any_moment(lambda i: exports.acquire(1 + i % 2, poll=0.001), lambda: other.acquire(2, poll=0.01))
        self.assertGreater(left, TIMES)

        async def free():
            status = await exports.status()
            return not status.queued and not status.used
        self.assertTrue(await until(free), await exports.status())
        await locks.client.aclose()


if __name__ == "__main__":
    unittest.main()
