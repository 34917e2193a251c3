"""Metrics: arrays -> Estimate. A new one is a function in a file here and a line below.

A metric is a function whose parameters are the names of the arrays that it needs. It is measured for every run that
has all of them, and stands by its name in `metrics.json`, `gargalo info` and the report's last table.

==================  ===================  ================================================================
array               shape                what it is
==================  ===================  ================================================================
x_train, x_test     (m, …), (n, …)       examples in model space, \\*x_shape each
target              (n, \\*x_shape)       what is to be given back: x_test, or its clean partners where it has some
clean               (n, \\*x_shape)       the clean partners of x_test, where it has some
mask                (n, \\*x_shape)       where a value of target was observed; None where all were
reconstruction      (n, \\*x_shape)       x_test through the bottleneck and back
pca_reconstruction  (n, \\*x_shape)       x_test as PCA with as many numbers gives it back
z_train, z_test     (m, d), (n, d)       latents
y_train, y_test     (m,), (n,)           labels, as numbers
posterior_mean      (n, d)               means of q(z | x_test), where there is a posterior
noisy, denoised     (n, \\*x_shape)       noisy or corrupted test images, and what the model makes of them
real_features       (k, f)               the reference classifier's latents of kept test examples
sample_features     (k, f)               the same of as many samples from a prior
==================  ===================  ================================================================

What needs z is also measured on PCA's components (`pca_…`) and, where it costs little, on raw numbers (`raw_…`); what
needs `reconstruction` on PCA's as well; what needs `sample_features` for each prior, as a mean over several draws:
under its own name for N(0, I), and with the name of the prior at its end for the others.
"""

from __future__ import annotations

from collections.abc import Callable

from ..io.registry import Registry
from .estimate import Estimate

__all__ = ["METRICS", "Estimate", "Metric"]

Metric = Callable[..., Estimate]

METRICS: Registry[Metric] = Registry(
    "metric",
    "gargalo.metrics",
    __name__,
    {
        "mse": "reconstruction:mse",
        "mse_minus_pca": "reconstruction:mse_minus_pca",
        "mse_noisy": "reconstruction:mse_noisy",
        "knn_accuracy": "probes:knn_accuracy",
        "linear_accuracy": "probes:linear_accuracy",
        "active_units": "latents:active_units",
        "psnr_noisy": "reconstruction:psnr_noisy",
        "psnr_denoised": "reconstruction:psnr_denoised",
        "coverage": "generation:coverage",
    },
    ("a function", callable),
)
