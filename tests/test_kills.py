"""Killed and stopped at random moments: no run is ever lost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

KILLS = Path(__file__).parent / "kills.py"
forking = pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows cannot fork")


def loop(folder: Path, times: int, *signals: str) -> dict:
    done = subprocess.run(
        [sys.executable, KILLS, folder, "--times", str(times), "--signals", *signals],
        text=True,
        capture_output=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert sum(told["hit"].values()) == times
    return told


@forking
@pytest.mark.parametrize("signals", [("KILL",), ("TERM", "INT", "HUP")])
def test_stopped_at_random_moments(tmp_path, signals):
    loop(tmp_path, 3, *signals)


@pytest.mark.long
@pytest.mark.timeout(3000)
@forking
def test_what_writes_is_killed(tmp_path):
    command = [sys.executable, KILLS.with_name("kills_of_verbs.py"), tmp_path / "kills", "--times", "20"]
    done = subprocess.run(command, text=True, capture_output=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
    assert done.returncode == 0, done.stderr
    assert set(json.loads(done.stdout)["hit"].values()) == {20}


@pytest.mark.long
@pytest.mark.timeout(3000)
@forking
@pytest.mark.parametrize("signals", [("KILL",), ("TERM", "INT", "HUP"), ("KILL", "TERM", "INT")])
def test_stopped_two_hundred_times(tmp_path, signals):
    assert loop(tmp_path, 200, *signals)["runs_compared"] >= 10
