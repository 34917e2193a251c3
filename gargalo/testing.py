"""The battery that every objective must pass, gargalo's own and anybody else's.

>>> from gargalo.testing import check_model
>>> check_model("pca")  # the name or the class of an objective; on real digits, through a multilayer perceptron

`check_model(MyModel, net="conv", strength=0.1)` checks it on another network and with choices of its own.
"""

from __future__ import annotations

import contextlib
import copy
import dataclasses
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from .core import Batch, Codec, LatentModel
from .data import Dataset, as_dataset, load_data
from .export import VERBS, to_onnx
from .io.weights import load_weights, save_weights
from .recipes import NO_CUSTOM, Custom, Recipe, build, custom_of, make, model_class, try_on

__all__ = ["CHECKS", "Case", "check_model"]

EXAMPLES, FEW, STEPS, LOOK = 64, 32, 300, 30  # every LOOK steps: are they learned?


@dataclasses.dataclass
class Case:
    """An objective on some data: the recipe, what it builds, and a batch of all examples."""

    recipe: Recipe
    """What was asked for."""
    custom: Custom
    """The objective and the network that a program gave, if any."""
    dataset: Dataset
    """Raw examples."""
    codec: Codec
    """Fitted on all of them."""
    model: LatentModel
    """With its first weights; the checks may train it."""
    batch: Batch
    """All examples in model space, with one-hot labels where they have labels."""

    def again(self) -> Batch:
        """The same batch with the same draws ahead of it."""
        return dataclasses.replace(self.batch, generator=torch.Generator().manual_seed(1))


def check_model(model: str | type[LatentModel], data: Dataset | None = None, **choices: Any) -> None:
    """Check that an objective keeps the contract of `gargalo.LatentModel`.

    Parameters
    ----------
    model : subclass of LatentModel, or str
        The objective, or its name.
    data : Dataset or None
        At least 32 examples; 64 of the embedded digits if not given.
    **choices
        As for `gargalo.train`; small ones are quick.

    Raises
    ------
    AssertionError
        Which says what does not hold.
    GargaloError
        For choices that cannot be.
    """
    for check in CHECKS:
        check(case_of(model, data, **choices))


def case_of(model: str | type[LatentModel], data: Dataset | None = None, **choices: Any) -> Case:
    """Build anew what a check looks at, since checks may train it.

    Parameters
    ----------
    model : subclass of LatentModel, or str
        The objective, or its name.
    data : Dataset or None
        None takes the first 64 of the embedded digits.
    **choices
        As for `gargalo.train`; `latent_dim` is 5 if not given.

    Returns
    -------
    Case

    Raises
    ------
    AssertionError
        For a model of another class than was asked for.
    GargaloError
        For choices that cannot be, or a network or objective of a program that does not fit the data.
    """
    if data is None:
        digits = load_data()
        data = as_dataset(digits.x[:EXAMPLES], digits.y[:EXAMPLES] if digits.y is not None else None)
    recipe, custom = make(data.spec, model, choices={"latent_dim": 5} | choices), custom_of(model, choices)
    y = None
    if data.y is not None:
        y = torch.eye(len(data.class_names or ()))[torch.from_numpy(data.y)]
    if custom != NO_CUSTOM:
        try_on(recipe, data.x[:3], None if y is None else y[:3], custom)
    codec, built = build(recipe, data.x, custom=custom)
    kind = model_class(recipe, custom)
    _must(isinstance(built, kind), f"build must give a {kind.__name__}")
    return Case(recipe, custom, data, codec, built, Batch(codec(torch.from_numpy(data.x)), y, generator=_draws()))


