"""The lesson's notebooks: one code in two languages, its outputs kept, and all of it runs."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

FOLDER = Path(__file__).parent.parent / "notebooks"
LANGUAGES = ("pt", "en")
PLACE = re.compile(r"/(home|root|tmp|work|Users)\b|\b[A-Z]:\\")

both = pytest.mark.parametrize("lang", LANGUAGES)


def read(lang: str) -> nbformat.NotebookNode:
    return nbformat.read(FOLDER / lang / "autoencoders.ipynb", as_version=4)


def code(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def outputs(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    return [output for cell in code(notebook) for output in cell.outputs]


def figures(notebook: nbformat.NotebookNode) -> list[str]:
    return [output.data["image/png"] for output in outputs(notebook) if "image/png" in output.get("data", {})]


def texts(notebook: nbformat.NotebookNode) -> list[str]:
    """All that can be read: sources, what was printed, and how figures describe themselves."""
    told = [cell.source for cell in notebook.cells]
    for output in outputs(notebook):
        told.append(output.get("text", ""))
        told += [str(value) for kind, value in output.get("data", {}).items() if not kind.startswith("image/")]
    return told


def test_both_languages_have_the_same_code():
    pt, en = (read(lang) for lang in LANGUAGES)
    assert len(code(pt)) >= 20
    assert [(cell.id, cell.cell_type) for cell in pt.cells] == [(cell.id, cell.cell_type) for cell in en.cells]
    assert [cell.source for cell in code(pt)] == [cell.source for cell in code(en)]


def test_both_languages_have_the_same_formulas_and_headings():
    pt, en = ([cell.source for cell in read(lang).cells if cell.cell_type == "markdown"] for lang in LANGUAGES)
    for ours, theirs in zip(pt, en, strict=True):
        assert ours != theirs
        assert ours.count("$$") == theirs.count("$$")
        assert re.findall(r"^#+ \d*", ours, re.M) == re.findall(r"^#+ \d*", theirs, re.M)


@both
def test_it_is_a_valid_notebook_of_modest_size(lang):
    nbformat.validate(read(lang))
    assert (FOLDER / lang / "autoencoders.ipynb").stat().st_size < 1_500_000


@both
def test_outputs_are_kept_from_one_clean_run(lang):
    notebook = read(lang)
    assert [cell.execution_count for cell in code(notebook)] == list(range(1, len(code(notebook)) + 1))
    assert len(figures(notebook)) >= 8
    assert {output.output_type for output in outputs(notebook)} <= {"stream", "display_data", "execute_result"}
    assert {output.name for output in outputs(notebook) if output.output_type == "stream"} == {"stdout"}


@both
def test_nothing_tells_whose_machine_it_was(lang):
    notebook = read(lang)
    assert [text for text in texts(notebook) if PLACE.search(text)] == []
    assert set(notebook.metadata) == {"kernelspec", "language_info"}
    assert "version" not in notebook.metadata.language_info
    assert [cell.id for cell in notebook.cells if cell.metadata] == []


@both
def test_the_plain_pytorch_cell_is_short_and_hides_nothing(lang):
    (cell,) = (cell for cell in code(read(lang)) if "class Autoencoder(nn.Module)" in cell.source)
    assert len(cell.source.splitlines()) < 40
    assert "gargalo" not in cell.source
    widths = [tuple(map(int, pair)) for pair in re.findall(r"nn\.Linear\((\d+), (\d+)\)", cell.source)]
    assert widths == [(784, 128), (128, 64), (64, 128), (128, 784)]
    assert {"nn.Linear(64, latent_dim)", "nn.Linear(latent_dim, 64)"} <= set(
        re.findall(r"nn\.Linear\([^)]*latent_dim[^)]*\)", cell.source)
    )
    losses = [float(number) for number in re.findall(r"MSE (\d\.\d+)", cell.outputs[0].text)]
    assert len(losses) >= 4
    assert all(later < earlier for earlier, later in pairwise(losses))


def test_the_english_notebook_runs(tmp_path, monkeypatch):
    # One thread: these batches are so small that threads which compete with others' make it many times slower.
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "1")
    here, runs = tmp_path / "here", tmp_path / "runs"
    here.mkdir()
    runs.mkdir()
    monkeypatch.setenv("TMPDIR", str(runs))
    notebook = read("en")
    first = code(notebook)[0]
    first.source, replaced = re.subn(r"^epochs = 20$", "epochs = 1", first.source, flags=re.M)
    assert replaced == 1
    kept = [len(cell.outputs) for cell in code(notebook)]
    client = NotebookClient(
        notebook,
        timeout=120,
        kernel_name="python3",
        coalesce_streams=True,
        resources={"metadata": {"path": str(here)}},
    )
    client.execute()
    assert [len(cell.outputs) for cell in code(notebook)] == kept
    assert {output.name for output in outputs(notebook) if output.output_type == "stream"} == {"stdout"}
    assert list(here.iterdir()) == []
    assert len(list(runs.glob("*/*/metrics.json"))) == 6
