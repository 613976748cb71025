"""What users do with semaphores and readers–writer locks, in threads. See test_locks.py."""

import os
import threading
import time
import unittest
import unittest.mock

import redis

from go_redilock import ForkedError, LockLost, Locks, LockTimeout
from tests.test_locks import CLIENTS, CLUSTER, TIMES, URL, name_of, stop_at_any_moment, until


class Semaphores(unittest.TestCase):
    def setUp(self):
        self.client = redis.Redis.from_url(URL)
        self.locks = Locks(self.client)

    def test_clients(self):
        for kind, make in CLIENTS.items():
            if "cluster" in kind and not CLUSTER:
                print(f"NOT PROVEN: {kind}: no REDIS_CLUSTER")
                continue
            with self.subTest(kind):
                client = make()
                locks = Locks(client, owner="me")
                exports = locks.semaphore(name_of("clients"), 5, lease=30)
                with exports.acquire(2) as two, exports.acquire(3, renew=True) as three:
                    self.assertTrue(two.owned() and three.owned() and exports.locked() and three.fence > two.fence > 0)
                    self.assertIsNone(exports.try_acquire())
                    with self.assertRaises(LockTimeout):
                        exports.acquire(timeout=0.1, poll=0.02)
                    two.extend(60)
                    self.assertGreater(two.left, 50)
                    self.assertTrue(two.token.startswith("me/"))
                    three.shrink(1)
                    self.assertEqual((three.weight, exports.status().used), (1, 3))
                    self.assertEqual({row.weight for row in exports.status().holders}, {1, 2})
                    exports.try_acquire(2).release()
                self.assertEqual((exports.status().used, exports.locked()), (0, False))
                config = locks.rwlock(name_of("clients-rw"), lease=30)
                with config.write() as writer:
                    self.assertIsNone(config.try_read())
                    writer.downgrade()
                    with config.read(timeout=10):
                        self.assertIsNone(config.try_write())
                        self.assertTrue(config.locked())
                self.assertFalse(config.locked())
                client.close()

    def test_locked_without_records(self):
        """While the server does not know what a holder weighs, nothing is to be had."""
        name, config_name = name_of("records"), name_of("records-rw")
        exports, config = self.locks.semaphore(name, 5, lease=30), self.locks.rwlock(config_name, lease=30)
        with exports.acquire(), config.write():
            self.client.delete(f"{{{name}}}:redilock:members", f"{{{config_name}}}:redilock:members")
            self.assertIsNone(exports.try_acquire())
            self.assertIsNone(config.try_read())
            self.assertTrue(exports.locked())
            self.assertTrue(config.locked())
        self.assertFalse(exports.locked() or config.locked())

    def test_renewal_without_a_thread(self):
        """When no thread can be started for a moment, locks are renewed all the same."""
        start, failed = threading.Thread.start, []

        def fail_once(thread):
            if thread.name == "go_redilock task" and not failed:
                failed.append(thread)
                raise RuntimeError("can't start new thread")
            start(thread)

        with unittest.mock.patch.object(threading.Thread, "start", fail_once), \
                self.locks.semaphore(name_of("threads"), 1, lease=3).acquire(renew=True) as lock:
            deadline = lock.deadline
            self.assertTrue(until(lambda: lock.deadline > deadline))
            self.assertTrue(failed)

    def test_never_more_than_the_limit(self):
        """Threads of two processes' worth of Locks: as many as may be inside at once are, and no more."""
        name, weights, most, done = name_of("limit"), [], [0], []
        mutex = threading.Lock()
        sets = [self.locks, Locks(redis.Redis.from_url(URL))]

        def work(i):
            for turn in range(25):
                weight = 1 + (i + turn) % 3
                with sets[i % 2].semaphore(name, 5, 30).acquire(weight, timeout=60, poll=0.002):
                    with mutex:
                        weights.append(weight)
                        most[0] = max(most[0], sum(weights))
                    time.sleep(0.001)
                    with mutex:
                        weights.remove(weight)
                        done.append(weight)
        threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
        [t.start() for t in threads]
        [t.join() for t in threads]
        self.assertEqual((len(done), most[0]), (200, 5))
        self.assertEqual([s._shared().lines for s in sets], [{}, {}])
        self.assertEqual(self.locks.semaphore(name, 5, 30).status().used, 0)

    def test_first_come_first_served(self):
        """A large request is not overtaken by small ones: of this process, or of another."""
        for other in (self.locks, Locks(redis.Redis.from_url(URL))):
            exports, order = self.locks.semaphore(name_of("order"), 3, lease=30), []
            small = other.semaphore(exports.name, 3, lease=30)
            held = [exports.acquire(), exports.acquire()]

            def large():
                with exports.acquire(3, timeout=30, poll=0.01):
                    order.append("large")

            def later():
                with small.acquire(timeout=30, poll=0.01):
                    order.append("small")
            threads = [threading.Thread(target=large)]
            threads[0].start()
            self.assertTrue(until(lambda: exports.status().queued == 1))
            self.assertIsNone(small.try_acquire())
            threads.append(threading.Thread(target=later))
            threads[1].start()
            time.sleep(0.1)
            self.assertEqual(order, [])
            [lock.release() for lock in held]
            [t.join() for t in threads]
            self.assertEqual(order, ["large", "small"])

    def test_a_wait_that_ends_lets_others_in(self):
        exports = self.locks.semaphore(name_of("ends"), 3, lease=30)
        with exports.acquire(2):
            tried = []

            def large():
                with self.assertRaises(LockTimeout):
                    exports.acquire(3, timeout=0.5, poll=0.01)
                tried.append(True)
            thread = threading.Thread(target=large)
            thread.start()
            self.assertTrue(until(lambda: exports.status().queued == 1))
            with exports.acquire(timeout=30):
                self.assertTrue(until(lambda: tried))
            thread.join()

    def test_readers_and_writers(self):
        name, state, wrong = name_of("rw"), {"readers": 0, "writers": 0}, []
        sets, mutex, most = [self.locks, Locks(redis.Redis.from_url(URL))], threading.Lock(), [0]

        def work(i):
            config = sets[i % 2].rwlock(name, 30)
            for turn in range(20):
                kind = "writers" if (i + turn) % 5 == 0 else "readers"
                with (config.write if kind == "writers" else config.read)(timeout=60, poll=0.002):
                    with mutex:
                        state[kind] += 1
                        most[0] = max(most[0], state["readers"])
                        if state["writers"] > 1 or state["writers"] and state["readers"]:
                            wrong.append(dict(state))
                    time.sleep(0.001)
                    with mutex:
                        state[kind] -= 1
        threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
        [t.start() for t in threads]
        [t.join() for t in threads]
        self.assertEqual(wrong, [])
        self.assertGreater(most[0], 1)

    def test_loss(self):
        exports, told = self.locks.semaphore(name_of("loss"), 2, lease=3), []
        with self.assertLogs("go_redilock"):
            lock = exports.acquire(renew=True, on_lost=told.append)
            time.sleep(4)
            lock.check()
            self.assertTrue(lock.owned())
            self.client.zrem(exports.name, lock.token)
            self.assertTrue(lock.wait_lost(10))
            self.assertTrue(until(lambda: told == [lock]))
        for lost in (lock.check, lock.release, lambda: lock.shrink(1)):
            with self.assertRaises(LockLost):
                lost()
        lock = exports.acquire()
        self.client.delete(exports.name)
        self.assertFalse(lock.owned())
        with self.assertRaises(LockLost):
            lock.release()

    def test_a_lost_record_is_restored(self):
        """The members' hash is lost: nothing more is granted until the holders have renewed."""
        exports = self.locks.semaphore(name_of("record"), 3, lease=30)
        with exports.acquire(2) as lock:
            self.client.delete(f"{{{exports.name}}}:redilock:members")
            self.assertIsNone(exports.try_acquire(2))
            lock.extend(30)
            self.assertEqual(exports.status().used, 2)
            self.assertIsNone(exports.try_acquire(2))

    def test_token(self):
        exports = self.locks.semaphore(name_of("token"), 3, lease=30)
        lock = exports.acquire(2, token="mine/1")
        self.assertEqual([row.token for row in exports.status().holders], [b"mine/1"])
        other = Locks(redis.Redis.from_url(URL)).semaphore(exports.name, 3, 30).attach("mine/1", 2)
        other.release()
        for ended in (lambda: lock.extend(5), lock.release):
            with self.assertRaises(LockLost):
                ended()
        config = self.locks.rwlock(name_of("token"), 30)
        config.write(token="mine/2")
        config.attach("mine/2", writer=True).downgrade()
        config.attach("mine/2").release()
        self.assertFalse(config.locked())

    def test_bad_arguments_change_nothing(self):
        for name, limit in (("a}b", 5), ("", 5), ("x", 0), ("x", 2**31), ("x", 1.5), ("x", -1)):
            with self.assertRaises(ValueError):
                self.locks.semaphore(name, limit, 30)
        exports = self.locks.semaphore(name_of("bad"), 5, 30)
        for weight in (0, 6, -1, 1.5, None):
            with self.assertRaises(ValueError):
                exports.acquire(weight)
        with exports.acquire(3) as lock:
            for weight in (0, 4, 2.5):
                with self.assertRaises(ValueError):
                    lock.shrink(weight)
            with self.assertRaises(ValueError):
                lock.downgrade()
            self.assertEqual(exports.status().used, 3)
        with self.locks.rwlock(name_of("bad"), 30).read() as lock, self.assertRaises(ValueError):
            lock.downgrade()
        with self.locks.lock(name_of("bad"), 30) as lock, self.assertRaises(ValueError):
            lock.shrink(1)
        self.assertEqual(self.locks._shared().lines, {})

    def test_names_of_others(self):
        """A mutex and a semaphore exclude each other."""
        name = name_of("others")
        with self.locks.lock(name, 30), self.assertRaises(redis.ResponseError):
            self.locks.semaphore(name, 5, 30).acquire(timeout=1)
        with self.locks.semaphore(name, 5, 30).acquire(), self.assertRaises(redis.ResponseError):
            self.locks.lock(name, 30, timeout=1)
        self.assertFalse(self.client.exists(name))


