"""Commands that show runs to people in a browser: report, publish, explore."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .common import AsJson, DataDir, Lang, Out, app, print_result
from .replacing import each_must_be_free, is_written, must_be_free, replaces

if TYPE_CHECKING:
    from ..explorer import Published
    from ..lang import Words

Runs = Annotated[list[str], typer.Argument(metavar="RUN...", help="Run folders, or last; on the same data.")]
Data = Annotated[str | None, typer.Option("--data", metavar="SRC", help="The data of the runs, where they have moved.")]
Points = Annotated[
    int | None, typer.Option(help="Examples on the map, at most; 20000, or fewer where latents are long.")
]
Display = Annotated[
    Path | None, typer.Option(help="The folder of pictures to show, where they have moved or the run is not yours.")
]
Thumbnails = Annotated[
    bool, typer.Option("--thumbnails/--no-thumbnails", help="Publish pictures, rows of numbers and ids?")
]
Examples = Annotated[
    bool, typer.Option("--examples/--no-examples", help="Publish anything that belongs to one example?")
]


@app.command()
@replaces
def report(
    runs: Annotated[list[str], typer.Argument(metavar="RUN...", help="One or several run folders, or last.")],
    out: Out = Path("report.html"),
    lang: Lang = None,
    as_json: AsJson = False,
) -> None:
    """One self-contained page about one or several runs."""
    from .. import api

    page = out / "report.html" if out.is_dir() else out
    beside = page.with_name(f"{page.stem}-figures")
    must_be_free(page)
    each_must_be_free(beside)
    page = api.report(runs, out, lang)
    for place in (page, beside):
        is_written(place)
    print_result({"report": str(page)}, [str(page)], as_json)


@app.command()
def publish(
    runs: Runs,
    out: Annotated[Path, typer.Option("--out", "-o", help="A new folder.")] = Path("site"),
    data: Data = None,
    data_dir: DataDir = None,
    display: Display = None,
    points: Points = None,
    thumbnails: Thumbnails = True,
    examples: Examples = True,
    lang: Lang = None,
    as_json: AsJson = False,
) -> None:
    """Runs as a folder of plain files for any web host; the models run in the visitor's browser."""
    from .. import api
    from ..io.reporter import reporter_for
    from ..lang import words

    say = words(lang)
    found = api.publish(
        runs,
        out,
        data,
        data_dir=data_dir,
        display=display,
        points=points,
        thumbnails=thumbnails,
        examples=examples,
        progress=reporter_for(True, lang),
    )
    known = {"output": str(found.folder), "bytes": found.size, "public": found.public, "notes": list(found.notes)}
    print_result(known, _lines(found, say), as_json)


@app.command()
def explore(
    runs: Runs,
    port: Annotated[int, typer.Option(help="0 takes one that is free.")] = 0,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open the page?")] = True,
    data: Data = None,
    data_dir: DataDir = None,
    display: Display = None,
    points: Points = None,
) -> None:
    """Runs, or a published folder, in your browser, served to this machine alone until Ctrl-C."""
    from .. import api

    api.explore(runs, port=port, browser=browser, data=data, data_dir=data_dir, display=display, points=points)


def _lines(found: Published, say: Words) -> list[str]:
    """What became public, for people."""
    public = ", ".join(f"{say(f'public.{what}')} ({n})" for what, n in found.public.items() if n)
    return [
        f"{found.folder}  {found.size / 1e6:.1f} MB",
        f"  {say('publish.public', what=public)}",
        *(f"  ! {say(f'publish.{note}')}" for note in found.notes),
        f"  {say('publish.next', folder=shlex.quote(str(found.folder)))}",
    ]
