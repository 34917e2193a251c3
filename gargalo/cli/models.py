"""The command that lists the models."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from .common import AsJson, Lang, app, print_result

if TYPE_CHECKING:
    from ..core import LatentModel

COLUMNS = ("about", "latent", "good")


@app.command()
def models(
    lang: Lang = None,
    markdown: Annotated[bool, typer.Option("--markdown", help="As a table in Markdown.")] = False,
    as_json: AsJson = False,
) -> None:
    """What each model does, what its latent is, what it is good for, and where it comes from."""
    from ..lang import words
    from ..models import MODELS, SHORT

    say = words(lang)
    found = [
        {
            "name": name,
            "short": [short for short, full in SHORT.items() if full == name],
            **{column: say.get(f"{column}.{name}", _in_its_own_words(model, column)) for column in COLUMNS},
            "can": sorted(model.can),
            "networks": list(model.networks),
            "reference": getattr(model, "reference", "–"),
        }
        for name, model in MODELS.usable()
    ]
    heads = [say(f"shelf.{column}") for column in ("model", *COLUMNS, "reference")]
    if markdown:
        rows = [[f"`{m['name']}`", *(m[column] for column in COLUMNS), m["reference"]] for m in found]
        lines = [f"| {' | '.join(row)} |" for row in (heads, ["---"] * len(heads), *rows)]
    else:
        lines = [
            line
            for m in found
            for line in (
                f"{m['name']:12} {m['about']}",
                f"{'':12} {heads[2]}: {m['latent']}. {heads[3]}: {m['good']}. {m['reference']}",
            )
        ]
    print_result({"models": found}, lines, as_json)


def _in_its_own_words(model: type[LatentModel], column: str) -> str:
    """What an objective of another package says of itself: the first line of its description."""
    return (model.__doc__ or "").strip().partition("\n")[0] if column == "about" else "–"
