"""The same data in every form are the same data; and real data of many kinds train."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch
from material import write_pictures
from PIL import Image

from gargalo import evaluate, load_data, train
from gargalo.cli.output import file_names
from gargalo.data import Dataset
from gargalo.data.readers.idx import write_idx
from gargalo.errors import DataError, GargaloWarning
from gargalo.runs.original_data import original_data


def in_every_form(source: Dataset, folder: Path) -> dict[str, tuple[Path, dict]]:
    """One source as files of all kinds, each with how to read it; in one order: part, label, number."""
    order = np.lexsort((np.arange(len(source)), source.y, source.split))
    x, y, split = source.x[order], source.y[order], source.split[order]
    ordered = Dataset(source.name, source.kind, x, y, source.class_names, split, list(map(str, range(len(x)))))
    for suffix, more in (("png", {}), ("jpg", {"quality": 95})):
        for part in ("train", "test"):
            write_pictures(folder / suffix / part, ordered, ordered.rows(part), suffix, **more)
    (folder / "idx").mkdir()
    for part, name in (("train", "train"), ("test", "t10k")):
        rows = ordered.rows(part)
        write_idx(folder / "idx" / f"{name}-images-idx3-ubyte.gz", x[rows])
        write_idx(folder / "idx" / f"{name}-labels-idx1-ubyte.gz", y[rows].astype(np.uint8))
    np.save(folder / "x.npy", x)
    np.save(folder / "y.npy", y)
    np.save(folder / "parts.npy", split)
    pixels = {f"p{i}": column for i, column in enumerate(x.reshape(len(x), -1).T)}
    parts = np.where(split == 0, "train", "test")
    frame = pl.DataFrame(pixels).with_columns(digit=pl.Series(y), part=pl.Series(parts))
    frame.write_csv(folder / "t.csv")
    frame.write_parquet(folder / "t.parquet")
    table = {"image_shape": (28, 28), "label": "digit", "split": "part"}
    return {
        "png": (folder / "png", {}),
        "jpg": (folder / "jpg", {}),
        "idx": (folder / "idx", {}),
        "npy": (folder / "x.npy", {"label": str(folder / "y.npy"), "split": str(folder / "parts.npy")}),
        "csv": (folder / "t.csv", table),
        "parquet": (folder / "t.parquet", table),
    }


def test_one_source_in_every_form(digits, tmp_path):
    forms = in_every_form(digits, tmp_path)
    found = {kind: load_data(path, **reading) for kind, (path, reading) in forms.items()}
    assert len({source.fingerprint for kind, source in found.items() if kind != "jpg"}) == 1
    # A JPEG is not the same picture to the last bit, nor far from it.
    error = np.square((found["jpg"].x.astype(float) - found["png"].x) / 255).mean()
    assert 0 < error < 1e-3
    runs = {k: train(found[k], epochs=1, out=tmp_path / f"run-{k}", progress=False) for k in ("png", "csv", "jpg")}
    mse = {kind: run.metrics["test_mse"] for kind, run in runs.items()}
    assert mse["csv"] == pytest.approx(mse["png"], abs=1e-6)
    assert mse["jpg"] == pytest.approx(mse["png"], abs=1e-3)


@pytest.mark.long
def test_all_digits_in_every_form_train_to_the_same(tmp_path):
    forms = in_every_form(load_data("mnist-10k"), tmp_path)
    mse = {}
    for kind, (path, reading) in forms.items():
        run = train(path, reading=reading, epochs=4, out=tmp_path / f"run-{kind}", progress=False)
        mse[kind] = run.metrics["test_mse"]
    for kind in ("idx", "npy", "csv", "parquet"):
        assert mse[kind] == pytest.approx(mse["png"], abs=1e-6)
    assert mse["jpg"] == pytest.approx(mse["png"], abs=1e-3)


# Real data


def test_tensors_and_small_pictures():
    from sklearn.datasets import load_digits

    real = load_digits()
    source = load_data(torch.from_numpy(real.images.astype(np.uint8)), real.target)
    assert source.x.shape == (1797, 8, 8)
    rows = load_data(real.data, real.target, image_shape=(8, 8))
    np.testing.assert_array_equal(rows.x, source.x)


def test_vectors_are_seen_as_their_pictures(tmp_path, say):
    """Patches of two real photographs; vectors that stand for them; the photographs are what people see."""
    from sklearn.datasets import load_sample_images

    vectors, paths = [], []
    for name, photo in zip(("china", "flower"), load_sample_images().images, strict=True):
        for i in range(0, 384, 48):
            for j in range(0, 624, 48):
                patch = photo[i : i + 48, j : j + 48]
                path = tmp_path / "photos" / name / f"{i}-{j}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                Image.fromarray(patch).save(path)
                paths.append(path.relative_to(tmp_path / "photos").as_posix())
                means = patch.reshape(3, 16, 3, 16, 3).mean(axis=(1, 3))
                vectors.append(np.concatenate([means.ravel(), patch.std(axis=(0, 1))]))
    table = pl.DataFrame({f"v{i}": column for i, column in enumerate(np.array(vectors).T)} | {"path": paths})
    table.sample(fraction=1, shuffle=True, seed=1).write_csv(tmp_path / "v.csv")
    reading = {"id": "path", "display": str(tmp_path / "photos")}
    source = load_data(tmp_path / "v.csv", **reading)
    assert source.display[np.arange(208)].shape == (208, 48, 48, 3)
    photo = Image.open(tmp_path / "photos" / source.ids[5])
    np.testing.assert_array_equal(source.display[5], np.asarray(photo))
    run = train(source, epochs=2, out=tmp_path / "run", progress=False)
    kept = run.examples
    np.testing.assert_array_equal(run.look(kept.x[:4]), kept.display[:4])
    assert run.look(run.sample(5)).shape == (5, 48, 48, 3)
    assert say("sample", tmp_path / "run", "-o", tmp_path / "s.png")[0] == 0
    with Image.open(tmp_path / "s.png") as sheet:
        assert sheet.mode == "RGB"
    assert say("report", tmp_path / "run", "-o", tmp_path / "r.html")[0] == 0
    (tmp_path / "photos" / "china" / "0-0.png").unlink()
    with pytest.raises(DataError, match=r"Found 207, and none called china/0-0.png; id names the column"):
        load_data(tmp_path / "v.csv", **reading)


def test_real_pictures_of_every_kind(tmp_path):
    """scikit-image's packaged pictures: grey, colour, transparent, of many sizes."""
    from skimage import data

    names = ("astronaut", "camera", "coffee", "coins", "horse", "logo", "moon", "page", "rocket", "text", "cat")
    for name in names:
        try:
            pixels = np.asarray(getattr(data, name)())
        except Exception:  # not packaged: it would have to be fetched
            continue
        pixels = pixels.astype(np.uint8) * 255 if pixels.dtype == bool else pixels
        Image.fromarray(pixels).save(tmp_path / f"{name}.png")
    source = load_data(tmp_path)
    assert len(source) >= 6
    assert source.x.shape[1:] == (64, 64, 3)
    assert {"resized"} <= {note.key for note in source.notes}


