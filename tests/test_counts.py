"""Counts: their likelihoods, their kind of data, and sparse matrices, which are never made arrays at once."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy import sparse, stats

import gargalo
from gargalo import cli
from gargalo.core import counts_of
from gargalo.data import as_dataset
from gargalo.data.codec import CountCodec
from gargalo.data.sparse import SparseRows, as_rows
from gargalo.data.splits import copies
from gargalo.errors import DataError, ParameterError
from gargalo.export import to_onnx
from gargalo.models import LIKELIHOODS, MODELS
from gargalo.recipes import build, make
from gargalo.runs.rows import as_data, probe_rows
from gargalo.runs.verdict import verdict_of
from gargalo.training import evaluate

COUNTED = ("poisson", "negative-binomial")


def topics(n: int = 900, p: int = 50, depth: float = 60, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Counts (n, p) of rows that mix 20 topics, as deep as they happen to be, and the rates that they were drawn by."""
    draws = np.random.default_rng(seed)
    mixed = draws.dirichlet(np.full(20, 0.2), n) @ draws.dirichlet(np.full(p, 0.2), 20)
    rates = mixed * depth * draws.gamma(4, 0.25, (n, 1))
    return draws.negative_binomial(2, 2 / (2 + rates)), rates


# ---- likelihoods


@pytest.mark.parametrize("name", COUNTED)
def test_the_loss_is_the_probability_of_the_counts(name):
    """To rounding, from none counted to a million, also for what is hardly or wildly dispersed."""
    draws = np.random.default_rng(0)
    k = np.tile([0, 1, 3, 17, 250, 90_000, 800_000], (40, 1)).astype(np.float32)
    params = torch.from_numpy((np.log(k + 0.5) + draws.normal(size=k.shape)).astype(np.float32))
    likelihood, x, rates = LIKELIHOODS[name]((7,)), torch.from_numpy(np.log1p(k)), params.double().exp().numpy()
    if name == "poisson":
        expected = -stats.poisson.logpmf(k, rates)
    else:
        r = np.array([1e-3, 0.1, 1, 10, 1e3, 1e4, 0.5])
        with torch.no_grad():
            likelihood.log_r.copy_(torch.from_numpy(r).log())
        r = likelihood.log_r.double().exp().detach().numpy()
        expected = -stats.nbinom.logpmf(k, r, r / (r + rates))
    mask = torch.eye(7, dtype=torch.bool)[torch.arange(40) % 7]
    for observed in (None, mask):
        found = likelihood.nll(params, x, observed)
        assert found.keys() == {name} and found[name].dtype == torch.float32
        wanted = (expected if observed is None else expected * observed.numpy()).sum(1)
        np.testing.assert_allclose(found[name].detach().numpy(), wanted, rtol=1e-6, atol=1e-5)


@pytest.mark.parametrize("name", COUNTED)
def test_the_mean_of_a_likelihood_is_the_mean_count(name):
    likelihood, rates = LIKELIHOODS[name]((4,)), torch.tensor([1e-4, 0.3, 7.0, 50_000.0])
    mean = likelihood.mean(rates.log()[None])[0]
    torch.testing.assert_close(mean.expm1(), rates, rtol=1e-4, atol=1e-7)
    torch.testing.assert_close(likelihood.bias_for(mean), rates.log(), rtol=1e-3, atol=1e-3)
    assert likelihood.bias_for(torch.zeros(1)).item() == pytest.approx(np.log(1e-6)), "of what was never seen"
    assert (likelihood.slope_for(mean) >= 0.7).all()
    far = likelihood.mean(torch.full((1, 4), 1e6))
    assert torch.isfinite(counts_of(far)).all() and torch.isfinite(likelihood.nll(far * 1e6, far)[name]).all()


