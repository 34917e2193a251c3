"""A folder of pictures: what is read, what is skipped, what is kept in the cache."""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import struct
import subprocess
import sys
import time
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gargalo.data import load_data
from gargalo.data.readers import Request, folder
from gargalo.data.readers.decoding import Decoder
from gargalo.data.readers.pictures import images
from gargalo.errors import DataError, GargaloError, ParameterError
from gargalo.io import cache
from gargalo.io.cache import clear_cache

RNG = np.random.default_rng(0)
GREY = RNG.integers(0, 256, (12, 16), np.uint8)
NO_PICTURE = "no picture in PNG, JPEG, GIF, BMP or WebP"
COLOUR = RNG.integers(0, 256, (12, 16, 3), np.uint8)


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory, monkeypatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))


def png(path: Path, pixels: np.ndarray = GREY, **more) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, **more)
    return path


def some(root: Path, n: int = 12, labels: tuple[str, ...] = ("a", "b")) -> Path:
    """`n` different pictures for each label."""
    for label in labels:
        for i in range(n):
            pixels = np.random.default_rng([i, *label.encode()]).integers(0, 256, GREY.shape, np.uint8)
            png(root / label / f"{i}.png", pixels)
    return root


def bomb(side: int) -> bytes:
    """A PNG whose header announces side x side pixels, and that has none."""
    body = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    chunk = b"IHDR" + body
    head = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))
    return head + struct.pack(">I", 9) + b"IDAT"


def test_pictures_of_other_kinds_are_named_where_there_are_no_others(tmp_path):
    for name in ("a.heic", "b.HEIC", "c.svg", "notes.txt"):
        (tmp_path / name).write_bytes(b"anything")
    with pytest.raises(DataError, match=r"but 2 \.heic, 1 \.svg: convert these to PNG or JPEG"):
        load_data(tmp_path)


def read(path: Path, shape: tuple[int, ...], fit: str) -> tuple[np.ndarray, list[str]]:
    """The pixels of a picture, and what had to be done for them."""
    pixels, did = images.decode(path, images.Wanted(shape, fit))
    return np.frombuffer(pixels, np.uint8).reshape(shape), did


def skipped(path: Path) -> str:
    """Why a picture cannot be used."""
    with pytest.raises(images.UnreadableError) as caught:
        read(path, GREY.shape, "crop")
    return str(caught.value)


# What a folder says


def test_labels_come_from_sub_folders(tmp_path):
    source = load_data(some(tmp_path / "birds"))
    assert source.name == "birds"
    assert source.class_names == ("a", "b")
    assert source.x.shape == (24, 12, 16)
    assert source.x.dtype == np.uint8
    assert list(source.ids[:3]) == ["a/0.png", "a/1.png", "a/2.png"]
    assert source.ids[11] == "a/11.png"  # as people count, not as letters sort
    np.testing.assert_array_equal(source.x[3], np.asarray(Image.open(tmp_path / "birds/a/3.png")))
    counts = [np.bincount(source.y[source.rows(part)]) for part in ("train", "validation", "test")]
    assert [c.tolist() for c in counts] == [[8, 8], [2, 2], [2, 2]]
    assert source.notes == ()


def test_parts_come_from_folders(tmp_path):
    for part, n in (("train", 9), ("validation", 3), ("test", 4)):
        some(tmp_path / part, n)
    source = load_data(tmp_path)
    assert source.spec.counts == {"train": 18, "validation": 6, "test": 8}
    assert source.class_names == ("a", "b")
    png(tmp_path / "loose.png")
    with pytest.raises(DataError, match=r"expected every picture under test or train or validation\. Found loose\.png"):
        load_data(tmp_path)


def test_pictures_beside_sub_folders_have_no_labels(tmp_path):
    some(tmp_path)
    png(tmp_path / "one.png")
    source = load_data(tmp_path)
    assert source.y is None
    assert [(n.key, n.count) for n in source.notes if n.key == "loose"] == [("loose", 1)]
    assert load_data(some(tmp_path / "flat", labels=("a",)) / "a").y is None


