"""Priors that a run keeps: fitted after the training, or when a package that was installed since is first asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import RunError
from ..latent import PRIORS, Prior
from .folder import RunFolder

__all__ = ["kept_prior"]


def kept_prior(run: RunFolder, name: str, latent_size: int, latents: Callable[[], np.ndarray]) -> Prior:
    """Open what latents are drawn from, which draws such latents as the model has.

    Parameters
    ----------
    run : RunFolder
        Where it is kept.
    name : str
        A name in `gargalo.latent.PRIORS`.
    latent_size : int
        Numbers in one latent.
    latents : function
        Gives latents (n, d) of the kept examples, where a prior that came later is to be fitted.

    Returns
    -------
    Prior

    Raises
    ------
    ParameterError
        For an unknown name.
    RunError
        For a run whose file of it is not whole, or holds another.
    """
    kind: Any = PRIORS.get_or_raise(name)
    if not kind.learns:
        return kind.fit(np.empty((0, latent_size), np.float32))
    is_later = name not in run.facts.get("priors", ["gmm"])
    arrays = run.kept(f"prior-{name}", None, (lambda: (kind.fit(latents()).arrays, {})) if is_later else None)[0]
    file = run.folder / "space" / f"prior-{name}.safetensors"
    try:
        found = kind(**arrays)
        drawn = found.sample(1, np.random.default_rng(0))
    # What else a prior of a package does is told as its own fault.
    except (TypeError, ValueError, LookupError) as error:
        raise RunError(f"{file}: expected to draw latents. It cannot be ({error}); train anew.") from None
    if drawn.shape != (1, latent_size) or not np.isfinite(drawn).all():
        raise RunError(f"{file}: expected to draw latents of {latent_size} finite numbers. Drew others; train anew.")
    return found