@pytest.mark.parametrize("name", COUNTED)
def test_draws_are_whole_and_spread_as_the_likelihood_says(name):
    likelihood, rates = LIKELIHOODS[name]((3,)), torch.tensor([0.2, 4.0, 300.0])
    variances = rates
    if name == "negative-binomial":
        with torch.no_grad():
            likelihood.log_r.copy_(torch.tensor([0.5, 2.0, 20.0]).log())
        variances = rates + rates**2 / torch.tensor([0.5, 2.0, 20.0])
    params = rates.log().expand(40_000, 3)
    once, again = (likelihood.draw(likelihood.mean(params), torch.Generator().manual_seed(1)) for _ in range(2))
    assert torch.equal(once, again)
    k = CountCodec((3,)).invert(once.detach())
    assert (k == k.round()).all() and k.min() == 0
    torch.testing.assert_close(k.mean(0), rates, rtol=0.03, atol=0)
    torch.testing.assert_close(k.var(0), variances, rtol=0.08, atol=0)


def test_counts_come_back_whole_and_means_do_not():
    codec = CountCodec((1,))
    k = torch.arange(900_001, dtype=torch.float32)[:, None]
    assert torch.equal(codec.invert(codec(k)), k)
    torch.testing.assert_close(codec.invert(torch.tensor([[0.3]]).log1p()), torch.tensor([[0.3]]))
    assert codec.invert(torch.tensor([[-2.0]])) == 0
    assert codec(torch.tensor([[3]], dtype=torch.uint8)).item() == pytest.approx(np.log(4))


@pytest.mark.parametrize("name", COUNTED)
def test_the_first_model_is_near_the_data(name):
    """Better than the mean alone; and no rate is out of all bounds for columns of a few large counts."""
    x = topics()[0]
    x[:, :5] = 300 * (np.random.default_rng(1).random((len(x), 5)) < 0.02)
    source, found = as_dataset(x, kind="counts"), {}
    for init in ("kaiming", "pca"):
        codec, model = build(make(source.spec, "autoencoder", choices={"likelihood": name, "init": init}), source.x)
        found[init] = evaluate(model, codec, as_data(source, source.rows("validation")))["loss"]
        back = codec.invert(model.eval().reconstruct(codec(torch.from_numpy(source.x)))).detach()
        if init == "kaiming":
            torch.testing.assert_close(back.mean(0).log1p(), codec(torch.from_numpy(x)).mean(0), rtol=0.2, atol=0.05)
        assert back.max() < 10_000
    assert found["pca"] < found["kaiming"]


@pytest.mark.parametrize("model", [pytest.param("autoencoder", marks=pytest.mark.long), "vae"])
def test_training_on_counts_finds_their_rates(model):
    """Mean counts of test rows are near their rates; a VAE's are nearer than those of a Gaussian of logarithms."""
    x, rates = topics()
    source, errors, losses = gargalo.load_data(x, kind="counts"), {}, {}
    test, rates = source.rows("test"), rates[source.rows("test")]
    for name in (*COUNTED, "gaussian"):
        choices = {"likelihood": name, "epochs": 30, "latent_dim": 6}
        fitted = gargalo.train(source, model, in_memory=True, progress=False, **choices)
        losses[name] = evaluate(fitted.model, fitted.codec, as_data(source, test))[name]
        codec, mean_alone = build(make(source.spec, model, choices=choices | {"init": "kaiming"}), source.x)
        assert losses[name] < 0.95 * evaluate(mean_alone, codec, as_data(source, test))[name]
        back = fitted.reconstruct(source.take(test))
        assert back.min() >= 0 and np.corrcoef(back.ravel(), rates.ravel())[0, 1] > 0.6
        errors[name] = np.square(np.sqrt(back) - np.sqrt(rates)).mean()
    assert losses["negative-binomial"] < losses["poisson"], "these counts are more spread than a Poisson's"
    assert model != "vae" or max(errors[name] for name in COUNTED) < errors["gaussian"]


