"""Pictures of more kinds: real values, 16 bits, masks, any number of channels, volumes."""

from __future__ import annotations

import json
import warnings

import numpy as np
import onnx
import pytest
import torch
from onnx.reference import ReferenceEvaluator
from PIL import Image

import gargalo
from gargalo import explorer, recipes, training
from gargalo.cli.output import write_examples
from gargalo.data import as_dataset, load_data
from gargalo.errors import DataError, GargaloWarning
from gargalo.explorer.scaled import PageCodec
from gargalo.export import export
from gargalo.io.images import as_bytes
from gargalo.lang import words
from gargalo.recipes import Recipe
from gargalo.reports.contact_sheet import contact_sheet
from gargalo.runs.original_data import original_data

RNG = np.random.default_rng(0)
QUICK = {"epochs": 1, "widths": (8,), "init": "kaiming"}


def spectrograms(n: int = 40, h: int = 9, w: int = 12) -> np.ndarray:
    """A ridge in dB, from -80 to nearly 0, at another height in each."""
    rows = np.arange(h)[:, None] - RNG.uniform(0, h, (n, 1, 1))
    return np.broadcast_to(-80 + 79.5 * np.exp(-(rows**2) / 4), (n, h, w)).astype(np.float32)


def fitted_codec(dataset):
    train = dataset.x[dataset.rows("train")]
    return dataset.spec.modality.codec(dataset.spec).fit(lambda: iter([train[:5], train[5:]])), train


CASES = {
    "dB": spectrograms(),
    "signed": RNG.uniform(-1, 1, (40, 6, 5)),
    "float64 of 0 to 255": RNG.integers(0, 256, (40, 6, 5)).astype(np.float64),
    "uint16": RNG.integers(900, 4096, (40, 6, 5)).astype(np.uint16),
    "big-endian uint16": RNG.integers(0, 65536, (40, 6, 5)).astype(">u2"),
    "int16": RNG.integers(-1000, 3000, (40, 6, 5)).astype(np.int16),
    "int64": RNG.integers(-1000, 3000, (40, 6, 5)),
    "channels": RNG.uniform([0, -5, 100], [1, 5, 200], (40, 6, 5, 3)),
}
KEPT = {"uint16": np.uint16, "big-endian uint16": np.uint16, "int16": np.int16}


@pytest.mark.parametrize("name", CASES)
def test_pictures_of_other_values_are_scaled_by_training_and_come_back(name):
    raw, dtype = CASES[name], KEPT.get(name, np.float32)
    dataset = as_dataset(raw)
    assert dataset.kind == "image"
    np.testing.assert_array_equal(dataset.x, raw.astype(dtype), strict=True)
    codec, train = fitted_codec(dataset)
    axes = tuple(range(3))
    np.testing.assert_array_equal(codec.low.ravel(), np.float32(train.min(axes)).ravel())
    np.testing.assert_array_equal(codec.high.ravel(), np.float32(train.max(axes)).ravel())
    x = codec(torch.from_numpy(train))
    assert (x.dtype, x.min().item(), x.max().item()) == (torch.float32, 0, 1)
    assert (x.amax(dim=(0, 2, 3)) == 1).all()
    back = codec.invert(x).numpy()
    if np.issubdtype(dtype, np.integer):
        np.testing.assert_array_equal(back, train, strict=True)
    else:
        assert back.dtype == np.float32
        np.testing.assert_allclose(back, train, atol=1e-6 * np.ptp(train))
    far = codec(torch.from_numpy(np.full_like(train[:1], 32000)))
    assert far.max() <= 1
    for end, extreme in ((-3.0, codec.low), (3.0, codec.high)):  # what a network puts out
        came = codec.invert(torch.full_like(x, end)).numpy()
        np.testing.assert_array_equal(came[0, 0, 0], extreme.numpy().ravel().astype(dtype).squeeze())


