"""A worker process of the benchmark, for python-redilock: see luatest/bench/crew for the conversation and the tasks."""

import json
import math
import mmap
import os
import struct
import sys
import threading
import time

from redilock.sync_redilock import DistributedLock

task = json.loads(sys.argv[-1])
NS = 1e9
shared_file = open(task["shared"], "r+b")
shared = mmap.mmap(shared_file.fileno(), 0)
OWNER, TURN, UNLOCKED, WAITING = 0, 64, 128, (0, 192, 256)
report = {"turns": [0] * task["workers"], "elapsed": task["window"] / NS, "overlaps": 0, "errors": 0, "at": []}
guard = threading.Lock()


def load(field):
    return struct.unpack_from("<q", shared, field)[0]


def store(field, value):
    struct.pack_into("<q", shared, field, value)


class Histogram:
    """The same buckets as crew.Histogram."""

    def __init__(self):
        self.buckets, self.longest = {}, 0

    def add(self, seconds):
        ns = int(seconds * NS)
        self.longest = max(self.longest, ns)
        i = int(math.log(ns) / math.log(1.01)) if ns > 1 else 0
        with guard:
            self.buckets[i] = self.buckets.get(i, 0) + 1

    def packed(self):
        return {"buckets": self.buckets, "longest": self.longest}


waits, pairs = Histogram(), Histogram()


def fail(error):
    with guard:
        report["errors"] += 1
        report.setdefault("error", repr(error))


def client():
    return DistributedLock(
        redis_host=task["host"], redis_port=task["port"], ttl=task["ttl"] / NS, interval=max(task["retry"] / NS, 1e-4)
    )


# A redis-py client has 100 connections at the most, and python-redilock takes no other number.
clients = [client() for _ in range(1 + task["workers"] // 50)]


def name(i):
    # A name with a colon is one that python-redilock cannot unlock.
    return task["name"] if task["same"] else "%s-%d" % (task["name"].replace(":", "-"), task["first"] + i)


def turns(i, start, end, limit):
    locks = clients[i // 50]
    worker = task["first"] + i + 1
    while True:
        began = time.monotonic()
        if began > end:
            return
        try:
            token = locks.lock(name(i), block=max(limit - began, 0.001))
        except Exception as error:
            fail(error)
            continue
        got = time.monotonic()
        if got > start:
            waits.add(got - began)
        if not token:
            return
        counts = start < got < end
        if counts:
            report["turns"][i] += 1
        if task["same"]:
            free = load(OWNER) == 0
            store(OWNER, worker)
            if not free or load(OWNER) != worker:
                with guard:
                    report["overlaps"] += 1
            store(OWNER, 0)
        try:
            locks.unlock(token)
        except Exception as error:
            fail(error)
        if counts:
            pairs.add(time.monotonic() - began)


def until(end, so):
    while not so() and time.monotonic() < end:
        time.sleep(0.0002)


def baton(i, start, end, limit):
    locks = clients[0]
    worker, turn = task["first"] + i + 1, 0
    while time.monotonic() < end:
        store(WAITING[worker], 1)
        token = locks.lock(task["name"], block=max(limit - time.monotonic(), 0.001))
        got, now = time.time_ns(), time.monotonic()
        store(WAITING[worker], 0)
        if not token:
            return
        unlocked = load(UNLOCKED)
        if unlocked and load(TURN) != turn and now > start:
            waits.add((got - unlocked) / NS)
        store(UNLOCKED, 0)
        turn = load(TURN) + 1
        store(TURN, turn)
        until(end, lambda: load(WAITING[3 - worker]) == 1)
        time.sleep(task["pause"] / NS)
        store(UNLOCKED, time.time_ns())
        locks.unlock(token)
        until(end, lambda: load(TURN) != turn)


def wait_once(i, start, end, limit):
    locks = clients[i // 50]
    token = locks.lock(name(i), block=max(limit - time.monotonic(), 0.001))
    if token:
        report["at"][i] = time.time_ns()
        locks.unlock(token)
    else:
        fail("no lock")


def watch():
    sys.stdin.read()
    os._exit(0)


def main():
    for locks in clients:
        locks.unlock(locks.lock("connect-%d" % task["first"]))
    threading.stack_size(256 * 1024)
    print("ready", flush=True)
    if not sys.stdin.readline():
        return
    threading.Thread(target=watch, daemon=True).start()
    start = time.monotonic() + task["warmup"] / NS
    end = start + task["window"] / NS
    limit = end + task["drain"] / NS
    if task["kind"] == "hold":
        held = []
        for i in range(task["workers"]):
            time.sleep(task["step"] / NS)
            held.append(locks.lock(name(i)))
        print("held", flush=True)
        time.sleep(task["window"] / NS)
    else:
        work = {"turns": turns, "baton": baton, "await": wait_once}[task["kind"]]
        report["at"] = [0] * task["workers"]
        threads = [threading.Thread(target=work, args=(i, start, end, limit)) for i in range(task["workers"])]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    report["waits"], report["pairs"] = waits.packed(), pairs.packed()
    print(json.dumps(report), flush=True)
    threading.Event().wait()  # what is held is held until the standard input ends


main()
