"""Run me in two terminals: python3 example.py [redis://host:port]"""

import sys

import redis

from go_redilock import Locks

locks = Locks(redis.Redis.from_url(sys.argv[1] if len(sys.argv) > 1 else "redis://localhost:6379"))
with locks.lock("example:python", lease=10, timeout=60) as lock:
    print(f"mine, fence {lock.fence}, for {lock.left:.1f} s at least")
    lock.extend(20)
    print(f"extended to {lock.left:.1f} s; another attempt: {locks.try_lock('example:python', 10)}")
print("released")