def test_what_is_told_of_scaled_pictures():
    raw = spectrograms()
    split = np.repeat([0, 1, 2], [30, 5, 5]).astype(np.uint8)
    raw[38, 0, 0], raw[39, 0, 0] = 7, -99
    notes = {note.key: note for note in as_dataset(raw, split=split).notes}
    assert notes["scaled"].what == "-99 … 7"
    assert notes["clipped"].count == 2
    like = load_data(raw, like=as_dataset(raw).spec)
    assert not {"scaled", "clipped"} & {note.key for note in like.notes}  # it is the others that were trained on
    assert not {"scaled", "clipped", "mask"} & {note.key for note in as_dataset(CASES["signed"] / 2 + 0.5).notes}


@pytest.mark.parametrize("raw", [RNG.integers(0, 255, (40, 6, 5), np.uint8), RNG.random((40, 6, 5), np.float32)])
def test_bytes_and_floats_in_0_1_are_what_they_were(raw):
    dataset = as_dataset(raw)
    codec, train = fitted_codec(dataset)
    assert dataset.spec.ranges is None
    assert codec.state_dict() == {}
    expected = train / np.float32(255) if raw.dtype == np.uint8 else train
    np.testing.assert_array_equal(codec(torch.from_numpy(train))[:, 0].numpy(), expected, strict=True)
    assert codec.look(raw) is raw


@pytest.mark.parametrize("dtype", [bool, np.uint8])
def test_masks_are_black_and_white_and_come_back_as_0_and_1(dtype):
    raw = RNG.integers(0, 2, (40, 6, 5, 2), np.uint8)
    raw[..., 1] = 1  # a channel that never changes is still white
    dataset = load_data(raw.astype(dtype))
    np.testing.assert_array_equal(dataset.x, raw, strict=True)
    assert [note.key for note in dataset.notes if note.key in ("mask", "scaled")] == ["mask"]
    codec, _ = fitted_codec(dataset)
    x = codec(torch.from_numpy(raw))
    np.testing.assert_array_equal(x.numpy(), raw.transpose(0, 3, 1, 2))
    np.testing.assert_array_equal(codec.invert(x * 0.8 + 0.1).numpy(), raw, strict=True)
    np.testing.assert_array_equal(as_bytes(codec.look(raw)), raw[..., 0] * 255)
    assert "flat" not in {warning["key"] for warning in gargalo.inspect(dataset)["warnings"]}


def test_a_mask_model_takes_booleans():
    raw = RNG.integers(0, 2, (40, 6, 5), np.uint8)
    fitted = gargalo.train(raw, out=None, **QUICK)
    np.testing.assert_array_equal(fitted.encode(raw == 1), fitted.encode(raw))
    assert set(np.unique(fitted.reconstruct(raw))) <= {0, 1}
    with pytest.warns(GargaloWarning, match=r"from 0 to 255, where .* on 0 to 1, and are clipped to that"):
        fitted.encode(raw * 255)


@pytest.mark.parametrize("name", ["dB", "uint16", "channels"])
def test_a_run_on_scaled_pictures(name, tmp_path):
    raw = CASES[name]
    run = gargalo.train(raw, "vae", out=tmp_path / "run", **QUICK)
    run = gargalo.open_run(tmp_path / "run")
    back = run.reconstruct(raw)
    assert back.dtype == run.examples.x.dtype == load_data(raw).x.dtype
    assert run.codec.low.min() <= back.min() and back.max() <= run.codec.high.max()
    assert 0 < run.metrics["test_mse"] < 1
    seen = run.look(raw)
    assert seen.min() == 0 and seen.max() == 1 and seen.shape == raw.shape
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run.encode(raw)
        run.encode(raw.astype(np.float64))  # the same in another type
    with pytest.warns(GargaloWarning, match="are clipped to that: are they in the same unit"):
        beyond = run.encode(raw.astype(np.float64) * 3)
    assert np.isfinite(beyond).all()
    files = export(run.fitted, run.examples.x, tmp_path / "onnx")  # compared with PyTorch as they are made
    assert {"encode", "decode", "reconstruct"} == files.keys()