def test_hidden_files_and_other_files_are_left_aside(tmp_path):
    some(tmp_path)
    png(tmp_path / ".ipynb_checkpoints" / "x.png")
    png(tmp_path / "a" / "._1.png")
    png(tmp_path / "__MACOSX" / "a" / "1.png")
    (tmp_path / "README.txt").write_text("about birds")
    source = load_data(tmp_path)
    assert len(source) == 24
    assert [(n.key, n.count) for n in source.notes] == [("other_files", 1)]


def test_a_loop_of_links_is_not_followed(tmp_path):
    some(tmp_path)
    (tmp_path / "a" / "loop").symlink_to(tmp_path)
    (tmp_path / "b" / "nowhere").symlink_to(tmp_path / "gone")
    assert len(load_data(tmp_path)) == 24


def test_empty_folders_are_named(tmp_path):
    (tmp_path / "none").mkdir()
    with pytest.raises(DataError, match=r"none: expected pictures \(\.png, \.jpg, .*Found none"):
        load_data(tmp_path / "none")
    some(tmp_path)
    source = load_data(tmp_path)  # it can be looked at
    with pytest.raises(DataError, match=r"none: expected pictures in this sub-folder\. Found none; fill or"):
        source.check_trainable()


# One picture


def test_a_grey_png_comes_back_exactly(tmp_path):
    pixels, did = read(png(tmp_path / "a.png"), GREY.shape, "crop")
    np.testing.assert_array_equal(pixels, GREY)
    assert did == []


def test_each_kind_is_converted_by_its_rule(tmp_path):
    wanted = GREY.shape

    def saved(name: str, image: Image.Image, shape: tuple[int, ...] = wanted, **more):
        image.save(tmp_path / name, **more)
        return read(tmp_path / name, shape, "crop")

    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held upright
    turned, did = saved("turned.png", Image.fromarray(np.rot90(GREY).copy()), exif=exif)
    np.testing.assert_array_equal(turned, GREY)
    assert did == ["turned"]

    deep, did = saved("deep.png", Image.fromarray(GREY.astype(np.uint16) * 257))
    np.testing.assert_array_equal(deep, GREY)
    assert did == ["deep"]

    palette = Image.fromarray(COLOUR).quantize(16)
    shown, did = saved("palette.png", palette, COLOUR.shape)
    np.testing.assert_array_equal(shown, np.asarray(palette.convert("RGB")))
    assert did == ["palette"]

    clear = np.zeros((*GREY.shape, 4), np.uint8)
    clear[:, :8] = (255, 0, 0, 255)
    laid, did = saved("clear.png", Image.fromarray(clear), COLOUR.shape)
    assert laid[0, 0].tolist() == [255, 0, 0]
    assert laid[0, 15].tolist() == [255, 255, 255]
    assert did == ["transparent"]

    cmyk = Image.fromarray(COLOUR).convert("CMYK")
    print_, did = saved("print.tif", cmyk, COLOUR.shape)
    np.testing.assert_array_equal(print_, np.asarray(cmyk.convert("RGB")))
    assert did == ["cmyk"]

    frames = [Image.fromarray(np.full(GREY.shape, v, np.uint8)) for v in (10, 200)]
    first, did = saved("film.gif", frames[0], save_all=True, append_images=frames[1:])
    assert (first == 10).all()
    assert "animated" in did

    _, did = saved("colour.png", Image.fromarray(COLOUR))
    assert did == ["greyed"]
    _, did = saved("large.png", Image.fromarray(np.tile(GREY, (3, 3))))
    assert did == ["resized"]
    Image.fromarray(GREY).save(tmp_path / "really.jpg", format="png")
    exact, did = read(tmp_path / "really.jpg", wanted, "crop")
    np.testing.assert_array_equal(exact, GREY)
    assert did == ["misnamed"]


