"""Commands that look at data before anything is trained, and at what was kept of them: inspect, cache."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .common import AsJson, DataDir, Lang, SourceArgument, app, print_result
from .reading import reads
from .replacing import is_written, replaces

if TYPE_CHECKING:
    from ..data import Dataset
    from ..errors import DataError
    from ..lang import Words


FEW_NUMBERS = 10
"""Whole numbers of which there are no more different ones may be names."""


@app.command()
@replaces
@reads
def inspect(
    src: SourceArgument,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="A contact sheet of examples, .png.")] = None,
    data_dir: DataDir = None,
    lang: Lang = None,
    as_json: AsJson = False,
    reading: Any = None,
) -> None:
    """What is in data, what usually spoils a model, what training will cost; nothing is trained yet."""
    from .. import api
    from ..data import checked_reading, load_data
    from ..data.describe import describe, described_columns
    from ..data.heeded import heeded
    from ..data.what_spoils import what_spoils
    from ..io.files import write_whole
    from ..io.reporter import reporter_for
    from ..lang import words
    from ..reports.contact_sheet import contact_sheet
    from .advised import as_log, remedied, with_advice
    from .naming import naming_for
    from .output import check_output

    say = words(lang)
    if out is not None:
        check_output(out, (".png",), source=src)
    # Missing numbers are to be seen, not to be stumbled over.
    wanted: dict[str, Any] = dict(reading or {})
    if "kind" not in wanted and "impute" in heeded(src, wanted):
        wanted = {"impute": "mask"} | wanted
    naming, reporter = naming_for(["inspect"]), reporter_for(True, lang)
    dataset, assumed = _read_anyhow(src, wanted, data_dir=data_dir, progress=reporter)
    given: dict[str, Any] = dict(reading or {})
    for fault in assumed:
        given, wanted = remedied(fault, given), remedied(fault, wanted)
    if Path(src).suffix in (".npy", ".npz") and not any(note.key == "missing" for note in dataset.notes):
        # Nothing is missing: it is what training will read.
        dataset = load_data(src, data_dir=data_dir, **given)
    found = describe(dataset)
    if found["columns"] and wanted.get("impute") == "median":
        # What will be filled in is still missing in the data.
        masked: dict[str, Any] = wanted | {"impute": "mask"}
        as_it_is = load_data(src, data_dir=data_dir, **masked)
        found["columns"] = described_columns(as_it_is)
        found["warnings"] += [
            {"key": key, **values} for key, values in what_spoils(as_it_is) if key == "mostly_missing"
        ]
    found["assumed"] = [
        {"options": checked_reading(fault.remedy).flags(), "why": fault.told(naming)} for fault in assumed
    ]
    if out is not None:
        write_whole(out, contact_sheet(dataset, say))
        is_written(out)
    chosen = with_advice(found, dataset, given)
    advised = {name: value for name, value in chosen.items() if given.get(name) != value and name != "impute"}
    # What the command that is shown will train on; what cannot be read so is not recommended.
    if advised and (heeding := _read_or_none(src, wanted | advised, data_dir)) is not None:
        found |= api.forecast(heeding)
    else:
        chosen = {name: value for name, value in chosen.items() if name not in advised} | given
        found |= api.forecast(dataset)
    if found["fault"]:
        found["fault"] = found["fault"].told(naming)
    model = "vae" if dataset.clean is None else "denoising"
    source = shlex.quote(src) + (f" --data-dir {shlex.quote(str(data_dir))}" if data_dir else "")
    found["command"] = f"gargalo train {source} --model {model} {checked_reading(chosen).flags()}".strip()
    found["as_log"] = as_log(
        src,
        dataset,
        given | {name: chosen[name] for name in ("missing", "merge", "ignore", "number") if name in chosen},
    )
    print_result(found | ({"sheet": str(out)} if out else {}), _lines(found, say, out), as_json)


def _read_anyhow(src: str, wanted: dict[str, Any], **how: Any) -> tuple[Dataset, list[DataError]]:
    """The data, and what stood in the way of reading them that has a remedy: all of it is told, and each is applied."""
    from ..data import load_data
    from ..errors import DataError
    from .advised import remedied

    faults: list[DataError] = []
    while True:
        try:
            return load_data(src, **how, **wanted), faults
        except DataError as fault:
            better = remedied(fault, wanted)
            if better == wanted:
                raise
            faults, wanted = [*faults, fault], better


def _read_or_none(src: str, wanted: dict[str, Any], data_dir: Path | None) -> Dataset | None:
    """The data by these choices; None where they cannot be read so."""
    from ..data import load_data
    from ..errors import GargaloError

    try:
        return load_data(src, data_dir=data_dir, **wanted)
    except GargaloError:
        return None


def _lines(found: dict[str, Any], say: Words, out: Path | None) -> list[str]:
    """The same for people."""
    shape = " x ".join(map(str, found["shape"]))
    low, high = found["range"]
    extent = f", {say.general(low)} … {say.general(high)}"
    splits = ", ".join(f"{n} {say(f'split.{split}')}" for split, n in found["splits"].items() if n)
    kind = say.get(f"kind.{found['kind']}", found["kind"])
    lines = [
        say("inspect.what", name=found["name"], n=found["examples"], kind=kind),
        # Numbers of columns in different units have no common range.
        f"  {say('inspect.shape')}: {shape} {found['dtype']}" + ("" if found["columns"] else extent),
        f"  {say('inspect.splits')}: {splits}",
    ]
    if found["kind"] == "counts":
        lines.insert(2, f"  {say('inspect.zeros', share=say.figure(100 * found['zeros']))}")
    if found["labels"] is None:
        lines.append(f"  {say('inspect.labels')}: {say('inspect.none')}")
    else:
        counts = [f"{name} {n}" for name, n in list(found["labels"].items())[:20]]
        more = len(found["labels"]) - len(counts)
        lines.append(f"  {say('inspect.labels')}: {', '.join(counts)}" + (f", +{more}" if more else ""))
    lines += [f"    {column}: {say(f'inspect.role.{role}')}" for column, role in found["roles"].items()]
    columns = found["columns"] or []
    lines += [f"    {_column(column, say)}" for column in columns[:50]]
    if len(columns) > 50:
        lines.append(f"    … +{len(columns) - 50}")
    # Files that were skipped are named one by one below.
    did = [note for note in found["did"] if note["key"] != "skipped"]
    lines += [f"  - {say('note.' + note['key'], n=note['count'], what=note['what'])}" for note in did]
    lines += [f"  - {say('inspect.skipped', path=path, why=why)}" for path, why in found["skipped"]]
    lines += [f"  ! {say('inspect.assumed', **taken)}" for taken in found["assumed"]]
    lines += [f"  ! {say('inspect.' + w['key'], **w)}" for w in found["warnings"]]
    if found["fault"]:
        lines.append(f"  ! {say('inspect.fault')}: {found['fault']}")
    else:
        cost = {name: f"{n:.0f}" for name, n in found["cost"].items()}
        more = f" {say('inspect.cost.classifier', **cost)}" if float(cost.get("classifier", 0)) else ""
        model = say(f"model.{found['suggestion']['model']}")
        told = "inspect.cost" if "seconds" in cost else "inspect.cost.large"
        lines.append(f"  {say(told, model=model, **cost)}{more}")
        lines.append(f"  {say('inspect.next', command=found['command'])}")
        lines.append(f"        {say('inspect.next.what', **found['suggestion'])}")
    if found["as_log"]:
        lines.append(f"  {say('inspect.as_log', command=found['as_log'])}")
    return [*lines, *([str(out)] if out else [])]


def _column(column: dict[str, Any], say: Words) -> str:
    """What a column is taken for, what is missing in it, and how it is spread."""
    taken = "few" if column["taken"] == "whole" and column["different"] <= FEW_NUMBERS else column["taken"]
    said = f"{column['name']}: {say(f'inspect.taken.{taken}', n=column['different'], column=column['name'])}"
    missing = f", {say('inspect.missing', n=column['missing'])}" if column["missing"] else ""
    if "names" in column:
        top = sorted(column["names"].items(), key=lambda pair: -pair[1])
        more = f", +{len(top) - 6}" if len(top) > 6 else ""
        return f"{said}: " + ", ".join(f"{name} {n}" for name, n in top[:6]) + more + missing
    if "mean" not in column:
        return f"{column['name']}: –{missing}"
    if taken == "constant":
        return f"{said}: {say.general(column['min'])}{missing}"
    low, high = say.general(column["min"]), say.general(column["max"])
    spread = f"{say('inspect.mean')} {say.figure(column['mean'], 4)} ± {say.figure(column['stddev'], 4)}"
    return f"{said}, {low} … {high}, {spread}{missing}"


cache = typer.Typer(help="What was decoded or fetched once, in the user's cache.", no_args_is_help=True)
app.add_typer(cache, name="cache")


@cache.command()
def clear(as_json: AsJson = False) -> None:
    """Throw away everything in the cache that no process is using."""
    from ..io.cache import clear_cache

    root, freed = clear_cache()
    print_result({"cache": str(root), "freed": freed}, [f"{root}: {freed / 1e6:.1f} MB freed"], as_json)
