"""What the tests share: real digits, few of them, and runs that are trained once."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path

import chromium
import numpy as np
import pytest

from gargalo import cli, load_data, train
from gargalo.data import Dataset, as_dataset
from gargalo.io.signals import ending_signals
from gargalo.models import MODELS
from gargalo.recipes import make
from gargalo.runs import Run

TOGETHER = {"test_demo": "demo", "test_browser": "demo", "test_shelf": "default runs", "test_docs": "default runs"}
"""Files that look at the same runs, which take long to train."""


LONGEST = (
    "browser",
    "demo",
    "docs",
    "shelf",
    "processes",
    "browser_sites",
    "explorer",
    "models",
    "extend",
    "kills",
    "notebooks",
    "own",
)
"""Files that take longest: begun first, so that processes that share the tests end together."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]):
    """The longest files first, where processes share the tests; within a file nothing is moved."""
    if not hasattr(config, "workerinput"):
        return
    ranks = {f"test_{name}": rank for rank, name in enumerate(LONGEST)}
    items.sort(key=lambda item: ranks.get(item.path.stem, len(ranks)))


def pytest_itemcollected(item: pytest.Item):
    """The tests of a file stay in one process, and so do those of files that belong together."""
    item.add_marker(pytest.mark.xdist_group(TOGETHER.get(item.path.stem, item.path.stem)))


@pytest.fixture(scope="module")
def browser():
    """Headless Chromium.

    For a file, not for all: its event loop would be in the way of those that notebooks run.
    """
    if chromium.path() is None:
        pytest.skip("no chromium on this machine: what runs in a browser is not tested")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        launched = chromium.launch(playwright)
        yield launched
        launched.close()


@pytest.fixture(scope="session", autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory):
    """A cache and a state of the tests' own, one for all their processes: they neither use nor fill the user's."""
    own = tmp_path_factory.getbasetemp()
    folder = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "cache"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder))
        patch.setenv("XDG_STATE_HOME", str(folder.with_name("state")))
        yield folder


@pytest.fixture(autouse=True)
def usual_signals():
    """What commands that ran in this process did to its signals does not reach other tests."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for kind in set(ending_signals()) - {signal.SIGINT}:
        signal.signal(kind, signal.SIG_DFL)


@pytest.fixture(scope="session")
def digits() -> Dataset:
    """1,500 training and 300 test digits of the embedded sample."""
    whole = load_data("mnist-10k")
    rows = np.r_[0:1500, 10_000:10_300]
    return as_dataset(whole.x[rows], whole.y[rows], name="digits", split=whole.split[rows])


@pytest.fixture(scope="session")
def small_runs(digits: Dataset, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    """A run of every objective, trained for an instant."""
    root = tmp_path_factory.mktemp("small")
    plans = {
        "classifier": {},
        "autoencoder": {},
        "denoising": {"widths": (64,)},
        "vae": {"latent_dim": 2},
    }
    return {
        name: train(digits, name, out=root / name, epochs=3, progress=False, **choices)
        for name, choices in plans.items()
    }


@pytest.fixture(scope="session")
def default_runs(digits: Dataset, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    """A run of every objective as it is trained on the whole sample when nothing is chosen; fewer digits and epochs."""
    root, whole = tmp_path_factory.mktemp("defaults"), load_data("mnist-10k").spec
    usual = {name: make(whole, name) for name in MODELS}
    few = {"mlp": {"epochs": 14}, "conv": {"epochs": 7}}
    chosen = {
        name: {} if MODELS[name].is_solved else plan.net.model_dump() | plan.training.model_dump() | few[plan.net.net]
        for name, plan in usual.items()
    }
    return {name: train(digits, name, out=root / name, progress=False, **chosen[name]) for name in MODELS}


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict]:
    """The whole demo, once, by its command: its folder and what it told as JSON."""
    folder = tmp_path_factory.mktemp("demo") / "demo"
    with pytest.MonkeyPatch.context() as patch:
        told: list[str] = []
        patch.setattr("builtins.print", lambda *values, **_: told.append(" ".join(map(str, values))))
        assert cli.run(["demo", "--out", str(folder), "--lang", "pt", "--json"]) == 0
    return folder, json.loads(told[-1])


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str]):
    """Run a command: its status, what it put on stdout, and its last line on stderr."""

    def run(*arguments: object) -> tuple[int, str, str]:
        status = cli.run([str(a) for a in arguments])
        out, err = capsys.readouterr()
        return status, out, (err.splitlines() or [""])[-1]

    return run


@pytest.fixture
def read_only(tmp_path):
    """A folder that cannot be written to, even by root: a read-only mount, or permissions where they count."""
    folder = tmp_path / "ro"
    folder.mkdir()
    mounted = (
        os.geteuid() == 0
        and not subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "ro,size=1m", "tmpfs", folder], capture_output=True, check=False
        ).returncode
    )
    if not mounted:
        folder.chmod(0o555)
    if os.access(folder, os.W_OK):
        pytest.skip("root, and no right to mount: every folder can be written to")
    yield folder
    if mounted:
        subprocess.run(["umount", folder], check=True)
