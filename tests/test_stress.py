"""Several processes at once on one run, one cache and one output: nothing is lost, nothing is half-written."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

STRESS = Path(__file__).parent / "stress.py"


@pytest.mark.long
@pytest.mark.timeout(3000)
@pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows cannot fork")
def test_two_verbs_at_once(tmp_path, monkeypatch):
    for name in ("XDG_CACHE_HOME", "XDG_STATE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))
    done = subprocess.run(
        [sys.executable, STRESS, tmp_path / "stress", "--rounds", "225"],
        text=True,
        capture_output=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["rounds"] == 225
    assert told["commands"]["publish done"] >= 45, "one of them writes"
