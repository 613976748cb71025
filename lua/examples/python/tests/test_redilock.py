"""The snippets of an installed python-redilock's own description run on this package, and print what they print there."""

import importlib.metadata
import os
import re
import subprocess
import sys
import unittest
import urllib.parse

SERVER = urllib.parse.urlparse(os.environ.get("REDIS_URL", "redis://localhost:6379"))
FENCED = re.compile(r"^```\n(.*?)\n```$", re.S | re.M)
OLD = "import redilock.base as b; b.DistributedLockBase.__init__.__defaults__ = {}\n"
NEW = "import go_redilock.sync_redilock as b; b.Settings.__init__.__defaults__ = {}\n"
LAST = "import redilock.sync_redilock as redilock\nmylock = redilock.DistributedLock(ttl=3)\n"  # what two snippets go on from


def snippets():
    text = importlib.metadata.metadata("python-redilock").get_payload()
    return [s for s in FENCED.findall(text) if "mylock" in s or "redilock" in s]


class Description(unittest.TestCase):
    def test_snippets(self):
        found = snippets()
        self.assertGreaterEqual(len(found), 7)
        running = []
        for number, snippet in enumerate(found):
            text = snippet if "DistributedLock(" in snippet else LAST + snippet
            text = ("import redilock.sync_redilock as redilock\n" if "import redilock" not in text else "") + text
            for prefix, ours in ((OLD, False), (NEW, True)):
                defaults = (SERVER.hostname, SERVER.port, 2 * (number % 7) + ours + 1, None, 0.25)
                code = prefix.format(defaults) + (text.replace("redilock.sync_redilock", "go_redilock.sync_redilock") if ours else text)
                running.append((snippet, subprocess.Popen([sys.executable, "-c", code], text=True, stdout=subprocess.PIPE,
                                                          stderr=subprocess.PIPE)))
        said = [(snippet, *p.communicate(timeout=90), p.returncode) for snippet, p in running]
        for (snippet, old, old_error, old_status), (_, new, new_error, new_status) in zip(said[::2], said[1::2]):
            with self.subTest(snippet):
                self.assertEqual((old_status, new_status), (0, 0), old_error + new_error)
                self.assertEqual(old, new)

    def test_block_ttl_interval(self):
        import go_redilock.sync_redilock as redilock
        locks = redilock.DistributedLock(SERVER.hostname, SERVER.port, ttl=1)
        name = f"block:{os.getpid()}"
        token = locks.lock(name)
        self.assertFalse(locks.lock(name, block=False))
        self.assertFalse(locks.lock(name, block=0.2, interval=0.05))
        self.assertTrue(locks.extend(token, 30))
        self.assertTrue(locks.unlock(token))
        self.assertFalse(locks.unlock(token) or locks.extend(token) or locks.unlock("nonsense") or locks.unlock(None))
        self.assertTrue(locks.unlock(locks.lock(name, ttl=5, block=10)))
        for bad in (dict(ttl=-1), dict(block=-1), dict(interval=-1)):
            with self.assertRaises(AssertionError):
                locks.lock(name, **bad)


if __name__ == "__main__":
    unittest.main()
