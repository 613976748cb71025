"""What users of redis.asyncio do with the locks. See test_locks.py."""

import asyncio
import random
import socket
import time
import unittest

import redis
import redis.asyncio

from go_redilock import LockLost, LockTimeout, ReplyError
from go_redilock.asyncio import Locks
from tests.test_locks import CLUSTER, TIMES, URL, name_of

CLIENTS = {
    "as it is": lambda: redis.asyncio.Redis.from_url(URL),
    "decode_responses": lambda: redis.asyncio.Redis.from_url(URL, decode_responses=True),
    "RESP3 and decode_responses": lambda: redis.asyncio.Redis.from_url(URL, protocol=3, decode_responses=True),
    "no repeats": lambda: redis.asyncio.Redis.from_url(URL, retry=None),
    "cluster": lambda: redis.asyncio.RedisCluster.from_url(CLUSTER),
    "cluster and decode_responses": lambda: redis.asyncio.RedisCluster.from_url(CLUSTER, decode_responses=True),
}


async def until(right, seconds=10):
    end = time.monotonic() + seconds
    while not await right():
        if time.monotonic() > end:
            return False
        await asyncio.sleep(0.01)
    return True


async def cancel_at_any_moment(lock, hold):
    """Cancel waits for lock(i), three at a time, while every second time hold() has it. Returns how many were cancelled."""
    chance, left = random.Random(1), 0

    async def work(i):
        async with await lock(i):
            await asyncio.sleep(0.01)
    for i in range(TIMES):
        held = await hold() if i % 2 else None
        tasks = [asyncio.ensure_future(work(n)) for n in range(3)]
        await asyncio.sleep(chance.uniform(0, 0.005))
        for task in tasks:
            left += task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if held:
            await held.release()
    return left


class Asyncio(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        self.client = redis.asyncio.Redis.from_url(URL)
        self.locks = Locks(self.client)

    async def asyncTearDown(self):
        await self.client.aclose()

    async def test_clients(self):
        for kind, make in CLIENTS.items():
            if "cluster" in kind and not CLUSTER:
                print(f"NOT PROVEN: {kind}: no REDIS_CLUSTER")
                continue
            with self.subTest(kind):
                client, name = make(), name_of("clients")
                locks = Locks(client)
                async with asyncio.timeout(60), await locks.lock(name, 30) as lock:
                    self.assertTrue(await lock.owned() and await locks.locked(name))
                    self.assertIsNone(await Locks(client).try_lock(name, 30))
                    with self.assertRaises(LockTimeout):
                        await Locks(client).lock(name, 30, timeout=0.1, poll=0.02)
                    await lock.extend(60)
                    self.assertGreater(lock.left, 50)
                self.assertFalse(await locks.locked(name))
                await client.aclose()

    async def test_unknown_reply(self):
        class Later(redis.asyncio.Redis):
            async def evalsha(self, *words):
                return ["LATER", "x"]
        with self.assertRaises(ReplyError):
            async with asyncio.timeout(10):
                await Locks(Later.from_url(URL)).lock(name_of("later"), 5)

    async def test_loss(self):
        name, told = name_of("loss"), []
        lock = await self.locks.lock(name, 30)
        await self.client.delete(name)
        with self.assertRaises(LockLost):
            await lock.release()
        with self.assertLogs("go_redilock"):
            lock = await self.locks.lock(name, 3, renew=True, on_lost=told.append)
            await asyncio.sleep(4)
            self.assertTrue(await lock.owned())
            await self.client.delete(name)
            await asyncio.wait_for(lock.wait_lost(), 10)
        self.assertEqual(told, [lock])

    async def test_tasks(self):
        name, fences, inside = name_of("tasks"), [], []
        sets = [self.locks, Locks(redis.asyncio.Redis.from_url(URL))]

        async def work(locks):
            for _ in range(25):
                async with await locks.lock(name, 30, timeout=60, poll=0.002) as lock:
                    inside.append(lock)
                    self.assertEqual(len(inside), 1)
                    fences.append(lock.fence)
                    await asyncio.sleep(0)
                    inside.pop()
        await asyncio.gather(*(work(sets[i % 2]) for i in range(16)))
        self.assertEqual((len(fences), fences), (400, sorted(set(fences))))
        self.assertEqual([s._lines for s in sets], [{}, {}])
        await sets[1].client.aclose()

    async def test_cancels(self):
        """A cancel at any moment of a wait leaves no lock behind that nobody holds."""
        name, other = name_of("cancel"), Locks(redis.asyncio.Redis.from_url(URL))
        left = await cancel_at_any_moment(lambda _: self.locks.lock(name, 60, poll=0.001), lambda: other.lock(name, 30, poll=0.01))
        self.assertGreater(left, TIMES)

        async def free():
            status = await self.locks.status(name)
            return not status.queued and status.holder_pttl_ms == -2
        self.assertTrue(await until(free), await self.locks.status(name))
        await other.client.aclose()

    async def test_a_silent_server(self):
        """The time limit holds although the server does not answer."""
        server = socket.create_server(("127.0.0.1", 0))  # nobody accepts
        client = redis.asyncio.Redis(port=server.getsockname()[1], socket_connect_timeout=30, socket_timeout=2, retry=None)
        begin = time.monotonic()
        with self.assertRaises(LockTimeout):
            await Locks(client).lock("silent", 5, timeout=0.3)
        self.assertLess(time.monotonic() - begin, 10)
        server.close()


if __name__ == "__main__":
    unittest.main()
