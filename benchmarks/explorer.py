"""The explorer in headless Chromium: how soon the map is there, and how quickly the model answers.

    python benchmarks/explorer.py [--rounds 5]

A plain autoencoder and a VAE of 16 numbers are trained on the embedded digits and published, all 11,000 of them.
Each round opens the site anew on loopback, in a browser that has kept nothing, and waits until the map is drawn;
then decodes one latent, a walk of 12 and 64 draws, many times, through the page's console. 100 latents decoded
there are compared with PyTorch. The maps of 200,000 and 1,000,000 are of made-up latents in two dimensions.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
from machine import machine, spread
from playwright.sync_api import Browser, Page, sync_playwright

import gargalo
from gargalo.explorer import served

CALLS = 200


@contextmanager
def opened(browser: Browser, url: str, n: int) -> Iterator[tuple[Page, float]]:
    """A page in a context of its own, and the seconds from its start until its map of n points was drawn."""
    context = browser.new_context(viewport={"width": 1280, "height": 800}, locale="en-US")
    page = context.new_page()
    page.goto(url)
    page.wait_for_selector(f"canvas[data-drawn='{n}']", timeout=120_000)
    yield page, page.evaluate("performance.getEntriesByName('map-drawn')[0].startTime") / 1000
    context.close()


def decoding(page: Page, rows: int) -> float:
    """Median milliseconds of decoding so many latents at once."""
    return page.evaluate(
        """async ([rows, calls]) => {
            const z = Array.from({ length: rows }, () => Array.from({ length: 16 }, Math.random));
            for (let i = 0; i < 5; i++) await gargalo.decode(1, z);
            const times = [];
            for (let i = 0; i < calls; i++) {
                const began = performance.now();
                await gargalo.decode(1, z);
                times.push(performance.now() - began);
            }
            return times.sort((a, b) => a - b)[calls >> 1];
        }""",
        [rows, CALLS],
    )


def made_up(folder: Path, site: Path, n: int) -> Path:
    """A site like `site` but of n points in two dimensions, in ten groups, without pictures."""
    shutil.copytree(site, folder, ignore=shutil.ignore_patterns("data"))
    draws = np.random.default_rng(0)
    labels = draws.integers(10, size=n)
    z = (draws.normal(size=(10, 2)) * 5)[labels] + draws.normal(size=(n, 2))
    content = json.loads((site / "data" / "site.json").read_text())

    def write(name: str, array: np.ndarray, kind: str) -> dict:
        data = np.ascontiguousarray(array, kind).tobytes()
        (folder / "data").mkdir(exist_ok=True)
        (folder / "data" / name).write_bytes(data)
        dtype = "uint16" if kind == "<u2" else "float32"
        return {
            "file": f"data/{name}",
            "bytes": len(data),
            "crc32": zlib.crc32(data),
            "dtype": dtype,
            "shape": array.shape,
        }

    content["examples"] = {"n": n, "of": n, "kept": False, "parts": write("parts.bin", np.zeros(n), "<u2"),
                           "labels": write("labels.bin", labels, "<u2")}  # fmt: skip
    run = content["runs"][0]
    run |= {
        "latent_dim": 2,
        "latents": write("latents.bin", z, "<f4"),
        "maps": {},
        "can": ["encode"],
        "networks": {},
    }
    run["axes"] |= {"center": z.mean(0).tolist(), "directions": np.eye(2).tolist(), "share": [0.5, 0.5]}
    for key in ("error", "norms", "priors"):
        run.pop(key, None)
    content |= {"runs": [run], "reference_classifier": None}
    (folder / "data" / "site.json").write_text(json.dumps(content))
    return folder


def main() -> None:
    sys.path.append(str(Path(__file__).parents[1] / "tests"))
    import chromium

    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    print(f"{machine()}; {rounds} rounds\n")
    with tempfile.TemporaryDirectory() as place, sync_playwright() as playwright:
        root = Path(place)
        runs = [gargalo.train("mnist-10k", name, out=root / name, progress=False) for name in ("autoencoder", "vae")]
        site = gargalo.publish(runs, root / "site", progress=False)
        sheets = sum(path.stat().st_size for path in site.folder.glob("data/pictures-*.png"))
        wasm = sum(path.stat().st_size for path in site.folder.rglob("*.wasm"))
        browser = chromium.launch(playwright)
        found: dict[str, list[float]] = {}
        z = np.random.default_rng(0).standard_normal((100, 16)).astype(np.float32)
        with torch.inference_mode():
            expected = runs[1].model.decode(torch.from_numpy(z)).flatten(1).numpy()
        with served(site.folder) as url:
            for _ in range(rounds):
                with opened(browser, url, 11_000) as (page, seconds):
                    names = page.evaluate("performance.getEntriesByType('resource').map(e => e.name)")
                    early = [name for name in names if "pictures-" in name or name.endswith((".wasm", ".onnx"))]
                    found.setdefault("map of 11,000 digits, s", []).append(seconds)
                    for rows, what in ((1, "one decode, ms"), (12, "a walk of 12, ms"), (64, "64 draws, ms")):
                        found.setdefault(what, []).append(decoding(page, rows))
                    got = np.array(page.evaluate("z => gargalo.decode(1, z, 'x')", z.tolist()))
                    found.setdefault("farthest from PyTorch, 100 latents", []).append(np.abs(got - expected).max())
        for n in (200_000, 1_000_000):
            with served(made_up(root / f"site-{n}", site.folder, n)) as url:
                for _ in range(rounds):
                    with opened(browser, url, n) as (_, seconds):
                        found.setdefault(f"map of {n:,} points, s", []).append(seconds)
        browser.close()
    print("| what | median (least-most) |\n| --- | --- |")
    for what, values in found.items():
        print(f"| {what} | {spread(values) if max(values) > 1e-3 else format(max(values), '.1e')} |")
    print(f"| published folder, two runs, MB | {site.size / 1e6:.1f} |")
    print(f"| of it the runtime | {wasm / 1e6:.1f} |\n| of it the pictures | {sheets / 1e6:.1f} |")
    print(f"\nLoaded before the map: {len(early)} pictures, runtimes or models.")


if __name__ == "__main__":
    main()
