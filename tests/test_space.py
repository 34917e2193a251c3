"""The latent space: closed forms where there are some, and quality where there are none."""

from __future__ import annotations

import pickle
import re
import sys

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from gargalo import latent
from gargalo.errors import DataError, ParameterError
from gargalo.latent import PROJECTIONS, blend, path, principal_axes, project, traverse
from gargalo.latent.priors.mixture import Mixture
from gargalo.latent.priors.normal import Normal
from gargalo.metrics import Estimate
from gargalo.metrics.generation import coverage
from gargalo.metrics.probes import knn_accuracy, linear_accuracy
from gargalo.metrics.reconstruction import mse, psnr
from gargalo.runs.baseline import pca_baseline


def blobs(n: int, d: int, classes: int, apart: float = 20.0, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """`n` points N(m, I) around `classes` centres that are about `apart` from each other, and their labels."""
    rng = np.random.default_rng(seed)
    centres = np.random.default_rng(99).normal(size=(classes, d)) * apart / np.sqrt(2 * d)
    labels = np.arange(n) % classes
    return (centres[labels] + rng.normal(size=(n, d))).astype(np.float32), labels


Z, Y = blobs(240, 8, 4)


def says(error: type[Exception], text: str):
    return pytest.raises(error, match=re.escape(text))


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """On a busy machine, threads that wait for each other cost these small maps many seconds."""
    with threadpool_limits(1):
        yield


# Walks


@pytest.mark.parametrize("method", ["linear", "slerp"])
@pytest.mark.parametrize("steps", [2, 7])
def test_a_path_begins_and_ends_where_it_should(method, steps):
    points = path(Z[0], Z[1], steps, method)
    assert points.shape == (steps, 8)
    np.testing.assert_allclose(points[[0, -1]], Z[[0, 1]], rtol=1e-6)


def test_a_linear_path_is_even():
    np.testing.assert_allclose(path(np.zeros(2), np.array([3.0, 6.0]), 4), [[0, 0], [1, 2], [2, 4], [3, 6]])


def test_slerp_keeps_the_norm_and_turns_evenly():
    a, b = np.array([5.0, 0, 0]), np.array([0, 3.0, 4.0])
    points = path(a, b, 7, "slerp")
    np.testing.assert_allclose(np.linalg.norm(points, axis=1), 5, rtol=1e-6)
    turns = np.arccos((points[1:] * points[:-1]).sum(axis=1) / 25)
    np.testing.assert_allclose(turns, np.pi / 12, rtol=1e-5)
    # The straight line between them does not.
    assert np.linalg.norm(path(a, b, 7), axis=1).min() < 4


@pytest.mark.parametrize("factor", [2.0, 1.0, 0.0, -1.0])
def test_slerp_between_parallel_ends_is_linear(factor):
    a = np.array([1.0, 2.0, -2.0])
    points = path(a, factor * a, 5, "slerp")
    np.testing.assert_allclose(points, path(a, factor * a, 5), atol=1e-6)
    assert np.isfinite(points).all()
    # Rounding may make the cosine of the angle a little more than one.
    for z in Z.astype(np.float64):
        assert np.isfinite(path(z, 3 * z, 3, "slerp")).all()


def test_what_a_path_cannot_be():
    with says(ParameterError, "Got 'slurp' instead. Did you mean 'slerp'?"):
        path(Z[0], Z[1], method="slurp")
    for walk in (lambda: path(Z[0], Z[1], 1), lambda: traverse(Z, 0, 1)):
        with says(ParameterError, "must be an int >= 2. Got 1 instead"):
            walk()


def test_a_cross_fade_stays_in_bytes():
    a, b = np.array([[0, 255]], np.uint8), np.array([[255, 0]], np.uint8)
    mixed = blend(a, b, 3)
    assert mixed.dtype == np.uint8
    assert mixed.tolist() == [[[0, 255]], [[128, 128]], [[255, 0]]]
    np.testing.assert_allclose(blend(a / 255.0, b / 255.0, 3)[1], 0.5)


def test_directions_recover_a_known_covariance():
    rng = np.random.default_rng(3)
    axes = np.linalg.qr(rng.normal(size=(4, 4)))[0]
    z = rng.normal(size=(5000, 4)) * np.sqrt([16, 9, 4, 1]) @ axes.T + 100
    rows, variances = principal_axes(z)
    np.testing.assert_allclose(variances, [16, 9, 4, 1], rtol=0.1)
    np.testing.assert_allclose(np.abs(np.diag(rows @ axes)), 1, atol=0.01)
    np.testing.assert_allclose(rows @ rows.T, np.eye(4), atol=1e-9)
    # An eigenvector's sign is the library's whim; here the largest coordinate is positive.
    assert (rows[np.arange(4), np.abs(rows).argmax(axis=1)] > 0).all()


def test_traverse_goes_where_the_data_are():
    points = traverse(Z, 3, 9)
    np.testing.assert_allclose(points[[0, -1], 3], np.percentile(Z[:, 3], [1, 99]), rtol=1e-5)
    np.testing.assert_allclose(np.delete(points, 3, axis=1), np.tile(np.delete(Z.mean(0), 3), (9, 1)), rtol=1e-5)
    np.testing.assert_array_equal(points, traverse(Z, "3", 9))
    from_one = traverse(Z, 3, 9, origin=Z[5])
    np.testing.assert_allclose(np.delete(from_one, 3, axis=1), np.tile(np.delete(Z[5], 3), (9, 1)), rtol=1e-5)


def test_traverse_along_a_principal_direction():
    rows, _ = principal_axes(Z)
    points = traverse(Z, "pca:1", 5, origin=Z[5])
    along, beside = points @ rows[1], (points - Z[5]) @ rows[[0, 2, 3]].T
    np.testing.assert_allclose(along[[0, -1]], np.percentile(Z @ rows[1], [1, 99]), rtol=1e-4)
    np.testing.assert_allclose(beside, 0, atol=1e-4)


@pytest.mark.parametrize("axis", [8, -1, "pca:8", "pca:", "pca:-1", "tsne:0", "", "x", "²", 1.5])
def test_an_axis_that_is_none(axis):
    expected = f"axis must be 0 to 7, or pca:0 to pca:7. Got {axis!r} instead."
    with says(ParameterError, expected):
        traverse(Z, axis)


# Priors


def test_the_normal_prior_is_normal_and_seeded():
    z = Normal(5).sample(20_000, np.random.default_rng(1))
    assert z.shape == (20_000, 5)
    np.testing.assert_allclose(z.mean(0), 0, atol=0.03)
    np.testing.assert_allclose(np.cov(z.T), np.eye(5), atol=0.04)
    np.testing.assert_array_equal(z, Normal(5).sample(20_000, np.random.default_rng(1)))
    assert (z != Normal(5).sample(20_000, np.random.default_rng(2))).any()


def test_a_mixture_draws_what_its_numbers_say():
    mixture = Mixture(
        np.array([3.0, 1.0]),  # weights need not sum to one
        np.array([[0.0, 0.0], [100.0, 0.0]]),
        np.array([[[1.0, 0.0], [2.0, 0.5]], [[0.1, 0.0], [0.0, 0.1]]]),
    )
    z = mixture.sample(20_000, np.random.default_rng(0))
    left = z[z[:, 0] < 50]
    assert len(left) / len(z) == pytest.approx(0.75, abs=0.02)
    np.testing.assert_allclose(np.cov(left.T), [[1, 2], [2, 4.25]], atol=0.15)
    np.testing.assert_array_equal(z, mixture.sample(20_000, np.random.default_rng(0)))
    assert (z != mixture.sample(20_000, np.random.default_rng(1))).any()


def test_a_fitted_mixture_draws_like_the_data():
    # Columns of very different size, correlated, in clusters far apart: what a plain autoencoder's latents are.
    z = np.vstack([Z + 1, Z - 1])[:, :3] @ np.array([[1e-3, 0, 5], [0, 1e3, 0], [0, 500, 1]])
    drawn = Mixture.fit(z, components=4).sample(20_000, np.random.default_rng(0))
    spread = z.std(0)
    np.testing.assert_allclose((drawn.mean(0) - z.mean(0)) / spread, 0, atol=0.04)
    np.testing.assert_allclose(np.cov((drawn / spread).T), np.cov((z / spread).T), atol=0.05)


def test_a_fitted_mixture_keeps_the_clusters_apart():
    # One wide Gaussian has the same moments, and fills the gaps.
    assert coverage(Z, Mixture.fit(Z, components=4).sample(240, np.random.default_rng(0))) > 0.85
    assert coverage(Z, Mixture.fit(Z, components=1).sample(240, np.random.default_rng(0))) < 0.4


def test_a_fit_is_a_matter_of_its_seed():
    # More components than clusters: each start ends elsewhere.
    means = [Mixture.fit(Z, seed=seed).means for seed in (0, 0, 1)]
    np.testing.assert_array_equal(means[0], means[1])
    assert not np.allclose(np.sort(means[0], axis=0), np.sort(means[2], axis=0))


@pytest.mark.parametrize(
    "z",
    [
        np.zeros((10, 3)),
        Z[:2],
        Z[:12],
        np.repeat(Z[:2], 10, axis=0),
        np.column_stack([Z[:, 0], np.ones(len(Z))]),
        Z[:, :1],
        Z * 1e-8,
    ],
    ids=["constant", "two points", "few points", "duplicates", "a dead dimension", "one dimension", "narrow"],
)
def test_a_mixture_of_poor_latents_is_finite(z):
    drawn = Mixture.fit(z).sample(50, np.random.default_rng(0))
    assert drawn.shape == (50, z.shape[1])
    assert np.isfinite(drawn).all()
    assert np.abs(drawn - z.mean(0)).max() <= 10 * max(z.std(0).max(), 0.01)


def test_a_mixture_that_cannot_be_fitted():
    with says(ParameterError, "components must be an int >= 1. Got 0"):
        Mixture.fit(Z, components=0)
    with says(DataError, "expected at least 2 latents. Found 1"):
        Mixture.fit(Z[:1])


# Maps


@pytest.fixture(params=["scikit-learn-intelex", "scikit-learn"])
def engine(request, monkeypatch) -> str:
    """Both engines of t-SNE: the extension is not there on every machine."""
    if request.param == "scikit-learn":
        monkeypatch.setitem(sys.modules, "sklearnex.manifold", None)
    else:
        pytest.importorskip("sklearnex")
    return request.param


def test_tsne_keeps_neighbours_together(engine):
    drawn = project(Z, perplexity=15)
    assert (drawn.method, drawn.engine, drawn.notes) == ("tsne", engine, ())
    assert drawn.points.shape == (240, 2)
    assert drawn.points.dtype == np.float32
    distances = np.linalg.norm(drawn.points[:, None] - drawn.points[None], axis=2)
    np.fill_diagonal(distances, np.inf)
    assert (Y[distances.argmin(axis=1)] == Y).mean() == 1
    np.testing.assert_array_equal(drawn.points, project(Z, perplexity=15).points)


def test_tsne_begins_as_pca(engine):
    """So that what lies along a line is neither torn nor folded, nor drawn the other way round."""
    line = np.linspace(0, 1, 200)[:, None] * [3, 2, 1, 0, 0]
    line = line + np.random.default_rng(0).normal(size=line.shape) * 0.05
    drawn, start = project(line, perplexity=20).points, project(line, "pca").points
    assert np.corrcoef(drawn[:, 0], start[:, 0])[0, 1] > 0.98


@pytest.mark.parametrize("method", ["tsne", "pca"])
@pytest.mark.parametrize("scale", [1e200, 1e-30, 1e-310])
def test_a_map_does_not_depend_on_the_scale(method, scale):
    z = Z[:60].astype(np.float64)
    small = project(z * scale, method).points
    assert np.isfinite(small).all()
    if method == "pca":
        # The narrowest numbers have few digits left.
        np.testing.assert_allclose(small, project(z, method).points, atol=1e-3)
    else:
        assert np.ptp(small, axis=0).min() > 1


def test_pca_is_a_projection():
    rng = np.random.default_rng(0)
    plane = rng.normal(size=(50, 2)) * [3, 1]
    z = plane @ np.linalg.qr(rng.normal(size=(6, 6)))[0][:2] + 7
    points = project(z, "pca").points.astype(np.float64)

    def distances(x):
        return np.linalg.norm(x[:, None] - x[None], axis=2)

    # All of it lies in a plane, so every distance is kept, but for one common scale.
    ratio = distances(points)[0, 1] / distances(plane)[0, 1]
    assert ratio > 0.01
    np.testing.assert_allclose(distances(points), ratio * distances(plane), rtol=1e-4, atol=1e-5)
    assert points[:, 0].var() > points[:, 1].var()
    for same in (z + 1e6, z * 1e-6):
        np.testing.assert_allclose(project(same, "pca").points, points, atol=1e-5)


def test_pca_draws_along_the_principal_directions():
    for seed in range(5):
        z = np.random.default_rng(seed).normal(size=(50, 4)) * [1, 5, 3, 1]
        z = z @ np.linalg.qr(np.random.default_rng(seed).normal(size=(4, 4)))[0]
        points, along = project(z, "pca").points, z @ principal_axes(z)[0][:2].T
        # Nor turned round: the sign follows the same rule.
        assert [np.corrcoef(points[:, i], along[:, i])[0, 1] for i in (0, 1)] == pytest.approx([1, 1])


@pytest.mark.parametrize("method", ["tsne", "pca"])
@pytest.mark.parametrize(
    ("z", "expected"),
    [
        (np.zeros((20, 3)), "Found no variation to map"),
        (np.full((20, 3), 1e200), "Found no variation to map"),
        # Nothing but rounding.
        (1 + np.arange(60).reshape(20, 3) * 1e-15, "Found no variation to map"),
        (Z[:1], "at least 2 points of shape (n, d). Found (1, 8)"),
        (Z[0], "Found (8,)"),
        (np.zeros((20, 0)), "Found (20, 0)"),
        (np.zeros((4, 4, 4)), "Found (4, 4, 4)"),
        (np.where(np.arange(240)[:, None] < 2, np.nan, Z), "expected finite points. Found 2 that are not"),
        (np.where(np.arange(240)[:, None] < 3, -np.inf, Z), "expected finite points. Found 3 that are not"),
    ],
)
def test_what_cannot_be_mapped(method, z, expected):
    with says(DataError, expected):
        project(z, method)


@pytest.mark.parametrize("n", [2, 3, 4, 5, 40])
def test_few_points_are_mapped_and_it_is_said_how(engine, n):
    drawn = project(Z[:n])
    assert drawn.points.shape == (n, 2)
    assert np.isfinite(drawn.points).all()
    if n < 4:
        assert (drawn.method, drawn.notes) == ("pca", (f"t-SNE needs 4 points; with {n}, PCA is shown.",))
    else:
        used = {4: "1", 5: "1.33", 40: "13"}[n]
        assert drawn.method == "tsne"
        assert drawn.notes == (f"Perplexity 30 is too much for {n} points; {used} was used.",)


@pytest.mark.parametrize(
    "z",
    [
        np.repeat(Z[:2], 20, axis=0),
        np.vstack([np.zeros((40, 3)), np.ones((1, 3))]),
        Z[:40, :1],
        np.vstack([Z[:40], np.full((1, 8), 1e200)]),
        np.arange(60).reshape(20, 3),
    ],
    ids=["duplicates", "all but one alike", "one feature", "one far away", "integers"],
)
@pytest.mark.parametrize("method", ["tsne", "pca"])
def test_awkward_points_are_mapped_to_finite_ones(engine, z, method):
    points = project(z, method).points
    assert points.shape == (len(z), 2)
    assert np.isfinite(points).all()
    assert np.ptp(points) > 0


def test_what_a_map_cannot_be():
    with says(ParameterError, "Got 't-sne' instead. Did you mean 'tsne'?"):
        project(Z, "t-sne")
    # Below one there is no neighbour to count; far below, the engine runs out of memory.
    for perplexity in (0, -3, 1e-300, float("nan")):
        with says(ParameterError, "perplexity must be a number >= 1. Got"):
            project(Z, perplexity=perplexity)


# Metrics


@pytest.mark.parametrize("probe", [knn_accuracy, linear_accuracy])
def test_probes_find_what_is_there_and_nothing_else(probe):
    x, y = blobs(400, 8, 4, seed=1)
    assert probe(Z, Y, x, y) == 1
    shuffled = np.random.default_rng(0).permutation(Y)
    assert probe(Z, shuffled, x, y) == pytest.approx(0.25, abs=0.12)
    # A label that is hidden in the order of the rows is not in the points.
    assert probe(Z, Y, x, (y + 1) % 4) == 0


def test_probes_of_poor_data():
    assert knn_accuracy(Z[:3], Y[:3], Z, Y) > 0  # fewer points than neighbours
    for probe in (knn_accuracy, linear_accuracy):
        assert probe(Z[:40], np.zeros(40, int), Z, Y) == 0.25  # one class only
        assert 0 <= probe(np.ones((40, 3)), Y[:40], np.ones((40, 3)), Y[:40]) <= 0.5  # nothing to see


def test_the_linear_probe_is_linear_and_blind_to_units():
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, size=(600, 2))
    crossed, straight = (x[:, 0] * x[:, 1] > 0).astype(int), (x[:, 0] > x[:, 1]).astype(int)
    assert linear_accuracy(x[:400], crossed[:400], x[400:], crossed[400:]) < 0.7
    assert knn_accuracy(x[:400], crossed[:400], x[400:], crossed[400:]) > 0.9
    units = x * [1e-6, 1e6] + [0, 1e7]
    assert linear_accuracy(units[:400], straight[:400], units[400:], straight[400:]) > 0.97


