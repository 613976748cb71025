"""What users of redis-py do with the locks. REDIS_URL is a server, REDIS_CLUSTER a node of a cluster, both for tests alone."""

import os
import random
import signal
import threading
import time
import unittest
import uuid
import warnings

import redis

from go_redilock import ForkedError, LockLost, Locks, LockTimeout, ReplyError
from go_redilock.grants import clock

URL = os.environ.get("REDIS_URL", "redis://localhost:6379")
CLUSTER = os.environ.get("REDIS_CLUSTER", "")
TIMES = int(os.environ.get("REDILOCK_TIMES", "100"))

CLIENTS = {
    "as it is": lambda: redis.Redis.from_url(URL),
    "decode_responses": lambda: redis.Redis.from_url(URL, decode_responses=True),
    "RESP3 and decode_responses": lambda: redis.Redis.from_url(URL, protocol=3, decode_responses=True),
    "latin-1": lambda: redis.Redis.from_url(URL, encoding="latin-1", decode_responses=True),
    "one connection": lambda: redis.Redis.from_url(URL, single_connection_client=True),
    "small pool": lambda: redis.Redis(connection_pool=redis.BlockingConnectionPool.from_url(URL, max_connections=2, timeout=10)),
    "no repeats": lambda: redis.Redis.from_url(URL, retry=None),
    "cluster": lambda: redis.RedisCluster.from_url(CLUSTER),
    "cluster and decode_responses": lambda: redis.RedisCluster.from_url(CLUSTER, decode_responses=True),
}


def name_of(text):
    return f"{text}-{uuid.uuid4().hex[:6]}"


def until(right, seconds=10):
    end = time.monotonic() + seconds
    while not right():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


def stop_at_any_moment(lock, hold):
    """Let a signal's exception end waits for lock(i), while every second time hold() has it. Returns how many it ended."""
    class Stop(BaseException):
        pass

    def stop(*_):
        raise Stop
    old = signal.signal(signal.SIGALRM, stop)
    chance, left = random.Random(1), 0
    try:
        for i in range(TIMES):
            held = hold() if i % 2 else None
            try:
                signal.setitimer(signal.ITIMER_REAL, chance.uniform(0.0001, 0.004))
                with lock(i):
                    time.sleep(0.01)
                signal.setitimer(signal.ITIMER_REAL, 0)
            except Stop:
                left += 1
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
            if held:
                held.release()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, old)
    return left


class Options(unittest.TestCase):
    def test_clients(self):
        for kind, make in CLIENTS.items():
            if "cluster" in kind and not CLUSTER:
                print(f"NOT PROVEN: {kind}: no REDIS_CLUSTER")
                continue
            with self.subTest(kind):
                client, name = make(), name_of("clients")
                locks = Locks(client, owner="me")
                with locks.lock(name, 30) as lock:
                    self.assertGreater(lock.fence, 0)
                    self.assertTrue(lock.owned() and locks.locked(name))
                    self.assertIsNone(Locks(client).try_lock(name, 30))
                    with self.assertRaises(LockTimeout):
                        Locks(client).lock(name, 30, timeout=0.1, poll=0.02)
                    lock.extend(60)
                    self.assertGreater(lock.left, 50)
                    self.assertTrue(lock.token.startswith("me/"))
                self.assertFalse(locks.locked(name))
                client.close()

    @unittest.skipUnless(CLUSTER, "no REDIS_CLUSTER")
    def test_noscript_on_each_node(self):
        client = redis.RedisCluster.from_url(CLUSTER)
        for node in client.get_primaries():
            node.redis_connection.script_flush()
        for i in range(30):
            Locks(client).lock(name_of(f"node{i}"), 30).release()

    def test_unknown_reply(self):
        class Later(redis.Redis):
            def evalsha(self, *words):
                return ["LATER", "x"]
        with self.assertRaises(ReplyError):
            Locks(Later.from_url(URL)).lock("later", 5, timeout=5)