def test_every_objective_takes_them_that_takes_a_gaussian_of_rows():
    spec = as_dataset(topics(40)[0], np.arange(40) % 2, kind="counts").spec
    for name, objective in MODELS.items():
        if "mlp" not in objective.networks or not objective.likelihoods:
            continue
        usual = "mse" if objective.is_solved else "negative-binomial"
        assert make(spec, name).likelihood == usual
        for short, likelihood in (("nb", "negative-binomial"), ("poisson", "poisson")):
            if not objective.is_solved:
                assert make(spec, name, choices={"likelihood": short}).likelihood == likelihood


def test_exported_counts_are_those_of_pytorch():
    source = as_dataset(topics(40, 20)[0], kind="counts")
    codec, model = build(make(source.spec, "vae", choices={"latent_dim": 3, "widths": (8,)}), source.x)
    for verb in ("encode", "decode"):
        assert to_onnx(codec, model, verb, source.x[:5])  # which compares them


# ---- the kind


def test_counts_are_said_to_be_counts(tmp_path, capsys):
    x = topics(60, 12)[0]
    np.save(tmp_path / "counts.npy", x.astype(np.uint16))
    header, lines = ",".join(["cell", *(f"g{i}" for i in range(12))]), []
    lines = [",".join(map(str, [f"c{i}", *row])) for i, row in enumerate(x)]
    (tmp_path / "counts.csv").write_text("\n".join([header, *lines]))
    assert gargalo.load_data(tmp_path / "counts.npy").kind == "vector"
    assert gargalo.load_data(tmp_path / "counts.npy", kind="counts").spec.modality.counted
    found = gargalo.load_data(tmp_path / "counts.csv", id="cell", kind="counts")
    assert found.kind == "counts" and found.columns[3].name == "g3" and found.ids[4] == "c4"
    run = gargalo.train(found, "vae", epochs=2, out=tmp_path / "run", progress=False)
    assert run.recipe.likelihood == "negative-binomial" and "test_negative-binomial" in run.metrics
    assert gargalo.open_run(tmp_path / "run").encode(tmp_path / "counts.csv").shape == (60, 6)
    for given, why in (
        (x - 1, "expected counts, whole numbers from 0 to 16777216. Found others; leave kind='counts' out"),
        (x / 2, "expected counts, whole numbers"),
        (x.astype(float) * 1e7, "expected counts, whole numbers"),
    ):
        with pytest.raises(DataError, match=why):
            gargalo.load_data(given, kind="counts")
    named = [header, *(f"c{i % 3}" + line[line.index(",") :] for i, line in enumerate(lines))]
    (tmp_path / "named.csv").write_text("\n".join(named))
    with pytest.raises(DataError, match=r"only columns of counts\. Found 'cell', a category; ignore='cell' leaves"):
        gargalo.load_data(tmp_path / "named.csv", kind="counts")
    with pytest.raises(DataError, match=r"expected counts, as .*run was trained on\. Found -1"):
        run.encode(x - 1.0)
    with pytest.raises(ParameterError, match="for numbers that are not said to be counts; kind='counts' says so"):
        gargalo.train(x, likelihood="poisson", progress=False)
    assert cli.run(["train", str(tmp_path / "counts.npy"), "--set", "likelihood=nb"]) == 2
    assert "--kind counts says so" in capsys.readouterr().err


def test_missing_counts_are_left_out_of_the_loss():
    x = topics(60, 12)[0].astype(np.float32)
    x[:20, 3] = np.nan
    with pytest.raises(DataError, match="Fill them in or leave these rows out"):
        gargalo.load_data(x, kind="counts")
    source = gargalo.load_data(x, kind="counts", impute="mask")
    codec, model = build(make(source.spec, "autoencoder", choices={"latent_dim": 3}), source.x)
    raw = torch.from_numpy(source.x[:20])
    assert codec.mask(raw)[:, 3].sum() == 0 and (codec(raw)[:, 3] == 0).all()
    assert np.isfinite(evaluate(model, codec, as_data(source, source.rows("train")))["loss"])
    assert np.isfinite(gargalo.train(source, epochs=1, in_memory=True, progress=False).encode(source)).all()