@pytest.mark.parametrize(
    ("fit", "corner", "middle"),
    [("crop", 100, 100), ("pad", 0, 100), ("stretch", 100, 100)],
)
def test_another_shape_is_cut_padded_or_stretched(tmp_path, fit, corner, middle):
    wide = np.full((20, 60), 100, np.uint8)
    wide[:, 50:] = 250
    pixels, _ = read(png(tmp_path / "wide.png", wide), (20, 20), fit)
    assert pixels[0, 0] == corner
    assert pixels[10, 10] == middle
    # Cut, the bright end is gone; else it is still there.
    assert (pixels.max() > 200) == (fit != "crop")


@pytest.mark.filterwarnings("ignore")  # PIL's own word about large pictures
def test_files_that_are_no_pictures_are_skipped(tmp_path):
    (tmp_path / "empty.png").write_bytes(b"")
    assert skipped(tmp_path / "empty.png") == "empty file"
    (tmp_path / "script.png").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n/run {(rm) system} def\n")
    assert skipped(tmp_path / "script.png") == "EPS, which is never read"
    png(tmp_path / "scan.tif")
    (tmp_path / "scan.tif").rename(tmp_path / "scan.png")
    assert skipped(tmp_path / "scan.png") == "TIFF under the name .png"
    (tmp_path / "text.jpg").write_text("<svg/>")
    assert skipped(tmp_path / "text.jpg") == NO_PICTURE
    # More than PIL itself believes, and less.
    (tmp_path / "bomb.png").write_bytes(bomb(50_000))
    assert "2500000000 pixels" in skipped(tmp_path / "bomb.png")
    (tmp_path / "bomb.png").write_bytes(bomb(12_000))
    assert "12000 x 12000 pixels, more than 100,000,000" in skipped(tmp_path / "bomb.png")
    Image.fromarray(GREY.astype(np.float32)).save(tmp_path / "float.tif")
    assert skipped(tmp_path / "float.tif").startswith("floats")


