"""Chromium as it is installed here; the tests' own requirements bring none. Also for `benchmarks/` and `web/`."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Playwright

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",  # pages are painted by the processor at a third less than an imitated graphics card takes...
    "--enable-unsafe-swiftshader",  # ... and WebGL is still there
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


def path() -> str | None:
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


def launch(playwright: Playwright, *more: str) -> Browser:
    """Headless, with these flags and `more`."""
    return playwright.chromium.launch(executable_path=path(), args=[*FLAGS, *more])