class Loss(unittest.TestCase):
    def setUp(self):
        self.client = redis.Redis.from_url(URL)
        self.locks = Locks(self.client)

    def test_stolen_before_the_deadline(self):
        name = name_of("stolen")
        for again in (None, "somebody"):
            lock = self.locks.lock(name, 30)
            self.client.delete(name)
            if again:
                self.client.set(name, again, px=30000)
            self.assertFalse(lock.owned())
            with self.assertRaises(LockLost):
                lock.release()
            with self.assertRaises(LockLost):
                lock.release()
        self.assertEqual(self.client.get(name), b"somebody")

    def test_the_works_own_exception_wins(self):
        name = name_of("own")
        with self.assertRaises(KeyError), self.assertLogs("go_redilock"), self.locks.lock(name, 30):
            self.client.delete(name)
            raise KeyError

    def test_renewed(self):
        name, told = name_of("renewed"), []
        with self.locks.lock(name, 3, renew=True, on_lost=told.append) as lock:
            time.sleep(4)
            lock.check()
            self.assertTrue(lock.owned())
        self.assertEqual(told, [])

    def test_renewed_and_lost(self):
        name, told = name_of("lost"), []
        with self.assertLogs("go_redilock"):
            lock = self.locks.lock(name, 3, renew=True, on_lost=told.append)
            self.client.delete(name)
            self.assertTrue(lock.wait_lost(10))
            self.assertTrue(until(lambda: told == [lock]))
        with self.assertRaises(LockLost):
            lock.check()

    def test_an_abandoned_lock_is_not_renewed(self):
        name = name_of("abandoned")
        self.locks.lock(name, 0.5, renew=True)
        self.assertTrue(until(lambda: not self.locks.locked(name)))
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            self.locks.lock(name_of("abandoned"), 5)
        self.assertEqual([w.category for w in said], [ResourceWarning])

    def test_token(self):
        name = name_of("token")
        lock = self.locks.lock(name, 30, token="mine/1")
        self.assertEqual((lock.token, self.client.get(name)), ("mine/1", b"mine/1"))
        other = Locks(redis.Redis.from_url(URL)).attach(name, "mine/1", 5)
        other.release()
        with self.assertRaises(LockLost):
            lock.extend(5)

    def test_bad_arguments_change_nothing(self):
        for name, lease in (("a}b", 5), ("", 5), ("x", -5), ("x", 1e9), ("x" * 1025, 5)):
            with self.assertRaises(ValueError):
                self.locks.lock(name, lease)
        self.assertEqual(self.locks._shared().lines, {})


class Turns(unittest.TestCase):
    def test_threads(self):
        """Threads of two processes' worth of Locks raise a number; fences grow in the order of the work."""
        name, fences, inside = name_of("turns"), [], []
        sets = [Locks(redis.Redis.from_url(URL)) for _ in range(2)]

        def work(locks):
            for _ in range(50):
                with locks.lock(name, 30, timeout=60, poll=0.002) as lock:
                    inside.append(lock)
                    self.assertEqual(len(inside), 1)
                    fences.append(lock.fence)
                    inside.pop()
        threads = [threading.Thread(target=work, args=(sets[i % 2],)) for i in range(8)]
        [t.start() for t in threads]
        [t.join() for t in threads]
        self.assertEqual((len(fences), fences), (400, sorted(set(fences))))
        self.assertEqual([s._shared().lines for s in sets], [{}, {}])

    def test_a_holder_that_is_gone_strands_nobody(self):
        name = name_of("gone")
        locks = Locks(redis.Redis.from_url(URL))
        lock = locks.lock(name, 30)
        locks.client.delete(name)
        begin = clock()
        with locks.lock(name, 30, timeout=10):
            self.assertLess(clock() - begin, 5)
        self.assertTrue(lock.token)

    def test_a_turn_passes_on_and_ended_locks_reach_nothing(self):
        name = name_of("pass")
        locks = Locks(redis.Redis.from_url(URL), turn=10)
        locks.lock(name, 30).release()  # from now on there is a counter, so that a grant may own several numbers
        lock, got = locks.lock(name, 30), []
        thread = threading.Thread(target=lambda: got.append(locks.lock(name, 30)))
        thread.start()
        self.assertTrue(until(lambda: locks._shared().lines[name.encode()].waiters))
        lock.release()
        thread.join()
        self.assertEqual(got[0].fence, lock.fence + 1)
        for use in (lambda: lock.token, lock.release, lambda: lock.extend(5)):
            with self.assertRaises(LockLost):
                use()
        self.assertTrue(got[0].owned())
        got[0].release()
        self.assertFalse(locks.locked(name))