def shapes_and_abilities(case: Case) -> None:
    """Check that the model does what its class says it can, in the contract's shapes, and encodes deterministically.

    Parameters
    ----------
    case : Case
        Its model is put in eval mode.

    Raises
    ------
    AssertionError
        Which says what does not hold.
    """
    model, x = case.model.eval(), case.batch.x
    y = case.batch.y if model.is_conditional else None
    n = len(x)
    z = model.encode(x)
    _must(z.shape == (n, *model.latent_shape), f"encode must give {(n, *model.latent_shape)}, not {tuple(z.shape)}")
    _must(torch.equal(z, model.encode(x)), "encode must be deterministic")
    if "decode" in model.can:
        back = model.decode(z, y)
        _must(back.shape == x.shape, f"decode must give {tuple(x.shape)}, not {tuple(back.shape)}")
        _must(case.codec.invert(back).shape == case.dataset.x.shape, "the codec must invert what decode gives")
        _must(torch.equal(model.reconstruct(x, y), back), "reconstruct(x) must be decode(encode(x))")
    elif "reconstruct" in model.can:
        _must(model.reconstruct(x, y).shape == x.shape, "reconstruct must give x's shape")
    else:
        _must_refuse(lambda: model.decode(z), "decode")
    if "posterior" in model.can:
        q = model.posterior(x)
        _must(q.mean.shape == q.stddev.shape == z.shape, "the posterior's mean and stddev must have z's shape")
        _must(torch.equal(q.mean, z), "encode must give the posterior's mean")
        _must(bool((q.stddev > 0).all()), "stddev must be positive")
        _must(model.log_weight(Batch(x, y, generator=_draws()), 3).shape == (3, n), "log_weight must give (k, n)")
    if "classify" in model.can:
        _must(torch.allclose(model.classify(x).sum(1), torch.ones(n)), "probabilities must sum to 1")
    if "codes" in model.can:
        codes = model.codes(x)
        _must(codes.dtype == torch.int64 and codes.shape == (n, *model.latent_shape[1:]), "codes must be (n, h, w)")


def terms_sum_and_parameters_learn(case: Case) -> None:
    """Check that the total is the sum of named scalars and that every parameter gets a gradient.

    Parameters
    ----------
    case : Case
        Its model is trained for two steps; one that is solved is not, and its gradients are not looked at.

    Raises
    ------
    AssertionError
        Which says what does not hold.
    """
    loss = case.model.loss(case.batch)
    total, parts = loss.total.item(), sum(term.item() for term in loss.terms.values())
    _must(abs(total - parts) <= 1e-5 * abs(total), f"the total {total} must be the sum of the terms, {parts}")
    scalars = all(value.dim() == 0 for value in (loss.terms | loss.notes).values())
    _must(scalars, "terms and notes must be scalars")
    if case.model.is_solved:
        return
    # Two steps: behind weights that start at zero nothing is seen in the first.
    named = dict(case.model.named_parameters())
    optimizer, idle = torch.optim.SGD(named.values(), lr=1e-4), set(named)
    for _ in range(2):
        optimizer.zero_grad()
        case.model.loss(case.again()).total.backward()
        idle -= {name for name, p in named.items() if p.grad is not None and p.grad.any()}
        optimizer.step()
    _must(not idle, f"every parameter must get a gradient; these get none: {', '.join(sorted(idle))}")


def draws_come_from_the_generator(case: Case) -> None:
    """Check that `loss` draws from the batch's generator alone, so that a step can be repeated.

    Parameters
    ----------
    case : Case
        Left as it is.

    Raises
    ------
    AssertionError
        For a loss that depends on PyTorch's global generator, in train or eval mode.
    """
    for is_training in (True, False):
        found = []
        for seed in (98, 99):  # of everybody's generator, on which nothing may depend
            model = copy.deepcopy(case.model).train(is_training)
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(seed)
                found.append(model.loss(case.again()).total)
        _must(torch.equal(*found), "loss must draw from batch.generator alone")


def overfits_a_few_examples(case: Case) -> None:
    """Check that the model can learn the first 32 examples by heart.

    Parameters
    ----------
    case : Case
        Its model is trained until it has learned them, for 300 steps at most, or solved.

    Raises
    ------
    AssertionError
        For an accuracy below 1, or a squared error of at least 0.8 times the variance of these examples.
    """
    model = case.model
    few = Batch(case.batch.x[:FEW], None if case.batch.y is None else case.batch.y[:FEW])
    if model.is_solved:
        model.solve(lambda: [few.x])
        return _must_know(model, few)
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    for step in range(STEPS):
        few.generator, few.progress = torch.Generator().manual_seed(step), step / STEPS
        loss = model.train().loss(few).total
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % LOOK == LOOK - 1:
            with contextlib.suppress(AssertionError):
                return _must_know(model, few)
    return _must_know(model, few)


