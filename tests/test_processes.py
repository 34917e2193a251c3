"""Several processes: the same curve as one, equal weights, one writer, a clear end; and latents in shards."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import ClassVar

import numpy as np
import pytest
import torch

import gargalo
from gargalo import training
from gargalo.cli.main import run
from gargalo.core import Loss
from gargalo.errors import ParameterError, RunError, Stopped
from gargalo.models.vae import VariationalAutoencoder
from gargalo.runs.shards import write_shards
from gargalo.training.precision import precision_of_networks
from gargalo.training.products import fast_products
from gargalo.training.state import Means

TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
QUIET = {**os.environ, "OMP_NUM_THREADS": "1"}


def torchrun(*command: object, **more) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*TORCHRUN, *map(str, command)], env=QUIET, text=True, capture_output=True, timeout=200, **more
    )


@pytest.fixture(scope="session")
def data(digits, tmp_path_factory) -> Path:
    """640 training digits: batches of 64 that two processes share evenly, and one of 63 that they cannot."""
    file = tmp_path_factory.mktemp("data") / "digits.npz"
    rows, test = digits.rows("train")[:639], digits.rows("test")[:60]
    np.savez(file, x_train=digits.x[rows], x_test=digits.x[test])
    return file


SCRIPT = """
import hashlib, os, sys
import gargalo

wrote, saves = [], []
def watch(event, details):
    \"\"\"Whatever this process writes into the run's folder.\"\"\"
    path = str(details[0]) if details else ""
    if path.startswith(sys.argv[3] + "/"):
        if event == "open" and isinstance(details[1], str) and set(details[1]) & set("wax+"):
            wrote.append(path)
        if event == "os.mkdir" and path.endswith(".partial"):
            saves.append(path)