def test_mse_and_psnr_closed_forms():
    x = np.full((3, 4, 4), 0.5, np.float32)
    off = x + np.float32([0.1, 0.01, 0]).reshape(3, 1, 1)
    assert mse(x, off) == pytest.approx((0.01 + 0.0001) / 3, rel=1e-5)
    assert psnr(x[:1], off[:1]) == pytest.approx(20, abs=1e-4)
    assert psnr(x[1:2], off[1:2]) == pytest.approx(40, abs=1e-4)
    assert psnr(x, x) == 100
    # The mean over images of decibels, not the decibels of the mean error.
    assert psnr(x, off) == pytest.approx((20 + 40 + 100) / 3, abs=1e-4)


def test_coverage_of_the_real_distribution_itself():
    real, again = np.random.default_rng(0).normal(size=(2, 1500, 3))
    for k in (1, 2, 3, 5):
        assert coverage(real, again, k) == pytest.approx(1 - 2.0**-k, abs=0.03)


def test_coverage_sees_what_is_missing():
    (real, y), (again, again_y) = blobs(1000, 6, 10), blobs(1000, 6, 10, seed=1)
    assert coverage(real, again) > 0.94
    assert coverage(real, np.tile(real[:1], (1000, 1))) < 0.02  # one point, drawn over and over
    halves = coverage(real, again[again_y < 5]), np.mean(y < 5)
    assert halves[0] == pytest.approx(halves[1], abs=0.07)
    assert coverage(real, again + 1000) == 0
    assert coverage(real[:3], again) <= 1  # fewer real points than neighbours


