"""One battery over every objective, with each network that it can stand on."""

from __future__ import annotations

import numpy as np
import pytest

from gargalo.core import LatentModel
from gargalo.data import as_dataset
from gargalo.models import MODELS, SHORT
from gargalo.testing import CHECKS, case_of, exports_to_onnx, overfits_a_few_examples

KINDS = {"images": "mlp", "images-conv": "conv", "colour": "conv", "numbers": "mlp", "counts": "mlp"}
"""What the battery runs on, and the network that it runs through."""
CASES = [(name, kind) for name, model in MODELS.items() for kind, net in KINDS.items() if net in model.networks]
SMALL = {"mlp": (32, 16), "conv": (8, 12)}


def source_of(kind: str, digits):
    """Real digits as grey images, as colour images of another and odd size, as rows of numbers, or as counts."""
    x = digits.x[:64]
    if kind == "colour":
        x = np.stack([x[:, 2:25], x[:, 3:26], x[:, 4:27]], axis=-1)
    if kind == "numbers":
        x = x[:, 10:14].reshape(len(x), -1).astype(np.float32) / 255
    if kind == "counts":
        x = x[:, 10:14].reshape(len(x), -1) // 32
    return as_dataset(x, digits.y[:64] % 3, kind="counts" if kind == "counts" else None)


def small(name: str, net: str) -> dict:
    """Choices that make a model small."""
    widths = {} if MODELS[name].is_solved else {"widths": SMALL[net]}
    return {"net": net, **widths, **{"vq-vae": {"codebook": 32}, "iwae": {"k": 2}}.get(name, {})}


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize(("name", "kind"), CASES, ids=lambda value: value)
def test_the_battery(name, kind, check, digits):
    seconds = {
        overfits_a_few_examples: ("images", "colour", "numbers", "counts"),
        exports_to_onnx: ("images",) if name != "vq-vae" else ("images-conv",),  # the others below
    }
    if kind not in seconds.get(check, KINDS):
        pytest.skip("takes seconds, and is seen with each network elsewhere")
    check(case_of(name, source_of(kind, digits), **small(name, KINDS[kind])))


@pytest.mark.long
@pytest.mark.parametrize("name", [name for name, kind in CASES if kind == "images-conv" and name != "vq-vae"])
def test_convolutional_networks_export(name, digits):
    exports_to_onnx(case_of(name, source_of("images-conv", digits), **small(name, KINDS["images-conv"])))


def test_every_model_says_what_it_is():
    for name, kind in MODELS.items():
        assert issubclass(kind, LatentModel)
        assert "encode" in kind.can, name
        assert kind.reference
        assert "L(" in (kind.__doc__ or ""), "the docstring is the formula"
    assert set(SHORT.values()) <= set(MODELS)