sys.addaudithook(watch)
same = {"epochs": 3, "batch_size": 64, "widths": (32,), "dropout": 0.0, "progress": False}
run = gargalo.train(sys.argv[1], "autoencoder", out=sys.argv[3], save_every=3600, **same)
assert run.facts["epochs"] == 3
assert bool(wrote) == (os.environ["RANK"] == "0"), f"rank 0 alone writes: {wrote}"
assert len(saves) == 2 * (os.environ["RANK"] == "0"), "at the start, at the end, and when one is due"
fitted = gargalo.train(sys.argv[1], "autoencoder", in_memory=True, **same)
weights = b"".join(p.detach().numpy().tobytes() for p in fitted.model.parameters())
open(sys.argv[2] + os.environ["RANK"], "w").write(hashlib.sha256(weights).hexdigest())
"""


@pytest.fixture(scope="session")
def together(data, tmp_path_factory) -> Path:
    """A run that two processes trained, and what each saw of it."""
    folder = tmp_path_factory.mktemp("together")
    (folder / "script.py").write_text(SCRIPT)
    done = torchrun(folder / "script.py", data, folder / "rank", folder / "run")
    assert done.returncode == 0, done.stderr
    return folder


def test_ranks_hold_equal_weights_after_training(together):
    assert (together / "rank0").read_text() == (together / "rank1").read_text()


def test_two_processes_give_the_curve_of_one(together, data, tmp_path):
    """The last batch has an odd number of rows: each must count for what it is."""
    chosen = {"epochs": 3, "batch_size": 64, "widths": (32,), "dropout": 0.0}  # whose draws are each process's own
    alone = gargalo.train(data, "autoencoder", out=tmp_path / "alone", progress=False, **chosen)
    two = gargalo.open_run(together / "run")
    for a, b in zip(alone.history, two.history, strict=True):
        assert a["train"]["loss"] == pytest.approx(b["train"]["loss"], rel=1e-4)
        assert a["validation"]["loss"] == pytest.approx(b["validation"]["loss"], rel=1e-4)
    assert alone.metrics["test_mse"] == pytest.approx(two.metrics["test_mse"], rel=1e-3)


def test_every_row_of_a_batch_counts_once():
    team = training.launch(training.Compute("cpu"))
    rows = torch.arange(7)
    assert team.share(rows)[1] == 1.0
    team.size, weights, shares = 2, [], []
    for team.rank in (0, 1):
        mine, weight = team.share(rows)
        shares.append(mine)
        weights.append(weight)
    assert sorted(torch.cat(shares).tolist()) == rows.tolist()
    assert weights == [4 * 2 / 7, 3 * 2 / 7]
    team.rank = 1
    assert team.share(rows[:1]) == (torch.tensor([0]), 0.0), "one stands in and counts for nothing"
    assert team.place(3, 5) == (3, 5, 1, 0), "draws of its own"


def test_means_over_processes():
    class Two:
        size = 2
        device = torch.device("cpu")
        sum = staticmethod(lambda values: values + torch.tensor([10.0, 5.0]))

    means = Means()
    means.add(Loss({"mse": torch.tensor(2.0)}), 5)
    assert means.summed(Two()).values() == {"loss": 2.0, "mse": 2.0}
    assert means.emptied().summed(Two()).values() == {"loss": 2.0, "mse": 2.0}


def test_a_signal_stops_both_and_resume_goes_on(data, together, tmp_path):
    """Started as a person would, by --devices."""
    command = ["-m", "gargalo", "train", data, "--batch-size", 64, "--epochs", 60, "--widths", 32]
    process = subprocess.Popen(
        [sys.executable, *map(str, command), "--devices", "2", "--out", str(tmp_path / "run")],
        env=QUIET,
        text=True,
        stderr=subprocess.PIPE,
    )
    wait_for(tmp_path / "run" / "history.jsonl")
    process.send_signal(signal.SIGTERM)
    err = process.communicate(timeout=60)[1]
    assert f"gargalo: {tmp_path / 'run'}: stopped, and saved. Go on with: gargalo resume" in err, err
    assert process.returncode == 128 + signal.SIGTERM
    kept = training.CheckpointManager(tmp_path / "run" / "checkpoints").newest()
    steps = 10 * kept.state["epoch"] + kept.state["step"]
    assert 0 < steps < 600
    done = torchrun("-m", "gargalo", "resume", tmp_path / "run", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["epochs"] == 60
    epochs = [json.loads(line)["epoch"] for line in (tmp_path / "run" / "history.jsonl").read_text().splitlines()]
    assert epochs == list(range(1, 61))


def test_a_rank_that_dies_stops_the_others(data, tmp_path):
    process = subprocess.Popen(
        [*TORCHRUN, "-m", "gargalo", "train", str(data), "--epochs", "9999", "--out", str(tmp_path / "run")],
        env=QUIET,
        text=True,
        stderr=subprocess.PIPE,
    )
    wait_for(tmp_path / "run" / "history.jsonl")
    ranks = {rank_of(pid): pid for pid in children(process.pid)}
    os.kill(ranks["1"], signal.SIGKILL)
    err = process.communicate(timeout=60)[1]
    assert process.returncode != 0
    assert "expected 2 processes to the end. Found in rank 0 that another one has ended" in err, err
    assert training.CheckpointManager(tmp_path / "run" / "checkpoints").newest() is not None


def wait_for(file: Path, seconds: float = 60) -> None:
    """Until something stands in it: a history is begun before the first step, written to after an epoch."""
    until = time.monotonic() + seconds
    while not (file.is_file() and file.stat().st_size):
        assert time.monotonic() < until, f"{file} did not come"
        time.sleep(0.05)


def children(pid: int) -> list[int]:
    return [int(p) for p in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def rank_of(pid: int) -> str:
    variables = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    return next((v[5:].decode() for v in variables if v.startswith(b"RANK=")), "")


# Devices


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ({"device": "tpu"}, "device must be one of auto, cpu, cuda, mps. Got 'tpu' instead."),
        ({"devices": 0}, "devices must be an int >= 1. Got 0 instead."),
        ({"num_nodes": 3}, "num_nodes must be 1 for one process. Got 3"),
        ({"devices": 2}, "Start with torchrun --nproc-per-node 2 -m gargalo train"),
    ],
)
def test_devices_that_cannot_be(where, message):
    with pytest.raises(ParameterError) as error:
        training.launch(training.Compute(**where))
    assert message in str(error.value)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is one")
def test_a_device_that_is_not_here():
    with pytest.raises(ParameterError, match="device must be one that is here: cpu"):
        training.launch(training.Compute("cuda"))


def test_other_numbers_than_torchruns(monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "4")
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "2")
    with pytest.raises(ParameterError, match="must be 2 devices and 2 nodes, as torchrun says"):
        training.launch(training.Compute("cpu", devices=3))


class Noting(VariationalAutoencoder):
    """Notes in which precision it computes: inside the networks while it trains or not, and what leaves them."""

    seen: ClassVar[set[tuple[str, torch.dtype]]] = set()

    def loss(self, batch):
        inside = self.decoder[0].register_forward_hook(
            lambda *parts: self.seen.add(("training" if self.training else "evaluation", parts[-1].dtype))
        )
        loss = super().loss(batch)
        inside.remove()
        self.seen.update(("term", term.dtype) for term in loss.terms.values())
        return loss


def test_half_precision_is_inside_the_networks(digits):
    """The losses are sums of many numbers, and stay in float32."""
    for precision, inside in (("bf16-mixed", torch.bfloat16), ("32-true", torch.float32)):
        Noting.seen.clear()
        gargalo.train(
            digits, Noting, in_memory=True, epochs=2, precision=precision, widths=(32,), init="kaiming", progress=False
        )
        # Epochs are chosen by what the model does in float32, as it is used afterwards.
        assert Noting.seen == {("training", inside), ("evaluation", torch.float32), ("term", torch.float32)}


class TakesNames(torch.nn.Module):
    """A decoder that is called by the names of what it takes, and gives more than a tensor."""

    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(4, 784)

    def forward(self, z: torch.Tensor, *, more: object = None) -> tuple[torch.Tensor, object]:
        return self.layer(z).reshape(-1, 1, 28, 28), more


def parts_of(encoder: torch.nn.Module, decoder: torch.nn.Module) -> SimpleNamespace:
    return SimpleNamespace(encoder=encoder, decoder=decoder)


def test_networks_of_any_make_are_as_they_were_after_half_precision():
    cpu, decoder, linear = torch.device("cpu"), TakesNames(), torch.nn.Linear(784, 784)
    with precision_of_networks(parts_of(linear, decoder), "bf16-mixed", cpu):
        x, more = decoder(z=torch.ones(2, 4), more=None)
        assert (x.dtype, more) == (torch.float32, None)
        assert not torch.equal(x, decoder.eval()(torch.ones(2, 4))[0]), "the first was computed in bfloat16"
    assert "forward" not in vars(decoder) | vars(linear)
    # One module for both; and a layer whose products another context computes in its own way.
    with (
        fast_products(linear, 4096, cpu, onednn=True),
        precision_of_networks(parts_of(linear, linear), "bf16-mixed", cpu),
    ):
        pass
    assert "forward" not in vars(linear)


@pytest.mark.parametrize("model", ["vae", "vq-vae", "denoising"])
def test_half_precision_trains(digits, tmp_path, model):
    """Codes are found in float32; skip connections carry it."""
    more = {"skips": True} if model == "denoising" else {}
    net = {"widths": (32,)} if model == "vae" else {"net": "conv", "widths": (8, 8)}
    run = gargalo.train(
        digits, model, out=tmp_path / "run", epochs=2, precision="bf16-mixed", progress=False, **net, **more
    )
    assert run.recipe.training.precision == "bf16-mixed"
    assert run.history[-1]["validation"]["loss"] < run.history[0]["validation"]["loss"]


# Shards


def latents(folder: Path) -> np.ndarray:
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["finished"]
    return np.concatenate([np.load(folder / name) for name in manifest["shards"]])


def test_processes_share_the_rows(small_runs, digits, tmp_path):
    run = small_runs["vae"]
    first = write_shards(tmp_path / "z", run, digits, 0, 2, rows=500)
    assert not first["finished"]
    assert sorted(p.name for p in tmp_path.glob("z/rows*")) == ["rows-000000000000.npy", "rows-000000001000.npy"]
    assert write_shards(tmp_path / "z", run, digits, 1, 2, rows=500)["finished"]
    assert np.array_equal(latents(tmp_path / "z"), run.encode(digits))


class Counting:
    """A run that notes how many rows it is asked to encode."""

    def __init__(self, run):
        self.run, self.key, self.latent_size, self.seen = run, run.key, run.latent_size, []

    def encode(self, x):
        self.seen.append(len(x))
        return self.run.encode(x)


def test_what_was_done_is_not_done_again(small_runs, digits, tmp_path):
    run = small_runs["vae"]
    write_shards(tmp_path / "z", run, digits, rows=500)
    whole = latents(tmp_path / "z")
    (tmp_path / "z" / "rows-000000000500.npy").write_bytes(b"half")
    (tmp_path / "z" / "rows-000000001000.npy").unlink()
    counting = Counting(run)
    write_shards(tmp_path / "z", counting, digits, rows=500)
    assert counting.seen == [500, 500]
    assert np.array_equal(latents(tmp_path / "z"), whole)


def test_sums_that_another_process_knew_are_kept(small_runs, digits, tmp_path):
    """One of two finds a shard of the other's damaged: it is not the one to make it anew, nor to call it whole."""
    run = small_runs["vae"]
    write_shards(tmp_path / "z", run, digits, rows=500)
    whole, written = latents(tmp_path / "z"), (tmp_path / "z" / "manifest.json").read_text()
    damaged = tmp_path / "z" / "rows-000000000500.npy"
    content = damaged.read_bytes()
    damaged.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    assert not write_shards(tmp_path / "z", run, digits, 0, 2, rows=500)["finished"]
    assert (tmp_path / "z" / "manifest.json").read_text() == written
    assert write_shards(tmp_path / "z", run, digits, 1, 2, rows=500)["finished"]
    assert np.array_equal(latents(tmp_path / "z"), whole)


