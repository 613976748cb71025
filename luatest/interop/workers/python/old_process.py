"""A process that still runs python-redilock: old_process.py HOST PORT. It answers each line with one line:

lock NAME TTL BLOCK   →   its token, or False; TTL in seconds, BLOCK True, False or seconds
unlock TOKEN          →   True or False
with NAME TTL FILE    →   done, when it has raised the number in FILE a hundred times, each in a with-block
"""

import ast
import pathlib
import sys

from redilock.sync_redilock import DistributedLock

locks = DistributedLock(redis_host=sys.argv[1], redis_port=int(sys.argv[2]), interval=0.002)
print("ready", flush=True)
for line in sys.stdin:
    command, *words = line.split()
    if command == "lock":
        print(locks.lock(words[0], float(words[1]), ast.literal_eval(words[2])), flush=True)
    elif command == "unlock":
        print(locks.unlock(words[0]), flush=True)
    else:
        file = pathlib.Path(words[2])
        for _ in range(100):
            with locks(words[0], float(words[1])):
                file.write_text(str(int(file.read_text()) + 1))
        print("done", flush=True)