def test_blends_keep_their_type():
    a, b = np.full((2, 2), 10, np.uint16), np.full((2, 2), 61000, np.uint16)
    mixed = gargalo.latent.blend(a, b, 3)
    assert mixed.dtype == np.uint16
    assert mixed[:, 0, 0].tolist() == [10, 30505, 61000]


def test_uint16_is_read_from_a_map_in_any_order(tmp_path):
    x = RNG.integers(0, 65536, (30, 4, 5)).astype(np.uint16)
    np.save(tmp_path / "x.npy", x)
    mapped = load_data(str(tmp_path / "x.npy")).x
    assert isinstance(mapped, np.memmap)
    rows = torch.tensor([7, 2, 29, 2])
    for raw in (mapped, torch.from_numpy(x)):
        taken = training.Data(raw)._take(raw, rows)
        np.testing.assert_array_equal(taken.numpy(), x[rows.numpy()])


def test_ranges_of_a_recipe_fit_its_channels():
    spec = as_dataset(CASES["channels"]).spec
    wrong = spec.model_dump() | {"ranges": spec.ranges[:2]}
    with pytest.raises(ValueError, match="range for each channel"):
        Recipe.model_validate({"model": "vae", "data": wrong})


def test_near_copies_and_sheets_see_scaled_pictures():
    raw = spectrograms(60, 12, 12)
    raw[50] = raw[3] + 0.2
    dataset = as_dataset(raw, split=np.repeat([0, 2], [40, 20]).astype(np.uint8))
    assert gargalo.inspect(dataset)["near_copies"] >= 1
    looked = dataset.look(np.array([0, 1]))
    assert looked.min() >= 0 and looked.max() <= 1 and np.ptp(looked) > 0.9


@pytest.mark.parametrize("channels", [(), (2,), (4,)])
def test_the_page_has_scaled_pictures_in_0_1(channels, tmp_path):
    raw = RNG.integers(900, 4096, (40, 6, 5, *channels)).astype(np.uint16)
    runs = [gargalo.train(raw, "vae", out=tmp_path / name, seed=seed, **QUICK) for seed, name in enumerate("ab")]
    explorer.publish(runs, tmp_path / "site")
    site = json.loads((tmp_path / "site" / "data" / "site.json").read_text())
    page = runs[0].fitted.to_model_space(runs[0].examples.x)
    page = np.moveaxis(page, 1, -1) if channels else page[:, 0]
    # The fourth of four channels would be taken for transparency.
    page = np.pad(page, [(0, 0)] * 3 + [(0, 1)]) if channels == (4,) else page
    assert (site["data"]["dtype"], site["data"]["shape"]) == ("float32", list(page.shape[1:]))
    sheet = Image.open(tmp_path / "site" / site["examples"]["sheets"]["files"][0]["file"])
    assert sheet.mode == ("RGB" if channels == (4,) else "L")
    assert np.abs(np.asarray(sheet, int)[:6, :5] - runs[0].look(runs[0].examples.x[:1])[0] * 255).max() <= 1
    for run, published in zip(runs, site["runs"], strict=True):
        networks = {
            verb: ReferenceEvaluator(onnx.load(tmp_path / "site" / file["file"]))
            for verb, file in published["networks"].items()
        }
        (z,) = networks["encode"].run(None, {"raw": page})
        np.testing.assert_allclose(z, run.encode(run.examples.x), atol=1e-4)
        (back, _) = networks["decode"].run(None, {"z": z})
        assert (back.dtype, back.shape) == (np.float32, page.shape)
        assert back.min() >= 0 and back.max() <= 1
        space = runs[0].fitted.to_model_space(run.decode(z))
        np.testing.assert_allclose(back[..., 0] if channels else back, space[:, 0], atol=1e-3)