def test_shards_of_other_latents_are_left_alone(small_runs, digits, tmp_path):
    write_shards(tmp_path / "z", small_runs["vae"], digits)
    before = (tmp_path / "z" / "manifest.json").read_text()
    with pytest.raises(RunError, match="Found other weights, shape; choose another"):
        write_shards(tmp_path / "z", small_runs["autoencoder"], digits)
    assert (tmp_path / "z" / "manifest.json").read_text() == before
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "a.txt").write_text("keep me")
    with pytest.raises(RunError, match="expected a new folder for shards"):
        write_shards(tmp_path / "mine", small_runs["vae"], digits)


def test_encode_under_torchrun(together, data, tmp_path):
    done = torchrun("-m", "gargalo", "encode", together / "run", data, "-o", tmp_path / "z")
    assert done.returncode == 0, done.stderr
    run = gargalo.open_run(together / "run")
    np.testing.assert_allclose(latents(tmp_path / "z"), run.encode(gargalo.load_data(data)), atol=1e-5)
    wrong = torchrun("-m", "gargalo", "encode", together / "run", data, "-o", tmp_path / "z.npy")
    assert "must be a folder, where several processes share the work" in wrong.stderr


CODEBOOK = """
import sys
import torch, torch.distributed
from gargalo.models.codebook import Codebook

def book():
    made = Codebook(4, 2, decay=0.9)
    made.vectors.copy_(torch.randn(4, 2, generator=torch.Generator().manual_seed(0)))
    made.counts.fill_(1.0)
    return made

z = torch.randn(8, 2, 3, 3, generator=torch.Generator().manual_seed(1))
whole = book()
whole.follow(z, None)
torch.distributed.init_process_group("gloo")
shared = book()
shared.follow(z[torch.distributed.get_rank() :: 2], None)
assert torch.allclose(shared.vectors, whole.vectors, atol=1e-6)
assert torch.allclose(shared.counts, whole.counts)
# Dead codes are revived alike in every process, whatever rows each of them has.
fresh = Codebook(4, 2, decay=0.9)
rank = torch.distributed.get_rank()
fresh.follow(z[: 5 if rank else 3] + rank, torch.Generator().manual_seed(2 + rank))
everywhere = [torch.zeros(4, 2) for _ in range(2)]
torch.distributed.all_gather(everywhere, fresh.vectors)
assert torch.equal(*everywhere)
assert fresh.vectors.unique(dim=0).shape[0] > 1
torch.distributed.destroy_process_group()
"""


