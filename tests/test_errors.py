"""What people are told, and files that are written whole or not at all."""

from __future__ import annotations

import errno
import json
import os
import pickle
import re
import string
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gargalo
from gargalo.errors import DataError, GargaloError, ParameterError, RunError, as_expected, must, option, unknown
from gargalo.io import files
from gargalo.io.files import cannot_write, check_writable, write_whole
from gargalo.io.folders import new_folder, next_numbered
from gargalo.io.tensors import read_tensors, write_tensors
from gargalo.lang import LANGUAGES, Words, words

# Errors


def test_the_grammar_of_a_parameter():
    error = must("latent_dim", "an int >= 1", 0)
    assert str(error) == "latent_dim must be an int >= 1. Got 0 instead."
    hinted = must("data", "a name", "x\ny", hint="Look.")
    # What was given is quoted: one line, whatever it was.
    assert str(hinted) == "data must be a name. Got 'x\\ny' instead. Look."


def test_an_unknown_name_is_met_with_the_nearest():
    error = unknown("model", "autoencodr", {"vae": 1, "autoencoder": 2})
    assert str(error) == (
        "model must be one of vae, autoencoder. Got 'autoencodr' instead. Did you mean 'autoencoder'?"
    )
    assert str(unknown("model", "xyz", iter(["vae", "autoencoder"]))).endswith("Got 'xyz' instead.")


@pytest.mark.parametrize("kind", [ParameterError, DataError, RunError])
def test_every_error_is_one_that_the_user_can_mend(kind):
    assert issubclass(kind, GargaloError)
    # Who calls from Python may catch what Python itself would raise.
    assert issubclass(kind, ValueError) == (kind is not RunError)


# Files


def names(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir())


@pytest.mark.parametrize("content", ["olá\n", "olá\n".encode(), lambda path: path.write_bytes("olá\n".encode())])
def test_a_file_is_written_with_its_folders(tmp_path, content):
    path = tmp_path / "a" / "b" / "c.txt"
    assert write_whole(path, content) == path
    assert path.read_bytes() == "olá\n".encode()
    write_whole(path, "new")
    assert path.read_text() == "new"
    assert names(path.parent) == ["c.txt"]


@pytest.mark.parametrize("error", [ValueError("a bug"), KeyboardInterrupt(), OSError(errno.ENOSPC, "No space")])
def test_a_writer_that_fails_leaves_the_old_file(tmp_path, error):
    path = tmp_path / "a.png"
    path.write_text("old")

    def writer(partial: Path) -> None:
        assert partial.suffix == ".png"  # by which Pillow and Matplotlib know the format
        assert partial.parent == tmp_path  # a rename from elsewhere may be a copy, which can be cut short
        partial.write_text("half")
        raise error

    with pytest.raises(GargaloError if isinstance(error, OSError) else type(error)) as caught:
        write_whole(path, writer)
    assert path.read_text() == "old"
    assert names(tmp_path) == ["a.png"]
    if isinstance(error, OSError):
        told = re.escape(f"{path}: cannot be written (No space). Expected 1 MB. Found ") + r"\d+ MB free; make room\."
        assert re.fullmatch(told, str(caught.value))