def test_numbers_in_another_unit_are_told_of(digits, tmp_path):
    rows = np.random.default_rng(0).normal(size=(80, 4))
    run = train(rows, epochs=1, out=tmp_path / "run", progress=False)
    run.encode(rows[:3] * 1.5)
    with pytest.warns(GargaloWarning, match=r"array: values from .* was trained on .*: are they in the same"):
        run.encode(rows[:3] * 1000)
    with pytest.raises(DataError, match="expected finite numbers"):
        run.encode(np.full((2, 4), np.nan))


# Names of what comes out


def test_files_come_out_under_their_own_names():
    wanted = {
        "cat/1.jpg": "cat/1.png",
        "cat/1.png": "cat/1-2.png",
        "a.b.png": "a.b.png",
        "../../etc/passwd": "etc/passwd.png",
        "/outside/x.png": "outside/x.png",
        "a:b?.gif": "a_b_.png",
        "": "_.png",
        "3": "3.png",
    }
    assert file_names(list(wanted), len(wanted)) == list(wanted.values())
    assert file_names(None, 2) == ["00000.png", "00001.png"]


def test_reconstructions_carry_the_names_of_the_pictures(digits, tmp_path, say):
    write_pictures(tmp_path / "in", digits, np.arange(40))
    assert say("train", tmp_path / "in", "--epochs", 1, "--out", tmp_path / "run")[0] == 0
    assert say("reconstruct", tmp_path / "run", tmp_path / "in", "-o", tmp_path / "back")[0] == 0
    found = {p.relative_to(tmp_path / "back") for p in (tmp_path / "back").rglob("*.png")}
    assert found == {p.relative_to(tmp_path / "in") for p in (tmp_path / "in").rglob("*.png")}
    # Pictures of another size and colour are read as those that were learned.
    Image.new("RGB", (90, 70), "red").save(tmp_path / "one.png")
    (tmp_path / "other").mkdir()
    (tmp_path / "one.png").rename(tmp_path / "other" / "one.png")
    assert say("encode", tmp_path / "run", tmp_path / "other", "-o", tmp_path / "z.csv")[0] == 0
    assert (tmp_path / "z.csv").read_text().splitlines()[1].startswith("one.png,new,")


