"""What comes from outside: the examples of docs/extend.md, and a package that brings one of each by entry points."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from gargalo.errors import GargaloError, ParameterError
from gargalo.io.registry import Registry
from gargalo.latent import PRIORS

ROOT = Path(__file__).parents[1]
EXAMPLES = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "extend.md").read_text(encoding="utf-8"), re.DOTALL)
PACKAGE = Path(__file__).parent / "package"
"""A package as pip would install it: a module, and the metadata that announces what is in it."""


def run_apart(*command: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    """A program of its own, which finds the package: what it registers reaches no other test."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(PACKAGE), str(ROOT)])}
    return subprocess.run(
        [sys.executable, *map(str, command)], cwd=cwd, env=environment, text=True, capture_output=True
    )


def test_every_example_runs_and_is_short(tmp_path):
    assert len(EXAMPLES) == 5
    for example in EXAMPLES:
        assert len(example.strip().splitlines()) <= 40 or "AngleCodec" in example
        assert len([line for line in example.splitlines() if line.strip()]) <= 40
    done = run_apart("-c", "\n".join(EXAMPLES), cwd=tmp_path)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def theirs(tmp_path_factory, digits) -> Path:
    """A run of the package's objective, trained by the command line."""
    import numpy as np

    folder = tmp_path_factory.mktemp("theirs")
    np.savez(folder / "digits.npz", x=digits.x[:400], y=digits.y[:400])
    choices = ["--model", "acme", "--epochs", "2", "--latent-dim", "3", "--set", "price=0.5", "--out", "run"]
    done = run_apart("-m", "gargalo", "train", "digits.npz", *choices, "--json", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "gargalo: metric acme-faulty: left out, since it failed (ZeroDivisionError" in done.stderr
    assert "gargalo: acme-broken: expected acme_latent:Nothing of the package that brings it." in done.stderr
    assert "gargalo: prior acme-failing: left out, since it failed (ZeroDivisionError" in done.stderr
    assert "gargalo.priors: the entry point 'Acme Point' is left out: a name is of small letters" in done.stderr
    assert "gargalo: prior acme-empty: left out, since it failed (TypeError: fit gave NoneType" in done.stderr
    found = json.loads(done.stdout)
    assert found["model"] == "acme"
    assert found["acme-spread"] > 0
    assert 0 <= found["coverage_acme_point"] <= 1
    assert "coverage_acme_empty" not in found
    return folder


COMMANDS = [
    ["info", "run"],
    ["sample", "run", "--prior", "acme-point", "-n", "3", "-o", "samples.png"],
    ["map", "run", "--method", "acme-first", "-o", "map.png"],
    ["models", "--json"],
]


def test_a_package_brings_one_of_each(theirs):
    # One process for several: each that starts takes seconds.
    program = f"from gargalo import cli\nfor command in {COMMANDS}: assert cli.run(command) == 0, command"
    done = run_apart("-c", program, cwd=theirs)
    assert done.returncode == 0, done.stderr
    listed = json.loads(done.stdout.splitlines()[-1])["models"]
    assert [model["about"] for model in listed if model["name"] == "acme"] == [
        "L(x) = -log p(x | g(f(x))) + price |z|."
    ]
    for command in (["report", "run", "-o", "report.html", "--lang", "en"], ["publish", "run", "-o", "site"]):
        done = run_apart("-m", "gargalo", *command, cwd=theirs)
        assert done.returncode == 0, (command, done.stderr)
        assert "gargalo: prior acme-failing: left out, since it failed (ZeroDivisionError" in done.stderr
    page = (theirs / "report.html").read_text(encoding="utf-8")
    assert "acme-point" in page
    assert "acme-failing" not in page, "a prior that fails closes no page"
    assert '<th scope="col">acme-spread</th>' in page, "the last table has a metric of another package, by its name"
    site = json.loads((theirs / "site" / "data" / "site.json").read_text(encoding="utf-8"))["runs"][0]
    assert "acme-failing" not in site["priors"]
    assert site["priors"]["acme-point"]["draws"]["shape"] == [4096, 3]
    assert site["maps"]["acme-first"]["shape"][1] == 2


def test_without_the_package_its_run_says_what_is_missing(theirs, say):
    status, _, told = say("info", theirs / "run")
    assert status == 2
    assert re.search(r"recipe\.json: expected model to be one of classifier, .*\. Found 'acme'", told)


def test_a_package_that_is_broken_is_told_of(theirs):
    done = run_apart("-m", "gargalo", "sample", "run", "--prior", "acme-broken", cwd=theirs)
    assert done.returncode == 2
    misnamed, broken = done.stderr.splitlines()
    assert "'Acme Point' is left out" in misnamed
    assert broken.startswith("gargalo: acme-broken: expected acme_latent:Nothing of the package that brings it.")


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("train digits.npz --model acme-wrong", r"acme-wrong: .*:spread .* of LatentModel with its can and loss"),
        ("train digits.npz --model acme-bare", r"acme-bare: .*:BareModel .* LatentModel .*Found class BareModel"),
        ("train digits.npz --kind acme-class", r"acme-class: .*:Priced .* a subclass of Modality. Found class Priced"),
        ("sample run --prior acme-bare", r"acme-bare: .*:BarePrior .* of Prior with its arrays, fit, log_prob, "),
        ("map run --method acme-bare", r"acme-bare: .*:BareProjection .* with its fit, a dataclass. Found class"),
    ],
)
def test_what_is_of_a_wrong_kind_is_refused_as_it_is_loaded(theirs, command, told):
    """Each was a traceback, one of them after hours of training."""
    done = run_apart("-m", "gargalo", *command.split(), cwd=theirs)
    assert done.returncode == 2
    assert re.match("gargalo: " + told, done.stderr.splitlines()[-1]), done.stderr


def test_a_program_registers_what_is_of_the_kind_alone():
    with pytest.raises(ParameterError, match=r"entry must be a subclass of Prior with its arrays, fit.*Got 42 instead"):
        PRIORS.register("forty-two")(42)  # type: ignore[arg-type]
    assert "forty-two" not in PRIORS


def test_a_registry_finds_names_and_asks_nobody_first():
    assert list(PRIORS) == ["normal", "gmm"]
    assert "nothing" not in PRIORS
    with pytest.raises(
        ParameterError, match=r"prior must be one of normal, gmm.* Got 'gmmm' instead\. Did you mean 'gmm'"
    ):
        PRIORS.get_or_raise("gmmm")
    registry: Registry = Registry("thing", "gargalo.things", "json", {"decoder": "decoder:JSONDecoder"})
    assert registry["decoder"] is json.JSONDecoder
    registry.register("mine")(42)
    assert registry.names() == ["decoder", "mine"]
    assert registry["mine"] == 42
    for name in ("decoder", "Mine", "a b", "../x"):
        with pytest.raises(GargaloError, match="name must be new, of small letters"):
            registry.register(name)