@pytest.mark.parametrize(
    ("raw", "suffix", "mode"),
    [
        (CASES["uint16"], ".png", "I;16"),
        (CASES["dB"], ".tiff", "F"),
        (RNG.integers(0, 2, (40, 6, 5), np.uint8), ".png", "L"),
        (RNG.random((40, 6, 5), np.float32), ".png", "L"),
        (CASES["channels"], ".npy", None),
        (CASES["int16"], ".npy", None),
    ],
)
def test_a_folder_of_pictures_holds_their_values(raw, suffix, mode, tmp_path):
    run = gargalo.train(raw, "autoencoder", out=tmp_path / "run", **QUICK)
    back = run.reconstruct(raw)
    write_examples(tmp_path / "out", back, run)
    file = tmp_path / "out" / f"00003{suffix}"
    if mode is None:
        np.testing.assert_array_equal(np.load(file), back[3], strict=True)
        return
    with Image.open(file) as image:
        assert image.mode == mode
        expected = np.rint(back[3] * 255) if raw.dtype == np.float32 and mode == "L" else back[3]
        np.testing.assert_array_equal(np.asarray(image), expected)
    write_examples(tmp_path / "sheet.png", raw[:2], run)
    with Image.open(tmp_path / "sheet.png") as image:
        assert (image.mode, np.asarray(image).max() > 200) == ("L", True)


@pytest.mark.parametrize(("channels", "seen"), [(1, 1), (2, 1), (3, 3), (4, 4), (5, 3), (12, 3)])
def test_any_number_of_channels(channels, seen, tmp_path):
    raw = RNG.integers(0, 256, (40, 16, 15, channels), np.uint8)
    dataset = load_data(raw)
    assert (dataset.kind, dataset.spec.modality.networks(dataset.spec)[0]) == (
        "image",
        "mlp" if channels == 1 else "conv",
    )
    told = [note.count for note in dataset.notes if note.key == "channels"]
    assert told == ([] if channels in (1, 3, 4) else [channels])
    run = gargalo.train(raw, net="conv", widths=(4, 4), epochs=1, out=tmp_path / "run")
    assert run.reconstruct(raw).shape == raw.shape
    expected = raw[..., :seen] if seen > 1 else raw[..., 0]
    np.testing.assert_array_equal(as_bytes(run.look(raw)), expected)
    write_examples(tmp_path / "sheet.png", raw[:3], run)
    write_examples(tmp_path / "folder", raw[:3], run)
    assert {file.suffix for file in (tmp_path / "folder").iterdir()} == {".png" if channels in (1, 3, 4) else ".npy"}


def test_channels_that_differ_between_splits_are_refused_in_a_line(tmp_path):
    np.savez(tmp_path / "x.npz", x_train=np.zeros((9, 4, 4, 3), np.uint8), x_test=np.zeros((9, 4, 4, 2), np.uint8))
    with pytest.raises(DataError, match="expected splits of one shape and dtype"):
        load_data(str(tmp_path / "x.npz"))


def test_reports_and_sheets_of_scaled_pictures(tmp_path):
    raw = spectrograms(60)
    run = gargalo.train(raw, "denoising", latent_dim=2, out=tmp_path / "run", **QUICK)
    gargalo.report([run.folder], out=tmp_path / "report.html")
    assert words("en")("psnr.caption") in (tmp_path / "report.html").read_text()
    assert contact_sheet(load_data(raw), words("en")).startswith(b"\x89PNG")


def saved(folder, arrays, suffix):
    folder.mkdir(parents=True)
    for i, array in enumerate(arrays):
        Image.fromarray(array).save(folder / f"{i:02d}{suffix}")
    return folder


@pytest.mark.parametrize(
    ("raw", "suffix"),
    [(CASES["uint16"], ".png"), (CASES["uint16"], ".tiff"), (CASES["uint16"], ".pgm"), (CASES["dB"], ".tif")],
)
def test_files_keep_16_bits_and_floats(raw, suffix, tmp_path):
    folder = saved(tmp_path / "in", raw, suffix)
    dataset = load_data(str(folder))
    np.testing.assert_array_equal(dataset.x, raw, strict=True)
    run = gargalo.train(str(folder), "autoencoder", out=tmp_path / "run", **QUICK)
    np.testing.assert_array_equal(run.encode(str(folder)), run.encode(raw))
    write_examples(tmp_path / "back", run.reconstruct(str(folder)), run)
    assert load_data(str(tmp_path / "back"), like=run.recipe.data).x.dtype == raw.dtype
    assert load_data(str(folder), workers=2, size=(6, 5)).x.dtype == raw.dtype  # by another process