def test_archives_are_not_opened(tmp_path):
    (tmp_path / "photos.zip").write_bytes(b"PK\x03\x04")
    with pytest.raises(DataError, match=r"photos\.zip: expected a folder of pictures, .* ending in '\.zip'"):
        load_data(tmp_path / "photos.zip")


# Other data than those that were learned


def test_files_that_belonged_to_the_training_data_stay_with_them(tmp_path, say):
    rows = np.random.default_rng(0).normal(size=(60, 5)).astype(np.float32)
    np.save(tmp_path / "x.npy", rows)
    np.save(tmp_path / "y.npy", np.arange(60) % 2)
    reading = {"label": str(tmp_path / "y.npy")}
    run = train(tmp_path / "x.npy", reading=reading, epochs=1, out=tmp_path / "run", progress=False)
    for n in (60, 7):
        np.save(tmp_path / "other.npy", rows[:n] + 0.1)
        assert load_data(tmp_path / "other.npy", like=run.recipe.data).y is None
    np.save(tmp_path / "y.npy", np.arange(7) % 2)
    assert load_data(tmp_path / "other.npy", like=run.recipe.data, **reading).y.tolist() == [0, 1, 0, 1, 0, 1, 0]


def test_a_later_gap_is_masked_where_gaps_were_allowed(tmp_path):
    frame = pl.DataFrame({"a": np.arange(50.0), "b": np.arange(50.0) ** 2})
    run = train(frame, reading={"impute": "mask"}, epochs=1, out=tmp_path / "run", progress=False)
    gap = pl.DataFrame({"a": [None, 3.0], "b": [4.0, 9.0]})
    z = run.encode(load_data(gap, like=run.recipe.data))
    assert np.isfinite(z).all()
    other = train(frame, epochs=1, out=tmp_path / "strict", progress=False)
    with pytest.raises(DataError, match=r"Fill them in"):
        other.encode(load_data(gap, like=other.recipe.data))
    with pytest.raises(DataError, match="expected finite numbers"):
        other.encode(np.array([[np.nan, 1.0]]))
    assert np.isfinite(run.encode(gap)).all(), "a frame will do"
    nothing = load_data(pl.DataFrame({"a": [None], "b": [4.0]}), like=run.recipe.data)
    assert np.isfinite(run.encode(nothing)).all()