def test_inspect_tells_zeros_and_what_may_be_counts(tmp_path, capsys):
    x = topics(600, 30)[0]
    np.save(tmp_path / "x.npy", x)
    found = gargalo.inspect(x)
    assert found["zeros"] == pytest.approx((x == 0).mean())
    assert [w["share"] for w in found["warnings"] if w["key"] == "counts"] == [f"{100 * (x == 0).mean():.0f}"]
    for other in (x + 1, x - 1.0, x * 1.5, (x > 0).astype(int)):
        assert "counts" not in [w["key"] for w in gargalo.inspect(other)["warnings"]]
    x[0, 0] = 5000
    keys = [w["key"] for w in gargalo.inspect(x, kind="counts")["warnings"]]
    assert "far" not in keys and "counts" not in keys and "far" in [w["key"] for w in gargalo.inspect(x)["warnings"]]
    for lang, word in (("en", "rows of counts"), ("pt", "linhas de contagens")):
        assert cli.run(["inspect", str(tmp_path / "x.npy"), "--kind", "counts", "--lang", lang]) == 0
        out = capsys.readouterr().out
        assert word in out and "zeros: " in out and "--kind counts" in out


def test_the_verdict_on_counts_says_what_its_error_is_of(tmp_path):
    x = topics(300, 30)[0]
    run = gargalo.train(x, kind="counts", latent_dim=8, epochs=60, out=tmp_path / "run", progress=False)
    verdict = verdict_of(run)
    assert verdict is not None and (verdict.outcome, verdict.cause) == ("worse", "counts")


# ---- sparse matrices


def forms(x: np.ndarray) -> dict[str, object]:
    """The same numbers as scipy has them, one with doubles, out of order and with a zero that is kept."""
    rows, columns = np.nonzero(x)
    order = np.random.default_rng(0).permutation(len(rows))
    rows, columns = np.append(rows[order], [rows[0], 1]), np.append(columns[order], [columns[0], 2])
    data = np.append(x[rows[:-2], columns[:-2]], [1, 0])
    data[np.flatnonzero((rows == rows[-2]) & (columns == columns[-2]))[0]] -= 1
    return {
        "csr": sparse.csr_matrix(x),
        "csc": sparse.csc_array(x.astype(np.uint8)),
        "coo": sparse.coo_array((data, (rows, columns)), x.shape),
        "lil": sparse.lil_matrix(x.astype(float)),
    }


def test_a_sparse_matrix_is_what_the_same_array_is(tmp_path):
    x = topics(200, 30, depth=20)[0]
    x[50:55] = x[:5]  # copies, of rows that are kept on one side
    x[7] = 0
    dense, prints = as_dataset(x, kind="counts"), set()
    for name, matrix in forms(x).items():
        found = [gargalo.load_data(matrix)]
        if name != "lil":
            sparse.save_npz(tmp_path / f"{name}.npz", matrix, compressed=name == "csc")
            found.append(gargalo.load_data(tmp_path / f"{name}.npz"))
        for source in found:
            assert isinstance(source.x, SparseRows) and source.kind == "counts" and source.x.shape == (200, 30)
            assert source.spec.span == dense.spec.span and source.spec.dtype == "float32"
            np.testing.assert_array_equal(source.x[:], x)
            np.testing.assert_array_equal(source.x[[9, 2, 9]], x[[9, 2, 9]])
            np.testing.assert_array_equal(source.x[4], x[4])
            np.testing.assert_array_equal(source.split, dense.split)
            np.testing.assert_array_equal(copies(source.x), copies(dense.x))
            np.testing.assert_array_equal(source.take(np.array([5, 1])).x[:], x[[5, 1]])
            prints.add(source.fingerprint)
    assert len(prints) == 1
    for statistic, of in zip(source.x.spread(), (np.mean, np.std), strict=True):
        np.testing.assert_allclose(statistic, of(x, axis=0), atol=1e-9)
    x[0, 0] += 1
    assert gargalo.load_data(sparse.csr_matrix(x)).fingerprint not in prints


