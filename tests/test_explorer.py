"""Publishing and serving: what is written, what must not be, and who may ask for it."""

from __future__ import annotations

import hashlib
import http.client
import io
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import urllib.request
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import gargalo
from gargalo import explorer, export
from gargalo.data import as_dataset
from gargalo.errors import GargaloWarning
from gargalo.explorer import application
from gargalo.explorer.sheets import layout, sheets
from gargalo.io.reporter import Reporter
from gargalo.latent import Neighbours
from gargalo.runs.folder import keep

SITE = Path(explorer.__file__).parent / "site"


def read(folder: Path) -> dict:
    return json.loads((folder / "data" / "site.json").read_text(encoding="utf-8"))


def array(folder: Path, ref: dict) -> np.ndarray:
    """An array of a site, once it is seen to be whole."""
    content = (folder / ref["file"]).read_bytes()
    assert len(content) == ref["bytes"]
    assert zlib.crc32(content) == ref["crc32"]
    return np.frombuffer(content, {"float32": "<f4", "uint16": "<u2"}[ref["dtype"]]).reshape(ref["shape"])


def files(content: object) -> list[dict]:
    """Every file that a part of site.json names."""
    if isinstance(content, dict):
        own = [content] if "crc32" in content else []
        return own + [file for part in content.values() for file in files(part)]
    return [file for part in content for file in files(part)] if isinstance(content, list) else []


@pytest.fixture(scope="module")
def site(small_runs, digits, tmp_path_factory):
    """Four runs of all objectives that differ in what they can, on all of their data."""
    out = tmp_path_factory.mktemp("published") / "site"
    return gargalo.publish(small_runs.values(), out, digits, progress=False)


# What is written


def test_every_file_that_is_named_is_there_and_no_other(site):
    content = read(site.folder)
    named = {file["file"] for file in files(content)} | {"data/site.json"}
    there = {path.relative_to(site.folder).as_posix() for path in (site.folder / "data").rglob("*") if path.is_file()}
    assert named == there
    for file in files(content):
        assert zlib.crc32((site.folder / file["file"]).read_bytes()) == file["crc32"]
    page = {path.relative_to(SITE).as_posix() for path in SITE.rglob("*") if path.is_file()}
    assert page <= {path.relative_to(site.folder).as_posix() for path in site.folder.rglob("*")}


def test_arrays_are_those_of_the_runs(site, small_runs, digits):
    content = read(site.folder)
    assert content["examples"]["n"] == content["examples"]["of"] == len(digits)
    assert (array(site.folder, content["examples"]["labels"]) == digits.y).all()
    assert (array(site.folder, content["examples"]["parts"]) == digits.split).all()
    for ref, run in zip(content["runs"], small_runs.values(), strict=True):
        z = run.encode(digits.x)
        assert np.array_equal(array(site.folder, ref["latents"]), z)
        assert ref["near"]["threshold"] == pytest.approx(Neighbours(z).threshold)
        assert array(site.folder, ref["maps"]["tsne"]).shape == (len(digits), 2)
        assert ref["axes"]["center"] == pytest.approx(z.mean(axis=0).tolist(), abs=1e-4)
        assert ("decode" in ref["networks"]) == ("decode" in run.model.can)
        if "error" in ref:
            back = run.reconstruct(digits.x).astype(float)
            expected = (((digits.x - back) / 255) ** 2).reshape(len(digits), -1).mean(axis=1)
            # Those here were rounded to bytes.
            assert array(site.folder, ref["error"]) == pytest.approx(expected, abs=1e-4)


