"""What stands in the files of a run folder, which may come from anybody: each is checked when it is read."""

from __future__ import annotations

import json
from typing import Any

from ..metrics import Estimate
from ..recipes import FORMAT
from ..training import upgraded_record

__all__ = ["read_history", "read_metrics"]

FACTS = ("model", "data", "latent_dim", "epochs", "seconds", "best_epoch", "stopped", "parameters")
"""What of metrics.json is no metric, in the order in which it is told."""


def read_metrics(text: str) -> tuple[dict[str, Any], dict[str, Estimate]]:
    """Read the facts and the metrics that stand in a metrics.json.

    Parameters
    ----------
    text : str
        Of this format, or of the first, which had all of them in one dict, without intervals.

    Returns
    -------
    facts : dict
    metrics : dict of Estimate

    Raises
    ------
    ValueError, TypeError, AttributeError, LookupError, RecursionError
        For anything else.
    """
    content = {**json.loads(text)}
    if "format" not in content:
        facts = {name: content[name] for name in FACTS if name in content}
        others = {name: value for name, value in content.items() if name not in FACTS and value is not None}
        return facts, {name: Estimate(float(value)) for name, value in others.items()}
    if content["format"] > FORMAT:
        raise ValueError(f"format {content['format']}; a newer gargalo may read it")
    metrics = {}
    for name, figure in content["metrics"].items():
        # A figure that was no number is none.
        value = float("nan") if figure["value"] is None else figure["value"]
        metrics[name] = Estimate(value, figure.get("low"), figure.get("high"), figure.get("n"))
    return dict(content["facts"]), metrics


def read_history(text: str) -> list[dict[str, Any]]:
    """Read the lines of a history.jsonl.

    Parameters
    ----------
    text : str

    Returns
    -------
    list of dict
        A record of each epoch, at least one.

    Raises
    ------
    ValueError, TypeError, AttributeError, LookupError, RecursionError
        For anything else.
    """
    records = [upgraded_record(json.loads(line)) for line in text.splitlines()]
    if not records:
        raise ValueError("no epoch in it")
    return records