def test_files_of_several_depths(tmp_path):
    deep, flat = CASES["uint16"] * 13, RNG.integers(0, 256, (40, 6, 5), np.uint8)
    folder = saved(tmp_path / "mixed", [*deep[:20], *flat[:20]], ".png")
    mixed = load_data(str(folder))
    assert (mixed.x.dtype, {note.key: note.count for note in mixed.notes}["deep"]) == (np.uint8, 20)
    np.testing.assert_array_equal(mixed.x[:20], np.rint(deep[:20] / 257).astype(np.uint8))
    bytes_ = load_data(str(saved(tmp_path / "deep", deep, ".png")), depth="8")
    np.testing.assert_array_equal(bytes_.x, np.rint(deep / 257).astype(np.uint8), strict=True)
    kept = load_data(str(folder), depth="16")
    assert len(kept) == 20 and kept.skipped[0][1] == "8 bits, where the others have 16"
    with pytest.raises(DataError, match="at most 5% of the files to be unreadable"):
        kept.check_trainable()
    signed = saved(tmp_path / "signed", CASES["int16"].astype(np.int32), ".tif")
    with pytest.raises(DataError, match="whole numbers beyond 16 bits: depth float keeps them"):
        load_data(str(signed))
    np.testing.assert_array_equal(load_data(str(signed), depth="float").x, CASES["int16"].astype(np.float32))


def test_deep_files_are_turned_and_brought_to_a_size(tmp_path):
    ramp = np.tile(np.linspace(1000, 60000, 16).astype(np.uint16), (12, 1))
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(ramp).save(tmp_path / "turned.png", exif=exif)
    (upright,) = load_data(str(tmp_path), size=(16, 12)).x
    np.testing.assert_array_equal(upright, np.rot90(ramp, -1))
    (small,) = load_data(str(tmp_path), size=(8, 6)).x
    assert small.dtype == np.uint16
    assert (np.diff(small[:, 0].astype(int)) > 5000).all()
    decibels = saved(tmp_path / "dB", [np.linspace(-80, -3, 60, dtype=np.float32).reshape(6, 10)], ".tif")
    (padded,) = load_data(str(decibels), size=(20, 10), fit="pad").x
    assert padded[0, 0] == -80
    assert padded.max() > -10


def test_floats_that_are_none_are_counted(tmp_path):
    arrays = CASES["dB"].copy()
    arrays[7, 2, 3] = np.nan
    folder = str(saved(tmp_path / "in", arrays, ".tif"))
    with pytest.raises(DataError, match="expected finite numbers"):
        load_data(folder)
    assert len(load_data(folder, impute="drop")) == 39


def stacks(n: int = 40, d: int = 5, h: int = 9, w: int = 8, dtype: type = np.uint8) -> np.ndarray:
    """A bright ball at another place in each."""
    z, y, x = np.ogrid[:d, :h, :w]
    at = RNG.uniform(1, [d - 1, h - 1, w - 1], (n, 3))[:, :, None, None, None]
    away = (z - at[:, 0]) ** 2 + (y - at[:, 1]) ** 2 + (x - at[:, 2]) ** 2
    return (250 * np.exp(-away / 6)).astype(dtype)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("channels", [0, 2])
