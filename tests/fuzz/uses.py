"""What people do with a run, each in-process: a fault is whatever is told in more than a line, or not in time."""

from __future__ import annotations

import resource
import shutil
import signal
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np

import gargalo
from gargalo import cli
from gargalo.cli.figures import figures
from gargalo.errors import GargaloError
from gargalo.io.progress import TrainingProgress
from gargalo.io.reporter import Reporter
from gargalo.lang import words
from gargalo.runs.columns_told import came_back, drawn_as_whole
from gargalo.runs.verdict import verdict_of

MOST_SECONDS, MOST_GROWTH, HANGS = 5.0, 2**30, 60
WORK = {"report": 30.0, "publish": 60.0}
"""Seconds of what takes long with any run: drawings, and networks that are traced."""
QUICK = ("open", "verdict", "figures", "latents", "sample")
ENGLISH = words("en")


class Begun(Exception):  # noqa: N818
    """The training goes on: that was all that was asked."""


class Stops(Reporter):
    """Ends a training that would go on for long, before its first step."""

    def training(self, title: str) -> TrainingProgress:
        class Progress(TrainingProgress):
            def start(self, epochs: int, steps: int, done: int) -> None:
                if epochs > 20:
                    raise Begun

        return Progress()


@dataclass(frozen=True)
class Fault:
    """What went wrong, where in the code, and what had been changed."""

    kind: str
    what: str
    told: str


def uses(folder: Path, data: np.ndarray, out: Path) -> dict[str, Callable[[], object]]:
    """The verbs, by name; each opens the run anew."""

    def run() -> gargalo.Run:
        return gargalo.open_run(folder)

    def command(*words: object) -> None:
        # Its status is 0 or 2: anything else comes out of it as an exception.
        status = cli.run([*map(str, words)])
        assert status in (0, 2), status

    return {
        "open": lambda: (run().facts, run().metrics, run().history, run().columns, run().examples),
        "info": lambda: command("info", folder),
        "info --json": lambda: command("info", folder, "--json"),
        "verdict": lambda: verdict_of(run()),
        "columns": lambda: (found := run().columns) and (came_back(found, ENGLISH), drawn_as_whole(found, ENGLISH)),
        "figures": lambda: figures(run(), "en"),
        "report": lambda: gargalo.report([folder], out / "report.html", "en"),
        "map": lambda: run().map("pca"),
        "latents": lambda: (run().latents, run().pca, run().spread, run().cloud, run().prior("gmm")),
        "sample": lambda: run().sample(3),
        "interpolate": lambda: run().interpolate(0, 1, steps=3),
        "traverse": lambda: run().traverse(steps=3),
        "encode": lambda: run().encode(data),
        "look": lambda: run().look(run().examples.x[:3]),
        "publish": lambda: gargalo.publish([folder], out / "site", progress=False),
        "resume": lambda: gargalo.resume(folder, data, progress=Stops()),
    }


def faults(folder: Path, data: np.ndarray, out: Path, rng: Random, slow: float | None) -> Iterator[Fault]:
    """Use a run in every way, the slow ways (a report, a site) in a share `slow` of all cases; None only opens it."""
    signal.signal(signal.SIGALRM, _hangs)
    for name, act in uses(folder, data, out).items():
        if slow is None and name not in QUICK:
            continue
        if slow is not None and name in WORK and rng.random() >= slow:
            continue
        out.mkdir(exist_ok=True)
        began, before = time.process_time(), _memory()
        try:
            signal.alarm(HANGS)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                act()
        except (GargaloError, Begun) as error:
            if "\n" in str(error):
                yield Fault(name, "more than a line", str(error)[:200])
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt):
                raise
            yield Fault(name, _where(error), traceback.format_exc()[-1500:])
        finally:
            signal.alarm(0)
        seconds = time.process_time() - began
        if seconds > WORK.get(name, MOST_SECONDS):
            yield Fault(name, "too late", f"{seconds:.1f} s")
        if _memory() - before > MOST_GROWTH:
            yield Fault(name, "too much memory", f"{(_memory() - before) / 2**20:.0f} MiB")
        shutil.rmtree(out, ignore_errors=True)


def _hangs(*_: object) -> None:
    raise TimeoutError(f"more than {HANGS} seconds")


def _memory() -> int:
    """The most that this process ever held, in bytes."""
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _where(error: BaseException) -> str:
    """The error's type, and the last place in gargalo that it came through."""
    own = [frame for frame in traceback.extract_tb(error.__traceback__) if "/gargalo/" in frame.filename]
    place = f"{own[-1].filename.partition('/gargalo/')[2]}:{own[-1].name}" if own else "elsewhere"
    return f"{type(error).__name__} in {place}"
