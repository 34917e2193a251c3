"""Decodes for another process: a program that is run by its path.

It is told on stdin where the files are and where the pixels belong, then one range of files a line, and answers each
with a line on stdout. It imports nothing of the house but this folder, and NumPy only where it must, so that it starts
in a twentieth of a second; and it needs no `if __name__ == "__main__"` in anybody's script.
"""

from __future__ import annotations

import importlib.util
import json
import mmap
import sys
from pathlib import Path


def serve() -> None:
    """Answer ranges of files on stdin until there are no more."""
    from pictures.images import Wanted, decode_range
    from pictures.memory import Memory

    told = json.loads(sys.stdin.readline())
    root, wanted = Path(told["root"]), Wanted(*(told[name] for name in Wanted._fields))
    with (
        Path(told["pixels"]).open("r+b") as file,
        mmap.mmap(file.fileno(), 0) as mapped,
        memoryview(mapped) as everything,
        everything[told["offset"] :] as pixels,
    ):
        memory = Memory(told["workers"], file)
        for line in sys.stdin:
            start, stop = map(int, line.split())
            done = decode_range(told["files"], root, pixels, wanted, (start, stop), memory)
            print(json.dumps(done), flush=True)


if __name__ == "__main__":
    # As a package of that name, without those that it lies in, which import far more.
    here = importlib.util.spec_from_file_location("pictures", Path(__file__).with_name("__init__.py"))
    assert here and here.loader
    sys.modules["pictures"] = importlib.util.module_from_spec(here)
    serve()
