"""Checkpoints: whole or not at all, the newest whole one, and nothing believed that a file only claims."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save as pack

from gargalo import recipes
from gargalo.data import as_dataset
from gargalo.errors import GargaloError, RunError
from gargalo.io import folders
from gargalo.recipes import build, must_agree
from gargalo.training import CheckpointManager, read_checkpoint
from gargalo.training.checkpoints import Checkpoint
from gargalo.training.state import Progress, State


def some(step: int) -> Checkpoint:
    """A checkpoint that tells which one it is."""
    return Checkpoint({"w": torch.full((64,), float(step))}, {"step": step})


def kept(root: Path) -> list[str]:
    return sorted(p.name for p in root.iterdir())


@pytest.fixture
def keeper(tmp_path: Path) -> CheckpointManager:
    """Three were saved."""
    keeper = CheckpointManager(tmp_path / "checkpoints")
    for step in (1, 2, 3):
        keeper.save(step, some(step))
    return keeper


def test_the_newest_two_are_kept(keeper):
    assert kept(keeper.root) == ["step-0000000002", "step-0000000003"]
    assert kept(keeper.root / "step-0000000003") == ["manifest.json", "state.json", "tensors.safetensors"]
    newest = keeper.newest()
    assert newest.state["step"] == 3
    assert torch.equal(newest.tensors["w"], torch.full((64,), 3.0))


def test_without_one_there_is_none(tmp_path):
    assert CheckpointManager(tmp_path / "nothing").newest() is None


def test_one_is_due_after_its_time(tmp_path):
    assert CheckpointManager(tmp_path, every=0).due()
    assert not CheckpointManager(tmp_path, every=60).due()


@pytest.mark.parametrize("name", ["manifest.json", "state.json", "tensors.safetensors"])
def test_whatever_byte_is_broken_the_one_before_is_used(keeper, capsys, name):
    """Truncated at every length, and each byte flipped."""
    file = keeper.root / "step-0000000003" / name
    whole = file.read_bytes()
    flipped = [whole[:i] + bytes([whole[i] ^ 1]) + whole[i + 1 :] for i in range(0, len(whole), 7)]
    for broken in [*(whole[:n] for n in range(0, len(whole), 11)), *flipped]:
        file.write_bytes(broken)
        assert keeper.newest().state["step"] == 2
        err = capsys.readouterr().err
        assert err.count("\n") == 1
        assert "step-0000000003: expected a whole checkpoint. Found " in err
        assert err.endswith("; passed over.\n")
    file.unlink()
    assert keeper.newest().state["step"] == 2
    file.write_bytes(whole)
    assert keeper.newest().state["step"] == 3


def test_a_half_written_one_is_never_read(keeper):
    """What a kill may leave: another name, or a folder without its manifest."""
    (keeper.root / "step-0000000003").rename(keeper.root / ".partial")
    assert keeper.newest().state["step"] == 2
    shutil.copytree(keeper.root / "step-0000000002", keeper.root / "step-0000000009")
    (keeper.root / "step-0000000009" / "manifest.json").unlink()
    assert keeper.newest().state["step"] == 2
    keeper.save(4, some(4))
    assert keeper.newest().state["step"] == 4
    assert ".partial" not in kept(keeper.root)


def sealed(folder: Path, tensors: bytes, state: bytes) -> None:
    """A checkpoint with a true manifest, whatever is in it: who can write a file can write its sum."""
    folder.mkdir(parents=True, exist_ok=True)
    contents = {"tensors.safetensors": tensors, "state.json": state}
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    sums = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
    (folder / "manifest.json").write_text(json.dumps(sums))


def test_a_newer_format_is_refused(keeper):
    sealed(keeper.root / "step-0000000005", pack({}), b'{"format": 99}')
    with pytest.raises(RunError, match=r"expected checkpoint format 2 or older\. Found 99; a newer gargalo"):
        keeper.newest()


HOSTILE = [
    (b"", b'{"format": 1}'),
    (b"\xff" * 64, b'{"format": 1}'),
    # A header that announces an exbibyte, and one whose tensors lie beyond the end.
    ((2**60).to_bytes(8, "little") + b"{}", b'{"format": 1}'),
    (
        (len(h := b'{"w":{"dtype":"F32","shape":[1099511627776],"data_offsets":[0,4398046511104]}}')).to_bytes(
            8, "little"
        )
        + h,
        b'{"format": 1}',
    ),
    (pack({}), b"[]"),
    (pack({}), b'{"format": "1"}'),
    (pack({}), b"not json"),
    (pack({}), b"\x80\x04\x95"),  # a pickle
    (pack({}), b"[" * 100_000),
    (pack({}), b'{"format": 1, "history": "all"}'),
    (pack({}), b'{"format": 1, "facts": []}'),
    (pack({}), b'{"format": 1, "facts": {"recipe": 3}}'),
]


@pytest.mark.parametrize(("tensors", "state"), HOSTILE)
def test_hostile_contents_are_passed_over(keeper, capsys, tensors, state):
    sealed(keeper.root / "step-0000000005", tensors, state)
    assert keeper.newest().state["step"] == 3
    assert "passed over" in capsys.readouterr().err


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200), st.binary(max_size=100))
def test_any_bytes_are_passed_over(tmp_path_factory, tensors, state):
    root = tmp_path_factory.mktemp("hostile")
    sealed(root / "step-0000000005", tensors, state)
    assert CheckpointManager(root).newest() is None


# Put back where they belong


def parts(digits):
    numbers = as_dataset(digits.x.reshape(len(digits), -1)[:, 300:320].astype(np.float32))
    plan = recipes.make(numbers.spec, "vae", None, {"latent_dim": 2, "widths": (8,), "init": "kaiming"})
    codec, model = build(plan, numbers.x[:64])
    return model, codec, torch.optim.Adam(model.parameters(), fused=True)


def whole(digits) -> Checkpoint:
    model, codec, optimizer = parts(digits)
    codec.center += 1
    sum(p.sum() for p in model.parameters()).backward()
    optimizer.step()
    history = [{"epoch": 1, "train": {"loss": 1.0}, "seconds": 0.5}]
    return State(Progress(epoch=1, history=history)).packed(model, codec, optimizer)


def test_all_of_it_comes_back(digits):
    saved = whole(digits)
    model, codec, optimizer = parts(digits)
    state = State.restored(saved, model, codec, optimizer)
    assert state.progress.epoch == 1
    again = state.packed(model, codec, optimizer)
    assert again.state == saved.state
    assert again.tensors.keys() == saved.tensors.keys()
    assert all(torch.equal(again.tensors[name], t) for name, t in saved.tensors.items())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c.tensors.pop("model.encoder.1.weight"), "expected encoder.1.weight of shape"),
        (lambda c: c.tensors.update({"model.extra": torch.zeros(1)}), "expected extra of shape None"),
        (lambda c: c.tensors.update({"model.encoder.1.weight": torch.zeros(3)}), r"Found \(3,\)"),
        (lambda c: c.tensors["model.encoder.1.weight"].fill_(np.nan), "Found NaN or infinity in encoder.1.weight"),
        (lambda c: c.tensors.update({"best.other": torch.zeros(1)}), "bias of shape"),
        (lambda c: c.tensors.pop("codec.center"), "expected center of shape"),
        (lambda c: c.tensors.pop("optimizer.0.step"), "expected step of shape"),
        (lambda c: [c.tensors.pop(f"optimizer.0.{n}") for n in ("step", "exp_avg", "exp_avg_sq")], "moments of"),
        (lambda c: c.tensors.update({"model.encoder.1.bias": torch.zeros(8, dtype=int)}), "as float32.*int64"),
        (lambda c: c.tensors.update({"means.mse": torch.zeros(3)}), "expected mse of shape"),
        (lambda c: c.state.update(terms=["nope"]), "expected means of the epoch"),
        (lambda c: c.state.update(step=3), "expected means of the epoch"),
        (lambda c: c.tensors.update({"optimizer.0.exp_avg": torch.zeros(2)}), "expected exp_avg of shape"),
        (lambda c: c.state.update(epoch=-1), "epoch cannot be -1"),
        (lambda c: c.state.update(epoch=10**18), "epoch cannot be"),
        (lambda c: c.state.update(step=2**60, seen=1.0), "step cannot be"),
        (lambda c: c.state.update(seconds=1e300), "seconds cannot be"),
        (lambda c: c.state.update(choosing=1e308), "choosing cannot be"),
        (lambda c: c.state.update(epoch=7), "expected a history of 7 epochs"),
        (lambda c: c.state.update(history=3 * c.state["history"], epoch=99), "expected a history of 99 epochs"),
        (lambda c: c.state.update(surprise=1), "surprise cannot be 1"),
        (lambda c: c.state.update(history="all"), "history cannot be 'all'"),
    ],
)
def test_one_of_another_model_is_refused(digits, change, message):
    saved = whole(digits)
    changed = Checkpoint({name: t.clone() for name, t in saved.tensors.items()}, dict(saved.state))
    change(changed)
    model, codec, optimizer = parts(digits)
    before = {name: t.clone() for name, t in model.state_dict().items()}
    with pytest.raises(RunError, match=message) as error:
        State.restored(changed, model, codec, optimizer)
    assert "\n" not in str(error.value)
    assert all(torch.equal(before[name], t) for name, t in model.state_dict().items()), "nothing was moved"


# Disks


def test_a_disk_that_is_full_leaves_the_last_good_one(keeper, monkeypatch):
    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(GargaloError, match=r"Expected 1 MB. Found \d+ MB free; make room\.") as error:
            keeper.save(4, some(4))
    assert "\n" not in str(error.value)
    assert kept(keeper.root) == ["step-0000000002", "step-0000000003"]
    assert keeper.newest().state["step"] == 3


@pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="mounting needs root")
def test_a_small_disk_that_really_is_full(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", disk], capture_output=True)
    if mounted.returncode:
        pytest.skip("no file system can be mounted here")
    try:
        keeper = CheckpointManager(disk / "checkpoints")
        keeper.save(1, Checkpoint({"w": torch.zeros(300_000)}, {"step": 1}))
        with pytest.raises(GargaloError, match=r"Expected \d MB. Found \d MB free; make room\."):
            keeper.save(2, Checkpoint({"w": torch.ones(600_000)}, {"step": 2}))
        assert kept(keeper.root) == ["step-0000000001"]
        assert keeper.newest().state["step"] == 1
    finally:
        subprocess.run(["umount", disk], check=True)


def test_files_that_may_not_be_so_large(keeper):
    """RLIMIT_FSIZE: a signal that would kill, unless it is ignored as Python does."""
    import resource

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, before[1]))
    try:
        with pytest.raises(GargaloError, match=r"cannot be written \(File too large\)\. Files here may not be so"):
            keeper.save(4, Checkpoint({"w": torch.zeros(100_000)}, {"step": 4}))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert kept(keeper.root) == ["step-0000000002", "step-0000000003"]


def test_broken_ones_push_out_nothing_that_is_whole(keeper):
    """Begun again below the numbers of broken ones, the new ones are the newest two."""
    for name in ("step-0000000002", "step-0000000003"):
        (keeper.root / name / "manifest.json").write_text("{}")
    assert keeper.newest() is None
    keeper.save(0, some(0))
    keeper.save(1, some(1))
    assert kept(keeper.root) == ["step-0000000000", "step-0000000001"]
    assert keeper.newest().state["step"] == 1


def test_every_file_and_folder_is_flushed_before_it_counts(tmp_path, monkeypatch):
    """A power cut must not leave a name without its bytes."""
    flushed: list[str] = []
    fsync = os.fsync
    monkeypatch.setattr(os, "fsync", lambda handle: (flushed.append(name_of(handle)), fsync(handle)))
    CheckpointManager(tmp_path).save(1, some(1))
    assert flushed == ["tensors.safetensors", "state.json", "manifest.json", ".partial", tmp_path.name]


def name_of(handle: int) -> str:
    return Path(f"/proc/self/fd/{handle}").readlink().name


def test_windows_opens_no_folders(monkeypatch, tmp_path):
    monkeypatch.setattr(os, "name", "nt")
    monkeypatch.setattr(os, "open", lambda *_: pytest.fail("Windows cannot open a folder"))
    folders.flush_folder(tmp_path)


def test_a_checkpoint_that_is_gone_is_one_line(tmp_path):
    """As another machine of a group sees it, whose disk does not have it."""
    with pytest.raises(RunError, match=r"step-1: expected a whole checkpoint\. Found a file that cannot be read"):
        read_checkpoint(tmp_path / "step-1")


def test_a_choice_that_is_not_there_is_one_that_is_none(tmp_path):
    must_agree(tmp_path, {"minutes": None, "net": {"widths": [8]}}, {"net": {"widths": [8]}})
    with pytest.raises(RunError, match=r"Found other widths \[4\] \(was \[8\]\)"):
        must_agree(tmp_path, {"net": {"widths": [8]}}, {"net": {"widths": [4]}})


@pytest.mark.parametrize(
    "history",
    [
        [{"epoch": 1, "train": {"loss": 1e200}}],
        [{"epoch": 1, "train": {"loss": 1.0}}] * 3,
        [{"epoch": 1, "train": {"x": 1.0}}],
        [{"epoch": 10**12, "train": {"loss": 1.0}}],
        [{"epoch": 1, "train": {"loss": 1.0}, "seconds": 1e300}],
        [{"epoch": 1, "train": {"x" * 5000: 1.0, "loss": 1.0}}],
        [[1]],
    ],
)
def test_a_history_that_no_run_could_have_is_no_whole_checkpoint(digits, keeper, history):
    """Else a training would end in files that nobody can read."""
    for path in keeper.root.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    keeper.save(1, whole(digits))
    assert keeper.newest() is not None
    (folder,) = [path for path in keeper.root.iterdir() if path.is_dir()]
    state = json.loads((folder / "state.json").read_text()) | {"history": history}
    (folder / "state.json").write_text(json.dumps(state))
    sums = json.loads((folder / "manifest.json").read_text())
    sums["state.json"] = hashlib.sha256((folder / "state.json").read_bytes()).hexdigest()
    (folder / "manifest.json").write_text(json.dumps(sums))
    assert keeper.newest() is None


@pytest.mark.parametrize("name", ["\x1b]0;title\x07", "[/x]", "[link=http://a.b]x[/link]", "\u202eabc"])
def test_names_of_terms_are_told_as_they_are(monkeypatch, name):
    import io
    import sys

    from gargalo.io.reporter import Terminal

    class Screen(io.StringIO):
        encoding = "utf-8"

        def isatty(self) -> bool:
            return True

    screen = Screen()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setenv("COLUMNS", "300")
    told = Terminal("en").training(name)
    told.start(2, 1, 0)
    told.epoch({"epoch": 1, "train": {"loss": 1.0, name: 1.0}})
    told.stop()
    shown = screen.getvalue()
    assert "title\x07" not in shown and "]8;" not in shown and "\u202e" not in shown
    assert name.startswith(("\x1b", "\u202e")) or name in shown
