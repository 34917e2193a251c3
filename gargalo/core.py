"""The contract: what a codec, a likelihood and a latent model are, and what passes between them.

Raw data (uint8 images, columns of numbers) are known to the **codec** alone. Everything else sees
model-space float32 `x`: images as (c, h, w) in [0, 1], counts as (p,) logarithms of 1 + count, other data as (p,)
standardised numbers.

::

    raw --Codec--> x --LatentModel.encode--> z --LatentModel.decode--> x --Codec.invert--> raw
                        |                                                ^
                        +--- loss(batch) ---> Loss(terms, notes)         Likelihood.mean(params)

An objective is one subclass of `LatentModel` in `gargalo/models`, given its networks built.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    import numpy as np

__all__ = ["NATS", "VERBS", "Batch", "Codec", "Gaussian", "LatentModel", "Likelihood", "Loss", "counts_of"]

NATS = ("bernoulli", "gaussian", "mixed", "poisson", "negative-binomial", "clipped")
"""Likelihoods whose loss is in nats, so that it can stand beside another such term."""
VERBS = ("encode", "decode", "reconstruct", "denoise", "posterior", "classify", "codes")
"""What a model may say that it `can`."""


@dataclass
class Batch:
    """What one step sees.

    Attributes
    ----------
    x : Tensor, (n, *x_shape), float32
        Model-space examples.
    y : Tensor or None, (n, c), float32
        One-hot labels; or the conditions, numbers standardised and names one-hot, of data that have such.
    mask : Tensor or None, (n, *x_shape), bool
        True where a value of what is to be given back was observed.
    generator : torch.Generator or None
        The only source of chance: seeded by (seed, epoch, step), so that a step can be repeated.
    progress : float
        How far training is, 0 to 1; evaluation uses 1.
    clean : Tensor or None, (n, *x_shape), float32
        The clean partners of x, which the model is to give back; None where x itself is.
    """

    x: Tensor
    y: Tensor | None = None
    mask: Tensor | None = None
    generator: torch.Generator | None = None
    progress: float = 1.0
    clean: Tensor | None = None

    @property
    def target(self) -> Tensor:
        """What the model is to give back, (n, *x_shape): the clean partners, where there are some, or x."""
        return self.x if self.clean is None else self.clean


@dataclass
class Loss:
    """Named scalars, tensors of shape ()."""

    terms: dict[str, Tensor]
    """What is summed and minimised."""
    notes: dict[str, Tensor] = field(default_factory=dict)
    """What is only shown."""

    @property
    def total(self) -> Tensor:
        """The sum of the terms: what training minimises."""
        return torch.stack(list(self.terms.values())).sum()

    def __add__(self, other: Loss) -> Loss:
        """Both losses' terms and notes."""
        return Loss(self.terms | other.terms, self.notes | other.notes)


class Gaussian(NamedTuple):
    """A diagonal Gaussian: `mean` and `stddev`, each (n, *latent_shape).

    Not `torch.distributions`: that breaks ONNX export inside `encode`.
    """

    mean: Tensor
    stddev: Tensor

    def draw(self, generator: torch.Generator | None = None) -> Tensor:
        """Draw z = mean + stddev * eps by the reparameterisation trick (arXiv:1312.6114).

        Parameters
        ----------
        generator : torch.Generator or None
            Gives eps ~ N(0, I), on the device of `mean`; None is PyTorch's global generator.

        Returns
        -------
        Tensor, (n, *latent_shape)
        """
        noise = torch.randn(self.mean.shape, generator=generator, device=self.mean.device)
        return self.mean + self.stddev * noise

    def kl(self) -> Tensor:
        """KL(N(mean, stddev^2) || N(0, I)) for each dimension, (n, *latent_shape), nats."""
        return 0.5 * (self.mean.square() + self.stddev.square() - 1) - self.stddev.log()


