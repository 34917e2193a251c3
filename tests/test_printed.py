"""What is printed and drawn: names from outside are escaped, simple terminals are enough, and nobody has to read."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from gargalo import plots
from gargalo.io.printed import fit_for, in_one_line

RED, BACKWARDS = "\x1b[31m", "\u202e"
FULL = Path("/dev/full")


@pytest.fixture(scope="module")
def odd(tmp_path_factory):
    """A table whose names would colour, erase, turn around and break lines, or be read as mathematics."""
    file = tmp_path_factory.mktemp("odd") / "odd.csv"
    rng = np.random.default_rng(0)
    lines = [f'"$x^{{$","a\nb","{RED}c","d{BACKWARDS}e",é']
    lines += [",".join(f"{v:.3f}" for v in rng.random(4)) + f",{'$k_$' if i % 2 else RED + 'z'}" for i in range(60)]
    file.write_text("\n".join(lines), encoding="utf-8")
    return file


def gargalo(*words, **more) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([sys.executable, "-m", "gargalo", *map(str, words)], check=False, **more)


def test_names_are_escaped_wherever_they_are_printed(odd, say, tmp_path):
    for command in (
        ("inspect", odd),
        ("train", odd, "-m", "pca", "-o", tmp_path / "run"),
        ("info", tmp_path / "run"),
        ("inspect", odd, "--label", f"{RED}none"),
        ("info", f"{tmp_path}/{RED}{BACKWARDS}\nnone"),
    ):
        _, out, error = say(*command)
        assert out + error
        assert all(c.isprintable() for line in (out + error).split("\n") for c in line), command
    assert r"\x1b[31mc" in say("inspect", odd)[1]
    assert r"\u202e\nnone: expected a run folder" in error


@pytest.mark.filterwarnings("error")  # a glyph that the font does not have
def test_names_are_drawn_as_they_are_written():
    names = ["$x^{$", f"{RED}c", f"d{BACKWARDS}e", "a\nb", "\udce9"]
    x = np.random.default_rng(0).random((5, 4, 4))
    plots.png(plots.strips([(name, x) for name in names]))
    plots.png(plots.strips([(names[0], x[:, 0])], "bars", names[:4]))
    y = np.arange(5)
    plots.png(plots.scatter([(names[0], x[:, 0, :2])], y, names), ",")


def test_a_simple_terminal_is_enough(odd):
    env = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = gargalo("inspect", odd, "--lang", "pt", capture_output=True, env={**env, "PYTHONIOENCODING": "ascii"})
    assert done.returncode == 0, done.stderr
    assert "So 42 exemplos de treino: o modelo pode decora-los." in done.stdout.decode("ascii")
    done = gargalo("models", "--lang", "pt", capture_output=True, env={**env, "PYTHONIOENCODING": "cp1252"})
    assert done.returncode == 0 and "ção" in done.stdout.decode("cp1252")


def test_what_an_encoding_lacks_is_written_more_simply():
    assert fit_for("ascii", "ação … → 2×2² – “ok”") == 'acao ... -> 2x22 - "ok"'
    assert fit_for("latin-1", "ação → 水") == r"ação -> \u6c34"
    assert fit_for(None, "水") == fit_for("utf-8", "水") == "水"
    assert in_one_line(f"a\r{BACKWARDS}\udce9") == r"a\r\u202e\udce9"


@pytest.mark.parametrize("command", [("inspect",), ("models", "--json"), ("--version",), ("train", "--help")])
def test_nobody_has_to_read(odd, command):
    """A reader that went away, or a stream that was closed before, does not change the exit status."""
    words = [*command, odd] if command[0] == "inspect" else command
    reader, writer = os.pipe()
    os.close(reader)
    done = gargalo(*words, stdout=writer, stderr=subprocess.PIPE)
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, b"")
    for stream in (1, 2):
        shell = f'exec "$@" {stream}>&-'
        found = ["sh", "-c", shell, "sh", sys.executable, "-m", "gargalo", *map(str, words)]
        assert subprocess.run(found, capture_output=True, check=False).returncode == 0


@pytest.mark.skipif(not FULL.exists(), reason="this system has no such device")
def test_what_could_not_be_printed_is_no_success(odd):
    with FULL.open("wb") as full:
        done = gargalo("--version", stdout=full, stderr=subprocess.PIPE)
        assert (done.returncode, done.stderr) == (2, b"gargalo: output: No space left on device.\n")
        assert gargalo("info", "nothing", stderr=full).returncode == 2