def test_new_data_are_not_split(tmp_path, digits):
    """Arrays, pictures and tables alike; a label of one example alone, and a name never seen, are no hindrance."""
    run = train(digits.x[:60], y=digits.y[:60], epochs=1, out=tmp_path / "run", progress=False)
    np.save(tmp_path / "new.npy", np.repeat(digits.x[60:65], 2, axis=0))
    for new in (tmp_path / "new.npy", digits.x[60:70]):
        found = load_data(new, like=run.recipe.data)
        assert set(found.split) == {2}
        assert not [note for note in found.notes if "copies" in note.key]
    again = load_data(digits.x[:60], digits.y[:60], like=run.recipe.data)
    assert again.fingerprint == run.recipe.data.fingerprint
    # What it has itself to say of splits stays.
    np.savez(tmp_path / "own.npz", x_train=digits.x[:5], x_test=digits.x[5:9])
    assert load_data(tmp_path / "own.npz", like=run.recipe.data).split.tolist() == [0] * 5 + [2] * 4
    # Measured on all of it, by what needs no training examples.
    new = load_data(digits.x[60:99], digits.y[60:99], like=run.recipe.data)
    measured = evaluate(run, new)
    assert measured["test_mse"].n == 39
    assert "pca_mse" not in measured
    assert "knn_accuracy" not in measured
    write_pictures(tmp_path / "photos", digits, np.arange(60))
    write_pictures(tmp_path / "others", digits, np.arange(60, 66))
    photos = load_data(tmp_path / "photos")
    assert set(load_data(tmp_path / "others", like=photos.spec).split) == {2}
    table = load_data(pl.DataFrame({"city": ["a", "b"] * 30, "b": np.arange(60.0)}), label="city")
    names = load_data(pl.DataFrame({"city": ["a", "b"] * 30, "b": np.arange(60.0)}))
    alone = load_data(pl.DataFrame({"city": ["c"], "b": [1.0]}), like=table.spec)
    assert alone.class_names == ("c",)
    assert alone.split.tolist() == [2]
    assert np.isnan(load_data(pl.DataFrame({"city": ["c"], "b": [1.0]}), like=names.spec).x[0, 0])


def test_rows_become_the_pictures_that_were_learned(tmp_path):
    bits = np.zeros((40, 16))
    bits[:, ::3] = 1
    bits[np.arange(40), np.arange(40) % 16] = 255
    run = train(bits, reading={"image_shape": (4, 4)}, epochs=1, out=tmp_path / "run", progress=False)
    assert run.recipe.data.dtype == "uint8"
    dark = load_data(np.eye(16), like=run.recipe.data, image_shape=(4, 4))
    assert dark.x.dtype == np.uint8, "also where no pixel is above 1"
    gap = bits.copy()
    gap[3, 3] = np.nan
    kept = load_data(gap, image_shape=(4, 4), impute="drop")
    assert (len(kept), kept.x.dtype) == (39, np.uint8)


def test_pictures_in_parts_stand_beside_their_vectors_all_the_same(tmp_path):
    paths = []
    for i, part in enumerate(["train", "test", "validation"] * 5):
        path = tmp_path / "photos" / part / f"{i}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (8, 8), 10 * i + 5).save(path)
        paths.append(path)
    ordered = sorted(paths, key=lambda p: (p.parent.name, int(p.stem)))
    vectors = np.array([[10.0 * int(p.stem) + 5, 1] for p in ordered])
    np.save(tmp_path / "v.npy", vectors)
    source = load_data(tmp_path / "v.npy", display=str(tmp_path / "photos"))
    assert source.display[np.arange(15)][:, 0, 0].tolist() == source.x[:, 0].tolist()