def test_pca_gives_back_what_has_few_dimensions():
    rng = np.random.default_rng(0)
    flat = rng.normal(size=(60, 3)) @ rng.normal(size=(3, 20)) + 5
    images = flat.reshape(60, 4, 5)
    whole = pca_baseline(images[:40], images[40:], 3)
    assert (whole.z_train.shape, whole.z_test.shape, whole.back.shape) == ((40, 3), (20, 3), (20, 4, 5))
    np.testing.assert_allclose(whole.back, images[40:], atol=1e-8)
    assert mse(images[40:], pca_baseline(images[:40], images[40:], 2).back) > 0.01
    # More dimensions than examples or numbers: all there are.
    assert pca_baseline(images[:2], images, 16).z_test.shape == (60, 2)


def test_no_projection_beats_pca_on_its_own_data():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 12)) * np.linspace(3, 0.3, 12)
    errors = [mse(x, pca_baseline(x, x, d).back) for d in range(1, 13)]
    assert (np.diff(errors) < 0).all()
    for d in (1, 4, 8):
        for _ in range(5):
            basis = np.linalg.qr(rng.normal(size=(12, d)))[0]
            mean = x.mean(0)
            assert errors[d - 1] < mse(x, (x - mean) @ basis @ basis.T + mean)


# Figures with their intervals, and places for new points


