"""Every use case of python-redilock on the raw scripts: python3 moving.py redis://host:port NAME FILE

FILE has a number, which is raised once for each of the five ways to take the lock. Processes that still run
python-redilock on NAME exclude this one, and are excluded by it.
"""

import pathlib
import sys

import redis

from go_redilock import Locks

url, name, counter = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3])
locks = Locks(redis.Redis.from_url(url))  # DistributedLock(ttl=…): here the lease is told each time
interval = 0.002


def work():
    counter.write_text(str(int(counter.read_text()) + 1))


# with mylock(name): …
with locks.lock(name, lease=5, poll=interval):
    work()

# token = mylock.lock(name) … mylock.unlock(token): the token goes wherever it is needed
lock = locks.lock(name, lease=5, poll=interval)
token = lock.token
work()
locks.attach(name, token, lease=5).release()  # as another process would, which knows name and token

# mylock.lock(name, block=False)
while not (lock := locks.try_lock(name, lease=5)):
    pass
work()
lock.release()

# mylock.lock(name, block=10)
lock = locks.lock(name, lease=5, timeout=10, poll=interval)
work()
lock.release()

# mylock.lock(name, ttl=30, interval=1) … mylock.extend(token, 60)
lock = locks.lock(name, lease=30, poll=interval)
lock.extend(60)
work()
lock.release()
print("moved")
