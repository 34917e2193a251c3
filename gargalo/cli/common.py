"""What the commands share: their options, and how they print what they found."""

from __future__ import annotations

import contextlib
import functools
import inspect
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from ..runs import Run

__all__ = [
    "AsJson",
    "DataDir",
    "Lang",
    "NewFolder",
    "Out",
    "RunArgument",
    "SourceArgument",
    "app",
    "column_lines",
    "known_of",
    "place_among_processes",
    "print_result",
    "rank",
    "show",
    "speaks",
    "verdict_lines",
    "with_option",
]

MOST_LINES, LONGEST = 40, 32
"""Rows of a table, and characters of their names, that are printed."""

app = typer.Typer(
    name="gargalo",
    help="From images or numbers to a latent space that you can see, walk, measure and use.",
    epilog="Start with: gargalo demo",
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on stdout, and nothing else there.")]
Lang = Annotated[str | None, typer.Option("--lang", help="en or pt; the locale's if not given.")]
RunArgument = Annotated[str, typer.Argument(metavar="RUN", help="A run folder, or last.")]
SourceArgument = Annotated[
    str,
    typer.Argument(
        metavar="SRC",
        help="mnist-10k, mnist, fashion-mnist, kmnist, or a path:"
        " a folder of pictures, .npy, .npz, .csv, .parquet, IDX.",
    ),
]
DataDir = Annotated[Path | None, typer.Option("--data-dir", help="Folder with the IDX files of mnist and its kin.")]
Out = Annotated[Path, typer.Option("--out", "-o")]
NewFolder = Annotated[Path | None, typer.Option("--out", "-o", help="A new folder; else the next number in runs/.")]


def _tell_version(is_asked: bool) -> None:
    if is_asked:
        from importlib.metadata import version

        print(f"gargalo {version('gargalo')}")
        raise typer.Exit


@app.callback()
def _before_any_command(
    version: Annotated[
        bool, typer.Option("--version", callback=_tell_version, is_eager=True, help="The version of gargalo.")
    ] = False,
) -> None:
    """From images or numbers to a latent space that you can see, walk, measure and use."""


def rank() -> int:
    """This process among those that torchrun started; the first of them speaks."""
    from ..io.environment import whole_number_in

    return whole_number_in("RANK", 0)


def place_among_processes() -> tuple[int, int]:
    """Which process this is of those that torchrun started, and how many these are.

    Returns
    -------
    (int, int)

    Raises
    ------
    GargaloError
        For numbers that cannot be.
    """
    from ..errors import GargaloError
    from ..io.environment import whole_number_in

    here, size = rank(), whole_number_in("WORLD_SIZE", 1, least=1)
    if here >= size:
        raise GargaloError(f"RANK: expected a number from 0 to {size - 1}, as WORLD_SIZE says. Found {here}.")
    return here, size


def speaks(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the option `--lang` as well, for what it writes and prints: a decorator.

    Parameters
    ----------
    command : function

    Returns
    -------
    function
        With a signature for typer: that of the command, and the option.
    """

    @functools.wraps(command)
    def wrapped(lang: str | None = None, **given: Any) -> None:
        from ..lang import spoken

        with spoken(lang):
            command(**given)

    return with_option(wrapped, command, "lang", None, Lang)


def with_option(
    wrapped: Callable[..., None], command: Callable[..., None], name: str, default: object, kind: object
) -> Callable[..., None]:
    """Show typer a command that takes one option more.

    Parameters
    ----------
    wrapped : function
        Takes the option, and calls the command.
    command : function
    name : str
        Of the option in Python.
    default : object
    kind : type
        What typer makes of it, annotated with what it shows.

    Returns
    -------
    function
        `wrapped`, with the signature of the command, and the option.
    """
    own = inspect.signature(command, eval_str=True).parameters.values()
    mine = inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=kind)
    kept = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in own]
    wrapped.__signature__ = inspect.Signature([*kept, mine])  # type: ignore[attr-defined]
    wrapped.__annotations__ = {parameter.name: parameter.annotation for parameter in (*kept, mine)}
    return wrapped


def print_result(known: dict[str, Any], lines: Sequence[str], as_json: bool) -> None:
    """Print the result on stdout, in the first process alone: one JSON object, or lines for people.

    Parameters
    ----------
    known : dict
        What JSON can hold; NaN and infinity are written as null.
    lines : sequence of str
    as_json : bool
    """
    from ..io.printed import shortened

    if rank() == 0:
        # JSON has no NaN: a figure that could not be measured is null.
        finite = json.loads(json.dumps(known), parse_constant=lambda _: None) if as_json else None
        for line in [json.dumps(finite)] if as_json else map(shortened, lines):
            show(line)


def show(line: str) -> None:
    """Print a line of a result on stdout: names in it may come from anywhere, and what is not printable is escaped.

    Parameters
    ----------
    line : str
    """
    from ..io.printed import fit_for, in_one_line

    # Who reads no further has what they wanted.
    with contextlib.suppress(BrokenPipeError):
        print(fit_for(getattr(sys.stdout, "encoding", None), in_one_line(line)))


def known_of(run: Run) -> dict[str, Any]:
    """Facts and figures of a run, as one dict; an interval stays in the run's metrics.json.

    Parameters
    ----------
    run : Run

    Returns
    -------
    dict
        Plain values by name.

    Raises
    ------
    RunError
        For a run whose metrics.json cannot be read.
    """
    from ..runs.verdict import verdict_of

    verdict = verdict_of(run)
    figures = {name: figure.value for name, figure in run.metrics.items()}
    return {**run.facts, **figures, "verdict": verdict and verdict.as_json()}


def verdict_lines(run: Run, lang: str | None) -> list[str]:
    """Say how a run stands to PCA, and where it is worse, why and what to try.

    Parameters
    ----------
    run : Run
    lang : "en", "pt" or None
        None is the locale's.

    Returns
    -------
    list of str
        Empty for what cannot stand beside PCA.
    """
    from ..lang import words
    from ..runs.verdict import verdict_of

    verdict = verdict_of(run)
    if verdict is None:
        tests = run.recipe.data.counts["test"]
        is_alone = "mse_minus_pca" in run.metrics and tests < 2
        return [words(lang)("verdict.untold", n=tests)] if is_alone else []
    command = [f"  {verdict.command}"] if verdict.command else []
    return [*verdict.told(run, words(lang)), *command]


def column_lines(run: Run, lang: str | None) -> list[str]:
    """Tell how well each column comes back, and how like the data what is drawn is.

    Parameters
    ----------
    run : Run
    lang : "en", "pt" or None
        None is the locale's.

    Returns
    -------
    list of str
        What each figure is, then those of up to 40 columns; empty for pictures, and where columns were not measured.
    """
    from ..lang import words
    from ..runs.columns_told import as_drawn, came_back, drawn_as_whole, meaning_of, worse_than

    if (table := run.columns) is None:
        return []
    say = words(lang)
    of = "" if table.has_categories else ".numbers"
    told = [
        "",
        meaning_of(table, say),
        *_aligned(*came_back(table, say)),
        *worse_than(table, say),
    ]
    if table.fidelity is not None:
        told += [
            "",
            say(f"fidelity.meaning{of}"),
            *_aligned(*as_drawn(table, say)),
            *filter(None, [drawn_as_whole(table, say)]),
        ]
    return told


def _aligned(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Heads and rows as lines, each cell below its head; the first column is made to fit, the others stand right."""
    more = [f"… +{len(rows) - MOST_LINES}"] if len(rows) > MOST_LINES else []
    cells = [head, *([name[:LONGEST], *others] for name, *others in rows[:MOST_LINES])]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = []
    for name, *others in cells:
        right = (cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True))
        lines.append("  ".join([name.ljust(widths[0]), *right]))
    return lines + more