def test_pictures_lie_on_sheets(site, digits):
    ref = read(site.folder)["examples"]["sheets"]
    assert ref["whole"]
    assert len(ref["files"]) == -(-len(digits) // ref["each"])
    for i in (0, 31, 32, 1023, 1024, len(digits) - 1):
        sheet = np.asarray(Image.open(site.folder / ref["files"][i // ref["each"]]["file"]))
        row, column = divmod(i % ref["each"], ref["columns"])
        assert np.array_equal(sheet[28 * row : 28 * (row + 1), 28 * column : 28 * (column + 1)], digits.x[i])


@settings(max_examples=60, deadline=None)
@given(
    n=st.integers(1, 40),
    h=st.integers(1, 90),
    w=st.integers(1, 90),
    channels=st.sampled_from([None, 1, 2, 3, 4]),
    kind=st.sampled_from([np.uint8, np.float32]),
)
def test_pictures_of_any_size_and_colour_fit_on_sheets(n, h, w, channels, kind):
    shape = (n, h, w) + (() if channels is None else (channels,))
    values = np.random.default_rng(0).random(shape).astype(np.float32)
    pictures = values if kind == np.float32 else (values * 255).astype(np.uint8)
    lay = layout(shape[1:])
    assert max(lay["width"], lay["height"]) <= 64
    assert lay["whole"] == (max(h, w) <= 64)
    made = [Image.open(io.BytesIO(png)) for png in sheets(pictures, lay)]
    assert sum(sheet.height // lay["height"] * lay["columns"] for sheet in made) >= n
    assert all(sheet.width == lay["columns"] * lay["width"] for sheet in made)


def test_the_page_itself_is_built_and_carries_the_policy():
    page = (SITE / "index.html").read_text(encoding="utf-8")
    policy = re.search(r'http-equiv="Content-Security-Policy"\s+content="([^"]+)"', page)
    assert policy
    assert policy[1] == application.POLICY
    assert "unsafe-inline" not in application.POLICY
    assert "'unsafe-eval'" not in application.POLICY
    assert not re.search(r"<script(?![^>]* src=)", page), "no script stands in the page itself"
    for target in re.findall(r'(?:src|href)="\./([^"]+)"', page):
        assert (SITE / target).is_file()
    wasm = sum(path.stat().st_size for path in SITE.rglob("*.wasm"))
    assert 10e6 < wasm < 15e6, "one copy of the runtime"


def test_no_path_of_this_machine_is_published(site, small_runs):
    told = {os.fsencode(str(path)) for path in (Path.home(), Path.cwd(), site.folder.parent)}
    told |= {os.fsencode(str(run.folder.parent)) for run in small_runs.values()} - {b"/"}
    for path in (site.folder / "data").rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert [text for text in told if text in content] == [], path
            assert b".py" not in content or path.suffix == ".png", path


def test_ids_that_are_paths_lose_their_folders(small_runs, digits, tmp_path):
    source = as_dataset(digits.x, digits.y, name="digits", split=digits.split)
    object.__setattr__(source, "ids", [f"/home/somebody/{i}.png" for i in range(len(digits))])
    found = gargalo.publish([small_runs["vae"]], tmp_path / "site", source, progress=False)
    ids = json.loads((found.folder / read(found.folder)["examples"]["ids"]["file"]).read_text())
    assert ids[:2] == ["0.png", "1.png"]


def test_without_thumbnails_only_numbers_are_published(small_runs, digits, tmp_path):
    found = gargalo.publish([small_runs["vae"]], tmp_path / "site", digits, thumbnails=False, progress=False)
    content = read(found.folder)["examples"]
    assert not {"sheets", "ids", "rows"} & content.keys()
    assert "pictures" not in found.public
    assert found.public["latents"] == len(digits)
    assert "latents_tell" in found.notes


def test_without_examples_nothing_of_any_example_is_published(small_runs, digits, tmp_path):
    found = gargalo.publish([small_runs["vae"]], tmp_path / "site", digits, examples=False, progress=False)
    content = read(found.folder)
    run = content["runs"][0]
    assert content["examples"] is None
    assert content["reference_classifier"] is None
    assert run["maps"] == {}
    named = {file["file"] for file in files(content)}
    mixture = {f"data/0/mixture-{part}.bin" for part in ("weights", "means", "factors")}
    assert named == {"data/0/encode.onnx", "data/0/decode.onnx"} | mixture
    assert {what: n for what, n in found.public.items() if n} == {"classes": 10, "models": 1}
    assert "names" in found.notes


def test_an_empty_folder_is_filled_and_runs_of_one_name_are_told_apart(small_runs, digits, tmp_path, monkeypatch):
    run = small_runs["vae"]
    twin = tmp_path / "runs" / "vae"
    shutil.copytree(run.folder, twin)
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    found = gargalo.publish([run, twin], ".", digits, examples=False, progress=False)
    assert explorer.is_site(here)
    assert [one["name"] for one in read(found.folder)["runs"]] == ["vae", "vae (2)"]
    assert not [path for path in here.iterdir() if path.name.startswith(".")]


def test_some_points_are_the_test_part_first(small_runs, digits, tmp_path):
    found = gargalo.publish([small_runs["vae"]], tmp_path / "site", digits, points=350, progress=False)
    content = read(found.folder)["examples"]
    parts = array(found.folder, content["parts"])
    assert content["n"] == 350
    assert (parts == 2).sum() == 300
    assert "some" in found.notes


def test_without_the_data_the_kept_examples_are_shown(small_runs, tmp_path):
    found = gargalo.publish([small_runs["vae"]], tmp_path / "site", progress=False)
    content = read(found.folder)["examples"]
    assert content["kept"]
    assert content["n"] == len(small_runs["vae"].examples.x)
    assert "kept" in found.notes
    few = gargalo.publish([small_runs["vae"]], tmp_path / "few", points=20, progress=False)
    assert read(few.folder)["examples"]["n"] == 20
    assert few.public["examples"] == few.public["pictures"] == 20


# What is refused


def test_runs_on_other_data_are_refused(small_runs, digits, tmp_path):
    other = gargalo.train(digits.x[:200], "pca", latent_dim=2, out=tmp_path / "other", progress=False)
    with pytest.raises(gargalo.RunError, match=r"other: expected a run on the data of .*digits.*publish it apart"):
        gargalo.publish([small_runs["vae"], other], tmp_path / "site", digits, progress=False)
    assert not (tmp_path / "site").exists()
    with pytest.raises(gargalo.DataError, match=r"expected the data that .* was trained on"):
        gargalo.publish([small_runs["vae"]], tmp_path / "site", digits.x[:200], progress=False)


def test_a_folder_that_is_not_empty_is_left_alone(small_runs, tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(gargalo.RunError, match="expected a new folder for the site"):
        gargalo.publish([small_runs["vae"]], tmp_path, progress=False)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


class Interrupted(Reporter):
    """Ctrl-C comes when the models are to be written."""

    def line(self, text: str) -> None:
        if text.endswith(": model"):
            raise KeyboardInterrupt


def test_what_stops_it_leaves_nothing(small_runs, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        gargalo.publish([small_runs["vae"]], tmp_path / "site", progress=Interrupted())
    assert list(tmp_path.rglob("*")) == []


def test_a_file_that_differs_from_the_model_is_refused(small_runs):
    run = small_runs["vae"]
    with pytest.raises(gargalo.RunError, match=r"encode\.onnx: expected PyTorch's outputs"):
        export.to_onnx(run.codec, run.model, "encode", run.examples.x, tolerance=-1.0)


def test_a_run_is_exported_as_far_as_it_can(small_runs, tmp_path):
    run = small_runs["classifier"]
    found = export.export(run.fitted, run.examples.x, tmp_path)
    assert list(found) == ["encode", "classify"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["classify.onnx", "encode.onnx"]
    with pytest.raises(gargalo.ParameterError, match="verb"):
        export.export(run.fitted, run.examples.x, tmp_path, ["dcode"])


def test_an_exported_file_is_kept_and_never_trusted(small_runs, tmp_path, monkeypatch):
    """It is made once; one that is damaged, or of another model, is made again; and all goes without a cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    run, made = small_runs["vae"], []
    x = run.examples.x
    first, of_another = (export.to_onnx(r.codec, r.model, "encode", x) for r in (run, small_runs["autoencoder"]))
    # Made but once here: it takes seconds.
    monkeypatch.setattr("gargalo.export.kept.to_onnx", lambda *given: made.append(given[2]) or first)
    for _ in range(2):
        assert export.kept_onnx(run.fitted, "encode", x) == first
    assert made == ["encode"]
    [kept] = tmp_path.rglob("model.onnx")
    for wrong in (b"", kept.read_bytes()[:-1], hashlib.sha256(of_another).digest() + of_another):
        kept.write_bytes(wrong)
        assert export.kept_onnx(run.fitted, "encode", x) == first
    assert made == ["encode"] * 4
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.warns(GargaloWarning, match="cannot be written"):
        assert export.kept_onnx(run.fitted, "encode", x) == first


def test_the_command_says_what_becomes_public(say, small_runs, tmp_path):
    status, out, _ = say("publish", small_runs["vae"].folder, "-o", tmp_path / "site", "--lang", "pt")
    assert status == 0
    assert "Quem tiver esta pasta pode ver: exemplos (300), rótulos (300), nomes ou ids (300), imagens (300)" in out
    assert "--no-thumbnails" in out
    status, _, error = say("publish", small_runs["vae"].folder, "-o", tmp_path / "site")
    assert status == 2
    assert error.startswith("gargalo: ")
    assert say("publish", tmp_path / "nothing", "-o", tmp_path / "new")[0] == 2
    assert say("explore", small_runs["vae"].folder, "--port", "99999")[0] == 2


# Serving


@pytest.fixture(scope="module")
def served(site):
    """The site's port, as `gargalo explore` serves it."""
    (site.folder.parent / "secret.txt").write_text("secret")
    link = site.folder / "data" / "link.txt"
    link.symlink_to(site.folder.parent / "secret.txt")
    with explorer.served(site.folder) as url:
        yield int(url.rstrip("/").rpartition(":")[2])
    link.unlink()


def ask(port: int, path: str, method: str = "GET", host: str | None = None, **headers: str) -> tuple[int, dict, bytes]:
    """One answer: its status, its headers and its body."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.putrequest(method, path, skip_host=True)
    connection.putheader("Host", f"127.0.0.1:{port}" if host is None else host)
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.endheaders()
    answer = connection.getresponse()
    found = answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
    connection.close()
    return found


def test_the_page_comes_with_its_headers(served):
    status, headers, body = ask(served, "/")
    assert status == 200
    assert b"<title>gargalo</title>" in body
    for name, value in application.HEADERS.items():
        assert headers[name.lower()] == value
    assert "access-control-allow-origin" not in headers
    assert ask(served, "/data/site.json", "HEAD")[::2] == (200, b"")
    assert ask(served, "/", host=f"localhost:{served}")[0] == 200


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "127.0.0.1.evil.example:80", "localhost:1", ""])
def test_other_hosts_are_refused(served, host):
    status, headers, body = ask(served, "/data/site.json", host=host, Origin="http://evil.example")
    assert status == 400
    assert b"format" not in body
    assert "access-control-allow-origin" not in headers


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"])
def test_other_methods_are_refused(served, method):
    assert ask(served, "/", method)[0] == 405


OUTSIDE = [
    "/../secret.txt", "/data/../../secret.txt", "/%2e%2e/secret.txt", "/..%2fsecret.txt",
    "/%252e%252e%252fsecret.txt",
    "/..\\secret.txt", "/%5c..%5csecret.txt", "/data/link.txt", "//etc/passwd", "/%00", "/data/site.json%00.png",
    "/data", "/data/nothing.bin", "/" + "a" * 4000,
]  # fmt: skip


@pytest.mark.parametrize("path", OUTSIDE)
def test_paths_out_of_the_site_give_404(served, path):
    status, headers, body = ask(served, path)
    assert status == 404
    assert b"secret" not in body
    assert headers["content-security-policy"]


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            ["..", "%2e%2e", "%2e.", "%252e%252e", "\\", "%5c", "/", "%2f", "%00", "secret.txt", "data", "."]
        ),
        min_size=1,
        max_size=8,
    )
)
def test_no_path_leads_out(served, parts):
    status, _, body = ask(served, "/" + "/".join(parts))
    assert status in (200, 307, 404)
    assert b"secret" not in body


def test_a_taken_port_is_told(site):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(gargalo.GargaloError, match=f"port {port}: expected one that is free"):
            explorer.serve(site.folder, port)


@pytest.mark.skipif(os.name == "nt", reason="Windows knows no SIGINT for another process")
@pytest.mark.parametrize("number", [
    signal.SIGINT,
    *[pytest.param(getattr(signal, name, 0), marks=pytest.mark.long) for name in ("SIGTERM", "SIGHUP")],
])  # fmt: skip
def test_explore_ends_by_a_signal_and_leaves_nothing(small_runs, tmp_path, number):
    place = tmp_path / "tmp"
    place.mkdir()
    process = subprocess.Popen(
        [sys.executable, "-m", "gargalo", "explore", str(small_runs["vae"].folder), "--no-browser"],
        env={**os.environ, "TMPDIR": str(place)}, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stderr is not None
    try:
        told = []
        for line in process.stderr:
            told.append(line)
            if address := re.match(r"http://127\.0\.0\.1:\d+/", line):
                break
        else:
            pytest.fail("".join(told))
        with urllib.request.urlopen(address[0] + "data/site.json") as answer:
            assert json.load(answer)["runs"][0]["model"] == "vae"
        assert len(list(place.glob("gargalo-*"))) == 1
        process.send_signal(number)
        assert process.wait(20) == 128 + number
    finally:
        process.kill()
        process.stderr.close()
    # PyTorch makes an empty folder of its own there, where the models were not exported before.
    assert [path for path in place.rglob("*") if path.name != "torchinductor_root"] == []


class Visitor(Reporter):
    """Looks at the page as soon as its address is told, and then presses Ctrl-C."""

    def line(self, text: str) -> None:
        if found := re.match(r"http://\S+", text):
            threading.Thread(target=self.look, args=(found[0],), daemon=True).start()

    def look(self, url: str) -> None:
        with urllib.request.urlopen(f"{url}data/site.json", timeout=30) as answer:
            self.seen = answer.read()
        os.kill(os.getpid(), signal.SIGINT)


def test_a_published_folder_is_explored_as_it_is(site):
    visitor = Visitor()
    with pytest.raises(KeyboardInterrupt):
        gargalo.explore([site.folder], browser=False, progress=visitor)
    assert visitor.seen == (site.folder / "data" / "site.json").read_bytes()


def test_a_folder_that_is_not_whole_is_not_explored(small_runs, tmp_path):
    site = gargalo.publish([small_runs["vae"]], tmp_path / "site", progress=False).folder
    for file, found in (("data/labels.bin", "other content"), ("data/0/decode.onnx", "none")):
        path = site / file
        content = path.read_bytes()
        path.write_bytes(b"?" * len(content)) if found != "none" else path.unlink()
        with pytest.raises(gargalo.GargaloError, match=rf"{file}: expected the {len(content)} bytes .* Found {found}"):
            gargalo.explore([site], browser=False)
        path.write_bytes(content)
    explorer.check_site(site)
    with pytest.raises(gargalo.RunError, match=r"site: expected a run folder. Found a site; see it alone"):
        gargalo.explore([small_runs["vae"], site], browser=False)
    (site / "index.html").unlink()
    with pytest.raises(gargalo.GargaloError, match=r"expected a whole site. Found no index.html"):
        gargalo.explore([site], browser=False)
    (site / "data" / "site.json").write_text("{")
    with pytest.raises(gargalo.GargaloError, match=r"site.json: expected what publish wrote"):
        gargalo.explore([site], browser=False)


def test_what_a_kill_left_is_cleared(small_runs, tmp_path):
    left = tmp_path / "site" / ".site.partial0123456789ab"
    left.mkdir(parents=True)
    (left / "half").write_text("half")
    (tmp_path / "site" / ".lock").write_text("")
    found = gargalo.publish([small_runs["vae"]], tmp_path / "site", progress=False)
    assert not left.exists()
    explorer.check_site(found.folder)
    (tmp_path / "file").write_text("mine")
    with pytest.raises(gargalo.RunError, match=r"expected a new folder for the site\. Found a file"):
        gargalo.publish([small_runs["vae"]], tmp_path / "file", progress=False)
    with pytest.raises(gargalo.RunError, match=r"expected each run once\. Found it twice"):
        gargalo.publish([small_runs["vae"]] * 2, tmp_path / "twice", progress=False)


def test_only_one_writes_a_site_and_it_is_whole(small_runs, tmp_path, monkeypatch):
    """The second is told so while the first writes, and takes nothing away."""
    from gargalo.explorer import publishing

    out, really, told = tmp_path / "site", publishing.SiteWriter.write, []

    def write(writer, runs, reference):
        monkeypatch.setattr(publishing.SiteWriter, "write", really)
        for _ in range(2):
            with pytest.raises(gargalo.RunError, match=r"site: expected that no other process writes here\.") as caught:
                gargalo.publish([small_runs["vae"]], out, progress=False)
            told.append(str(caught.value))
        return really(writer, runs, reference)

    monkeypatch.setattr(publishing.SiteWriter, "write", write)
    site = gargalo.publish([small_runs["vae"]], out, progress=False).folder
    assert len(told) == 2 and "Found process" in told[0]
    explorer.check_site(site)
    assert not [path for path in site.iterdir() if path.name.startswith(".")]
    with pytest.raises(gargalo.RunError, match=r"Found one that is not empty"):
        gargalo.publish([small_runs["vae"]], out, progress=False)
    explorer.check_site(site)


def test_maps_of_others_and_figures_that_are_none(small_runs, tmp_path):
    folder = shutil.copytree(small_runs["vae"].folder, tmp_path / "vae")
    content = json.loads((folder / "metrics.json").read_text())
    content["metrics"]["coverage"]["value"] = float("nan")
    (folder / "metrics.json").write_text(json.dumps(content))
    run = gargalo.open_run(folder)
    found = gargalo.publish([run], tmp_path / "site", progress=False)
    assert read(found.folder)["runs"][0]["figures"]["coverage"] is None
    kept = folder / "space" / f"explorer-kept-{len(run.examples.x)}.safetensors"
    assert kept.is_file()
    keep(folder, run.key, kept.stem, {"z": np.zeros((7, 3), np.float32)})
    with pytest.raises(gargalo.RunError, match=rf"{kept.name}: expected z of shape .* remove this file"):
        gargalo.publish([run], tmp_path / "again", progress=False)
    assert not (tmp_path / "again").exists()


def test_a_projection_of_another_package_comes_and_goes(small_runs, tmp_path, monkeypatch):
    from dataclasses import dataclass

    from gargalo.latent import PROJECTIONS, Map, Projection

    @dataclass
    class Late(Projection):
        def fit(self, z):
            return Map(z[:, :2].astype(np.float32), "late", "numpy")

    folder = shutil.copytree(small_runs["vae"].folder, tmp_path / "vae")
    maps = []
    for number, here in enumerate((False, True, True, False)):
        with monkeypatch.context() as patch:
            if here:
                patch.setitem(PROJECTIONS._loaded, "late", Late)
            site = gargalo.publish(folder, tmp_path / f"site-{number}", progress=False).folder
        maps.append(sorted(read(site)["runs"][0]["maps"]))
    assert maps == [["tsne"], ["late", "tsne"], ["late", "tsne"], ["tsne"]]


def test_exploring_again_computes_nothing_anew(small_runs, digits, tmp_path):
    gargalo.publish([small_runs["vae"]], tmp_path / "one", digits, progress=False)
    kept = small_runs["vae"].folder / "space" / f"explorer-{digits.fingerprint[:16]}-{len(digits)}.safetensors"
    before = kept.stat().st_mtime_ns
    gargalo.publish([small_runs["vae"]], tmp_path / "two", digits, progress=False)
    assert kept.stat().st_mtime_ns == before
    one, two = (array(tmp_path / name, read(tmp_path / name)["runs"][0]["maps"]["tsne"]) for name in ("one", "two"))
    assert np.array_equal(one, two)