def counts_of(x: Tensor) -> Tensor:
    """Turn the logarithms that stand for counts in model space back into counts.

    Parameters
    ----------
    x : Tensor
        log(1 + count); clamped to [0, 20].

    Returns
    -------
    Tensor, of the shape and dtype of `x`
        What a float32 cannot tell from a whole number is that number: all counts up to 900,000 come back as they were.
    """
    x = x.clamp(0, 20)
    counts = torch.expm1(x)
    whole = counts.round()
    return torch.where((counts - whole).abs() <= 1e-7 * (1 + counts) * (1 + x), whole, counts)


class Codec(nn.Module):
    """Raw data <-> model space. Holds buffers only, nothing that is trained.

    Notes
    -----
    In the methods `raw` is (n, *raw_shape) in the data's own dtype and range, and `x` (n, *x_shape) float32. Here
    `forward` and `invert` raise TypeError; a subclass defines them.
    """

    x_shape: tuple[int, ...]
    """One example in model space."""
    bounded: bool = False
    """Does x lie in [0, 1]? Else its numbers are standardised, or logarithms of counts."""
    blocks: tuple[int, ...] = ()
    """Sizes of the one-hot blocks that x ends with, where it has categories."""
    can_miss: bool = False
    """May raw numbers be NaN, for what is missing?"""

    @property
    def rows_at_once(self) -> int:
        """How many examples to turn to floats at a time where no batch size says it: memory stays small."""
        return max(1, min(4096, 2**24 // math.prod(self.x_shape)))

    def fit(self, slices: Callable[[], Iterable[np.ndarray]]) -> Codec:
        """Learn what scales the data, from raw training examples.

        Parameters
        ----------
        slices : function
            Each call gives all of them, in parts (n, *raw_shape).

        Returns
        -------
        Codec
            Itself.
        """
        return self

    def forward(self, raw: Tensor) -> Tensor:
        """Turn raw examples into what the network is given.

        Parameters
        ----------
        raw : Tensor, (n, *raw_shape)
            In the data's own dtype and range.

        Returns
        -------
        Tensor, (n, *x_shape), float32
        """
        raise TypeError(f"{type(self).__name__} must define forward(raw)")

    def mask(self, raw: Tensor) -> Tensor | None:
        """Mark where a value of x was observed.

        Parameters
        ----------
        raw : Tensor, (n, *raw_shape)

        Returns
        -------
        Tensor, (n, *x_shape), bool, or None where all were
        """
        return None

    def invert(self, x: Tensor) -> Tensor:
        """Turn model space back into raw examples.

        Parameters
        ----------
        x : Tensor, (n, *x_shape), float32

        Returns
        -------
        Tensor, (n, *raw_shape)
            In the unit of the data: uint8, uint16 or int16 for images that were, else float32.
        """
        raise TypeError(f"{type(self).__name__} must define invert(x)")

    def look(self, raw: np.ndarray) -> np.ndarray:
        """Turn raw pictures into pictures that people can look at; here they are such already.

        Parameters
        ----------
        raw : ndarray, (n, *raw_shape)

        Returns
        -------
        ndarray, (n, h, w) or (n, h, w, c)
            uint8, or floats in [0, 1].
        """
        return raw


class Likelihood(nn.Module):
    """p(x | params), where `params` (n, *params_shape) is what the decoder puts out.

    Here `nll` and `mean` raise TypeError; a subclass defines them.

    Parameters
    ----------
    x_shape : tuple of int
        One example in model space.
    blocks : tuple of int
        Sizes of the one-hot blocks that x ends with, where it has categories.
    bounded : bool
        Does x lie in [0, 1]?
    """

    def __init__(self, x_shape: tuple[int, ...], blocks: tuple[int, ...] = (), bounded: bool = False):
        super().__init__()
        self.x_shape = tuple(x_shape)
        self.blocks = tuple(blocks)
        self.bounded = bounded

    @property
    def params_shape(self) -> tuple[int, ...]:
        """The shape that the decoder must put out for one example."""
        return self.x_shape

    def nll(self, params: Tensor, x: Tensor, mask: Tensor | None = None) -> dict[str, Tensor]:
        """Compute -log p(x | params) of each example, one entry for each kind of column.

        Parameters
        ----------
        params : Tensor, (n, *params_shape)
            What the decoder put out.
        x : Tensor, (n, *x_shape)
            Examples in model space.
        mask : Tensor or None, (n, *x_shape), bool
            True where a value was observed, which alone counts; None where all were.

        Returns
        -------
        dict of Tensor, (n,)
            In nats, for the likelihoods in `NATS`.
        """
        raise TypeError(f"{type(self).__name__} must define nll(params, x, mask)")

    def mean(self, params: Tensor) -> Tensor:
        """Compute E[x | params].

        Parameters
        ----------
        params : Tensor, (n, *params_shape)
            What the decoder puts out.

        Returns
        -------
        Tensor, (n, *x_shape)
        """
        raise TypeError(f"{type(self).__name__} must define mean(params)")

    def draw(self, mean: Tensor, generator: torch.Generator, spread: Tensor | None = None) -> Tensor:
        """Draw from p(x | params), of which the mean is known.

        Here numbers are drawn around their mean, and of each one-hot block one category, by the probabilities that
        stand there; a likelihood of another shape must define its own.

        Parameters
        ----------
        mean : Tensor, (n, *x_shape)
            E[x | params].
        generator : torch.Generator
            Where the draws come from.
        spread : Tensor or None, (*x_shape)
            The standard deviation of each number, in the unit of x; None is what the likelihood itself has learned,
            `stddev`.

        Returns
        -------
        Tensor, (n, *x_shape)
        """
        if not self.blocks:
            noise = torch.randn(mean.shape, generator=generator)
            drawn = mean + noise * (self.stddev if spread is None else spread)
            return drawn.clamp(0, 1) if self.bounded else drawn
        numbers, *blocks = mean.split([mean.shape[1] - sum(self.blocks), *self.blocks], 1)
        width = numbers.shape[1]
        noise = torch.randn(numbers.shape, generator=generator)
        drawn = [numbers + noise * (self.stddev if spread is None else spread[:width])]
        for block in blocks:
            # What a squared error was trained for need not be a probability.
            weights = block.clamp(min=1e-9)
            which = torch.multinomial(weights, 1, generator=generator)
            drawn.append(torch.zeros_like(block).scatter_(1, which, 1.0))
        return torch.cat(drawn, 1)

    @property
    def stddev(self) -> float:
        """The standard deviation of a number around its mean, in the unit of x; 0 where the likelihood has none."""
        return 0.0

    def bias_for(self, mean: Tensor) -> Tensor:
        """Find what the decoder puts out before anything is learned.

        Parameters
        ----------
        mean : Tensor, (*x_shape)
            Of the training data.

        Returns
        -------
        Tensor, (*params_shape)
            The bias of the decoder's last layer whose mean is `mean`.
        """
        return mean

    def slope_for(self, mean: Tensor) -> Tensor:
        """Find how much the mean of x moves with what the decoder puts out, around a mean.

        Here this is the derivative, for a likelihood that takes every number of x from a param of its own; another
        must say what to divide a small change of the mean by, to find a change of the params that has this effect.

        Parameters
        ----------
        mean : Tensor, (*x_shape)
            Of the training data.

        Returns
        -------
        Tensor, (*params_shape)
            In the unit of x for one of the params.
        """
        with torch.enable_grad():
            params = self.bias_for(mean)[None].detach().requires_grad_()
            return torch.autograd.grad(self.mean(params).sum(), params)[0][0]

    def begin(self, params: Tensor, x: Tensor) -> None:
        """Set what the likelihood itself learns, such as a spread, to what suits a first decoder.

        Here there is nothing to set.

        Parameters
        ----------
        params : Tensor, (n, *params_shape)
            What that decoder puts out for some of the training examples.
        x : Tensor, (n, *x_shape)
            These examples.
        """


class LatentModel(nn.Module):
    """A network and an objective: what is trained, encodes and decodes.

    Parameters
    ----------
    encoder : Module
        (n, *x_shape) -> (n, numbers_per_latent * d), and (n, …, h, w) where the latent is a grid.
    decoder : Module
        (n, d) -> (n, *likelihood.params_shape), and from (n, d + c) where there are conditions; for a
        model that decodes nothing, (n, d) -> (n, classes).
    likelihood : Likelihood
        What the decoder's output means.
    latent_shape : tuple of int
        (d,), or (d, h, w) where the latent is a grid.
    options : Options
        The objective's own choices.
    classes : int
        How many labels the data have; 0 for none.

    Attributes
    ----------
    conditions : tuple of int
        How many of the c numbers of `y` each condition takes, for a model that `is_conditional`: 1 for a number, one
        for each name. (classes,) where the label is the condition.

    Notes
    -----
    Everything is deterministic but `loss` and `log_weight`, whose draws come from the generator given.
    In the methods `x` is (n, *x_shape) float32, `z` (n, *latent_shape) float32, and `y` (n, c) float32 the
    conditions, one-hot labels unless others were chosen, for a model that `is_conditional`. `loss`, `solve`,
    `posterior`, `log_weight`, `classify` and `codes` raise TypeError where a subclass does not define them.
    """

    can: frozenset[str]
    """Which of `VERBS` it has."""
    numbers_per_latent: ClassVar[int] = 1
    """How many numbers the encoder puts out for each latent dimension: AE 1, VAE 2."""
    needs_labels: ClassVar[bool] = False
    """Does training need labels?"""
    is_conditional: ClassVar[bool] = False
    """Does the decoder need a condition beside z, the label or another?"""
    is_grid: ClassVar[bool] = False
    """Is a latent a grid of vectors, rather than one?"""
    has_signed_latents: ClassVar[bool] = True
    """May a latent number be negative, as principal components are?"""
    is_solved: ClassVar[bool] = False
    """Are the weights found at once, by `solve`, and not by descending `loss`?"""
    networks: ClassVar[tuple[str, ...]] = ("mlp", "conv", "custom")
    """The names of the networks that this objective can stand on; "custom" is a pair of modules of a program."""
    likelihoods: ClassVar[tuple[str, ...]] = (*NATS, "mse")
    """Names of the likelihoods that make sense here; a model without one has no decoder of x."""
    defaults: ClassVar[dict[str, Any]] = {}
    """Where this objective's recipe departs from the general one: measured, not felt."""
    conv_defaults: ClassVar[dict[str, Any]] = {}
    """What takes the place of `defaults` on a convolutional network."""
    fits_normal: ClassVar[bool] = False
    """Does the objective want the latents to look like N(0, I)?"""
    prior: ClassVar[str] = "normal"
    """Where samples are drawn from unless another place is asked for: a name in `gargalo.latent.PRIORS`."""
    short_names: ClassVar[tuple[str, ...]] = ()
    """Other names that people type."""
    reference: ClassVar[str]
    """The paper that it comes from."""

    @dataclass(frozen=True)
    class Options:
        """The objective's own choices; none here."""

    @classmethod
    def wants_skips(cls, options: Any) -> bool:
        """Should a convolutional decoder also see what each level of the encoder saw?

        Parameters
        ----------
        options : Options
            The objective's own choices.

        Returns
        -------
        bool
        """
        return False

    @classmethod
    def check(cls, options: Any, latent_dim: int, examples: int, net: str) -> None:
        """Refuse what the objective's choices say together with the rest of a recipe.

        Parameters
        ----------
        options : Options
            The objective's own choices, each checked alone.
        latent_dim : int
            d, at least 1.
        examples : int
            For training; 0 where that is not known.
        net : str
            "mlp", "conv" or "custom".

        Raises
        ------
        ParameterError
            For choices that do not go together; never here.
        """

    def __init__(
        self,
        encoder: nn.Module,
        decoder: nn.Module,
        likelihood: Likelihood,
        latent_shape: tuple[int, ...],
        options: Any,
        classes: int = 0,
    ):
        super().__init__()
        self.encoder = encoder
        self.decoder = decoder
        self.likelihood = likelihood
        self.latent_shape = tuple(latent_shape)
        self.options = options
        self.classes = classes
        self.conditions: tuple[int, ...] = (classes,) if classes else ()

    @property
    def can_guess(self) -> bool:
        """Is the condition one name of several, which can be tried one by one where it is not known?"""
        return len(self.conditions) == 1 and self.conditions[0] > 1

    def loss(self, batch: Batch) -> Loss:
        """Compute the objective on one batch. Buffers may change here, in train mode only.

        Parameters
        ----------
        batch : Batch

        Returns
        -------
        Loss
            Its terms sum to what is minimised.

        Raises
        ------
        TypeError
            Where a subclass does not define it.
        """
        raise TypeError(f"{type(self).__name__} must define loss(batch)")

    def solve(self, slices: Callable[[], Iterable[Tensor]]) -> None:
        """Find the weights at once, for a model that `is_solved`.

        Parameters
        ----------
        slices : function
            Each call gives all training x, in parts (n, *x_shape).

        Raises
        ------
        TypeError
            Where a subclass does not define it.
        """
        raise TypeError(f"{type(self).__name__} is trained by descending its loss")

    def encode(self, x: Tensor) -> Tensor:
        """Encode examples; the posterior's mean where there is a posterior.

        Parameters
        ----------
        x : Tensor, (n, *x_shape), float32
            Examples in model space.

        Returns
        -------
        Tensor, (n, *latent_shape), float32
        """
        return self.encoder(x)

    def params(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        """Compute the parameters of p(x | z).

        Parameters
        ----------
        z : Tensor, (n, *latent_shape), float32
            Latents.
        y : Tensor or None, (n, c), float32
            The conditions: one-hot labels, unless others were chosen.

        Returns
        -------
        Tensor, (n, *likelihood.params_shape)
        """
        return self.decoder(z)

    def decode(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        """Decode latents, differentiably.

        Parameters
        ----------
        z : Tensor, (n, *latent_shape), float32
            Latents.
        y : Tensor or None, (n, c), float32
            The conditions: one-hot labels, unless others were chosen.

        Returns
        -------
        Tensor, (n, *x_shape)
            E[x | z], as the likelihood gives it.
        """
        return self.likelihood.mean(self.params(z, y))

    def reconstruct(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        """Reconstruct x as decode(encode(x), y), unless a subclass overrides it.

        Parameters
        ----------
        x : Tensor, (n, *x_shape), float32
            Examples in model space.
        y : Tensor or None, (n, c), float32
            The conditions: one-hot labels, unless others were chosen.

        Returns
        -------
        Tensor, (n, *x_shape)
        """
        return self.decode(self.encode(x), y)

    def posterior(self, x: Tensor) -> Gaussian:
        """Compute q(z | x), where the model has one.

        Parameters
        ----------
        x : Tensor, (n, *x_shape), float32
            Examples in model space.

        Returns
        -------
        Gaussian
            Mean and stddev (n, *latent_shape).

        Raises
        ------
        TypeError
            Where a subclass does not define it.
        """
        raise TypeError(f"{type(self).__name__} has no posterior")

    def log_weight(self, batch: Batch, k: int) -> Tensor:
        """Compute log p(x | z) + log p(z) - log q(z | x) of draws z from q(z | x) (arXiv:1509.00519).

        Parameters
        ----------
        batch : Batch
            n examples, and the generator of the draws.
        k : int
            Draws for each example, at least 1.

        Returns
        -------
        Tensor, (k, n)
            In nats.
        """
        raise TypeError(f"{type(self).__name__} has no posterior to weigh")

    def classify(self, x: Tensor) -> Tensor:
        """Compute the probability of each class.

        Parameters
        ----------
        x : Tensor, (n, *x_shape), float32
            Examples in model space.

        Returns
        -------
        Tensor, (n, classes)
            Each row sums to 1.

        Raises
        ------
        TypeError
            Where a subclass does not define it.
        """
        raise TypeError(f"{type(self).__name__} does not classify")

    def codes(self, x: Tensor) -> Tensor:
        """Compute which codebook entry stands where, for a latent that is a grid of codes.

        Parameters
        ----------
        x : Tensor, (n, *x_shape), float32
            Examples in model space.

        Returns
        -------
        Tensor, (n, h, w), int64

        Raises
        ------
        TypeError
            Where a subclass does not define it.
        """
        raise TypeError(f"{type(self).__name__} has no codes")