def test_volumes_are_trained_on_and_seen_by_their_middle(dtype, channels, tmp_path):
    raw = stacks(dtype=dtype)
    raw = np.stack([raw] * channels, -1) if channels else raw
    dataset = load_data(raw, kind="volume")
    assert (dataset.kind, load_data(raw, kind="volume").spec.raw_shape) == ("volume", raw.shape[1:])
    for net, model in (("mlp", "vae"), ("conv", "denoising"), ("conv", "vq-vae")):
        choices = {"net": net, "widths": (4, 4) if net == "conv" else (8,), "epochs": 1}
        choices |= {"codebook": 8} if model == "vq-vae" else {}
        run = gargalo.train(raw, model, kind="volume", out=tmp_path / model, **choices)
        assert run.codec.x_shape == (channels or 1, 5, 9, 8)
        back = run.reconstruct(raw)
        assert (back.dtype, back.shape) == (raw.dtype, raw.shape)
        seen = run.look(raw)
        middle = np.float32(raw[:, 2, ..., 0] if channels else raw[:, 2])
        middle = (middle - raw.min()) / np.float32(np.ptp(raw)) if dtype != np.uint8 else middle / np.float32(255)
        assert np.abs(seen - middle).max() < 0.05  # the range is that of the training examples
    assert run.codes(raw).shape == (40, 2, 3, 2)
    sample = gargalo.open_run(tmp_path / "vae").sample(3)
    assert (sample.dtype, sample.shape) == (raw.dtype, (3, *raw.shape[1:]))


def test_the_page_has_scaled_volumes_in_0_1(tmp_path):
    raw = np.stack([stacks(dtype=np.uint16)] * 2, -1)
    run = gargalo.train(raw, "vae", kind="volume", out=tmp_path / "run", **QUICK)
    folder = tmp_path / "site"
    explorer.publish([run], folder)
    site = json.loads((folder / "data" / "site.json").read_text())
    assert (site["data"]["dtype"], tuple(site["data"]["shape"])) == ("float32", raw.shape[1:])
    decoder = ReferenceEvaluator(onnx.load(folder / site["runs"][0]["networks"]["decode"]["file"]))
    decoded = decoder.run(["raw"], {"z": run.latents[:3]})[0]
    assert decoded.shape == (3, *raw.shape[1:])
    expected = np.moveaxis(run.fitted.to_model_space(run.decode(run.latents[:3])), 1, -1)
    np.testing.assert_allclose(decoded, expected, atol=0.01)  # raw values are whole


def test_convolutions_see_all_three_axes():
    spec = load_data(stacks(), kind="volume").spec
    recipe = recipes.make(spec, "autoencoder", None, {"net": "conv", "widths": (4, 4)})
    _, model = recipes.build(recipe, stacks())
    kinds = {type(module) for module in model.modules() if isinstance(module, torch.nn.modules.conv._ConvNd)}
    assert kinds == {torch.nn.Conv3d}
    x = torch.rand(1, 1, 5, 9, 8, requires_grad=True)
    model.encode(x).sum().backward()
    assert all((x.grad.abs().sum(dim=axes) > 0).all() for axes in ((0, 1, 3, 4), (0, 1, 2, 4), (0, 1, 2, 3)))


def test_arrays_of_four_axes_are_volumes_where_it_is_said(tmp_path):
    with pytest.raises(DataError, match="say what they are: kind='volume', or image"):
        load_data(np.zeros((20, 8, 8, 8), np.uint8))
    assert load_data(stacks()[..., None]).kind == "volume"  # five axes can be nothing else
    assert load_data(np.zeros((20, 8, 8, 8), np.uint8), kind="image").kind == "image"
    raw = stacks()
    run = gargalo.train(raw, "autoencoder", kind="volume", out=tmp_path / "run", **QUICK)
    np.save(tmp_path / "x.npy", raw)
    np.testing.assert_array_equal(run.encode(str(tmp_path / "x.npy")), run.encode(raw))
    folder = tmp_path / "site"
    explorer.publish([run], folder)
    shown = json.loads((folder / "data" / "site.json").read_text())["data"]
    assert (shown["kind"], tuple(shown["shape"])) == ("volume", raw.shape[1:])
    gargalo.report([run.folder], out=tmp_path / "report.html")
    assert export(run.fitted, raw, tmp_path / "onnx", ["encode", "decode"]).keys() == {"encode", "decode"}
    assert contact_sheet(load_data(raw, kind="volume"), words("en")).startswith(b"\x89PNG")
    assert gargalo.inspect(load_data(raw, kind="volume"))["columns"] is None


