"""The errors of this package. Those of redis-py pass through; a bad name or argument is a ValueError."""


class Error(Exception):
    """What all errors of a lock have in common."""


class LockLost(Error):
    """We had the lock. Its lease has ended, or somebody took it away, or it was given back already."""


class LockTimeout(Error, TimeoutError):
    """Somebody else had the lock for as long as the caller wanted to wait."""


class ForkedError(Error):
    """The lock was taken by another process, of which this one is a fork. Give its name and token to attach instead."""