class Interrupted(unittest.TestCase):
    def test_forks(self):
        """A fork that leaves the block gives nothing back; it can lock for itself, and neither leaves a lock behind."""
        name, client = name_of("fork"), redis.Redis.from_url(URL)
        locks = Locks(client)
        for _ in range(TIMES // 5):
            with locks.lock(name, 30) as lock:
                pid = os.fork()
                if not pid:
                    try:
                        lock.release()
                    except ForkedError:
                        lock.__exit__(None, None, None)
                        locks.lock(name + "-child", 30, poll=0.01).release()
                        os._exit(0)
                    os._exit(1)
                self.assertEqual(os.waitpid(pid, 0)[1], 0)
                self.assertTrue(lock.owned())
        self.assertFalse(locks.locked(name) or locks.locked(name + "-child"))

    def test_exceptions(self):
        """A signal's exception at any moment of a wait leaves no lock behind that nobody holds."""
        name = name_of("stop")
        locks, other = Locks(redis.Redis.from_url(URL)), Locks(redis.Redis.from_url(URL))
        left = stop_at_any_moment(lambda _: locks.lock(name, 60, poll=0.001), lambda: other.lock(name, 30, timeout=30, poll=0.01))
        self.assertGreater(left, TIMES / 3)
        self.assertTrue(until(lambda: not locks.status(name).queued and not locks.locked(name)), locks.status(name))

    def test_an_exception_between_a_call_and_its_reply(self):
        """The reply of a call that an exception cut off is never taken for that of the next, though redis-py gives its connection back."""
        class Stop(BaseException):
            pass

        class Cut(redis.Connection):
            cut = False

            def send_packed_command(self, *args, **kwargs):
                super().send_packed_command(*args, **kwargs)
                if Cut.cut:
                    Cut.cut = False
                    raise Stop

            def can_read(self, timeout=0):
                return False  # the reply comes a moment later
        locks = Locks(redis.Redis(connection_pool=redis.ConnectionPool.from_url(URL, connection_class=Cut)))
        name, exports = name_of("cut"), locks.semaphore(name_of("cut"), 2, 30)
        locks.lock(name, 30).release()
        exports.acquire().release()
        for take in (lambda: locks.lock(name, 30), lambda: locks.try_lock(name, 30), exports.acquire, exports.try_acquire):
            Cut.cut = True
            with self.assertRaises(Stop):
                take()
            self.assertFalse(locks.locked(name) or exports.status().used)
        for call in ("extend", "owned"):
            lock = locks.lock(name, 30)
            Cut.cut = True
            with self.assertRaises(Stop):
                lock.extend(30) if call == "extend" else lock.owned()
            lock.release()
        self.assertFalse(locks.locked(name))

    def test_a_pool_without_connections(self):
        """What fails because the pool is used up gives its lock back later."""
        name = name_of("pool")
        client = redis.Redis.from_url(URL, max_connections=1)
        locks = Locks(client)
        taken = client.connection_pool.get_connection()
        with self.assertRaises(redis.ConnectionError):
            locks.lock(name, 30, timeout=5)
        client.connection_pool.release(taken)
        other = Locks(redis.Redis.from_url(URL))
        self.assertTrue(until(lambda: not other.locked(name)))
        client = redis.Redis.from_url(URL, max_connections=1)
        lock = Locks(client).lock(name, 30)
        taken = client.connection_pool.get_connection()
        with self.assertRaises(redis.ConnectionError):
            lock.release()
        client.connection_pool.release(taken)
        self.assertTrue(until(lambda: not other.locked(name)))


if __name__ == "__main__":
    unittest.main()
