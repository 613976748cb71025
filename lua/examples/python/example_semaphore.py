"""Limits that people want on all machines together: python3 example_semaphore.py [redis://host:port]"""

import concurrent.futures
import sys
import time

import redis

from go_redilock import Locks

locks = Locks(redis.Redis.from_url(sys.argv[1] if len(sys.argv) > 1 else "redis://localhost:6379"))

# At most 5 exports at once. A large one takes two of the permits.
exports = locks.semaphore("example:exports", 5, lease=30)


def export(number):
    with exports.acquire(2 if number == 0 else 1, timeout=60, renew=True) as permit:
        time.sleep(0.05)
        permit.check()  # LockLost: others may be in our place
        return exports.status().used


with concurrent.futures.ThreadPoolExecutor(12) as pool:
    print(f"12 exports, never more than {max(pool.map(export, range(12)))} permits in use")

# Calls to somebody's API, bounded by how many are under way. Who finds no room does something else.
api = locks.semaphore("example:api", 3, lease=10)
with api.acquire(), api.acquire(), api.acquire():
    print(f"a fourth call: {api.try_acquire()}")

# A configuration that many read and one rewrites. Having written, the writer stays on as a reader.
config = locks.rwlock("example:config", lease=30)
with config.read(), config.read():
    print(f"two read it; to write: {config.try_write()}")
with config.write(timeout=60) as lock:
    lock.downgrade()
    with config.read():
        print("written, and read by others")