def test_intervals_hold_the_truth_nineteen_times_in_twenty():
    rng = np.random.default_rng(0)
    hits = {"mean": 0, "share": 0, "ratio": 0}
    for _ in range(1000):
        mean = Estimate.of_mean(rng.normal(3, 2, 50))
        share = Estimate.of_share(rng.random(60) < 0.9)
        weights = rng.integers(1, 5, 80)
        ratio = Estimate.of_ratio(weights * rng.normal(2, 1, 80), weights)
        hits["mean"] += mean.low <= 3 <= mean.high
        hits["share"] += share.low <= 0.9 <= share.high
        hits["ratio"] += ratio.low <= 2 <= ratio.high
    assert all(920 <= count <= 975 for count in hits.values()), hits


def test_an_estimate_is_its_number():
    figure = Estimate(0.25, 0.2, 0.3, 100)
    assert figure == 0.25
    assert (figure.value, figure.low, figure.high, figure.n) == (0.25, 0.2, 0.3, 100)
    assert f"{figure:.2f}" == "0.25"
    assert figure.as_json() == {"value": 0.25, "low": 0.2, "high": 0.3, "n": 100}
    assert Estimate(float("nan")).as_json()["value"] is None
    assert pickle.loads(pickle.dumps(figure)).high == 0.3
    one = Estimate.of_mean(np.array([2.0]))
    assert (one, one.low, one.n) == (2.0, None, 1)
    assert Estimate.of_share(np.array([True] * 10)).high == 1.0


