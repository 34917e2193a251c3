"""What the documents say is true of the code."""

from __future__ import annotations

import doctest
import importlib
import inspect
import json
import re
import shlex
import tomllib
from pathlib import Path

import pytest
from material import write_all

import gargalo
from gargalo import cli
from gargalo.models import MODELS

ROOT = Path(__file__).parents[1]
READMES = ("README.md", "README.pt.md")


def commands(file: str) -> list[list[str]]:
    """Every gargalo command in a document's bash blocks."""
    blocks = re.findall(r"```bash\n(.*?)```", (ROOT / file).read_text(encoding="utf-8"), re.DOTALL)
    lines = [line.split("#")[0].strip() for block in blocks for line in block.splitlines()]
    return [shlex.split(line)[1:] for line in lines if line.startswith("gargalo ")]


@pytest.mark.parametrize("file", (*READMES, "docs/data.md", "docs/explorer.md", "docs/explorador.md"))
def test_every_command_shown_is_understood(file, monkeypatch, small_runs, default_runs, digits, tmp_path, capsys):
    """Each runs, in order, in a folder where its files are; for the digits there is a run already."""
    from gargalo import api, explorer

    monkeypatch.setattr(explorer, "serve", lambda *_: None)  # which would wait for Ctrl-C
    really = api.train
    monkeypatch.chdir(tmp_path)
    write_all(tmp_path, digits, monkeypatch)

    def place(src, model, out=None, **choices):
        """As train: the run lies where it was asked for, or is the last."""
        import shutil

        if src != "mnist-10k":
            return really(src, model, out=out, **choices | {"epochs": 1, "progress": False})
        folder = Path(out or "runs/mnist-10k-vae-001")
        shutil.copytree((default_runs | small_runs)[model or "autoencoder"].folder, folder)
        return gargalo.open_run(folder)

    monkeypatch.setattr(api, "train", place)
    found = commands(file)
    assert len(found) >= (4 if "explor" in file else 10)
    for arguments in found:
        status = cli.run(arguments)
        assert status == 0, (arguments, capsys.readouterr().err)


@pytest.mark.parametrize("file", READMES)
def test_every_model_is_in_the_table(file, capsys):
    """The table is what `gargalo models --markdown` prints."""
    text = (ROOT / file).read_text(encoding="utf-8")
    table = re.search(r"<!-- gargalo models --markdown[^>]*-->\n(.*?)\n<!-- -->", text, re.DOTALL)[1]
    assert cli.run(["models", "--markdown", "--lang", "pt" if ".pt." in file else "en"]) == 0
    assert table == capsys.readouterr().out.strip()
    assert re.findall(r"^\| `([\w-]+)` \|", table, re.MULTILINE) == list(MODELS)


@pytest.mark.parametrize("file", READMES)
def test_links_and_pictures_are_there(file):
    text = (ROOT / file).read_text(encoding="utf-8")
    targets = [t for t in re.findall(r"\]\(([^)]+)\)", text) if not t.startswith("http")]
    assert targets
    assert [t for t in targets if not (ROOT / t).is_file()] == []


