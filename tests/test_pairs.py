"""Pairs: noisy examples that have clean partners, from folders, arrays and tables, through training to the report."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch
from interruptions import StopAfter
from PIL import Image

import gargalo
from gargalo import cli, load_data
from gargalo.core import Batch
from gargalo.data import as_dataset
from gargalo.errors import DataError, ParameterError, Stopped
from gargalo.explorer.shown import choose
from gargalo.recipes import build, make
from gargalo.runs import TrainingJob
from gargalo.runs.baseline import pca_baseline
from gargalo.runs.evaluate import Arrays
from gargalo.runs.fit import memory
from gargalo.runs.rows import as_data

DRAWS = np.random.default_rng(0)
CLEAN = DRAWS.integers(0, 256, (30, 8, 8), np.uint8)
NOISY = CLEAN.copy()
NOISY[:, ::3] = 0  # a noise of one's own: dead lines


def write(folder: Path, pictures: np.ndarray, suffix: str = "png", names: list[str] | None = None) -> Path:
    folder.mkdir(parents=True)
    for i, picture in enumerate(pictures):
        Image.fromarray(picture).save(folder / f"{names[i] if names else i}.{suffix}")
    return folder


def blocks(n: int = 240) -> tuple[np.ndarray, np.ndarray]:
    """Bright squares, and the same with dead lines."""
    draws = np.random.default_rng(0)
    clean = np.zeros((n, 12, 12), np.uint8)
    for picture, (x, y, bright) in zip(clean, draws.integers(0, (7, 7, 100), (n, 3)), strict=True):
        picture[y : y + 5, x : x + 5] = 156 + bright
    noisy = clean.copy()
    noisy[:, ::3] = 0
    return noisy, clean


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    noisy, clean = blocks()
    out = tmp_path_factory.mktemp("pairs") / "run"
    return gargalo.train(noisy, "denoising", clean=clean, epochs=60, widths=(64,), out=out, progress=False)


def test_pictures_pair_by_their_paths(tmp_path):
    names = [f"sub{i % 2}/{i}" for i in range(30)]
    for sub in ("sub0", "sub1"):
        for folder in ("noisy", "clean"):
            (tmp_path / folder / sub).mkdir(parents=True)
    for i, name in enumerate(names):
        Image.fromarray(NOISY[i]).save(tmp_path / "noisy" / f"{name}.png")
        Image.fromarray(CLEAN[i]).save(tmp_path / "clean" / f"{name}.bmp")
    found = load_data(tmp_path / "noisy", clean=tmp_path / "clean")
    for i, name in enumerate(found.ids):
        number = int(Path(name).stem)
        assert (found.x[i] == NOISY[number]).all() and (found.clean[i] == CLEAN[number]).all()
    assert found.spec.paired and ("pairs", 30, "clean") in [(n.key, n.count, n.what) for n in found.notes]
    again = load_data(found.origin.src, **found.origin.reading.model_dump(exclude_defaults=True))
    assert again.fingerprint == found.fingerprint != replace(found, clean=found.x).fingerprint
    assert load_data(tmp_path / "noisy").fingerprint == replace(found, clean=None).fingerprint


def test_arrays_pair_by_row_and_tables_by_id(tmp_path):
    assert (load_data(NOISY, clean=CLEAN).clean == CLEAN).all()
    np.save(tmp_path / "noisy.npy", NOISY)
    np.save(tmp_path / "clean.npy", CLEAN)
    found = load_data(tmp_path / "noisy.npy", clean=tmp_path / "clean.npy")
    assert isinstance(found.clean, np.memmap) and (found.take(np.array([4, 2])).clean == CLEAN[[4, 2]]).all()
    values, order = DRAWS.normal(size=30).astype(np.float32), DRAWS.permutation(30)
    kinds = np.array(["a", "b", "c"] * 10)
    noisy = pl.DataFrame({"who": [f"p{i}" for i in range(30)], "v": values + 1, "kind": kinds})
    clean = pl.DataFrame({"extra": 1.0, "v": values[order], "kind": kinds[order], "who": [f"p{i}" for i in order]})
    noisy.write_csv(tmp_path / "noisy.csv")
    clean.write_csv(tmp_path / "clean.csv")
    for paired in (
        load_data(tmp_path / "noisy.csv", clean=tmp_path / "clean.csv", id="who"),
        load_data(noisy, clean=clean, id="who"),
    ):
        np.testing.assert_allclose(paired.clean[:, 0], values, rtol=1e-6)
        assert (paired.clean[:, 1] == paired.x[:, 1]).all()


def test_coloured_noise_on_grey_pictures(tmp_path):
    coloured = np.stack([NOISY, CLEAN, CLEAN], axis=-1)
    found = load_data(write(tmp_path / "noisy", coloured), clean=write(tmp_path / "clean", CLEAN))
    assert found.clean.shape == found.x.shape == (30, 8, 8, 3) and (found.clean == found.clean[..., :1]).all()


@pytest.mark.parametrize(
    ("clean", "told"),
    [
        (CLEAN[:20], r"expected a clean partner for each of the 30 .* none for 10, the first '20', '21', '22'\.$"),
        (np.r_[CLEAN, CLEAN[:1]], r"noisy example for each of the 31 clean .* Found none for 1, the first '30'\.$"),
        (
            np.pad(CLEAN, ((0, 0), (0, 2), (0, 2))),
            r"clean examples of shape \(8, 8\), .* Found \(10, 10\); size brings",
        ),
    ],
)
def test_pictures_that_do_not_pair_are_named(tmp_path, clean, told):
    with pytest.raises(DataError, match=told):
        load_data(write(tmp_path / "noisy", NOISY), clean=write(tmp_path / "clean", clean))


def test_pictures_of_other_proportions_do_not_pair(tmp_path):
    large = np.repeat(np.repeat(NOISY, 10, 1), 10, 2)
    wide = np.repeat(np.repeat(CLEAN, 20, 1), 25, 2)
    noisy = write(tmp_path / "noisy", large)
    with pytest.raises(DataError, match=r"proportions of their partners .* for 30, the first .*: 80 x 80 and 160"):
        load_data(noisy, clean=write(tmp_path / "wide", wide))
    twice = np.repeat(np.repeat(CLEAN, 20, 1), 20, 2)
    assert load_data(noisy, clean=write(tmp_path / "twice", twice)).clean.shape == (30, 64, 64)


def test_what_cannot_pair_is_refused_in_a_line(tmp_path):
    with pytest.raises(DataError, match=r"expected 30 clean examples, which pair .* row by row\. Found 29\."):
        load_data(NOISY, clean=CLEAN[:29])
    with pytest.raises(DataError, match=r"clean examples of dtype uint8, as array has\. Found float32; save both"):
        load_data(NOISY, clean=CLEAN / np.float32(255))
    with pytest.raises(DataError, match=r"nowhere: expected the clean partners of array for clean\. Found none there"):
        load_data(NOISY, clean=tmp_path / "nowhere")
    frame = pl.DataFrame({"v": np.arange(30.0), "kind": ["a", "b"] * 15})
    with pytest.raises(DataError, match=r"names that frame has\. Found others in column kind \('z'\); a model"):
        load_data(frame, clean=frame.with_columns(kind=pl.Series(["z", *["a"] * 29])))
    broken = write(tmp_path / "clean", CLEAN)
    (broken / "7.png").write_bytes(b"no picture")
    with pytest.raises(DataError, match=r"none for 1, the first '7', which cannot be read \(no picture in PNG"):
        load_data(write(tmp_path / "noisy", NOISY), clean=broken)


def test_only_a_model_that_denoises_takes_pairs(capsys, tmp_path):
    with pytest.raises(ParameterError, match=r"^clean does not go with model vae: only one that denoises"):
        gargalo.train(NOISY, "vae", clean=CLEAN, progress=False)
    with pytest.raises(ParameterError, match="noise must be another, for examples without clean partners"):
        gargalo.train(NOISY, "denoising", noise="none", progress=False)
    np.save(tmp_path / "noisy.npy", NOISY)
    assert cli.run(["train", str(tmp_path / "noisy.npy"), "--clean", str(tmp_path / "noisy.npy")]) == 2
    assert "gargalo: --clean does not go with model autoencoder" in capsys.readouterr().err


def test_no_noise_is_added_unless_it_is_asked_for():
    spec = load_data(NOISY, clean=CLEAN).spec
    assert make(spec, "denoising").options["noise"] == "none"
    assert make(spec, "denoising", choices={"noise": "masking", "strength": 0.1}).options["noise"] == "masking"
    assert make(spec, "denoising", choices={"strength": 0.1}).options["noise"] == "gaussian"
    assert make(load_data(NOISY).spec, "denoising").options["noise"] == "gaussian"


def test_the_loss_is_that_of_the_clean_partner():
    dataset = load_data(NOISY, clean=CLEAN)
    codec, model = build(make(dataset.spec, "denoising"), dataset.x)
    x, clean = (codec(torch.from_numpy(part)) for part in (NOISY, CLEAN))
    model.eval()
    found = model.loss(Batch(x, clean=clean))
    back = model.reconstruct(x)
    wanted = torch.nn.functional.binary_cross_entropy(back, clean, reduction="none").flatten(1).sum(1).mean()
    torch.testing.assert_close(found.total, wanted, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(found.notes["mse"], (back - clean).square().mean())


@pytest.mark.parametrize("most_resident", [None, 0])
def test_a_batch_holds_the_partners_of_its_rows(tmp_path, most_resident):
    np.save(tmp_path / "noisy.npy", NOISY)
    np.save(tmp_path / "clean.npy", CLEAN)
    dataset = load_data(tmp_path / "noisy.npy", clean=tmp_path / "clean.npy")
    codec, _ = build(make(dataset.spec, "denoising"), dataset.x, np.arange(30))
    rows = np.array([3, 5, 8, 13])
    data = as_data(dataset, rows, most_resident).to(torch.device("cpu"))
    assert (data.rows is None) == (most_resident is None)
    batch = data.batch(codec, torch.tensor([2, 0]))
    np.testing.assert_allclose(batch.x[:, 0].numpy(), NOISY[[8, 3]] / 255, rtol=1e-6)
    np.testing.assert_allclose(batch.target[:, 0].numpy(), CLEAN[[8, 3]] / 255, rtol=1e-6)
    alone = memory(TrainingJob(make(load_data(NOISY).spec, "denoising"), load_data(NOISY)))
    both = memory(TrainingJob(make(dataset.spec, "denoising"), dataset))
    assert both["data"] == 2 * alone["data"]


def test_what_is_missing_among_the_clean_is_not_learned():
    draws = np.random.default_rng(0)
    clean = pl.DataFrame({name: draws.normal(size=40) for name in "abc"})
    noisy = clean.with_columns(a=pl.col("a") + 1)
    gap = clean.with_columns(b=pl.when(pl.int_range(40) == 3).then(None).otherwise("b"))
    dataset = load_data(noisy, clean=gap, impute="median")
    assert np.isnan(dataset.clean[3]).tolist() == [False, True, False] and not np.isnan(dataset.x).any()
    codec, _ = build(make(dataset.spec, "denoising"), dataset.x)
    batch = as_data(dataset, np.arange(40)).batch(codec, torch.tensor([3]))
    assert batch.mask is not None and batch.mask[0].tolist() == [True, False, True]
    model = gargalo.train(noisy, "denoising", clean=gap, impute="median", epochs=1, in_memory=True, progress=False)
    assert np.isfinite(gargalo.evaluate(model, dataset)["test_mse"])


def test_pca_beside_it_finds_the_clean_from_the_noisy():
    draws = np.random.default_rng(0)
    clean = draws.normal(size=(200, 6)).astype(np.float32)
    noisy = 3 * clean[:, ::-1] + 1  # undone by a linear map
    found = pca_baseline(noisy[:150], noisy[150:], 6, clean[:150])
    np.testing.assert_allclose(found.back, clean[150:], atol=1e-4)
    assert np.square(pca_baseline(noisy[:150], noisy[150:], 6).back - clean[150:]).mean() > 1
    few = pca_baseline(noisy[:150], noisy[150:], 2, clean[:150])
    by_hand = np.linalg.lstsq(np.c_[few.z_train, np.ones(150)], clean[:150], rcond=None)[0]
    np.testing.assert_allclose(few.back, np.c_[few.z_test, np.ones(50)] @ by_hand, atol=1e-4)


def test_it_learns_to_undo_a_noise_of_ones_own(run):
    noisy, clean = blocks()
    assert run.recipe.data.paired and run.recipe.options["noise"] == "none"
    rows = load_data(noisy, clean=clean).rows("test")
    unit = [part[rows] / np.float32(255) for part in (noisy, clean, run.denoise(noisy))]
    nothing, mse = (float(np.square(part - unit[1]).mean()) for part in (unit[0], unit[2]))
    assert mse < 0.3 * nothing
    assert run.metrics["mse_noisy"] == pytest.approx(nothing, rel=1e-4)
    assert run.metrics["test_mse"] == pytest.approx(mse, rel=0.02)  # rounded to bytes
    assert run.metrics["psnr_denoised"] > run.metrics["psnr_noisy"] + 5
    assert run.metrics["mse_minus_pca"] == pytest.approx(run.metrics["test_mse"] - run.metrics["pca_mse"], abs=1e-6)
    assert (run.examples.clean == clean[np.array(run.examples.ids, int)]).all()
    with pytest.raises(ParameterError, match="expected a model that was trained on added noise"):
        run.corrupt(noisy)


def test_evaluating_it_again_needs_the_partners(run):
    noisy, clean = blocks()
    assert gargalo.evaluate(run, noisy, clean=clean)["test_mse"] == run.metrics["test_mse"]
    with pytest.raises(DataError, match=r"expected clean partners too, since .* trained on pairs\. Found none"):
        gargalo.evaluate(run, noisy)


def test_an_unpaired_run_is_measured_as_it_was(digits):
    model = gargalo.train(digits, "denoising", epochs=1, in_memory=True, progress=False)
    arrays = Arrays(model, digits)
    assert arrays.target is arrays.x_test and arrays.clean is None
    assert "mse_noisy" not in gargalo.evaluate(model, digits)


def test_report_and_explorer_show_the_pairs(run, tmp_path):
    page = gargalo.report(run, tmp_path / "report.html", "en").read_text(encoding="utf-8")
    assert "is trained on pairs" in page and "which is what doing nothing leaves" in page and "--add-noise" not in page
    assert "trained on examples corrupted" not in page and not (tmp_path / "figures" / "8-psnr.png").exists()
    assert "treinado com pares" in gargalo.report(run, tmp_path / "pt.html", "pt").read_text(encoding="utf-8")
    site = gargalo.publish(run, tmp_path / "site", progress=False).folder
    [published] = json.loads((site / "data" / "site.json").read_text())["runs"]
    assert published["noise"] is None
    shown = choose([run], None, None)
    assert shown.clean is not None and (shown.clean == run.examples.clean).all()
    error = np.fromfile(site / published["error"]["file"], "<f4")
    assert error.mean() == pytest.approx(run.metrics["test_mse"], rel=1e-3)


def test_from_the_command_line_and_on_from_where_it_stopped(tmp_path, monkeypatch, capsys):
    noisy, clean = blocks(60)
    write(tmp_path / "noisy", noisy)
    write(tmp_path / "clean", clean)
    monkeypatch.chdir(tmp_path)
    assert cli.run(["inspect", "noisy", "--clean", "clean"]) == 0
    told = capsys.readouterr().out
    assert "60 examples, each with its clean partner in clean" in told
    assert "gargalo train noisy --model denoising --clean clean" in told
    with pytest.raises(Stopped):
        gargalo.train("noisy", "denoising", clean="clean", epochs=2, out="stopped", save_every=0, progress=StopAfter(1))
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert cli.run(["resume", "../stopped"]) == 0
    assert "mse_noisy" in capsys.readouterr().out
    assert cli.run(["denoise", "../stopped", "../noisy", "-o", "back"]) == 0
    assert len(list(Path("back").glob("*.png"))) == 60
    run = gargalo.open_run("../stopped")
    gargalo.report(run, "report.html", "en")
    assert str(tmp_path) not in Path("report.html").read_text(encoding="utf-8")


def test_copies_of_a_clean_picture_are_told_of():
    noisy = as_dataset(DRAWS.integers(0, 256, (30, 8, 8), np.uint8), split=np.array([0, 2] * 15))
    same = np.repeat(CLEAN[:15], 2, axis=0)
    found = gargalo.inspect(load_data(noisy, clean=as_dataset(same, split=noisy.split)))
    assert {"key": "leak", "n": 15} in found["warnings"]
