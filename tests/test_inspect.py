"""gargalo inspect: what it says of data, and that it says everything."""

from __future__ import annotations

import json
import shlex
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from PIL import Image

import gargalo
from gargalo import load_data
from gargalo.data.what_spoils import what_spoils
from gargalo.io.reporter import Reporter
from gargalo.lang import words
from gargalo.reports.contact_sheet import contact_sheet
from gargalo.runs.reference_classifier import reference_classifier, reference_job

RNG = np.random.default_rng(0)


def picture(path: Path, mode: str = "L", size: tuple[int, int] = (20, 16), **more) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    shape = (size[1], size[0], 3) if mode in ("RGB", "CMYK", "P") else (size[1], size[0])
    image = Image.fromarray(RNG.integers(0, 256, shape, np.uint8))
    (image.quantize(32) if mode == "P" else image.convert(mode)).save(path, **more)


def told(say, *arguments: object) -> dict:
    status, out, err = say("inspect", *arguments, "--json")
    assert status == 0, err
    return json.loads(out)


def keys(found: dict) -> set[str]:
    return {warning["key"] for warning in found["warnings"]}


@pytest.fixture
def faulty(tmp_path) -> Path:
    """A folder with every fault that a folder of pictures can have."""
    root = tmp_path / "photos"
    for label, n in (("cat", 40), ("dog", 2), ("fox", 1)):
        for i in range(n):
            picture(root / label / f"{i:02d}.png")
    exif = Image.Exif()
    exif[0x0112] = 6
    picture(root / "cat" / "turned.jpg", size=(16, 20), exif=exif)
    Image.fromarray(RNG.integers(0, 65536, (16, 20), np.uint16)).save(root / "cat" / "deep.png")
    picture(root / "cat" / "palette.png", "P")
    picture(root / "cat" / "clear.png", "LA")
    picture(root / "cat" / "print.jpg", "CMYK")
    frames = [Image.fromarray(RNG.integers(0, 256, (16, 20), np.uint8)) for _ in range(2)]
    frames[0].save(root / "cat" / "film.gif", save_all=True, append_images=frames[1:])
    picture(root / "cat" / "large.png", size=(200, 100))
    picture(root / "cat" / "colour.png", "RGB")
    picture(root / "cat" / "really.jpg")
    (root / "cat" / "really.jpg").rename(root / "cat" / "a_jpeg.png")
    copy = (root / "cat" / "00.png").read_bytes()
    (root / "cat" / "copy.png").write_bytes(copy)
    (root / "cat" / "cut.png").write_bytes(copy[: len(copy) // 2])
    (root / "cat" / "empty.png").write_bytes(b"")
    (root / "cat" / "page.png").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0")
    (root / "cat" / ".hidden.png").write_bytes(b"")
    (root / "cat" / "notes.txt").write_text("about cats")
    (root / "cat" / "loop").symlink_to(root)
    (root / "owl").mkdir()
    return root


def test_every_fault_of_a_folder_is_listed(faulty, say, tmp_path):
    found = told(say, faulty, "--size", "16x20", "--color", "grey", "-o", tmp_path / "sheet.png")
    did = {note["key"]: note["count"] for note in found["did"]}
    # A film in GIF has a palette, of greys.
    assert did == {
        "turned": 1,
        "deep": 1,
        "palette": 2,
        "transparent": 1,
        "cmyk": 1,
        "animated": 1,
        "resized": 1,
        "greyed": 3,
        "misnamed": 1,
        "skipped": 3,
        "other_files": 1,
        "empty_folder": 1,
        "copies": 1,
    }
    whys = dict(map(tuple, found["skipped"]))
    assert set(whys) == {"cat/cut.png", "cat/empty.png", "cat/page.png"}
    assert whys["cat/page.png"] == "EPS, which is never read"
    assert found["labels"] == {"cat": 50, "dog": 2, "fox": 1}
    assert found["copies"] == 1
    assert keys(found) == {"few", "uneven", "alone"}
    assert found["fault"].startswith(f"{faulty / 'owl'}: expected pictures in this sub-folder")
    assert found["cost"] is None
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.width > 500


def test_the_cost_is_that_of_everything(digits, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    few = digits.take(np.r_[0:200, 1500:1560])
    cost = gargalo.inspect(few)["cost"]
    assert cost["classifier"] > 0 and cost["training"] > 0
    assert cost["seconds"] == pytest.approx(cost["training"] + cost["measuring"] + cost["classifier"], abs=0.2)
    assert reference_job(few) is not None  # nothing was trained
    wanted = reference_job(few).recipe
    assert wanted.model == "classifier" and wanted.training.epochs == 100
    unlabelled = replace(few, y=None, class_names=None)
    assert gargalo.inspect(unlabelled)["cost"]["classifier"] == 0 and reference_job(unlabelled) is None
    reference_classifier(few)
    assert reference_job(few) is None and gargalo.inspect(few)["cost"]["classifier"] == 0


@pytest.mark.parametrize("lang", ["en", "pt"])
def test_it_is_told_in_both_languages(faulty, say, lang):
    status, out, _ = say("inspect", faulty, "--lang", lang)
    assert status == 0
    assert "{" not in out
    assert ("pulado: cat/empty.png (empty file)" if lang == "pt" else "skipped: cat/empty.png (empty file)") in out


def test_good_data_get_their_cost_and_the_next_command(say):
    found = told(say, "mnist-10k")
    assert found["warnings"] == []
    assert found["fault"] is None
    assert found["splits"] == {"train": 10_000, "validation": 0, "test": 1000}
    assert found["labels"]["1"] == 1238
    assert 1 < found["cost"]["seconds"] < 600
    assert 1 < found["cost"]["megabytes"] < 200
    assert found["cost"]["measuring"] > 0
    assert found["command"] == "gargalo train mnist-10k --model vae"
    assert say("inspect", "mnist-10k")[1].count("\n") < 9


def test_ranges_that_spoil_a_model():
    bits = load_data(RNG.integers(0, 2, (50, 8, 8), np.uint8))
    assert keys(gargalo.inspect(bits)) == {"few"}
    dark = load_data(RNG.integers(0, 20, (50, 8, 8), np.uint8))
    assert "flat" in keys(gargalo.inspect(dark))
    wild = RNG.normal(size=(600, 3))
    wild[5, 1] = -999
    found = gargalo.inspect(load_data(wild))
    assert [w for w in found["warnings"] if w["key"] == "far"] == [{"key": "far", "column": "1", "n": 24}]


def test_examples_on_both_sides_are_found(tmp_path):
    x = RNG.integers(0, 256, (60, 12, 12), np.uint8)
    x[50] = x[3]
    x[51] = np.clip(x[4].astype(int) + RNG.integers(-3, 4, (12, 12)), 0, 255)
    np.savez(tmp_path / "x.npz", x_train=x[:50], x_test=x[50:])
    found = gargalo.inspect(load_data(tmp_path / "x.npz"))
    assert {"key": "leak", "n": 1} in found["warnings"]
    assert [w["n"] for w in found["warnings"] if w["key"] == "near" and " ~ " in w["what"]] == [1]
    # Dealt out by gargalo, copies are on one side.
    assert "leak" not in keys(gargalo.inspect(load_data(x)))


def test_a_table_is_described_column_by_column(tmp_path, say):
    frame = pl.DataFrame(
        {"a": [1.0, None, 3.0] * 20, "b": ["x", "y", "y"] * 20, "target": [0, 1, 2] * 20, "id": range(60)}
    )
    frame.write_csv(tmp_path / "t.csv")
    found = told(say, tmp_path / "t.csv")
    a, b, *_ = found["columns"]
    spread = {"min": 1, "mean": 2, "max": 3, "stddev": 1}
    assert a == {"name": "a", "kind": "number", "taken": "whole", "different": 2, "missing": 20} | spread
    names = {"x": 20, "y": 40}
    assert b == {"name": "b", "kind": "category", "taken": "category", "different": 2, "missing": 0, "names": names}
    assert {"key": "likely_label", "column": "target"} in found["warnings"]
    assert found["command"].endswith("--impute mask"), "a third is missing: nobody should see the median so often"
    for way in ("median", "drop"):
        filled = told(say, tmp_path / "t.csv", "--impute", way)
        left = [20, 0] if way == "median" else [0, 0]
        assert [column["missing"] for column in filled["columns"]][:2] == left, "what is filled in is missing"
        assert filled["command"].endswith(f"--impute {way}")
    again = told(say, tmp_path / "t.csv", "--ignore", "b", "--ignore", "a", "--label", "b", "--parts", "60,20,20")
    assert again["command"].endswith("--label b --id id --ignore b --ignore a --shares 0.6,0.2,0.2")
    assert again["splits"] == {"train": 36, "validation": 12, "test": 12}


def test_each_column_is_told_with_what_it_is_taken_for(tmp_path, say):
    n = 400
    frame = pl.DataFrame(
        {
            "when": [f"2024-01-0{i % 3 + 1}" for i in range(n)],
            "name": [f"p{i}" for i in range(n)],
            "city": ["Recife", "Belém"] * (n // 2),
            "grade": [i % 5 for i in range(n)],
            "level": [i % 4 for i in range(n)],
            "mass": RNG.normal(size=n),
            "steps": RNG.integers(0, 9999, n),
            "same": [3] * n,
            "row": range(7, 7 + 2 * n, 2),
            "stage": ["I"] * (n - 9) + ["III"] * 9,
            "death": [0] * (n - 9) + [1] * 9,
            "kind": ["a", "b"] * (n // 2),
            "extra": range(n),
        }
    )
    frame.write_csv(tmp_path / "t.csv")
    asked = (tmp_path / "t.csv", "--label", "kind", "--category", "grade", "--ignore", "extra")
    found = told(say, *asked)
    assert {c["name"]: c["taken"] for c in found["columns"]} == {
        "city": "category",
        "grade": "asked",
        "level": "whole",
        "mass": "number",
        "steps": "whole",
        "same": "constant",
        "row": "whole",
        "stage": "category",
        "death": "whole",
    }
    assert found["roles"] == {"kind": "label", "extra": "ignore"}
    assert [(d["key"], d["what"]) for d in found["did"]] == [("times", "when"), ("ids", "name"), ("constant", "same")]
    assert {"key": "counts_rows", "column": "row"} in found["warnings"]
    assert {"key": "rare", "what": "stage III (9), death ≠ 0 (9)", "n": n} in found["warnings"]
    shown = say("inspect", *asked)[1]
    for line in (
        "kind: the label",
        "extra: left out, as asked",
        "city: taken for a category: 2 different texts: ",
        "grade: a category, as asked: 5 different names: ",
        "level: whole number, 4 different (--category level makes them names), 0 … 3, ",
        "mass: number, -",
        "same: always the same, which teaches nothing (--ignore same leaves it out): 3",
        "- column when was left out: 3 different times or dates. --time when orders rows by it",
        "- column name was left out: each row has a text of its own there. --id name ",
        "! Column row only counts up from row to row, which teaches nothing: --id row ",
        f"! Rare among {n} rows: stage III (9), death ≠ 0 (9). ",
    ):
        assert line in shown
    in_portuguese = say("inspect", *asked, "--lang", "pt")[1]
    assert "city: tomada como categoria: 2 textos diferentes: " in in_portuguese
    assert "{" not in in_portuguese


class Told(Reporter):
    """What was told line by line, without the network that was chosen."""

    def __init__(self):
        self.lines: list[str] = []

    def line(self, text: str) -> None:
        self.lines.append(text)


def warned(data, **choices) -> list[str]:
    """The lines that a training tells of its data."""
    reporter = Told()
    gargalo.train(data, "pca", progress=reporter, latent_dim=1, **choices)
    return [line.removeprefix("gargalo: ") for line in reporter.lines if line.startswith("gargalo: ")]


def test_a_training_tells_what_inspect_warns_of(tmp_path, digits):
    flat = warned(RNG.integers(100, 140, (1300, 8, 8), np.uint8), in_memory=True)
    assert flat == [
        "array: The values use only 100 to 139 of what they could: contrast is low, and so will be what is learned."
    ]
    wild = RNG.normal(size=(2000, 9))
    wild[5] = -999
    assert [line.partition(" has a value")[0] for line in warned(wild, in_memory=True)] == [
        *(f"array: Column {i}" for i in range(5)),
        "array: So have 4 more columns.",
    ]
    np.savez(tmp_path / "x.npz", x_train=wild[:1500], x_test=wild[1490:])
    assert any(
        line.startswith("x.npz: 10 examples are in the training and in the test set")
        for line in warned(tmp_path / "x.npz", in_memory=True)
    )
    # Once for a run, and not again where it goes on.
    frame = pl.DataFrame({"a": RNG.normal(size=60), "target": [0, 1] * 30})
    lines = warned(frame, out=tmp_path / "run")
    assert [line.partition(" ")[2].partition(":")[0] for line in lines] == [
        "Only 42 training examples",
        "Column target is read as data; --label target makes it the label.",
    ]
    assert warned(frame, out=tmp_path / "run", resume=True) == []
    # Good data have nothing to be told of.
    assert [line for line in warned(digits, in_memory=True) if "Only" not in line] == []
    assert what_spoils(load_data("mnist-10k")) == []


def test_a_name_with_a_line_break_stays_in_its_line(tmp_path, say):
    (tmp_path / "m.csv").write_text('"temp\n(C)";b\n' + "".join(f"{i};{i * 2 % 7}\n" for i in range(60)))
    shown = say("inspect", tmp_path / "m.csv")[1]
    assert "    temp\\n(C): whole number, 0 … 59" in shown
    lines = warned(tmp_path / "m.csv", in_memory=True)
    assert any(line.startswith("m.csv: Column temp\\n(C) only counts up") for line in lines)


def test_the_windows_of_a_log_have_their_columns_once():
    heat = RNG.normal(size=3000)
    heat[700] = -999
    log = pl.DataFrame({"t": range(3000), "heat": heat, "hum": RNG.normal(size=3000)})
    found = gargalo.inspect(log, time="t", window=10)
    assert [w["column"] for w in found["warnings"] if w["key"] == "far"] == ["heat"]


def test_a_sheet_of_anything(tmp_path):
    for source in (load_data(RNG.normal(size=(40, 5))), load_data(RNG.integers(0, 256, (40, 9, 9, 3), np.uint8))):
        assert contact_sheet(source, words("pt")).startswith(b"\x89PNG")


def test_the_command_that_is_shown_heeds_the_advice_and_runs(tmp_path, say):
    rng = np.random.default_rng(3)
    names = [f"{7 * i:05d}" for i in range(60)]
    frame = pl.DataFrame({"code": names, "size": rng.normal(size=60), "wide": rng.normal(size=60)})
    frame = frame.with_columns(size=pl.when(pl.arange(0, 60) % 9 > 0).then("size"), target=pl.Series([0, 1, 2] * 20))
    frame.write_csv(tmp_path / "t.csv")
    found = told(say, tmp_path / "t.csv")
    assert found["command"].endswith("--model vae --label target --id code --impute mask")
    words = found["command"].split()[1:]
    status, _, err = say(*words, "--epochs", 1, "--out", tmp_path / "run")
    assert status == 0, err
    assert next(iter(gargalo.open_run(tmp_path / "run").examples.ids)) in names, "zeros in front are kept"
    # What was chosen is not chosen again, and a measurement is no label.
    assert "--id wide" in told(say, tmp_path / "t.csv", "--id", "wide")["command"]
    frame.with_columns(target=pl.Series(rng.normal(size=60))).write_csv(tmp_path / "m.csv")
    assert "--label" not in told(say, tmp_path / "m.csv")["command"]


@pytest.mark.parametrize("machines", [1, 3])
def test_a_table_with_times_is_said_to_be_a_log_perhaps(tmp_path, say, machines):
    n, rng = 120, np.random.default_rng(5)
    days = [str(np.datetime64("2024-01-01") + i) for i in range(n)]
    rows = [(day, f"m{k}", *rng.normal(size=2)) for k in range(machines) for day in days]
    frame = pl.DataFrame(rows, schema=["day", "machine", "hot", "loud"], orient="row")
    frame.write_csv(tmp_path / "log.csv")
    command = told(say, tmp_path / "log.csv")["as_log"]
    cut = "--group machine --window 12 --step 6" if machines > 1 else "--ignore machine --window 12 --step 1"
    assert command == f"gargalo inspect {tmp_path / 'log.csv'} --time day {cut}"
    status, out, err = say(*command.split()[1:])
    assert status == 0 and "windows" in out, err
    # The command to train with keeps the machines apart, whether it was asked for or not.
    trained = told(say, tmp_path / "log.csv", "--time", "day", "--window", 12)["command"]
    assert ("--group machine" in trained) == (machines > 1)
    # Few days of many rows are no log.
    frame.with_columns(day=pl.lit("2024-01-01")).write_csv(tmp_path / "t.csv")
    assert told(say, tmp_path / "t.csv")["as_log"] is None


@pytest.mark.parametrize("is_log", [True, False])
def test_numbers_called_time_are_those_of_a_log_only_where_they_go_on(tmp_path, say, is_log):
    """How long something took is called time as well."""
    rng = np.random.default_rng(5)
    time = np.arange(120) / 2 if is_log else rng.normal(size=120)
    pl.DataFrame({"time": time, "a": rng.normal(size=120)}).write_csv(tmp_path / "t.csv")
    assert (told(say, tmp_path / "t.csv")["as_log"] is not None) is is_log


def test_few_windows_name_what_cuts_more_of_them(say, tmp_path):
    rows = "\n".join(f"{60 * i},{np.sin(i / 5):.3f},{np.cos(i / 7):.3f}" for i in range(600))
    (tmp_path / "log.csv").write_text(f"time,a,b\n{rows}\n")
    asked = ("inspect", tmp_path / "log.csv", "--time", "time", "--window", "12")
    for lang, told in (("en", "a smaller --step cuts more of them"), ("pt", "um --step menor corta mais delas")):
        status, out, _ = say(*asked, "--lang", lang)
        assert status == 0 and told in out
    assert "--step" not in say(*asked, "--step", "1", "--lang", "en")[1].partition("next:")[0]


def test_what_is_hardly_there_or_written_in_two_ways_is_told(tmp_path, say):
    names = ["Biscoe", "Biscoe ", "dream", "Dream"] * 15
    frame = pl.DataFrame({"a b": [1.5, None, None] * 20, "place": names, "z": RNG.normal(size=60)})
    frame.write_csv(tmp_path / "t.csv")
    found = told(say, tmp_path / "t.csv")
    assert {"key": "mostly_missing", "column": "a b", "share": "67"} in found["warnings"]
    alike = "'Biscoe' = 'Biscoe ', 'Dream' = 'dream'"
    assert {"key": "alike", "column": "place", "what": alike} in found["warnings"]
    assert "--ignore 'a b' leaves it out" in say("inspect", tmp_path / "t.csv")[1], "as a shell takes it"
    filled = told(say, tmp_path / "t.csv", "--impute", "median")
    assert "mostly_missing" in keys(filled), "what will be filled in was never measured"
    dropped = told(say, tmp_path / "t.csv", "--impute", "drop")
    assert {"key": "dropped_many", "n": 40, "total": 60} in dropped["warnings"]


def test_blank_pictures_and_files_of_other_kinds_are_named(tmp_path, say):
    for i in range(20):
        picture(tmp_path / "p" / f"{i:02d}.png")
    for name in ("blank.png", "white.png"):
        Image.new("RGBA", (20, 16), (0, 0, 0, 0)).save(tmp_path / "p" / name)
    (tmp_path / "p" / "IMG_1.HEIC").write_bytes(b"ftypheic")
    found = told(say, tmp_path / "p")
    assert {"key": "blank", "n": 2, "what": "blank.png, white.png"} in found["warnings"]
    assert {"key": "other_files", "count": 1, "what": "IMG_1.HEIC"} in found["did"]


def test_rows_that_are_equal_in_all_groups_are_no_copies(tmp_path):
    """Rounded readings of two sensors: to keep equal ones together would leave nothing to test with."""
    frame = pl.DataFrame({"t": [*range(300)] * 2, "s": ["a"] * 300 + ["b"] * 300, "x": [i % 7 for i in range(600)]})
    found = load_data(frame, ignore="t", group="s")
    assert found.spec.counts["train"] == found.spec.counts["test"] == 300
    assert [note.count for note in found.notes if note.key == "coincidence"] == [300]
    again = pl.concat([frame, frame[:5]])
    notes = load_data(again, time="t", group="s").notes
    assert [(note.count, note.what) for note in notes if note.key == "repeated_times"] == [(5, "s")]


def test_what_stands_in_the_way_of_reading_a_table_is_told_whole_with_the_command_that_reads_it(tmp_path, say):
    draws, path = np.random.default_rng(0), tmp_path / "pessoas.csv"
    heights, weights = draws.normal(170, 8, 200), draws.normal(70, 9, 200)
    rows = ["código;altura (cm);peso;cidade"]
    for i, (height, weight) in enumerate(zip(heights, weights, strict=True)):
        told_weight = f"{weight:.1f} kg".replace(".", ",") if i % 12 else "<50 kg"
        told_height = f"{height:.1f}".replace(".", ",") if i % 20 else "s/d"
        rows.append(f"{i:05d};{told_height};{told_weight};{('São Paulo', 'Brasília')[i % 2]}")
    path.write_text("\n".join(rows), encoding="latin-1")
    found = told(say, path)
    numbers = "--number 'altura (cm)' --number peso"
    assert found["command"].endswith(f"--id 'código' {numbers} --impute mask --encoding latin-1 --decimal-comma")
    assert [taken["options"] for taken in found["assumed"]] == [
        "--encoding latin-1", f"{numbers} --decimal-comma",
    ]  # fmt: skip
    assert {column["name"]: column["missing"] for column in found["columns"]} == {
        "altura (cm)": 10, "peso": 17, "cidade": 0,
    }  # fmt: skip
    # A training is told what to say, and says nothing itself.
    status, _, err = say("train", path, "--out", tmp_path / "run")
    assert status == 2 and "try --encoding latin-1" in err
    command = shlex.split(found["command"])[1:]
    status, _, err = say(*command, "--out", tmp_path / "run", "--epochs", 2)
    assert status == 0, err
    status, _, err = say("reconstruct", tmp_path / "run", path, "-o", tmp_path / "back.csv")
    assert status == 0, err
    back = (tmp_path / "back.csv").read_text(encoding="latin-1").splitlines()
    assert back[0] == "código;altura (cm);peso;cidade" and len(back) == 201
    assert all(100 < float(row.split(";")[1].replace(",", ".")) < 250 for row in back[1:])


def test_what_may_be_two_things_is_not_assumed(tmp_path, say):
    path = tmp_path / "t.csv"
    path.write_text("a;x\n" + "".join(f"{i};1,{i:03d}\n" for i in range(60)))
    status, _, err = say("inspect", path)
    assert status == 2 and "--decimal-comma reads it as 1.000, --number x as 1000" in err
    found = told(say, path, "--number", "x")
    assert found["columns"][1]["max"] == 1059


def test_what_is_recommended_of_columns_is_in_the_command(tmp_path, say):
    draws, path = np.random.default_rng(0), tmp_path / "t.csv"
    n = 150
    rows = [",ilha,sexo,asa,região,nota,massa"]
    for i, wing in enumerate(draws.normal(200, 9, n).round(1)):
        island = ("Dream", "DREAM ", "Biscoe")[i % 3]
        note = "visto" if i % 5 == 0 else ""
        rows.append(
            f"{i + 1},{island},{('m', 'f', 'n/d')[i % 3]},{-999 if i % 30 == 7 else wing},Anvers,{note},{i % 23}"
        )
    path.write_text("\n".join([*rows, *rows[5:8]]), encoding="utf-8")
    found = told(say, path)
    assert {"sentinel", "marks", "alike", "counts_mostly", "mostly_missing"} <= keys(found)
    command = shlex.split(found["command"])
    options = [command[i : i + 2] for i in range(len(command)) if command[i].startswith("--")]
    assert ["--ignore", "unnamed 1"] in options and ["--ignore", "região"] in options
    assert ["--ignore", "nota"] in options and ["--merge", "ilha"] in options
    assert [mark for name, mark in options if name == "--missing"] == ["n/d", "-999"]
    assert ["--impute", "mask"] in options
    status, _, err = say(*command[1:], "--out", tmp_path / "run", "--epochs", 1)
    assert status == 0, err
    # What was said is not said again.
    after = told(say, path, *[part for option in options if option[0] != "--model" for part in option])
    assert not {"sentinel", "marks", "alike", "counts_mostly", "mostly_missing"} & keys(after)


def test_a_single_picture_is_no_folder_of_pictures(tmp_path, say):
    picture(tmp_path / "one.png")
    status, _, err = say("inspect", tmp_path / "one.png")
    assert status == 2 and "Put it into a folder: its pictures are the examples." in err


def test_the_cost_is_that_of_the_command_that_is_shown(tmp_path, say):
    draws = np.random.default_rng(0)
    frame = pl.DataFrame(
        {f"x{i}": draws.normal(size=120) for i in range(4)} | {f"c{i}": ["same"] * 120 for i in range(9)}
    )
    frame.write_csv(tmp_path / "t.csv")
    found = told(say, tmp_path / "t.csv")
    assert found["command"].count("--ignore") == 9
    options = shlex.split(found["command"])[3:]
    again = told(say, tmp_path / "t.csv", *[text for text in options if text not in ("--model", "vae")])
    assert again["suggestion"] == found["suggestion"]


def test_columns_of_windows_that_overlap_count_each_row_once(tmp_path, say):
    x = np.arange(300.0) % 24
    x[[50, 51, 52, 90]] = np.nan
    pl.DataFrame({"t": np.arange(300), "x": x, "y": 2 * x}).with_columns(pl.all().fill_nan(None)).write_csv(
        tmp_path / "t.csv"
    )
    for step in (1, 5, 8, 12):
        found = told(say, tmp_path / "t.csv", "--time", "t", "--window", 12, "--step", step)
        read = load_data(tmp_path / "t.csv", time="t", window=12, step=step, impute="mask")
        (of_x, of_y) = found["columns"]
        assert of_x["missing"] == of_y["missing"] == 4
        assert of_x["mean"] == pytest.approx(np.nanmean(x[read.log.is_covered]), rel=1e-5)


def test_a_sum_below_a_table_is_told_of(tmp_path, say):
    rows = "".join(f"{i % 7 + 1}.5,{'ab'[i % 2]}\n" for i in range(60)) + "9000,Total\n"
    (tmp_path / "t.csv").write_text(f"peso,tipo\n{rows}")
    assert [w["column"] for w in told(say, tmp_path / "t.csv")["warnings"] if w["key"] == "far"] == ["peso"]


def test_nothing_is_recommended_that_cannot_be_done(tmp_path, say):
    """What is recommended of each column alone must go together."""
    rows = [f"{i},{3 * i % 7},x" for i in range(1, 61)]
    (tmp_path / "t.csv").write_text("\n".join(["n,few,same", *rows, *rows[:3]]))
    found = told(say, tmp_path / "t.csv")
    command = shlex.split(found["command"])[1:]
    status, _, err = say(*command, "--out", tmp_path / "run", "--epochs", 1)
    assert status == 0, err


def test_few_rows_equal_by_chance_do_not_tie_machines(tmp_path):
    """Five pairs among 2,500 rows had chained four machines of five into the test set."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(5, 500))
    for k in range(4):
        x[k + 1, :2] = x[k, 10:12]
    frame = pl.DataFrame({"t": [*range(500)] * 5, "s": [f"m{k}" for k in range(5) for _ in range(500)], "x": x.ravel()})
    found = load_data(frame, time="t", group="s")
    assert found.spec.counts == {"train": 1500, "validation": 500, "test": 500}
    assert [note.count for note in found.notes if note.key == "coincidence"] == [8]
    assert "leak" not in [key for key, _ in what_spoils(found)]


def test_groups_with_many_rows_in_common_are_one(tmp_path):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(6, 40))
    x[1, :20] = x[0, :20]
    frame = pl.DataFrame({"s": [f"m{k}" for k in range(6) for _ in range(40)], "x": x.ravel()})
    found = load_data(frame, group="s")
    assert found.split[0] == found.split[40]


def test_merge_makes_labels_one_as_well(tmp_path, say):
    rng = np.random.default_rng(0)
    names = ["Loja", "loja ", "Casa", "CASA"] * 50
    pl.DataFrame({"kind": names, "x": rng.normal(size=200), "n": [*range(200)]}).write_csv(tmp_path / "t.csv")
    found = told(say, tmp_path / "t.csv", "--label", "kind", "--ignore", "n")
    assert "alike" in [warning["key"] for warning in found["warnings"]] and "--merge kind" in found["command"]
    assert len(told(say, tmp_path / "t.csv", "--label", "kind", "--merge", "kind")["labels"]) == 2
    status, _, err = say("inspect", tmp_path / "t.csv", "--id", "n", "--merge", "n")
    assert status == 2 and "--merge must be a column of names" in err


def test_a_column_that_never_changes_is_left_out_of_a_log_too(tmp_path, say):
    rng = np.random.default_rng(0)
    frame = pl.DataFrame({"t": [*range(600)], "x": rng.normal(size=600), "firmware": ["v2"] * 600})
    frame.write_csv(tmp_path / "t.csv")
    assert "--ignore firmware" in told(say, tmp_path / "t.csv", "--time", "t", "--window", 10)["command"]


def test_ids_are_there_but_for_copies(tmp_path, say):
    rng = np.random.default_rng(0)
    frame = pl.DataFrame({"no": [f"P{i:04}" for i in range(100)], "x": rng.normal(size=100)})
    pl.concat([frame, frame[3:6]]).write_csv(tmp_path / "t.csv")
    assert "--id no" in told(say, tmp_path / "t.csv")["command"]
    found = told(say, tmp_path / "t.csv", "--id", "no")
    assert found["examples"] == 100 and {"key": "rows_twice", "count": 3, "what": "no"} in found["did"]
    pl.concat([frame, frame[3:6].with_columns(x=pl.lit(0.5))]).write_csv(tmp_path / "t.csv")
    assert say("inspect", tmp_path / "t.csv", "--id", "no")[0] == 2, "two rows of one id that differ"


@pytest.mark.parametrize("is_stuck", [True, False])
def test_a_sensor_that_is_stuck_is_told_of(tmp_path, say, is_stuck):
    rng = np.random.default_rng(0)
    x, night = rng.normal(size=4000).round(2), np.where(np.arange(4000) % 400 < 150, 0, rng.normal(size=4000))
    if is_stuck:
        x[1000:1300] = 1.25
    pl.DataFrame({"t": [*range(4000)], "x": x, "night": night}).write_csv(tmp_path / "t.csv")
    for more in ((), ("--window", "20")):
        found = [w for w in told(say, tmp_path / "t.csv", "--time", "t", *more)["warnings"] if w["key"] == "stuck"]
        assert found == ([{"key": "stuck", "column": "x", "value": "1.25", "n": 300}] if is_stuck else [])


def test_few_numbers_among_what_is_unknown_are_numbers(tmp_path, say):
    """A count with one >20 had become a category in silence."""
    rng = np.random.default_rng(0)
    counts = [str(n) for n in rng.poisson(2.3, 400)]
    counts[7], counts[9] = ">20", "not measured"
    size = [("0", "1", "2", "3", "3+")[i % 5] for i in range(400)]
    pl.DataFrame({"c": counts, "size": size, "x": rng.normal(size=400)}).write_csv(tmp_path / "t.csv")
    found = told(say, tmp_path / "t.csv")
    assert [w["column"] for w in found["warnings"] if w["key"] == "nearly_numbers"] == ["c"]
    assert "--number c" in found["command"] and "--number size" not in found["command"]
    read = told(say, tmp_path / "t.csv", "--number", "c")
    assert read["columns"][0]["taken"] == "whole" and read["columns"][0]["missing"] == 2


def test_letters_that_stand_for_words_are_told_of(tmp_path, say):
    rng = np.random.default_rng(0)
    sex, grade = ["F", "female", "M", "male"] * 50, ["A", "B", "C", "Dog"] * 50
    pl.DataFrame({"sex": sex, "grade": grade, "x": rng.normal(size=200)}).write_csv(tmp_path / "t.csv")
    found = [w for w in told(say, tmp_path / "t.csv")["warnings"] if w["key"] == "abbreviated"]
    assert found == [{"key": "abbreviated", "column": "sex", "what": "'F' = 'female', 'M' = 'male'"}]


def test_a_long_tail_is_told_of(tmp_path, say):
    rng = np.random.default_rng(0)
    load = np.where(rng.random(600) < 0.8, 0, np.exp(rng.normal(6, 2, 600)).round())
    names = [f"n{i:03}" for i in range(100)] + ["n000", "n001"] * 250  # as indices go, that would be a tail
    frame = pl.DataFrame({"load": load, "x": rng.normal(size=600), "age": rng.uniform(0, 90, 600), "place": names})
    frame.write_csv(tmp_path / "t.csv")
    warned = [w for w in told(say, tmp_path / "t.csv")["warnings"] if w["key"] in ("tail", "far")]
    assert {w["column"] for w in warned} == {"load"}