def test_a_sparse_matrix_trains_as_the_same_array_does(tmp_path, capsys):
    x = topics(120, 20)[0]
    np.save(tmp_path / "labels.npy", np.arange(120) % 3)
    np.save(tmp_path / "parts.npy", np.array(["train", "train", "validation", "test"] * 30))
    sparse.save_npz(tmp_path / "x.npz", sparse.csr_matrix(x))
    beside = {"label": tmp_path / "labels.npy", "split": tmp_path / "parts.npy"}
    found = gargalo.load_data(tmp_path / "x.npz", **beside)
    assert found.class_names == ("0", "1", "2") and found.spec.counts == {"train": 60, "validation": 30, "test": 30}
    more = {"epochs": 2, "latent_dim": 3, "progress": False}
    run = gargalo.train(tmp_path / "x.npz", "vae", out=tmp_path / "run", reading=beside, **more)
    same = gargalo.train(as_dataset(x, found.y, kind="counts", split=found.split), "vae", in_memory=True, **more)
    np.testing.assert_allclose(run.encode(x), same.encode(x), atol=1e-4)
    np.testing.assert_array_equal(run.encode(sparse.coo_matrix(x)), run.encode(x.astype(np.float32)))
    np.testing.assert_array_equal(run.encode(tmp_path / "x.npz"), run.encode(x.astype(np.float32)))
    assert run.reconstruct(sparse.csr_array(x)).shape == (120, 20) and "knn_accuracy" in run.metrics
    assert gargalo.resume(tmp_path / "run").recipe == run.recipe
    for command in (
        ["inspect", str(tmp_path / "x.npz"), "-o", str(tmp_path / "sheet.png")],
        ["encode", str(tmp_path / "run"), str(tmp_path / "x.npz"), "-o", str(tmp_path / "z.csv")],
        ["report", str(tmp_path / "run"), "-o", str(tmp_path / "report.html")],
    ):
        assert cli.run(command) == 0, capsys.readouterr().err


def test_a_sparse_matrix_of_real_numbers_is_rows_of_numbers():
    x = sparse.random_array((80, 12), density=0.3, rng=np.random.default_rng(0), format="csr")
    source = gargalo.load_data(x)
    assert source.kind == "vector" and source.spec.span[0] == 0
    fitted = gargalo.train(x, epochs=1, in_memory=True, progress=False)
    assert fitted.recipe.likelihood == "mse"
    np.testing.assert_allclose(fitted.encode(x), fitted.encode(x.toarray().astype(np.float32)), atol=1e-5)
    with pytest.raises(ParameterError, match="image_shape must be left out for a sparse matrix"):
        gargalo.load_data(x, image_shape=(3, 4))
    with pytest.raises(DataError, match=r"expected shape \(n, 12\)"):
        fitted.encode(x[:, :5])


