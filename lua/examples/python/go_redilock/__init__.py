"""Distributed locks, semaphores and readers–writer locks on plain Redis or Valkey: the scripts of go-redilock through redis-py.

Locks is for a redis.Redis or redis.RedisCluster, asyncio.Locks for those of redis.asyncio. sync_redilock and async_redilock
have the calls of python-redilock. All times are seconds, unless a name says otherwise.
"""

from .errors import Error, ForkedError, LockLost, LockTimeout
from .grants import clock
from .locks import Lock, Locks
from .scripts.runtime import ArgError, KeyNameError, ReplyError
from .semaphore import RWLock, Semaphore

__all__ = ["ArgError", "Error", "ForkedError", "KeyNameError", "Lock", "LockLost", "LockTimeout", "Locks", "RWLock", "ReplyError",
           "Semaphore", "clock"]
__version__ = "0.1.0"