def test_pca_has_a_place_for_new_points_and_tsne_has_none():
    z = np.random.default_rng(0).normal(size=(50, 4))
    pca = PROJECTIONS["pca"]()
    points = pca.fit(z).points
    assert np.allclose(pca.transform(z[:7]), points[:7], atol=1e-6)
    assert pca.can_transform
    tsne = PROJECTIONS["tsne"]()
    assert not tsne.can_transform
    with pytest.raises(TypeError, match="TSNE has no place for new points"):
        tsne.transform(z)


def test_a_mixture_of_long_latents_has_a_density_on_its_axes():
    z = np.random.default_rng(0).normal(size=(400, 90)) * np.linspace(3, 0.1, 90)
    mixture = Mixture.fit(z, components=2)
    assert mixture.factors.shape[1:] == (90, 64)
    found = mixture.log_prob(z)
    assert np.isfinite(found).all()
    assert found.mean() > mixture.log_prob(z + 5).mean()


@pytest.mark.parametrize("n", [4, 30, 300, 600])
def test_perplexity_reaches_as_far_as_it_can(n):
    """Intel's extension failed on nearly as many neighbours as points, and on 600 points ended the process."""
    z = np.random.default_rng(0).normal(size=(n, 4)).astype(np.float32)
    for perplexity in (n, (n - 1) / 3):
        found = latent.make_projection("tsne", perplexity=perplexity).fit(z)
        assert found.points.shape == (n, 2)
        assert bool(found.notes) == (perplexity == n)


@pytest.mark.parametrize("falls", [1, 2])
def test_a_layout_that_falls_into_the_middle_is_begun_anew(monkeypatch, falls):
    """Intel's extension did, on 1,000 latents of windows: coordinates of 1e-8."""
    from sklearn.manifold import TSNE

    from gargalo.latent.projections import tsne

    begun = []

    class Falls(TSNE):
        def fit_transform(self, z: np.ndarray) -> np.ndarray:
            begun.append(self.init.std())
            points = super().fit_transform(z)
            return points * 1e-9 if len(begun) <= falls else points

    really = tsne._engine
    monkeypatch.setattr(tsne, "_engine", lambda many: really(many) if many else ("extension", Falls))
    found = latent.project(np.random.default_rng(0).normal(size=(200, 5)).astype(np.float32), "tsne")
    assert found.points.std() > 1
    assert len(begun) == 2 and begun[1] > 50 * begun[0]
    assert found.engine == ("extension" if falls == 1 else "scikit-learn")