SOUND = {
    "format": np.array(b"csr"),
    "shape": np.array([20, 4]),
    "data": np.ones(20),
    "indices": np.arange(20) % 4,
    "indptr": np.arange(21),
}
COO = {"format": np.array(b"coo"), "row": np.arange(20), "col": np.arange(20) % 4}


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"indices": np.full(20, 4)}, "indices within a sparse matrix (20, 4). Found others in indices"),
        ({"indices": np.full(20, -1)}, "Found others in indices"),
        ({"indices": np.zeros(20)}, "Found others in indices"),
        ({"indices": np.zeros(3, int)}, "Found others in indices"),
        ({"indptr": np.arange(22)}, "Found others in indptr"),
        ({"indptr": np.arange(21)[::-1]}, "indptr to rise from 0 to 20"),
        ({"indptr": np.array([0, 9, 3] + [20] * 18)}, "indptr to rise from 0 to 20"),
        ({"indptr": np.array([0] * 20 + [2**40])}, "Found others in indptr"),
        ({"data": np.ones((20, 1))}, "Found others in indices"),
        ({"data": np.ones(20) * 1j}, "real numbers in a sparse matrix. Found dtype complex128"),
        ({"data": np.full(20, np.nan)}, "finite numbers in a sparse matrix"),
        ({"data": np.full(20, 1e300)}, "finite numbers in a sparse matrix"),
        ({"shape": np.array([20])}, "two dimensions. Found shape [20]"),
        ({"shape": np.array([20.0, 4.0])}, "two dimensions"),
        ({"shape": np.array([20, 2**40])}, "of 1 to 1048576 columns. Found shape (20, 1099511627776)"),
        ({"shape": np.array([0, 4])}, "of 1 to 1048576 columns. Found shape (0, 4)"),
        ({"shape": np.array([2**40, 20]), "format": np.array(b"csc")}, "numbers in the 1099511627776 rows"),
        ({"format": np.array(b"bsr")}, "in the format csr, csc or coo. Found 'bsr'"),
        ({"format": np.array(["csr", "csr"])}, "in the format csr, csc or coo"),
        (COO | {"row": np.full(20, 20)}, "Found others in row"),
        (COO | {"col": np.full(20, 2**33)}, "Found others in col"),
        (COO | {"row": np.arange(19)}, "Found others in row"),
    ],
)
def test_a_hostile_sparse_file_is_one_line(change, why, tmp_path, capsys):
    np.savez(tmp_path / "sound.npz", **SOUND)
    assert gargalo.load_data(tmp_path / "sound.npz").x.shape == (20, 4)
    np.savez(tmp_path / "x.npz", **(SOUND | change))
    assert cli.run(["inspect", str(tmp_path / "x.npz")]) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1 and f"{tmp_path / 'x.npz'}: expected" in err and why in err


def test_a_broken_matrix_in_memory_is_refused_as_well():
    matrix = sparse.csr_matrix(np.eye(20, 4))
    matrix.indices[0] = 99
    with pytest.raises(DataError, match="array: expected indices within"):
        gargalo.load_data(matrix)
    with pytest.raises(DataError, match="array: expected finite numbers in a sparse matrix"):
        as_rows(sparse.csr_matrix(np.array([[np.inf, 1.0]])))


def test_a_wide_sparse_matrix_is_measured_on_fewer_rows():
    wide = sparse.random_array((1500, 50_000), density=0.01, rng=np.random.default_rng(0))
    assert len(probe_rows(gargalo.load_data(wide), "train")) == 2**24 // 50_000
    assert len(probe_rows(gargalo.load_data(wide[:, :900]), "train")) == 1200


MEMORY = """
import json, resource, sys
import numpy as np, scipy.sparse, sklearn.neighbors, torch
import gargalo
from gargalo.data.describe import describe

n, p = 60_000, 10_000
draws, some = np.random.default_rng(0), n * p // 1000
places = draws.integers(0, n, some), draws.integers(0, p, some)
scipy.sparse.save_npz(sys.argv[1], scipy.sparse.coo_matrix((draws.integers(1, 9, some), places), (n, p)))

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)

began = peak()
source = gargalo.load_data(sys.argv[1], shares=(0.05, 0.02, 0.93))
found = describe(source)
fitted = gargalo.train(source, "vae", epochs=1, widths=(8,), latent_dim=2, in_memory=True, progress=False)
z = fitted.encode(source)
told = {"zeros": found["zeros"], "z": z.shape, "finite": bool(np.isfinite(z).all())}
print(json.dumps({"bytes": peak() - began, **told}))
"""


def test_a_sparse_matrix_is_never_an_array_at_once(tmp_path):
    """2.4 GB as an array: read, inspected, trained on for an epoch and encoded in a quarter of that."""
    made = subprocess.run(
        [sys.executable, "-c", MEMORY, str(tmp_path / "x.npz")],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[1],
        check=False,
    )
    assert made.returncode == 0, made.stderr
    found = json.loads(made.stdout)
    assert found["z"] == [60_000, 2] and found["finite"] and found["zeros"] > 0.998
    assert found["bytes"] < 60_000 * 10_000 * 4 / 4
