"""A contestant of the interop matrix: worker.py KIND HOST PORT. doc.go has the protocol."""

import asyncio
import importlib.metadata
import pathlib
import sys
import time

import redis
import redis.asyncio

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[4] / "lua/examples/python"))
import go_redilock  # noqa: E402
import go_redilock.asyncio  # noqa: E402

LEASE, POLL, PATIENCE = 5, 0.002, 30  # s


def raise_counter(path):
    file = pathlib.Path(path)
    value = int(file.read_text()) + 1
    time.sleep(0.001)
    file.write_text(str(value))
    return value


def raw(host, port):
    client = redis.Redis(host, port)
    locks = go_redilock.Locks(client)

    def permit(key, limit, weight, counter):
        with locks.semaphore(key, int(limit), LEASE).acquire(int(weight), PATIENCE, POLL) as lock:
            used = client.incrby(counter, int(weight))
            time.sleep(0.002)
            client.decrby(counter, int(weight))
            return used, lock.fence

    def turn(key, path):
        with locks.lock(key, LEASE, PATIENCE, POLL) as lock:
            return raise_counter(path), lock.fence
    turn.permit = permit
    return turn


def raw_asyncio(host, port):
    loop = asyncio.new_event_loop()
    client = redis.asyncio.Redis(host=host, port=port)
    locks = go_redilock.asyncio.Locks(client)

    async def permit(key, limit, weight, counter):
        async with asyncio.timeout(PATIENCE):
            async with await locks.semaphore(key, int(limit), LEASE).acquire(int(weight), poll=POLL) as lock:
                used = await client.incrby(counter, int(weight))
                await asyncio.sleep(0.002)
                await client.decrby(counter, int(weight))
                return used, lock.fence

    async def turn(key, path):
        async with asyncio.timeout(PATIENCE):
            async with await locks.lock(key, LEASE, poll=POLL) as lock:
                return raise_counter(path), lock.fence

    def run(key, path):
        return loop.run_until_complete(turn(key, path))
    run.permit = lambda *words: loop.run_until_complete(permit(*words))
    return run


def python_redilock(host, port):
    from redilock.sync_redilock import DistributedLock
    locks = DistributedLock(redis_host=host, redis_port=port, ttl=LEASE, interval=POLL)

    def turn(key, path):
        with locks(key):
            return raise_counter(path), 0
    return turn


def redis_py(host, port):
    client = redis.Redis(host, port)

    def turn(key, path):
        with client.lock(key, timeout=LEASE, sleep=POLL, blocking_timeout=PATIENCE):
            return raise_counter(path), 0
    return turn


def main():
    kind, host, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
    kinds = {
        "python": (raw, "redis"), "python-asyncio": (raw_asyncio, "redis"),
        "python-redilock": (python_redilock, "python-redilock"), "redis-py Lock": (redis_py, "redis"),
    }
    make, package = kinds[kind]
    turn = make(host, port)
    print(f"ready {package} {importlib.metadata.version(package)}", flush=True)
    for line in sys.stdin:
        try:
            command, *words = line.split()
            value, fence = turn(*words) if command == "turn" else turn.permit(*words)
            print(f"done {value} {fence}", flush=True)
        except Exception as e:  # every kind has its own errors
            print("fail", repr(e).replace("\n", " "), flush=True)


main()
