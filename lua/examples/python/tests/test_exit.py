"""Programs of asyncio that end while their locks are waited for, held, renewed or given back: they say nothing, and leave nothing."""

import subprocess
import sys
import unittest

import redis

from go_redilock import Locks
from tests.test_locks import URL, name_of

PROGRAM = """
import asyncio, sys
import redis.asyncio
from go_redilock.asyncio import Locks

async def turns(n):
    for _ in range(n):
        await asyncio.sleep(0)

async def waiting(locks, wait, name, n):
    tasks = [asyncio.ensure_future(wait()) for _ in range(5)]  # some between two calls, some in mid-call
    await asyncio.sleep(0.05)
    tasks += [asyncio.ensure_future(wait()) for _ in range(2)]
    await turns(n)

async def cancelled(locks, wait, name, n):
    task = asyncio.ensure_future(wait())
    await turns(n)
    task.cancel()
    await turns(1)

async def granted(locks, wait, name, n):
    asyncio.ensure_future(wait())
    await turns(n)

async def renewed(locks, wait, name, n):
    lock = await locks.lock(name + "renewed", 0.6, renew=True)
    await asyncio.sleep(0.2 + n / 10000)  # in mid-call of its renewal
    await lock.release()

async def abandoned(locks, wait, name, n):
    await locks.lock(name + "renewed", 0.2, renew=True)

url, work, how, *names = sys.argv[1:]
for kind, name in zip(("mutex", "semaphore", "reader"), names):
    if kind != "mutex" and work in ("renewed", "abandoned"):
        continue
    for n in (0, 1, 2, 3, 5, 8, 13, 21):
        client = redis.asyncio.Redis.from_url(url)
        locks = Locks(client)
        wait = {"mutex": lambda: locks.lock(name, 30, poll=0.02), "reader": lambda: locks.rwlock(name, 30).read(poll=0.02),
                "semaphore": lambda: locks.semaphore(name, 2, 30).acquire(2, poll=0.02)}[kind]
        main = globals()[work](locks, wait, name, n)
        if how == "run":
            asyncio.run(main)
        else:  # a program that has a loop of its own
            loop = asyncio.new_event_loop()
            loop.run_until_complete(main)
            loop.run_until_complete(locks.aclose())
            loop.close()
"""


class Exit(unittest.TestCase):
    def test_programs(self):
        client = redis.Redis.from_url(URL)
        for work, how in (("waiting", "run"), ("cancelled", "run"), ("cancelled", "loop"), ("granted", "run"), ("renewed", "run"),
                          ("renewed", "loop"), ("abandoned", "run")):
            names = [f"{name_of('exit')}-{work}-{kind}" for kind in ("mutex", "semaphore", "reader")]
            if work in ("waiting", "cancelled"):
                client.set(names[0], "somebody", px=60000)
                locks = Locks(client)
                held = [locks.semaphore(names[1], 2, 60).acquire(), locks.rwlock(names[2], 60).write()]
                self.assertTrue(all(lock.token for lock in held))
            with self.subTest(f"{work}, {how}"):
                said = subprocess.run([sys.executable, "-W", "ignore::ResourceWarning", "-c", PROGRAM, URL, work, how, *names],
                                      stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=100)
                lost = " is lost while it is held"  # is said of those that nobody releases
                text = "".join(line + "\n" for line in said.stdout.splitlines() if not (work == "abandoned" and line.endswith(lost)))
                self.assertEqual((said.returncode, text), (0, ""))
                waiting = [client.zcard(f"{{{name}}}:redilock:{key}") for name in names for key in ("queue", "pending")]
                self.assertEqual(waiting, [0] * 6)
                if work == "granted":  # the answer may have come at the very end, and the lock be left to its lease: nobody waits
                    self.assertEqual([client.exists(name) for name in names], [0] * 3)


if __name__ == "__main__":
    unittest.main()
