"""One self-contained HTML page about one or several runs."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from importlib import resources
from pathlib import Path

from ..errors import must
from ..io.files import check_writable, write_together
from ..io.printed import printable
from ..lang import words
from ..runs import Run
from ..runs.verdict import verdict_of
from .roles import Roles
from .story import STORY
from .wording import thing

__all__ = ["write_report"]


def write_report(runs: Sequence[Run], out: Path, lang: str | None = None) -> Path:
    """Tell the story of these runs, as far as they can tell it.

    Parameters
    ----------
    runs : sequence of Run
        At least one.
    out : Path
        The page, report.html; its figures go to `report-figures/` beside it.
    lang : "en", "pt" or None
        None is the locale's.

    Returns
    -------
    Path
        `out`.
    """
    import jinja2

    if not runs:
        raise must("runs", "at least one run", len(runs))
    if out.suffix not in ("", ".html", ".htm"):
        raise must("out", "a path ending in .html", str(out))
    if out.is_dir():
        out = out / "report.html"
    roles = Roles(runs)
    tongue = words(lang).speaking_of(*thing(roles.lead))
    check_writable(out.parent)
    sections = [section for tell in STORY if (section := tell(roles, tongue)) is not None]
    here = resources.files(__package__ or "gargalo.reports")
    template = jinja2.Environment(autoescape=True, trim_blocks=True, undefined=jinja2.StrictUndefined).from_string(
        here.joinpath("page.html").read_text(encoding="utf-8")
    )
    lead = roles.lead.recipe
    judged = [(run, verdict) for run in runs if (verdict := verdict_of(run, to_share=True))]
    worse = [(run, verdict) for run, verdict in judged if verdict.outcome == "worse"]
    page = template.render(
        words=tongue,
        question=tongue("question.digits" if lead.data.name.startswith("mnist") else "question.any", d=lead.latent_dim),
        sections=sections,
        warnings=[(run.folder.name, " ".join(found.told(run, tongue)), found.command) for run, found in worse],
        lead=lead,
        counts=lead.data.counts,
        held_out=round(lead.training.validation_share * lead.data.counts["train"]),
        # Our own two files, which stand inside <style> and <script>, where nothing is escaped.
        css=here.joinpath("page.css").read_text(encoding="utf-8"),
        js=here.joinpath("pad.js").read_text(encoding="utf-8") if any(s.pads for s in sections) else "",
        figures=f"{out.stem}-figures",
        data_url=lambda png: "data:image/png;base64," + base64.b64encode(png).decode(),
    )
    beside = out.with_name(f"{out.stem}-figures")
    figures = {
        beside / f"{number}-{picture.name}.png": picture.png
        for number, section in enumerate(sections, 1)
        for picture in section.pictures
    }
    write_together({**figures, out: printable(page)})
    return out
