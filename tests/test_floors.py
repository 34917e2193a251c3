"""The house's floors: a room imports from lower floors only, never sideways, never the house by its name."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

HOUSE = Path(__file__).parent.parent / "gargalo"
STEPS = """
errors
files
lang
core
weights
data nets models training latent maps metrics plots
recipe parts
build run_folder
run
export advice
reports explorer output evaluation budget shards
trainer testing inspection
workflow
estimator
commands
cli __init__ __main__
"""
"""A line imports from the lines above it; the rooms of one line are blind to each other, but for the last."""
FLOORS = {room: step for step, line in enumerate(STEPS.strip().splitlines()) for room in line.split()}
ROOF = FLOORS["cli"]
ALONE = {HOUSE / "data/mnist_10k/cut.py"}  # a script beside the package's data: it imports gargalo as a user does


def room(name: str) -> str:
    return name.split(".")[0]


def the_house() -> dict[str, ast.Module]:
    """Every file's syntax, by names such as "maps", "data.idx", "data.__init__"."""
    paths = set(HOUSE.rglob("*.py")) - ALONE
    return {
        ".".join(path.relative_to(HOUSE).with_suffix("").parts): ast.parse(path.read_text(encoding="utf-8"))
        for path in paths
    }


def imports(name: str, tree: ast.Module, known: set[str]) -> Iterator[str]:
    """The files of the house that the file `name` imports, wherever in its code."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if room(alias.name) == "gargalo")
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield from [str(node.module)] if room(str(node.module)) == "gargalo" else []
        elif isinstance(node, ast.ImportFrom):
            base = name.split(".")[: -node.level] + ([node.module] if node.module else [])
            for alias in node.names:
                # `from .x import y` means the file x/y.py, the package x/y, or a name in x.py or in the package x.
                ends = ([alias.name], [alias.name, "__init__"], [], ["__init__"])
                places = [".".join([*base, *end]) for end in ends]
                yield next((place for place in places if place in known), places[-1])


def faults(house: dict[str, ast.Module]) -> list[str]:
    """What is wrong with the imports, a line each."""
    files = {name: set(imports(name, tree, set(house))) for name, tree in house.items()}
    rooms: dict[str, set[str]] = {room(name): set() for name in files}
    found = [f"{name} is on no floor" for name in sorted(rooms.keys() - FLOORS.keys())]
    for name, target in ((name, target) for name, targets in files.items() for target in targets):
        here, there = room(name), room(target)
        if here == there:
            continue
        rooms[here].add(there)
        mine, theirs = FLOORS.get(here, ROOF), FLOORS.get(there, ROOF + 1)
        if theirs > mine:
            found.append(f"{name} imports {target}: upward")
        elif theirs == mine < ROOF:
            found.append(f"{name} imports {target}: sideways")
    for graph in (rooms, files):
        try:
            TopologicalSorter(graph).prepare()
        except CycleError as error:
            found.append("a circle of " + ", ".join(sorted(set(error.args[1]))))
    return found


def test_every_import_goes_down():
    house = the_house()
    assert {"errors", "maps", "data.__init__", "data.idx", "__init__"} <= house.keys()
    assert faults(house) == []


@pytest.mark.parametrize(
    ("name", "code", "fault"),
    [
        ("maps", "def f():\n    from .run import Run", "maps imports run: upward"),
        ("errors", "from . import maps", "errors imports maps: upward"),
        ("errors", "from . import __version__", "errors imports __init__: upward"),
        ("data.idx", "from ..metrics.probes import knn_accuracy", "data.idx imports metrics.probes: sideways"),
        ("data.__init__", "from .. import metrics", "data.__init__ imports metrics.__init__: sideways"),
        ("data.__init__", "from ..maps import project", "data.__init__ imports maps: sideways"),
        ("run", "import gargalo.maps", "run imports gargalo.maps: upward"),
        ("run", "from gargalo import maps", "run imports gargalo: upward"),
        ("run", "from .attic import dust", "run imports attic.__init__: upward"),
        ("attic", "", "attic is on no floor"),
        ("data.idx", "from .mnist import full", "a circle of data.idx, data.mnist"),
        ("data.idx", "from . import mnist", "a circle of data.idx, data.mnist"),
        ("cli", "from . import __main__", "a circle of __main__, cli"),
    ],
)
def test_a_wrong_import_is_seen(name, code, fault):
    sound = {
        "errors": "import json",
        "data.idx": "from ..errors import DataError",
        "data.mnist": "from .idx import read_idx",
        "data.__init__": "from . import mnist\nfrom .idx import read_idx",
        "metrics.probes": "",
        "metrics.__init__": "from .probes import knn_accuracy",
        "maps": "",
        "run": "from . import maps, metrics",
        "cli": "from . import run",
        "__main__": "from .cli import main",
    }
    house = {file: ast.parse(text) for file, text in sound.items()}
    assert faults(house) == []
    assert fault in faults(house | {name: ast.parse(code)})