def test_sub_folders_of_what_is_shown_are_the_labels(tmp_path, say):
    draws = np.random.default_rng(0)
    paths, vectors = [], draws.normal(size=(30, 3)).astype(np.float32)
    for i in range(30):
        paths.append(f"{('dog', 'cat', 'ant')[i % 3]}/{i}.png")
        path = tmp_path / "photos" / paths[-1]
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (8, 8), i).save(path)
    (tmp_path / "photos" / "unused").mkdir()
    Image.new("L", (8, 8)).save(tmp_path / "photos" / "unused" / "0.png")
    table = pl.DataFrame({"path": paths} | {f"v{i}": vectors[:, i] for i in range(3)} | {"kind": ["a", "b"] * 15})
    table.write_csv(tmp_path / "v.csv")
    named, shown = {"id": "path", "ignore": "kind"}, tmp_path / "photos"
    source = load_data(tmp_path / "v.csv", display=shown, **named)
    assert source.class_names == ("ant", "cat", "dog")
    assert [source.class_names[code] for code in source.y] == [path[:3] for path in paths]
    told = [(note.count, note.what) for note in source.notes if note.key == "display_labels"]
    assert told == [(3, str(shown))]
    plain = load_data(tmp_path / "v.csv", **named)
    np.testing.assert_array_equal(source.split, plain.split)
    assert load_data(tmp_path / "v.csv", display=shown, id="path", label="kind").class_names == ("a", "b")
    choices = ["--id", "path", "--ignore", "kind", "--display", shown]
    _, told, _ = say("inspect", tmp_path / "v.csv", *choices)
    assert f"the 3 sub-folders of {shown} are the labels" in told and "ant 10, cat 10, dog 10" in told
    training = ["--model", "classifier", "--epochs", 1, "--out", tmp_path / "run"]
    assert say("train", tmp_path / "v.csv", *choices, *training)[0] == 0
    # A run from before has no labels, and finds its data again.
    before = replace(source, y=None, class_names=None)
    assert original_data(before.spec).fingerprint == before.fingerprint
    assert original_data(source.spec).fingerprint == source.fingerprint


def test_no_two_examples_get_one_file():
    assert file_names(["a.png", "a.jpg", "a-2.png", "A.gif"], 4) == ["a.png", "a-2.png", "a-2-2.png", "A-3.png"]
    composed, apart = "\u00e9", "e\u0301"
    assert file_names([composed, apart], 2) == [f"{composed}.png", f"{apart}-2.png"]
    assert file_names(["a", "a.png/b", "A.png/c", "a.png"], 4) == ["a.png", "a.png-2/b.png", "A.png-2/c.png", "a-2.png"]
    assert file_names(["NUL", "con.txt", "x. ", "nullo"], 4) == ["_NUL.png", "_con.txt.png", "x_.png", "nullo.png"]
    long = file_names(["x" * 300 + "1.jpg", "x" * 300 + "2.jpg", "\u4e00" * 90], 3)
    assert len(set(long)) == 3 and all(len(name.encode()) < 255 for name in long)


def test_a_column_called_id_does_not_hide_the_ids(tmp_path, say):
    pl.DataFrame({"id": np.arange(40.0), "b": np.arange(40.0) ** 2}).write_csv(tmp_path / "t.csv")
    assert say("train", tmp_path / "t.csv", "--epochs", 1, "--out", tmp_path / "run")[0] == 0
    assert say("reconstruct", tmp_path / "run", tmp_path / "t.csv", "-o", tmp_path / "back.csv")[0] == 0
    assert pl.read_csv(tmp_path / "back.csv").columns == ["row_id", "id", "b"]


def test_a_table_s_numbers_come_back_from_any_array_file(tmp_path):
    """Its columns are known of an archive's arrays as they are of a plain one's."""
    table = load_data(pl.DataFrame({"a": np.arange(40.0), "b": np.arange(40.0) ** 2}))
    np.save(tmp_path / "x.npy", table.x)
    np.savez(tmp_path / "x.npz", x=table.x)
    for name in ("x.npy", "x.npz"):
        again = load_data(tmp_path / name, like=table.spec)
        assert (again.kind, again.columns) == ("table", table.columns)


def test_a_folder_is_called_by_its_name_wherever_one_stands(tmp_path, digits, monkeypatch):
    write_pictures(tmp_path / "photos", digits, np.arange(20), "png")
    (tmp_path / "photos" / "new").mkdir()
    for stand, place in ((tmp_path, "photos"), (tmp_path / "photos", "."), (tmp_path / "photos" / "new", "..")):
        monkeypatch.chdir(stand)
        assert load_data(place).name == "photos"