@pytest.mark.parametrize("kind", ["png", "jpeg", "gif", "webp", "bmp"])
def test_a_truncated_picture_is_skipped_or_whole(tmp_path, kind):
    saved = io.BytesIO()
    Image.fromarray(COLOUR).save(saved, kind)
    whole = saved.getvalue()
    path = tmp_path / f"cut.{kind}"
    path.write_bytes(whole)
    good, _ = read(path, COLOUR.shape, "crop")
    for length in range(0, len(whole), max(1, len(whole) // 40)):
        path.write_bytes(whole[:length])
        try:
            np.testing.assert_array_equal(read(path, COLOUR.shape, "crop")[0], good)
        except images.UnreadableError as error:
            assert "\n" not in str(error)


@pytest.mark.long
@pytest.mark.parametrize("kind", ["png", "jpeg", "gif", "webp", "bmp", "tiff", "ppm"])
def test_no_flipped_byte_of_a_picture_crashes(tmp_path, kind):
    saved = io.BytesIO()
    Image.fromarray(COLOUR).save(saved, kind)
    whole, path = saved.getvalue(), tmp_path / f"flip.{'ppm' if kind == 'ppm' else kind}"
    for _ in range(5000):
        content = bytearray(whole)
        for at in RNG.integers(0, len(whole), RNG.integers(1, 5)):
            content[at] ^= RNG.integers(1, 256)
        path.write_bytes(content)
        with contextlib.suppress(images.UnreadableError):
            assert read(path, COLOUR.shape, "crop")[0].shape == COLOUR.shape


# Many


def test_broken_files_are_skipped_and_listed(tmp_path, say):
    some(tmp_path / "in", 30)
    (tmp_path / "in" / "a" / "7.png").write_bytes(b"not a picture")
    source = load_data(tmp_path / "in")
    assert len(source) == 59
    assert source.skipped == (("a/7.png", "no picture in PNG, JPEG, GIF, BMP or WebP"),)
    assert "a/7.png" not in list(source.ids)
    row = list(source.ids).index("b/0.png")
    np.testing.assert_array_equal(source.x[row], np.asarray(Image.open(tmp_path / "in/b/0.png")))
    assert say("train", tmp_path / "in", "--epochs", 1, "--out", tmp_path / "run")[0] == 0
    assert (
        tmp_path / "run" / "skipped.csv"
    ).read_text() == 'path,reason\na/7.png,"no picture in PNG, JPEG, GIF, BMP or WebP"\n'


def test_more_than_a_twentieth_broken_is_refused(tmp_path):
    some(tmp_path, 10)
    for i in range(2):
        (tmp_path / "a" / f"{i}.png").write_bytes(b"")
    with pytest.raises(DataError, match=r"at most 5% .* Found 10%, the first a/0\.png \(empty file\); gargalo"):
        load_data(tmp_path).check_trainable()


def test_pictures_of_several_sizes_get_one(tmp_path):
    some(tmp_path)
    png(tmp_path / "a" / "large.png", np.tile(GREY, (9, 9)))
    source = load_data(tmp_path)
    assert source.x.shape == (25, 64, 64)
    assert [(n.key, n.count) for n in source.notes] == [("resized", 25)]
    assert load_data(tmp_path, size=20).x.shape == (25, 20, 20)
    assert load_data(tmp_path, size=(10, 14), color="rgb").x.shape == (25, 10, 14, 3)
    with pytest.raises(ParameterError, match="size"):
        load_data(tmp_path, size=0)
    with pytest.raises(ParameterError, match="fit"):
        load_data(tmp_path, fit="squash")


def test_colour_is_kept_where_there_is_some(tmp_path):
    some(tmp_path)
    # Grey pictures that are saved as RGB are grey all the same.
    for path in (tmp_path / "b").iterdir():
        Image.open(path).convert("RGB").save(path)
    assert load_data(tmp_path).x.shape == (24, 12, 16)
    png(tmp_path / "a" / "0.png", COLOUR)
    assert load_data(tmp_path).x.shape == (24, 12, 16, 3)
    assert load_data(tmp_path, color="grey").x.shape == (24, 12, 16)


def test_few_examples_and_labels_never_crash(tmp_path):
    for n in (1, 2, 3):
        root = some(tmp_path / str(n), n, labels=tuple("abcdefghijkl"))
        source = load_data(root)
        assert len(source) == 12 * n
        assert {int(code) for code in source.split} == {0, 1, 2}


def never(*_):
    pytest.fail("decoded")


def test_what_was_decoded_is_not_decoded_again(tmp_path):
    some(tmp_path)
    before = load_data(tmp_path)
    again = folder.read_folder(tmp_path, Request(), Decoder(decode_range=never))
    assert isinstance(again.x, np.memmap)
    assert again.fingerprint == before.fingerprint
    png(tmp_path / "a" / "0.png", 255 - GREY)
    changed = load_data(tmp_path)
    np.testing.assert_array_equal(changed.x[0], 255 - GREY)


def test_two_workers_give_what_one_does(tmp_path):
    some(tmp_path, 40)
    (tmp_path / "b" / "3.png").write_bytes(b"")
    one = folder.read_folder(tmp_path, Request(), Decoder(1, at_once=8))
    clear_cache()
    two = folder.read_folder(tmp_path, Request(), Decoder(3, at_once=8))
    assert one.fingerprint == two.fingerprint
    assert one.skipped == two.skipped


def test_a_worker_that_dies_is_told_of(tmp_path):
    some(tmp_path, 40)
    dead = tmp_path / "dead.py"
    dead.write_text("import sys; sys.stdin.readline(); sys.stdin.readline()")
    slowly = Decoder(
        2, at_once=8, program=str(dead), decode_range=lambda *a: time.sleep(0.2) or images.decode_range(*a)
    )
    with pytest.raises(DataError, match="The process that did it died"):
        folder.read_folder(tmp_path, Request(), slowly)


def test_a_kill_in_the_middle_goes_on_where_it_was(tmp_path):
    some(tmp_path / "in", 40)
    code = (
        "import sys, time; from pathlib import Path\n"
        "from gargalo.data.readers import Request, folder; from gargalo.data.readers.decoding import Decoder\n"
        "from gargalo.data.readers.pictures import images\n"
        "def slow(*a):\n"
        "    time.sleep(0.1 * len(sys.argv[2:])); print(a[4][0], flush=True); return images.decode_range(*a)\n"
        "decoder = Decoder(1, at_once=8, pause=0, decode_range=slow)\n"
        "print(folder.read_folder(Path(sys.argv[1]), Request(), decoder).fingerprint)"
    )
    process = subprocess.Popen([sys.executable, "-c", code, tmp_path / "in", "slowly"], stdout=subprocess.PIPE)
    assert process.stdout
    for _ in range(4):
        process.stdout.readline()
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    out = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "in"], capture_output=True, text=True, check=True
    ).stdout
    *starts, fingerprint = out.split()
    assert 0 < len(starts) < 10 - 2
    clear_cache()
    assert fingerprint == load_data(tmp_path / "in").fingerprint


