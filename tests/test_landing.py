"""Front page, quickstart and README.md: their figures are measured, their pictures are made."""

import re
import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"


def read(name):
    return (ROOT / name).read_text(encoding="utf-8")


FIGURES = dict(re.findall(r"^\.\. \|(\w+)\| replace:: (.+)$", read("docs/landing.inc"), re.M))


@pytest.mark.parametrize("name", FIGURES)
def test_figures_stand_on_the_front_page_and_in_the_readme(name):
    assert f"|{name}|" in read("docs/index.rst")
    assert FIGURES[name] in read("README.md")


def test_figures_of_tables_are_those_of_the_benchmark():
    """`error, ours / theirs`: 0.731 is 27 % less."""
    text = read("docs/guide/tables_classes.inc")
    for name, method in (
        ("fewer_than_mlp", "MLP, scaled"),
        ("fewer_than_trees", "HistGradientBoosting"),
    ):
        ratio = float(re.search(rf"\* - {method}\n     - ([\d.]+) ", text)[1])
        assert FIGURES[name] == f"{100 * (1 - ratio):.0f} %"
    rows = re.findall(r"^   \* - \S", read("docs/guide/tables_errors.inc"), re.M)
    assert FIGURES["tables"] == f"{len(rows)} tables"


def column(text, *heads):
    """First cell and the cell under one of these heads, for each row of a `list-table`."""
    rows = [row.splitlines() for row in text.split("\n   * - ")[1:]]
    cells = [
        [row[0], *(line[7:] for line in row[1:] if line.startswith("     - "))] for row in rows
    ]
    (k,) = (i for i, head in enumerate(cells[0]) if head in heads)
    return [(row[0], row[k]) for row in cells[1:] if len(row) > k]


def test_figures_of_speed_are_those_of_the_benchmark():
    """The least and the greatest number in the column MLPClassifier, predictions aside."""
    page = DOCS / "speed_ratios.inc"
    text = (page if page.exists() else DOCS / "speed.rst").read_text(encoding="utf-8")
    if "Not measured yet" in text:
        pytest.skip("no benchmark")
    cells = [cell for task, cell in column(text, "MLPClassifier") if "predict" not in task]
    ratios = sorted((n for cell in cells for n in re.findall(r"\d+(?:\.\d+)?", cell)), key=float)
    assert FIGURES["times_as_fast"] == f"{ratios[0]} to {ratios[-1]} times"


def test_pictures_of_the_front_page_are_made(tmp_path):
    pytest.importorskip("matplotlib").use("agg")
    runpy.run_path(str(DOCS / "_figures" / "landing.py"))["main"](tmp_path, n_frames=2)
    made = {path.name for path in tmp_path.iterdir()}
    assert made == {"logo.svg", "favicon.png", "growing.webp", "growing_still.webp"} | {
        f"growing_{theme}.png" for theme in ("light", "dark")
    }
    assert all((DOCS / "_static" / name).exists() for name in made)


def test_pictures_of_the_quickstart_are_those_that_its_code_draws():
    """Running the code is the test of the page; its pictures are drawn in that order."""
    names = runpy.run_path(str(DOCS / "_figures" / "start.py"))["NAMES"]
    page = read("docs/start.rst")
    drawn = [f"start_{name}" for name in re.findall(r'savefig\(folder / "(\w+)\.png"\)', page)]
    assert drawn == names
    for name in names:
        for theme in "light", "dark":
            assert f".. image:: {name}_{theme}.svg\n   :class: only-{theme}" in page
            assert (DOCS / f"{name}_{theme}.svg").exists()