def test_readers_never_see_a_part(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    seen = []

    def writer(partial: Path) -> None:
        partial.write_text("new")
        seen.append(path.read_text())

    write_whole(path, writer)
    assert (seen, path.read_text()) == (["old"], "new")


def test_what_is_in_the_way_is_named(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("kept")
    with pytest.raises(GargaloError, match=r"folder: cannot be written .* It is a folder; name a file\."):
        write_whole(tmp_path / "folder", "x")
    for path in (tmp_path / "file" / "below", tmp_path / ("x" * 300)):
        with pytest.raises(GargaloError, match=rf"{path.name}: cannot be written \(.*\)\. Choose another path\."):
            write_whole(path, "x")
    assert names(tmp_path) == ["file", "folder"]
    assert (tmp_path / "file").read_text() == "kept"


def test_a_name_as_long_as_a_name_can_be(tmp_path):
    for name in ("x" * 255, "x." + "y" * 253):
        write_whole(tmp_path / name, "x")
    assert sorted(map(len, names(tmp_path))) == [255, 255]


def test_no_two_writers_share_a_file_on_its_way(tmp_path, monkeypatch):
    """Not even where every process has one number, as in containers that share a folder, nor two threads."""
    monkeypatch.setattr(os, "getpid", lambda: 1)
    seen = []

    def outer(partial: Path) -> None:
        partial.write_text("outer")
        write_whole(tmp_path / "a.txt", lambda other: (other.write_text("inner"), seen.append(other)))
        seen.append(partial)

    write_whole(tmp_path / "a.txt", outer)
    assert seen[0] != seen[1]
    assert (tmp_path / "a.txt").read_text() == "outer" and names(tmp_path) == ["a.txt"]


def test_what_is_read_only_is_never_replaced(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("kept")
    path.chmod(0o444)
    with pytest.raises(GargaloError, match=r"a\.txt: cannot be written \(it is read-only\)\."):
        write_whole(path, "new")
    assert path.read_text() == "kept" and names(tmp_path) == ["a.txt"]


@pytest.mark.parametrize(
    ("code", "hint"),
    [
        (errno.EROFS, "The file system is read-only; choose another folder."),
        (errno.EACCES, "Choose a folder that you may write to."),
        (errno.EIO, "Choose another path."),
    ],
)
def test_what_to_do_about_a_file_that_cannot_be_written(code, hint):
    error = cannot_write(Path("a.txt"), OSError(code, os.strerror(code)))
    assert str(error) == f"a.txt: cannot be written ({os.strerror(code)}). {hint}"


def test_writability_is_known_before_the_work(tmp_path, monkeypatch):
    check_writable(tmp_path / "not" / "yet" / "there")
    assert names(tmp_path) == []
    (tmp_path / "file").write_text("")
    with pytest.raises(GargaloError, match="below: cannot be written"):
        check_writable(tmp_path / "file" / "below")

    def full(**_):
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(files.tempfile, "TemporaryFile", full)
    with pytest.raises(GargaloError, match=r"run: cannot be written \(Read-only file system\)"):
        new_folder(tmp_path / "run", "a new run folder")
    assert not (tmp_path / "run").exists()


def test_a_new_folder_is_new_or_empty(tmp_path):
    folder = tmp_path / "runs" / "one"
    for _ in range(2):
        assert new_folder(folder, "a new run folder") == folder
        assert folder.is_dir()
    (folder / "mine").write_text("keep me")
    for full, found in ((folder, "one that is not empty"), (folder / "mine", "a file")):
        with pytest.raises(RunError) as caught:
            new_folder(full, "a new run folder")
        assert str(caught.value) == (f"{full}: expected a new run folder. Found {found}; choose another out.")
    assert (folder / "mine").read_text() == "keep me"


@pytest.mark.parametrize("stem", ["mnist-10k-vae", "my[1]data*-vae"])
def test_runs_are_counted_on(tmp_path, stem):
    assert next_numbered(tmp_path / "runs", stem).name == f"{stem}-001"
    for other in (f"{stem}-002", f"{stem}-010", f"{stem}-011-copy", f"{stem}-0²", f"{stem}-012²", "other-500"):
        (tmp_path / other).mkdir()
    assert next_numbered(tmp_path, stem) == tmp_path / f"{stem}-011"
    (tmp_path / f"{stem}-1234").mkdir()
    assert next_numbered(tmp_path, stem) == tmp_path / f"{stem}-1235"


def test_tensors_come_back(tmp_path):
    kept = {
        "z": np.arange(6, dtype=np.float32).reshape(2, 3),
        "turned": np.arange(6).reshape(2, 3).T,
        "big": np.arange(3, dtype=">f8"),
        "bytes": np.arange(4, dtype=np.uint8)[::2],
        "one": np.array(3.5),
        "none": np.zeros((0, 4)),
    }
    back, facts = read_tensors(write_tensors(tmp_path / "a.safetensors", kept, {"engine": "é"}))
    assert back.keys() == kept.keys()
    for name, array in kept.items():
        np.testing.assert_array_equal(back[name], array)
        assert back[name].shape == array.shape
        assert back[name].dtype == array.dtype.newbyteorder("=")
    assert facts == {"engine": "é"}


def test_tensors_that_cannot_be_read(tmp_path):
    path = tmp_path / "a.safetensors"
    # A whole file, of a kind of number that NumPy has not got.
    header = json.dumps({"z": {"dtype": "BF16", "shape": [2], "data_offsets": [0, 4]}}).encode()
    strange = len(header).to_bytes(8, "little") + header + bytes(4)
    # … unless a package that others import has taught it.
    strange = b"" if "ml_dtypes" in sys.modules else strange
    for content in (b"", b"\x80\x04pickle", bytes(100), b"\xff" * 100, strange):
        path.write_bytes(content)
        with pytest.raises(RunError, match=r"a\.safetensors: expected a safetensors file. It cannot be read \("):
            read_tensors(path)
    for nowhere in (tmp_path, tmp_path / "none.safetensors"):
        with pytest.raises(RunError, match=r"expected a (safetensors|regular) file"):
            read_tensors(nowhere)


@given(st.data())
@settings(max_examples=100, deadline=None)
def test_flipped_or_cut_tensors_never_crash(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "flip.safetensors"
    whole = bytearray(write_tensors(path, {"z": np.ones((2, 3)), "n": np.arange(4)}, {"k": "v"}).read_bytes())
    for at in data.draw(st.lists(st.integers(0, len(whole) - 1), min_size=1, max_size=4)):
        whole[at] ^= data.draw(st.integers(1, 255))
    cut = data.draw(st.just(len(whole)) | st.integers(0, len(whole)))
    path.write_bytes(whole[:cut])
    try:
        tensors, facts = read_tensors(path)
    except RunError as error:
        assert str(error).startswith(f"{path}: expected a safetensors file.")
    else:
        assert cut == len(whole)
        assert sum(a.nbytes for a in tensors.values()) == 80
        assert set(map(type, facts.values())) <= {str}


# Words


def placeholders(text: str) -> Counter[str]:
    return Counter(field for _, field, _, _ in string.Formatter().parse(text) if field is not None)


def test_both_languages_say_the_same_things():
    english, portuguese = words("en").texts, words("pt").texts
    assert english.keys() == portuguese.keys()
    # A value may be said twice in one language and once in the other, but not be left out.
    unlike = {k for k in english if placeholders(english[k]).keys() != placeholders(portuguese[k]).keys()}
    assert unlike == set()
    for texts in (english, portuguese):
        assert not {k for k, text in texts.items() if not text.strip()}
        # Written as `{name}`, never by position, so that a translation may change the order.
        assert all(field.isidentifier() for text in texts.values() for field in placeholders(text))


def test_no_key_is_written_twice():
    """JSON keeps the last of two, silently."""
    from gargalo import lang

    for name in LANGUAGES:
        text = Path(lang.__file__).with_name(f"{name}.json").read_text(encoding="utf-8")
        pairs = json.loads(text, object_pairs_hook=lambda pairs: [key for key, _ in pairs])
        assert [key for key, n in Counter(pairs).items() if n > 1] == []


def test_numbers_have_their_languages_mark():
    en, pt = (Words(lang, {"k": "{n} {mse} {name}"}) for lang in ("en", "pt"))
    assert (en.number(0.12345), pt.number(0.12345)) == ("0.123", "0,123")
    assert (en.number(-1234.5, 1), pt.number(-1234.5, 1)) == ("-1234.5", "-1234,5")
    assert (en.number(None), pt.number(None)) == ("–", "–")
    assert pt.number(2.0, 0) == "2"
    # Counts and names are left as they are.
    assert en("k", n=7, mse=0.5, name="a.b") == "7 0.500 a.b"
    assert pt("k", n=7, mse=0.5, name="a.b") == "7 0,500 a.b"
    assert (en.tag, pt.tag) == ("en", "pt-BR")


def test_a_language_that_is_not_spoken():
    told = "lang must be one of en, pt. Got 'pt-BR' instead."
    with pytest.raises(ParameterError, match=re.escape(told)):
        words("pt-BR")


@pytest.mark.parametrize(
    ("places", "lang"),
    [
        ({"LANG": "pt_BR.UTF-8"}, "pt"),
        ({"LANG": "en_US.UTF-8"}, "en"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({"LANG": "C"}, "en"),
        ({"LANG": "pt_BR.UTF-8", "LC_ALL": "C.UTF-8"}, "en"),
        ({"LANG": "en_US.UTF-8", "LC_MESSAGES": "pt_PT"}, "pt"),
    ],
)
def test_without_one_the_language_is_the_locales(monkeypatch, places, lang):
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in places.items():
        monkeypatch.setenv(name, value)
    assert words().lang == lang


# Parameters by both of their names


def test_an_error_carries_its_parts_and_says_the_argument_in_python():
    error = must("start", "an index", -1, hint="Look.")
    assert (error.parameter, error.expected, error.got, error.hint) == ("start", "an index", "-1", "Look.")
    assert str(error) == "start must be an index. Got -1 instead. Look."
    assert error.told(lambda name, value: "--from") == "--from must be an index. Got -1 instead. Look."
    assert "start must be" in repr(error)
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.parameter) == (str(error), "start")


@pytest.mark.parametrize(
    ("value", "shown"),
    [(None, "out"), ("species", "out='species'"), (0.1, "out=0.1"), ("1e-3", "out=1e-3"), ("a\x02b", r"out='a\\x02b'")],
)
def test_a_mention_is_an_argument_in_python(value, shown):
    assert str(DataError(f"x: choose {option('out', value)}.")) == f"x: choose {shown}."


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("train --latent-dim 0", "--latent-dim must be greater than or equal to 1. Got 0"),
        ("train --latent_dim 0", "--latent_dim must be greater than or equal to 1. Got 0"),
        ("train --set epochs=0", "--set epochs must be greater than or equal to 1. Got 0"),
        ("train --set latentdim=3", "--set latentdim is not a choice here. Did you mean 'latent_dim'?"),
        ("train --model beta-vae --set beta=-1", "--set beta must be greater than or equal to 0. Got -1"),
        ("train -m vaee", "-m must be one of classifier"),
        ("train --model vaee", "--model must be one of classifier"),
        ("train nothing", "SRC must be one of mnist-10k"),
        ("train fotos/", "fotos/: expected a folder. There is none."),
        ("train --shares 1,2", "--shares must be three numbers such as 80,10,10"),
        ("train --parts 1,2,-3", "--parts must be"),
        ("train --set x", "--set must be NAME=VALUE"),
        ("interpolate RUN --from label:x --to 1", "--from must be one of label:0"),
        ("interpolate RUN --from 1 --to 9999", "--to must be an index from 0 to"),
        ("traverse RUN --from 9999", "--from must be an index from 0 to"),
        ("sample RUN --n 3", "No such option: --n. Did you mean '-n'? See"),
        ("sample RUN -n 0", "-n must be an int >= 1"),
        ("sample RUN --prior x", "--prior must be one of normal, gmm"),
        ("map RUN --method x", "--method must be one of tsne, pca"),
        ("report RUN -o x.pdf", "-o must be a path ending in .html"),
        ("encode RUN mnist-10k --out z.txt", "--out must be a path ending in .npy"),
        ("explore RUN --port 99999", "--port must be an int from 0 to 65535"),
        ("train --out RUN", "choose another --out."),
    ],
)
def test_the_command_line_says_what_was_typed(typed, told, small_runs, say, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = [str(small_runs["autoencoder"].folder) if word == "RUN" else word for word in typed.split()]
    status, _, error = say(*words)
    assert status == 2
    assert told in error
    assert not re.search(r"parameter of|of find|of train|of load_data|of gargalo|[\x00-\x1f]", error)


def test_nothing_of_the_code_is_in_a_message():
    """No message names a function of the package, as those of the first version did."""
    found = []
    for path in Path(files.__file__).parents[1].rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        found += re.findall(r"parameter of \w+|\(\"\w+\", \"(?:train|find|load_data|gargalo)\", ", text)
    assert found == []


def test_what_was_given_is_shown_in_one_short_line():
    assert "\n" not in str(must("y", "a name", np.zeros((3, 3))))
    assert len(must("y", "a name", list(range(9999))).got or "") == 200


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ("Input should be a valid boolean, unable to interpret input", "a valid boolean"),
        ("Input should be a valid integer, got a number with a fractional part", "a whole number"),
        ("Input should be 'l1' or 'k-sparse'", "'l1' or 'k-sparse'"),
        ("String should have at most 1 character", "of at most 1 character"),
        ("Tuple should have at most 2 items after validation, not 3", "of at most 2 items"),
    ],
)
def test_what_pydantic_says_follows_must_be(told, expected):
    assert as_expected(told) == expected


ROWS = np.random.default_rng(0).normal(size=(60, 8)).astype(np.float32)


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda _: gargalo.train(reading=3), "reading must be a dict of choices by name. Got 3 instead."),
        (lambda _: gargalo.train(minutes="5"), "minutes must be a number. Got '5' instead."),
        (lambda _: gargalo.train(save_every="a"), "save_every must be a number of seconds >= 0. Got 'a' instead."),
        (lambda _: gargalo.train(save_every=-1), "save_every must be a number of seconds >= 0. Got -1 instead."),
        (lambda _: gargalo.train(devices="2"), "devices must be an int >= 1. Got '2' instead."),
        (lambda _: gargalo.train(preset=[]), "preset must be the name of a preset. Got [] instead."),
        (lambda _: gargalo.train(out=3), "out must be a path. Got 3 instead."),
        (lambda _: gargalo.train(data_dir=3), "data_dir must be a path. Got 3 instead."),
        (lambda _: gargalo.train(progress="x"), "progress must be True, False or a Reporter. Got 'x'"),
        (lambda _: gargalo.train(model=""), "model must be one of classifier, "),
        (lambda _: gargalo.train(""), "data must be a name or a path. Got '' instead."),
        (lambda _: gargalo.train(lable="x"), "lable is not a choice here. Did you mean 'label'?"),
        (lambda _: gargalo.train(start=3), "start must be a run, its folder, or 'last'. Got 3 instead."),
        (lambda _: gargalo.train(kind="imag"), "kind must be one of image, volume, table, vector, series"),
        (lambda _: gargalo.train(size=(1, 2, 3)), "size must be one number, or height and width"),
        (lambda _: gargalo.train(separator="ab"), "separator must be one character. Got 'ab' instead."),
        (lambda _: gargalo.train(widths="x"), "widths must be whole numbers such as (128, 64). Got 'x' instead."),
        (lambda _: gargalo.train(blocks=3, net="mlp"), "blocks must be left out on mlp: they are for conv."),
        (lambda _: gargalo.resume(3), "run must be a run's folder, or 'last'. Got 3 instead."),
        (lambda _: gargalo.load_data(split_seed="a"), "split_seed must be an int >= 0. Got 'a' instead."),
        (lambda _: gargalo.evaluate(3), "run must be a run, its folder, or 'last'. Got 3 instead."),
        (lambda _: gargalo.report(3, "x.html"), "runs must be a run, its folder, or 'last'. Got 3 instead."),
        (lambda run: gargalo.report(run, None), "out must be a path. Got None instead."),
        (lambda run: gargalo.publish(run, None), "out must be a path. Got None instead."),
        (lambda run: gargalo.evaluate(run, np.zeros((30, 3))), "array: expected shape (n, 28, 28), as "),
        (lambda run: gargalo.evaluate(run, np.zeros((30, 28, 28), np.uint8)), "expected an example of the test set"),
        (lambda run: gargalo.evaluate(run, run.examples.x[:1]), "expected an example of the test set"),
        (lambda run: gargalo.train(start=run, latent_dim=3), "expected a run of latent_dim 3, to start from it."),
        (
            lambda run: gargalo.train(ROWS, start=run),
            "expected a run on examples of shape (8,), as those of",
        ),
        (lambda run: gargalo.train(start=run, model="pca"), "start must be left out for model pca, which is solved at"),
        (
            lambda run: gargalo.train(start=run, model="vq-vae"),
            "expected a run whose net is conv or custom for model",
        ),
        (lambda run: run.interpolate("label:99", 0), "Did you mean 'label:9'?"),
        (lambda _: gargalo.report([], "x.html", "de"), "runs must be at least one run. Got 0 instead."),
        (lambda _: gargalo.publish([], "nowhere"), "runs must be at least one run. Got 0 instead."),
        (lambda _: gargalo.train(reading={3: 4}), "3 is not a choice here."),
        (lambda _: gargalo.train(baselines=3), "baselines must be a gargalo.runs.Baselines. Got 3 instead."),
        (lambda run: gargalo.evaluate(run, baselines=3), "baselines must be a gargalo.runs.Baselines. Got 3 instead."),
        (lambda _: gargalo.train(out=""), "out must be a path. Got '' instead."),
        (lambda _: gargalo.train(start=""), "start must be a run, its folder, or 'last'. Got '' instead."),
        (lambda _: gargalo.train(y=np.zeros(3)), "y must be left out for data that bring their labels; label names"),
        (lambda _: gargalo.train(ROWS, label=""), "label must be a name or a path. Got '' instead."),
        (lambda _: gargalo.train(ROWS, minute=3), "minute is not a choice here. Did you mean 'minutes'?"),
        (lambda _: gargalo.train(ROWS, strat="run"), "strat is not a choice here. Did you mean 'start'?"),
        (lambda _: gargalo.train(ROWS, net=3), "an encoder and a decoder. Got 3 instead."),
        (lambda _: gargalo.train(ROWS, net="custom"), "on which alone this model stands. Got 'custom' instead."),
        (lambda _: gargalo.train(ROWS, widths=(3,) * 17), "widths must be of at most 16 items. Got (3, 3,"),
        (lambda _: gargalo.train(ROWS, epochs=1.5), "epochs must be a whole number. Got 1.5 instead."),
        (lambda _: gargalo.train(ROWS, held_out=0.1, validation_share=0.2), "given once. Got (0.1, 0.2) instead."),
        (lambda _: gargalo.train(ROWS, parts=(1, 0, 0), shares=(0, 1, 0)), "shares must be given once. Got ("),
        (lambda _: gargalo.train(ROWS, reading={"impute": "drop"}, impute="mask"), "impute must be given once. Got ("),
        (lambda _: gargalo.load_data(ROWS, separator=""), "separator must be one character. Got '' instead."),
        (
            lambda _: gargalo.load_data(ROWS, progress="x"),
            "progress must be True, False or a Reporter. Got 'x' instead.",
        ),
        (lambda _: gargalo.load_data(ROWS, split_seed=-1), "split_seed must be an int >= 0. Got -1 instead."),
        (lambda _: gargalo.load_data(ROWS, like=3), "like must be a DataSpec, such as run.recipe.data. Got 3 instead."),
        (lambda _: gargalo.load_data("fotos", workers="a"), "workers must be an int >= 1. Got 'a' instead."),
        (lambda run: gargalo.resume(run.folder, data_dir=3), "data_dir must be a path. Got 3 instead."),
        (lambda _: gargalo.resume(""), "run must be a run's folder, or 'last'. Got '' instead."),
        (lambda _: gargalo.open_run(""), "folder must be a run's folder, or 'last'. Got '' instead."),
        (lambda _: gargalo.report("", "x.html"), "runs must be a run, its folder, or 'last'. Got '' instead."),
        (lambda run: gargalo.publish(run, "x", points="a"), "points must be an int >= 2. Got 'a' instead."),
        (lambda _: gargalo.explore(3), "runs must be a run, its folder, or 'last'. Got 3 instead."),
        (lambda run: gargalo.explore(run, point=3), "point is not a choice here. Did you mean 'points'?"),
        (lambda _: gargalo.demo(3), "out must be a path. Got 3 instead."),
    ],
)
def test_what_is_no_such_thing_is_refused_in_its_own_words(call, told, small_runs, tmp_path, monkeypatch):
    """Each gave a traceback, another parameter's name, the words of a library, or nothing at all."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(GargaloError) as refused:
        call(small_runs["autoencoder"])
    assert told in str(refused.value)
    assert "\n" not in str(refused.value)
    assert not list(tmp_path.iterdir()), "nothing was begun"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--set", "widths=128,64", "--widths", "3"], "widths must be given once. Got ('128,64', (3,)) instead."),
        (["--set", "epochs=1", "--set", "epochs=2"], "--set epochs must be given once. Got (1, 2) instead."),
        (["--set", "impute=drop", "--impute", "mask"], "impute must be given once"),
        (["--set", "=3"], "--set must be NAME=VALUE"),
        (["--size", "x"], "--size must be numbers such as 64 or 48x64. Got 'x' instead."),
        (["--size", "1,2,3"], "--size must be numbers such as 64 or 48x64. Got '1,2,3' instead."),
        (["--image-shape", "3"], "--image-shape must be numbers such as 28,28 or 32,32,3. Got '3' instead."),
        (["--shares", "80,nan,10"], "--shares must be three numbers such as 80,10,10, the first above 0."),
        (["--out", ""], "--out must be a path. Got '' instead."),
        (["--data-dir="], "--data-dir must be a path. Got '' instead."),
        (["--from", ""], "--from must be a run, its folder, or 'last'. Got '' instead."),
        (["--lable", "a"], "No such option: --lable. Did you mean '--label'? See"),
        (
            ["--model", "sparse", "--set", "sparsity=k-sparse", "--set", "k=64", "--latent-dim", "4"],
            "at most --latent-dim, 4",
        ),
        (["--shares", "50,50,0"], "the shares leave none"),
    ],
)
def test_choices_that_contradict_are_refused(say, words, told, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.save("x.npy", np.random.default_rng(0).random((60, 8)).astype(np.float32))
    status, _, err = say("train", "x.npy", *words)
    assert status == 2
    assert told in err
    assert len(err.strip().splitlines()) == 1