def test_the_cache_has_a_limit_and_can_be_cleared(tmp_path, monkeypatch, say):
    first, second = some(tmp_path / "first"), some(tmp_path / "second", 13)
    load_data(first)

    def kept() -> list[int]:
        """How many pictures each entry of the cache has."""
        files = cache.place("pictures").glob("*/pixels.npy")
        return [len(np.load(file, mmap_mode="r")) for file in files]

    assert kept() == [24]
    monkeypatch.setenv("GARGALO_CACHE_GB", "0.000012")  # one of them
    load_data(second)
    assert kept() == [26], "what was used longest ago is gone"
    monkeypatch.setenv("GARGALO_CACHE_GB", "0.000001")
    with pytest.raises(DataError, match=r"at most 1e-06 GB\. Found .* GB of decoded pictures; choose a smaller size"):
        load_data(first)
    monkeypatch.setenv("GARGALO_CACHE_GB", "much")
    with pytest.raises(GargaloError, match="GARGALO_CACHE_GB: expected a number of at least 0"):
        load_data(first)
    monkeypatch.delenv("GARGALO_CACHE_GB")
    load_data(first)
    status, out, _ = say("cache", "clear", "--json")
    assert status == 0
    assert json.loads(out)["freed"] > 4000
    assert kept() == []


def test_a_damaged_entry_of_the_cache_is_made_anew(tmp_path):
    before = load_data(some(tmp_path / "in")).fingerprint
    (entry,) = cache.place("pictures").iterdir()
    for name, content in (("pixels.npy", b""), ("index.json", b"{"), ("pixels.npy", None)):
        if content is None:
            (entry / name).unlink()
        else:
            (entry / name).write_bytes(content)
        assert load_data(tmp_path / "in").fingerprint == before


def test_an_entry_that_another_process_holds_is_left_alone(tmp_path):
    from filelock import FileLock

    load_data(some(tmp_path / "in"))
    (entry,) = cache.place("pictures").iterdir()
    with FileLock(entry / ".lock"):
        clear_cache()
        assert (entry / "pixels.npy").is_file()
    clear_cache()
    assert not (entry / "pixels.npy").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere names are text")
def test_names_that_are_no_text_are_read_and_shown(tmp_path, say):
    some(tmp_path / "in")
    (tmp_path / "in" / "a" / "0.png").rename(tmp_path / "in" / "a" / os.fsdecode(b"caf\xe9.png"))
    source = load_data(tmp_path / "in")
    assert "a/caf\\udce9.png" in source.ids
    assert say("inspect", tmp_path / "in", "--json")[0] == 0


@pytest.mark.parametrize("n", [1, 2, 3])
def test_one_label_and_few_pictures_in_all(tmp_path, n):
    source = load_data(some(tmp_path, n, labels=("a",)))
    assert len(source) == n
    with pytest.raises(DataError, match="at least 10 examples"):
        source.check_trainable()
