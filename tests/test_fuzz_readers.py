"""Mutated files for every reader: each is read, or refused in one line; see tests/fuzz/readers.py."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

FUZZER = Path(__file__).parent / "fuzz" / "readers.py"


def told_by(folder: Path, *choices: str) -> dict:
    done = subprocess.run(
        [sys.executable, FUZZER, folder / "fuzz", *choices],
        text=True,
        capture_output=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stdout or done.stderr
    return json.loads(done.stdout)


def test_a_few_mutated_files(tmp_path):
    told = told_by(tmp_path, "--inputs", "250")
    assert told["seen"]["read"] >= 10 and told["seen"]["refused"] >= 100, "mutations are neither all harmless nor all"


@pytest.mark.long
@pytest.mark.timeout(600)
def test_as_many_mutated_files_as_fit_a_minute(tmp_path):
    assert told_by(tmp_path, "--inputs", "1000000", "--seconds", "60", "--seed", "1")["inputs"] > 1000