@torch.no_grad()
def _must_know(model: LatentModel, few: Batch) -> None:
    model.eval()
    if "classify" in model.can and few.y is not None:
        right = (model.classify(few.x).argmax(1) == few.y.argmax(1)).float().mean().item()
        _must(right == 1, f"{FEW} examples must be learned; accuracy {right:.2f}")
    if "reconstruct" in model.can:
        back = model.reconstruct(few.x, few.y if model.is_conditional else None)
        error, spread = (few.x - back).square().mean(), (few.x - few.x.mean(0)).square().mean()
        # Well below what the mean of the data leaves; penalties keep some models from much less.
        _must(bool(error < 0.8 * spread), f"{FEW} examples must be learned; MSE {error:.4f}, spread {spread:.4f}")


def same_seed_same_weights(case: Case) -> None:
    """Check that the seed determines the first weights.

    Parameters
    ----------
    case : Case
        Not looked at if its network is a program's own or its model is solved.

    Raises
    ------
    AssertionError
        For other weights by the same seed, or the same by another.
    """
    if case.custom.net or case.model.is_solved:
        return
    recipe = case.recipe
    other = recipe.model_copy(update={"training": recipe.training.model_copy(update={"seed": 1})})
    twin, stranger = (list(build(r, case.dataset.x, custom=case.custom)[1].parameters()) for r in (recipe, other))
    first = list(case.model.parameters())
    _must(all(map(torch.equal, first, twin)), "the same seed must give the same weights")
    _must(not all(map(torch.equal, first, stranger)), "another seed must give other weights")


def saved_and_loaded_is_bit_equal(case: Case) -> None:
    """Check that a model that is saved and loaded encodes bit for bit as before.

    Parameters
    ----------
    case : Case
        Its model is put in eval mode; its buffers may change.

    Raises
    ------
    AssertionError
        Which says what does not hold.
    RunError
        For weights that are not finite, or do not fit what the recipe builds.
    """
    codec, model, x = case.codec, case.model, case.batch.x
    model.loss(case.again())  # buffers may move in training
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "weights.safetensors"
        save_weights(path, codec, model)
        codec2, model2 = build(case.recipe, custom=case.custom)
        kinds = {p.device.type for p in model2.parameters()}
        _must(kinds == {"meta"}, "a recipe alone must take no memory")
        load_weights(path, codec2, model2)
    same = torch.equal(model.eval().encode(x), model2.eval().encode(x))
    _must(same, "a model that was saved and loaded must encode as before")
    _must(all(map(torch.equal, codec.buffers(), codec2.buffers())), "a codec must be loaded as it was saved")


def exports_to_onnx(case: Case) -> None:
    """Check that what the model can do exports to ONNX, for any number of rows, without draws or distributions inside.

    Parameters
    ----------
    case : Case
        Its codec and model are put in eval mode.

    Raises
    ------
    RunError
        For a file whose outputs are not PyTorch's, to 1e-5 of the largest value where that is above 1.
    """
    for verb in VERBS:
        # Where reconstruct(x) is decode(encode(x)), these two have shown it.
        is_both = verb == "reconstruct" and type(case.model).reconstruct is LatentModel.reconstruct
        if verb in case.model.can and not is_both:
            to_onnx(case.codec, case.model, verb, case.dataset.x[:7])  # which compares with PyTorch


CHECKS: tuple[Callable[[Case], None], ...] = (
    shapes_and_abilities,
    terms_sum_and_parameters_learn,
    draws_come_from_the_generator,
    overfits_a_few_examples,
    same_seed_same_weights,
    saved_and_loaded_is_bit_equal,
    exports_to_onnx,
)


def _draws() -> torch.Generator:
    return torch.Generator().manual_seed(1)


def _must(holds: bool, what: str) -> None:
    if not holds:
        raise AssertionError(what)


def _must_refuse(act: Callable[[], object], verb: str) -> None:
    with contextlib.suppress(TypeError):
        act()
        raise AssertionError(f"{verb} is not among what the class says that it can; it must raise TypeError")