def test_processes_share_what_a_codebook_follows(tmp_path):
    (tmp_path / "script.py").write_text(CODEBOOK)
    ended = torchrun(tmp_path / "script.py")
    assert ended.returncode == 0, ended.stderr


@pytest.mark.parametrize("first_says_it", [True, False])
def test_what_is_wrong_with_a_parameter_is_said_once(together, data, tmp_path, monkeypatch, capsys, first_says_it):
    """The second process neither ends before the first has spoken, nor keeps it for itself where none speaks."""
    monkeypatch.setenv("RANK", "1")

    def wait(seconds: float) -> None:
        if first_says_it:
            raise Stopped("stopped.", signal.SIGTERM)

    monkeypatch.setattr("time.sleep", wait)
    assert run(["encode", str(together / "run"), str(data), "-o", str(tmp_path / "z.npy")]) == 2
    said = capsys.readouterr().err
    expected = "" if first_says_it else "gargalo (process 1): -o must be a folder, where several processes"
    assert said.startswith(expected) and bool(said) == bool(expected)


def test_one_folder_of_shards_is_one_runs(tmp_path, digits):
    """Two that begin at once: one is refused, and no shard of the one stands below the manifest of the other."""
    import threading

    few: dict[str, object] = {"latent_dim": 2, "epochs": 1, "widths": (8,), "progress": False}
    runs = [gargalo.train(digits, "autoencoder", seed=i, out=tmp_path / f"run{i}", **few) for i in range(2)]
    for attempt in range(20):
        folder, start, done = tmp_path / f"z{attempt}", threading.Barrier(2), []

        def write(run, folder=folder, start=start, done=done):
            start.wait()
            with contextlib.suppress(RunError):
                write_shards(folder, run, digits, rows=500)
                done.append(run)

        threads = [threading.Thread(target=write, args=(run,)) for run in runs]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        (one,) = done
        shards = np.concatenate([np.load(file) for file in sorted(folder.glob("rows-*.npy"))])
        np.testing.assert_array_equal(shards, one.encode(digits))
        assert json.loads((folder / "manifest.json").read_text())["weights"] == one.key