def test_the_python_example_runs(small_runs, monkeypatch, tmp_path):
    from gargalo import api

    monkeypatch.setattr(api, "train", lambda *_, **__: small_runs["autoencoder"])
    monkeypatch.chdir(small_runs["autoencoder"].folder.parents[1])
    block = re.search(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    names: dict = {}
    exec(block[1].replace('gargalo.open_run("last")', "run"), names)
    assert names["film"].shape == (12, 28, 28)
    assert names["points"].shape == (300, 2)


def test_the_tree_is_the_package():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = set(re.findall(r"^[├└] (\w+)(?:\.py|/) ", text, re.MULTILINE))
    there = {p.stem for p in (ROOT / "gargalo").iterdir() if p.suffix == ".py" or (p / "__init__.py").is_file()}
    assert shown == there - {"__init__", "__main__"}


def test_public_names_are_there():
    for name in gargalo.__all__:
        assert getattr(gargalo, name) is not None
    assert set(gargalo.__all__) <= set(dir(gargalo))
    assert re.fullmatch(r"\d+\.\d+\.\d+", gargalo.__version__)
    with pytest.raises(AttributeError, match="no attribute 'tarin'"):
        _ = gargalo.tarin


MODULES = sorted(
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    for path in (ROOT / "gargalo").rglob("*.py")
    if ">>>" in path.read_text(encoding="utf-8")
)


@pytest.mark.parametrize("module", MODULES)
def test_examples_in_docstrings_do_what_they_say(module, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = doctest.testmod(importlib.import_module(module))
    assert found.attempted
    assert not found.failed


def test_the_house_is_as_it_is_drawn():
    """Every file that docs/architecture.md names is there; a digit comes to its tensor in at most twelve of them."""
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`([\w/]+(?:\.py|\.json|/))`", text))
    assert len(named) > 30
    inside = {name for name in named if not (ROOT / name).exists()}
    assert [name for name in sorted(inside) if not (ROOT / "gargalo" / name).exists()] == ["recipe.json"]
    follow = text.partition("## Follow an example")[2].partition("## Follow a choice")[0]
    assert len(re.findall(r"^\| \d+ \|", follow, re.MULTILINE)) <= 12
    for room in ("extend.md", "own-model.md"):
        assert (ROOT / "docs" / room).is_file()


def test_versions_are_pinned():
    pinned = dict(line.split("==") for line in (ROOT / "constraints.txt").read_text().splitlines() if "==" in line)
    assert pinned["torch"] == "2.13.0"
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    names = {name.lower().replace("_", "-") for name in pinned}
    assert [w for w in wanted if re.match(r"[A-Za-z0-9._-]+", w)[0].lower() not in names] == []


def test_texts_of_every_model():
    for lang in ("en", "pt"):
        texts = json.loads((ROOT / "gargalo" / "lang" / f"{lang}.json").read_text(encoding="utf-8"))
        assert all(f"{kind}.{name}" in texts for name in MODELS for kind in ("model", "about", "latent", "good"))


def test_unused_texts_are_taken_out():
    """Every key is used: by its name, or by one built from a known start."""
    code = "\n".join(
        p.read_text(encoding="utf-8") for p in (ROOT / "gargalo").rglob("*") if p.suffix in (".py", ".html")
    )
    texts = json.loads((ROOT / "gargalo" / "lang" / "en.json").read_text(encoding="utf-8"))
    built = re.compile(
        r".*\.(title|lesson|meaning)|(model|about|latent|good|shelf|noise|loss|reconstruct\.loss|note|inspect|fact|figure|progress|stopped|network|info|taken|kind|split|prior|public|publish|bottleneck\.body|see\.unsupervised|verdict)\..*|map\.(tsne|pca)|columns\.(caption|meaning)\.numbers"
    )
    thing = re.compile(r"\.(rows|windows|counts|volumes)$")  # said instead, of such data
    columns = {"test_mse", "pca_mse", "test_accuracy", "knn_accuracy", "psnr_denoised", "coverage", "coverage_gmm"}
    bases = {k: thing.sub("", k) for k in texts}
    unused = [
        k for k, base in bases.items() if f'"{base}"' not in code and not built.fullmatch(base) and k not in columns
    ]
    assert unused == []


def public_functions():
    """What `gargalo` exports to be called, with the methods of the two classes that people hold."""
    for name in gargalo.__all__:
        thing = getattr(gargalo, name)
        if inspect.isfunction(thing):
            yield name, thing
        elif name in ("FittedModel", "Run"):
            own = [(f"{name}.{verb}", method) for verb, method in vars(thing).items() if not verb.startswith("_")]
            yield from ((verb, method) for verb, method in own if inspect.isfunction(method))


@pytest.mark.parametrize(("name", "function"), list(public_functions()))
def test_what_people_call_says_what_it_takes_and_gives(name, function):
    """Its parameters, what comes back and what it refuses; a run's verb may point to that of the fitted model."""
    text = inspect.getdoc(function) or ""
    if "see `FittedModel." in text:
        assert hasattr(gargalo.FittedModel, name.partition(".")[2])
        return
    signature = inspect.signature(function)
    if name in ("FittedModel.can", "Run.find"):  # a yes or no; a sentence that says all
        return
    taken = [parameter for parameter in signature.parameters if parameter != "self"]
    sections = re.findall(r"^(Parameters|Returns|Raises)\n-+$", text, re.MULTILINE)
    wanted = (["Parameters"] if taken else []) + (["Returns"] if signature.return_annotation != "None" else [])
    assert sections == [*wanted, "Raises"]
    described = text.partition("Parameters\n")[2].partition("Returns\n")[0]
    for parameter in taken:
        assert re.search(rf"\b{parameter}\b", described), parameter


def inner_functions():
    """What the rooms offer each other: functions in an `__all__`, and the methods of the classes there."""
    for path in sorted((ROOT / "gargalo").rglob("*.py")):
        place = path.relative_to(ROOT).with_suffix("").parts
        # What every section of a report takes and gives is said once, where they lie.
        if place[-1] in ("__init__", "__main__") or "mnist_10k" in place or "sections" in place:
            continue
        module = importlib.import_module(".".join(place))
        for name in getattr(module, "__all__", ()):
            thing = getattr(module, name)
            if inspect.isfunction(thing) and thing.__module__ == module.__name__:
                yield f"{module.__name__}.{name}", thing, ()
            elif inspect.isclass(thing):
                for verb, method in vars(thing).items():
                    method = getattr(method, "__func__", method)  # of a class method
                    if not verb.startswith("_") and inspect.isfunction(method) and method.__name__ == verb:
                        yield f"{module.__name__}.{name}.{verb}", method, thing.__mro__[1:]


def test_every_function_says_what_it_takes_and_gives():
    """In sections; a method of a base class that says it need not be described again."""
    faults, seen = [], 0
    for name, function, bases in inner_functions():
        signature = inspect.signature(function)
        taken = [one for one in signature.parameters if one not in ("self", "cls")]
        texts = [inspect.getdoc(function) or "", *(inspect.getdoc(getattr(b, function.__name__, None)) for b in bases)]
        asks = signature.return_annotation == "bool" and len(taken) == 1
        if not taken or asks or re.search(r"[Ss]ee `(FittedModel|Examples)\.\w+`", texts[0]):
            continue
        seen += 1
        text = next((text for text in texts if "Parameters\n---" in (text or "")), "")
        described = text.partition("Parameters\n---")[2].partition("Returns\n---")[0]
        faults += [f"{name}: {one}" for one in taken if not re.search(rf"\b{one}\b", described)]
        if signature.return_annotation not in ("None", "bool", "Never", "Iterator[None]") and not re.search(
            r"^(Returns|Yields)\n---", text, re.MULTILINE
        ):
            faults.append(f"{name}: what it returns")
    assert faults == []
    assert seen > 300
