"""The house: a room imports from lower floors only, never sideways; few entries, short files, short functions."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from fnmatch import fnmatch
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

HOUSE = Path(__file__).parent.parent / "gargalo"
STEPS = """
errors lang io core
data nets models training latent metrics plots
recipes
fitted
runs export
reports explorer
api estimators testing
cli __init__ __main__
"""
"""A line imports from the lines above it; the rooms of one line are blind to each other, but for the last."""
FLOORS = {room: step for step, line in enumerate(STEPS.strip().splitlines()) for room in line.split()}
ROOF = FLOORS["cli"]
SIDEWAYS = {
    # What can go wrong, and how it goes, everybody on the ground may say.
    ("lang", "errors"),
    ("io", "errors"),
    ("io", "lang"),
    # One rule for the sign of a principal axis.
    ("models.pca", "latent.axes"),
}
"""Imports between rooms of one floor, or from one file to another there, that have a reason."""
COMING = {"estimators"}
"""Rooms that the plan has and the house has not yet."""
ALONE = {HOUSE / "data/mnist_10k/cut.py"}  # a script beside the package's data: it imports gargalo as a user does

MOST_ENTRIES, MOST_FLOORS = 24, 8
MOST_LINES, MOST_FUNCTION_LINES, MOST_PARAMETERS = 350, 60, 6
LONG_FILES = {
    "api": "the public verbs, each with what it takes, gives and refuses; half of it is that",
    "core": "the contract: more than half of it says what each method is given and gives back",
    "fitted": "half of it documents the verbs that people hold, each with its shapes and what it refuses",
}
"""Files that may be longer, each with the reason."""
LARGE_FUNCTIONS = {
    "data.load.load_data": "the public verb: a parameter for each thing that a user may say",
    "data.as_dataset.as_dataset": "the public constructor: a parameter for each thing that a reader may know",
    "fitted.sample": "the public verb: what is drawn, from where, and what it is told",
    "api.*": "the public verbs: a parameter for each thing that a user may say, and a sentence for each",
    "cli.*": "the commands: a parameter for each option",
}
"""Functions, or whole rooms, that may be larger, each with the reason."""


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
        elif theirs == mine < ROOF and not {(here, there), (name, target)} & SIDEWAYS:
            found.append(f"{name} imports {target}: sideways")
    for graph in (rooms, files):
        try:
            TopologicalSorter(graph).prepare()
        except CycleError as error:
            found.append("a circle of " + ", ".join(sorted(set(error.args[1]))))
    return found


def test_every_import_goes_down():
    house = the_house()
    assert {"errors", "fitted", "data.__init__", "data.readers.idx", "__init__"} <= house.keys()
    assert faults(house) == []


def test_it_is_seen_at_a_glance():
    """At most 24 entries on at most 8 floors, and no floor with a room that is not there."""
    entries = {p.name for p in HOUSE.iterdir() if p.name != "__pycache__"}
    assert len(entries | {f"{name}.py" for name in COMING}) <= MOST_ENTRIES
    assert len(STEPS.strip().splitlines()) <= MOST_FLOORS
    assert {room(name) for name in the_house()} == FLOORS.keys() - COMING


def sizes() -> Iterator[tuple[str, int, int]]:
    """Every function, with its lines and its parameters."""
    for name, tree in the_house().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                taken = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
                more = [arg for arg in (node.args.vararg, node.args.kwarg) if arg]
                count = len([arg for arg in [*taken, *more] if arg.arg not in ("self", "cls")])
                yield f"{name}.{node.name}", (node.end_lineno or 0) - node.lineno + 1, count


def test_files_and_functions_are_short():
    long = {}
    for name in the_house():
        path = HOUSE.joinpath(*name.split("."))
        lines = path.with_suffix(".py").read_text(encoding="utf-8").count("\n")
        if lines > MOST_LINES:
            long[name] = lines
    assert long.keys() == LONG_FILES.keys(), long
    large = [
        (name, lines, parameters)
        for name, lines, parameters in sizes()
        if lines > MOST_FUNCTION_LINES or parameters > MOST_PARAMETERS
    ]
    assert [one for one in large if not any(fnmatch(one[0], name) for name in LARGE_FUNCTIONS)] == []
    assert [name for name in LARGE_FUNCTIONS if not any(fnmatch(one[0], name) for one in large)] == []
    inside = [one for one in large if room(one[0]) == "cli" and one[0].split(".")[1] in ("common", "naming", "output")]
    assert inside == [], "what commands share is no command"


def test_one_place_tells_people_how_it_goes():
    """Nobody else writes to stderr; and only the commands print their result."""
    for name, tree in the_house().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and node.attr == "stderr" and name != "io.reporter":
                raise AssertionError(f"{name}, line {node.lineno}: sys.stderr")
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "print":
                assert name in ("cli.common", "data.readers.pictures.__main__", "data.readers.trial"), (
                    f"{name}, line {node.lineno}: print"
                )


def test_the_shape_of_an_array_says_nothing_of_its_kind():
    """Outside of `data`, which says what kind its arrays are, nobody guesses it from their number of dimensions."""
    for name, tree in the_house().items():
        for node in ast.walk(tree):
            guesses = isinstance(node, ast.Attribute) and node.attr in ("ndim", "is_image")
            if guesses and room(name) != "data":
                assert name in NDIM, f"{name}, line {node.lineno}: {node.attr}"


NDIM = {
    "io.images": "grey or colour, of what is an image",
    "fitted": "latents that are given must be (n, d)",
    "latent.projections.project": "points that are given must be (n, d)",
}
"""Where a number of dimensions is asked for, and why it is no guess."""


@pytest.mark.parametrize(
    ("name", "code", "fault"),
    [
        ("fitted", "def f():\n    from .runs import Run", "fitted imports runs.__init__: upward"),
        ("errors", "from . import fitted", "errors imports fitted: upward"),
        ("errors", "from . import __version__", "errors imports __init__: upward"),
        ("data.idx", "from ..metrics.probes import knn_accuracy", "data.idx imports metrics.probes: sideways"),
        ("data.__init__", "from .. import metrics", "data.__init__ imports metrics.__init__: sideways"),
        ("models.vae", "from ..latent.axes import fixed_signs", "models.vae imports latent.axes: sideways"),
        ("runs.__init__", "import gargalo.fitted", "runs.__init__ imports gargalo.fitted: upward"),
        ("runs.__init__", "from gargalo import fitted", "runs.__init__ imports gargalo: upward"),
        ("runs.__init__", "from .attic import dust", "a circle of runs.__init__, runs.attic"),
        ("attic", "", "attic is on no floor"),
        ("data.idx", "from .mnist import full", "a circle of data.idx, data.mnist"),
        ("data.idx", "from . import mnist", "a circle of data.idx, data.mnist"),
        ("cli.main", "from .. import __main__", "a circle of __main__, cli"),
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
        "latent.axes": "",
        "models.pca": "from ..latent.axes import fixed_signs",
        "models.vae": "",
        "fitted": "from . import data, metrics",
        "runs.__init__": "from .. import fitted",
        "runs.attic": "from . import nothing",
        "cli.main": "from .. import runs",
        "__main__": "from .cli.main import main",
    }
    house = {file: ast.parse(text) for file, text in sound.items()}
    assert faults(house) == []
    assert fault in faults(house | {name: ast.parse(code)})
