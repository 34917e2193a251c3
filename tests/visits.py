"""A page of the explorer in a real browser, as the tests look at it."""

from __future__ import annotations

import base64
import io

import numpy as np
from PIL import Image

POINTS = 2000
"""Examples on the map of the demo's site."""
SEVEN = ((0.28, 0.25), (0.72, 0.25), (0.45, 0.82))
VIEWS = ("map", "walk", "generate", "draw", "compare")


class Visit:
    """A page, and everything that it asked for or complained of."""

    def __init__(self, browser, address: str, view: str = "", **context: object):
        self.context = browser.new_context(
            **{"viewport": {"width": 1280, "height": 900}, "locale": "en-US", "color_scheme": "light", **context}
        )
        self.page = self.context.new_page()
        self.complaints: list[str] = []
        self.asked: list[str] = []
        self.page.on("console", lambda m: m.type == "error" and self.complaints.append(m.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("dialog", lambda dialog: (self.complaints.append(f"dialog {dialog.message}"), dialog.dismiss()))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.goto(f"{address}#{view}")

    def drawn(self, n: int = POINTS) -> Visit:
        """Wait for the map."""
        self.page.wait_for_selector(f"canvas[data-drawn='{n}']")
        return self

    def pixels(self, selector: str) -> np.ndarray:
        """What is painted on a canvas, (h, w, 4)."""
        url = self.page.locator(selector).first.evaluate("c => c.toDataURL()")
        return np.asarray(Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))).convert("RGBA"))

    def painted(self, selector: str, but: np.ndarray | None = None) -> np.ndarray:
        """The same, once there is something, other than `but`."""
        for _ in range(100):
            found = self.pixels(selector)
            if found[..., :3].any() and (but is None or found.shape != but.shape or (found != but).any()):
                return found
            self.page.wait_for_timeout(50)
        raise AssertionError(f"{selector} shows nothing new")

    def settled(self, selector: str) -> np.ndarray:
        """The same, once it changes no more."""
        found = self.painted(selector)
        for _ in range(50):
            self.page.wait_for_timeout(150)
            before, found = found, self.pixels(selector)
            if found.shape == before.shape and (found == before).all():
                return found
        raise AssertionError(f"{selector} does not settle")

    def at(self, run: int, row: int, kind: str = "tsne") -> tuple[float, float]:
        """Where example `row` is on the screen: the map fits its canvas, both axes alike."""
        self.page.locator(".scatter").first.scroll_into_view_if_needed()
        box = self.page.locator(".scatter").first.bounding_box()
        return self.page.evaluate(
            """async ([run, row, kind, box]) => {
                const points = await gargalo.map(run, kind);
                let [l, r, b, t] = [Infinity, -Infinity, Infinity, -Infinity];
                for (const [x, y] of points) {
                    l = Math.min(l, x); r = Math.max(r, x); b = Math.min(b, y); t = Math.max(t, y);
                }
                const half = Math.max((r - l) / (box.width / box.height), t - b) / 1.9;
                const [x, y] = points[row];
                const across = (x - (l + r) / 2) / half / (box.width / box.height);
                const up = (y - (b + t) / 2) / half;
                return [box.x + (across + 1) / 2 * box.width, box.y + (1 - up) / 2 * box.height];
            }""",
            [run, row, kind, box],
        )

    def stroke(self, *corners: tuple[float, float]) -> None:
        """Draw through corners, in shares of the drawing's width and height."""
        box = self.page.locator(".sketch canvas").bounding_box()
        assert box is not None
        places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in corners]
        self.page.mouse.move(*places[0])
        self.page.mouse.down()
        for place in places[1:]:
            self.page.mouse.move(*place, steps=8)
        self.page.mouse.up()

    def has(self, part: str) -> None:
        """Wait until the address has it."""
        self.page.wait_for_url(lambda url: part in url)

    def said(self, text: str) -> None:
        """Wait for a text."""
        self.page.get_by_text(text).first.wait_for()