def test_pictures_to_look_at_that_are_not_there(tmp_path):
    with pytest.raises(DataError, match=r"nowhere: expected a folder of pictures for display\. Found none there"):
        load_data(np.random.default_rng(0).normal(size=(20, 3)), display=tmp_path / "nowhere")


def test_a_log_whose_gaps_were_filled_in_is_known_again(tmp_path, say):
    rng = np.random.default_rng(0)
    x = [None if i % 37 == 0 else round(float(v), 1) for i, v in enumerate(rng.normal(size=600))]
    pl.DataFrame({"t": range(600), "x": x, "y": rng.normal(size=600)}).write_csv(tmp_path / "log.csv")
    first = load_data(tmp_path / "log.csv", time="t", window=10, step=5, impute="median")
    fills = {column.name.partition("[")[0]: set() for column in first.columns}
    for column in first.columns:
        fills[column.name.partition("[")[0]].add(column.fill)
    assert all(len(found) == 1 for found in fills.values()), "a cell is the same in every window that it is in"
    again = load_data(tmp_path / "log.csv", like=first.spec)
    assert again.fingerprint == first.fingerprint and (again.split == first.split).all()


def test_what_comes_out_is_written_as_what_went_in(tmp_path, say):
    """Semicolons, decimal commas and latin-1: a run reads what it wrote."""
    rng = np.random.default_rng(0)
    pairs = zip(rng.normal(5, 1, 60), ["ação", "b"] * 30, strict=True)
    lines = [f"{value:.2f};{name}".replace(".", ",") for value, name in pairs]
    (tmp_path / "t.csv").write_text("\n".join(["peso;espécie", *lines]), encoding="latin-1")
    choices = ["-m", "pca", "--decimal-comma", "--encoding", "latin-1", "--latent-dim", 1, "--out", tmp_path / "run"]
    assert say("train", tmp_path / "t.csv", *choices)[0] == 0
    assert say("sample", tmp_path / "run", "-n", 20, "-o", tmp_path / "new.csv")[0] == 0
    assert re.match(r"peso;espécie\n\d,\d", (tmp_path / "new.csv").read_text(encoding="latin-1"))
    status, _, err = say("encode", tmp_path / "run", tmp_path / "new.csv", "-o", tmp_path / "z.csv")
    assert status == 0, err
    assert re.search(r"^0;new;-?\d,\d", (tmp_path / "z.csv").read_text(), re.MULTILINE)


def test_draws_that_nobody_taught_are_told_of(small_runs, say, tmp_path):
    told = "drawn from N(0, I), which these latents were not trained to look like. --prior gmm draws"
    assert told in say("sample", small_runs["autoencoder"].folder, "-o", tmp_path / "s.png")[2]
    assert told not in say("sample", small_runs["autoencoder"].folder, "--prior", "gmm", "-o", tmp_path / "s.png")[2]
    assert told not in say("sample", small_runs["vae"].folder, "-o", tmp_path / "s.png")[2]


def test_the_future_of_every_group_may_be_tested(tmp_path):
    """--group keeps windows of two sensors apart, and a column says which part of each trains."""
    part = ["train"] * 240 + ["validation"] * 30 + ["test"] * 30
    frame = pl.DataFrame({"t": [*range(300)] * 2, "s": ["a"] * 300 + ["b"] * 300, "part": part * 2})
    frame = frame.with_columns(x=pl.Series(np.random.default_rng(0).normal(size=600)))
    found = load_data(frame, time="t", group="s", split="part", window=10)
    assert found.spec.counts == {"train": 48, "validation": 6, "test": 6}
    assert {name.partition("/")[0] for name in np.array(found.ids)[found.rows("test")]} == {"a", "b"}
    with pytest.raises(DataError, match="group"):
        load_data(frame, time="t", group="s", split="part")