class Interrupted(unittest.TestCase):
    def test_forks(self):
        """A fork that leaves the block gives nothing back; it can have permits of its own, and neither leaves any behind."""
        exports = Locks(redis.Redis.from_url(URL)).semaphore(name_of("fork"), 2, lease=30)
        for _ in range(TIMES // 5):
            with exports.acquire() as lock:
                pid = os.fork()
                if not pid:
                    try:
                        lock.release()
                    except ForkedError:
                        lock.__exit__(None, None, None)
                        exports.acquire(timeout=30, poll=0.01).release()
                        os._exit(0)
                    os._exit(1)
                self.assertEqual(os.waitpid(pid, 0)[1], 0)
                self.assertTrue(lock.owned())
        self.assertEqual(exports.status().used, 0)

    def test_exceptions(self):
        """A signal's exception at any moment of a wait leaves no permit behind that nobody holds."""
        exports = Locks(redis.Redis.from_url(URL)).semaphore(name_of("stop"), 2, lease=60)
        other = Locks(redis.Redis.from_url(URL)).semaphore(exports.name, 2, lease=60)
        left = stop_at_any_moment(lambda i: exports.acquire(1 + i % 2, poll=0.001), lambda: other.acquire(2, timeout=30, poll=0.01))
        self.assertGreater(left, TIMES / 3)
        self.assertTrue(until(lambda: not exports.locked() and not exports.status().used), exports.status())


if __name__ == "__main__":
    unittest.main()
