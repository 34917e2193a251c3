"""Write `generated/regl.js`: the drawing functions that regl makes of text, which the page's policy forbids it.

They are collected from the page itself, built for development and without its policy, in a real browser:

    python web/precompile.py SITE          a folder that `gargalo publish` wrote, of any run
"""

from __future__ import annotations

import functools
import http.server
import json
import re
import shutil
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

HERE = Path(__file__).parent
FUNCTION = re.compile(r"function anonymous\((.*?)\n?\) \{\n(.*)\n\}", re.DOTALL)


def collected(page: Page) -> dict[str, str]:
    """Every drawing function by its key, once everything that a map can show has been drawn."""
    page.wait_for_selector("canvas[data-drawn]")
    box = page.locator(".scatter").bounding_box()
    assert box is not None
    x, y, side = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, min(box["width"], box["height"]) / 3
    page.mouse.move(x, y)
    page.mouse.click(x, y)
    page.mouse.wheel(0, -300)
    page.get_by_role("button", name="Lasso").click()
    page.mouse.move(x - side, y - side)
    page.mouse.down()
    for dx, dy in ((1, -1), (1, 1), (-1, 1), (-1, -1)):
        page.mouse.move(x + dx * side, y + dy * side, steps=8)
    page.mouse.up()
    page.wait_for_timeout(500)
    return page.evaluate("Object.fromEntries(Object.entries(reglCode).map(([key, f]) => [key, String(f)]))")


def main(site: Path) -> None:
    sys.path.append(str(HERE.parent / "tests"))
    import chromium

    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "site"
        subprocess.run(
            ["npx", "vite", "build", "--mode", "precompile", "--outDir", str(folder), "--logLevel", "warn"],
            cwd=HERE,
            check=True,
        )
        shutil.copytree(site / "data", folder / "data")
        index = folder / "index.html"
        text = index.read_text(encoding="utf-8")
        index.write_text(re.sub(r'<meta\s+http-equiv="Content-Security-Policy"[^>]*>', "", text), encoding="utf-8")
        handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=folder)
        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            with sync_playwright() as playwright:
                browser = chromium.launch(playwright)
                page = browser.new_page(locale="en-US")
                page.on("pageerror", lambda error: print(error, file=sys.stderr))
                page.goto(f"http://127.0.0.1:{server.server_port}/")
                functions = collected(page)
                browser.close()
            server.shutdown()
    lines = ["/** Written by web/precompile.py; see src/map/regl.ts. */", "export const compiled = {"]
    for key, text in sorted(functions.items()):
        found = FUNCTION.fullmatch(text)
        if not found:
            sys.exit(f"a drawing function looks unlike one: {text[:200]}")
        lines.append(f"  {json.dumps(key)}: function ({found[1]}) {{\n{found[2]}\n  }},")
    lines.append("};\n")
    (HERE / "generated" / "regl.js").write_text("\n".join(lines), encoding="utf-8")
    print(f"{len(functions)} functions")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