def paged(folder, volumes):
    for i, volume in enumerate(volumes):
        first, *others = [Image.fromarray(page) for page in volume]
        folder.mkdir(parents=True, exist_ok=True)
        first.save(folder / f"{i:02d}.tif", save_all=True, append_images=others)
    return str(folder)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_tiff_files_of_several_pages_are_volumes(dtype, tmp_path):
    raw = stacks(dtype=dtype)
    folder = paged(tmp_path / "in", raw)
    dataset = load_data(folder, kind="volume")
    np.testing.assert_array_equal(dataset.x, raw, strict=True)
    assert load_data(folder).x.shape == (40, 9, 8)  # else they are pictures, each its first page
    run = gargalo.train(folder, "autoencoder", kind="volume", out=tmp_path / "run", **QUICK)
    back = run.reconstruct(folder)
    write_examples(tmp_path / "back", back, run, dataset.ids)
    again = load_data(str(tmp_path / "back"), kind="volume", depth={1: "8", 2: "16", 4: "float"}[back.itemsize])
    np.testing.assert_array_equal(again.x, back, strict=True)
    assert load_data(folder, kind="volume", size=(6, 7), workers=2).x.shape == (40, 5, 6, 7)


def test_stacks_of_other_lengths_and_single_pages(tmp_path):
    folder = paged(tmp_path / "in", [*stacks(20), *stacks(1, d=3)])
    dataset = load_data(folder, kind="volume")
    assert (len(dataset), dataset.skipped) == (20, (("20.tif", "3 pages, where the others have 5"),))
    flat = saved(tmp_path / "flat", stacks()[:, 0], ".tif")
    with pytest.raises(DataError, match="TIFF files of several pages each for kind"):
        load_data(str(flat), kind="volume")


def test_pages_that_lie_are_skipped(tmp_path):
    folder = tmp_path / "in"
    paged(folder, stacks(30))
    file = folder / "07.tif"
    content = bytearray(file.read_bytes())
    widths = [at for at in range(len(content) - 12) if content[at : at + 8] == b"\x00\x01\x04\x00\x01\x00\x00\x00"]
    assert len(widths) == 5
    for tag in (widths[3], widths[3] + 12):  # ImageWidth, and ImageLength after it, of the fourth page
        content[tag + 8 : tag + 12] = (60_000).to_bytes(4, "little")
    file.write_bytes(content)
    huge, loop = file, folder / "08.tif"
    content = bytearray(loop.read_bytes())
    first = int.from_bytes(content[4:8], "little")
    after = first + 2 + 12 * int.from_bytes(content[first : first + 2], "little")
    content[after : after + 4] = first.to_bytes(4, "little")  # the page after the first is the first again
    loop.write_bytes(content)
    skipped = dict(load_data(str(folder), kind="volume").skipped)
    assert skipped.keys() == {huge.name, loop.name}
    assert skipped[huge.name] == "its header announces 60000 x 60000 pixels, more than 100,000,000"
    assert skipped[loop.name] == "1 pages, where the others have 5"


def test_runs_on_files_of_16_bits_that_were_brought_to_8_find_their_data(tmp_path):
    folder = saved(tmp_path / "in", CASES["uint16"] * 13, ".png")
    before = load_data(str(folder), depth="8").spec
    before = before.model_copy(update={"origin": before.origin.model_copy(update={"reading": gargalo.data.Reading()})})
    again = original_data(before)
    assert again.fingerprint == before.fingerprint


def test_shared_scales_of_a_page_are_those_of_the_first_run():
    raw = CASES["uint16"]
    codecs = [as_dataset(raw).spec.modality.codec(as_dataset(raw).spec).fit(lambda n=n: [raw[:n]]) for n in (40, 3)]
    assert codecs[0].high != codecs[1].high
    page = PageCodec(*codecs)
    x = page.laid_out(codecs[0](torch.from_numpy(raw)))
    torch.testing.assert_close(page(x), codecs[1](torch.from_numpy(raw)))
    torch.testing.assert_close(page.invert(page(x[:3])), x[:3])
