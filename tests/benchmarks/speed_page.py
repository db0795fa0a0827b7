"""What docs/speed.rst includes: tables, sentences and a figure, from what runs have saved.

``python -m tests.benchmarks docs RUN.json [RUN2.json] --out docs``. With several runs a figure that
differs is a range; rates and the curves of growth are those of the first. A file needn't have every
part.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from statistics import median
from typing import Any

from tests.benchmarks import growth, report, searches
from tests.benchmarks.measure import Result
from tests.benchmarks.workloads import Workload

NAMES = {"scikit-learn": "MLPClassifier", "floor": "products alone"}
BY = ".. made by python -m tests.benchmarks docs; don't edit"
DTYPES = ("float64", "float32")
#: Between their two numbers, which stay on one line.
SLASH = "\N{NO-BREAK SPACE}/\N{NO-BREAK SPACE}"
Lines = list[list[str]]
Run = dict[str, Any]
Number = Callable[[float], str]


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks docs", description=__doc__)
    parser.add_argument("runs", nargs="+", type=Path, metavar="RUN.json")
    parser.add_argument("--out", type=Path, default=Path("docs"), metavar="DIR")
    options = parser.parse_args(arguments)
    runs = [json.loads(path.read_text()) for path in options.runs]
    for name, body in included(runs).items():
        (options.out / f"speed_{name}.inc").write_text(f"{BY}\n\n{body}\n", encoding="utf-8")
    if curves := [run["growth"] for run in runs if "growth" in run]:
        points = {
            axis: [(value, Result.from_json(saved)) for value, saved in of]
            for axis, of in curves[0].items()
        }
        growth.plot(points, options.out / "growth.png")


def included(runs: list[Run]) -> dict[str, str]:
    """Name and content of each file but the picture; none for a part that no run has."""
    parts = {"runs": "\n".join(f"- {line}" for line in machines(runs))}
    if training := results_of(runs, "training"):
        parts["tasks"] = "\n".join(f"- {task(w)}" for w in tasks(training[0]))
        parts["ratios"] = rst(ratios(training))
        parts["rates"] = rst(rates(training[0]))
    if predictions := results_of(runs, "predictions"):
        parts["predictions"] = rst(prediction_ratios(predictions))
        parts["calls"] = rst(calls(predictions[0]))
    for part, say in {"start-up": start_up, "searches": search}.items():
        if found := [run[part] for run in runs if part in run]:
            parts[part.replace("-", "_")] = "\n".join(f"- {line}" for line in say(found))
    return parts


def machines(runs: list[Run]) -> list[str]:
    """A line for each machine, with the days of its runs."""
    days: dict[str, list[str]] = {}
    for run in runs:
        words = f"{report.in_words(run['machine'])}; medians of {run['repeats']}"
        days.setdefault(words, []).append(run["date"])
    return [f"{', '.join(dict.fromkeys(of))}: {words}." for words, of in days.items()]


def results_of(runs: list[Run], part: str) -> list[list[Result]]:
    return [[Result.from_json(saved) for saved in run[part]] for run in runs if part in run]


def span(values: Iterable[float | None], number: Number) -> str:
    """From the least to the largest, or one where they look the same."""
    known = sorted(v for v in values if v is not None)
    ends = dict.fromkeys(number(v) for v in (known[:1] + known[-1:]))
    return "\N{EN DASH}".join(ends) or "n/a"


def ratio(value: float) -> str:
    return f"{value:.0f}" if value >= 9.95 else f"{value:.1f}"


def percent(value: float) -> str:
    return f"{100 * value:.0f}"


def rate(value: float) -> str:
    """Three digits, and a comma for thousands."""
    return f"{float(f'{value:.3g}'):,.{0 if value >= 100 else 1}f}"


def data(w: Workload) -> str:
    """What the rows of the tables are called."""
    size = f"{w.n_samples:,} x {w.n_features:,}".replace(" ", "\N{NO-BREAK SPACE}")
    size = "digits" if w.n_features == 64 else size
    return f"{'CSR ' * (w.density < 1)}{size}{', lbfgs' * (w.kind == 'lbfgs')}"


def task(w: Workload) -> str:
    """Data, classes, network and batches."""
    filled = f", {100 * w.density:g} % filled" if w.density < 1 else ""
    hidden = " and ".join(map(str, w.hidden))
    batches = "" if w.kind == "lbfgs" else f", batches of {w.batch_size}"
    return f"{data(w)}{filled}: {w.n_classes} classes, {hidden} hidden units{batches}"


def shown(results: list[Result], first: str = "") -> list[str]:
    others = [peer for peer in report.measured(results) if peer not in ("skbackprop", "floor")]
    return [*([first] if first else []), *others]


def name(peer: str) -> str:
    return NAMES.get(peer, peer)


def ratios(runs: list[list[Result]]) -> Lines:
    """Times as fast as each peer, and the share of the products' speed."""
    peers = shown(runs[0])
    lines = [["float64 / float32", *map(name, peers), "% of the products' speed"]]
    for w in tasks(runs[0]):
        both = [[r for run in runs for r in run if same(r, w, dtype)] for dtype in DTYPES]
        cells = [SLASH.join(span((r.speedup(p) for r in of), ratio) for of in both) for p in peers]
        share = SLASH.join(span((r.speedup("floor") for r in of), percent) for of in both)
        lines.append([data(w), *map(known, [*cells, share])])
    return lines


def rates(results: list[Result]) -> Lines:
    """Steps per second of each peer."""
    peers = [*shown(results, "skbackprop"), "floor"]
    lines = [["", *map(name, peers)]]
    for result in results:
        cells = [span([per_second(result.microseconds(peer))], rate) for peer in peers]
        lines.append([f"{data(result.workload)}, {result.workload.dtype}", *cells])
    return lines


def tasks(results: list[Result]) -> list[Workload]:
    """One workload for each name."""
    return list({r.workload.name: r.workload for r in results}.values())


def same(result: Result, w: Workload, dtype: str) -> bool:
    return (result.workload.name, result.workload.dtype) == (w.name, dtype)


def known(cell: str) -> str:
    return "n/a" if set(cell.split(SLASH)) == {"n/a"} else cell


def per_second(microseconds: float | None) -> float | None:
    return None if microseconds is None else 1e6 / microseconds


GIVEN = {"array": "array", "frame": "frame", "float32": "float32"}


def prediction_ratios(runs: list[list[Result]]) -> Lines:
    """Times as fast: for each kind of input as scikit-learn, for an array as the others too."""
    peers = [peer for peer in shown(runs[0]) if peer != "scikit-learn"]
    head = [f"MLPClassifier, {words}" for words in GIVEN.values()]
    lines = [["rows", *head, *map(name, peers), "% of the products' speed"]]
    for rows in sizes(runs[0]):
        of = {g: [r for run in runs for r in run if asks(r, rows, g)] for g in GIVEN}
        cells = [span((r.speedup("scikit-learn") for r in of[g]), ratio) for g in GIVEN]
        cells += [span((r.speedup(peer) for r in of["array"]), ratio) for peer in peers]
        share = span((r.speedup("floor") for r in of["array"]), percent)
        lines.append([f"{rows:,}", *cells, share])
    return lines


def calls(results: list[Result]) -> Lines:
    """Calls per second of ours and scikit-learn's."""
    columns = [(peer, given) for peer in ("skbackprop", "scikit-learn") for given in GIVEN]
    lines = [["rows", *(f"{name(peer)}, {GIVEN[given]}" for peer, given in columns)]]
    for rows in sizes(results):
        cells = []
        for peer, given in columns:
            found = [r.microseconds(peer) for r in results if asks(r, rows, given)]
            cells.append(span(map(per_second, found), rate))
        lines.append([f"{rows:,}", *cells])
    return lines


def sizes(results: list[Result]) -> list[int]:
    return list(dict.fromkeys(r.workload.rows for r in results))


def asks(result: Result, rows: int, given: str) -> bool:
    return (result.workload.rows, result.workload.given) == (rows, given)


def start_up(runs: list[dict[str, list[float]]]) -> list[str]:
    """A sentence for the imports and one for iris."""

    def seconds(what: str) -> str:
        return (
            span((median(run[what]) / 1e3 for run in runs if what in run), "{:.2f}".format) + " s"
        )

    imports = (
        "``from skbackprop import BackpropClassifier`` takes"
        f" {seconds('import BackpropClassifier')}, of which ``import sklearn.base`` takes"
        f" {seconds('import sklearn.base')}."
    )
    if any("import torch" in run for run in runs):
        imports += f" ``import torch`` takes {seconds('import torch')}."
    return [
        imports,
        "Import, loading iris and a fit with default settings take"
        f" {seconds('iris, BackpropClassifier')}, with MLPClassifier"
        f" {seconds('iris, MLPClassifier')}.",
    ]


def search(runs: list[dict[str, dict[str, list[float]]]]) -> list[str]:
    """A sentence for the time, one for the memory, one for the threads."""

    def of(peer: str, what: str, number: Number) -> str:
        return span((median(run[peer][what]) for run in runs if what in run[peer]), number)

    seconds = [of(peer, "seconds", "{:.1f}".format) for peer in ("skbackprop", "scikit-learn")]
    times = (
        median(run["scikit-learn"]["seconds"]) / median(run["skbackprop"]["seconds"])
        for run in runs
    )
    fits = of("skbackprop", "fits", "{:.0f}".format)
    sentences = [
        f"The {fits} fits take {seconds[0]} s, with MLPClassifier {seconds[1]} s:"
        f" {span(times, ratio)} times as fast."
    ]
    if all("peak_mib" in run["skbackprop"] for run in runs):
        peaks = [of(peer, "peak_mib", "{:,.0f}".format) for peer in ("skbackprop", "scikit-learn")]
        sentences.append(
            f"At their peak the processes together have {peaks[0]} MiB, with MLPClassifier"
            f" {peaks[1]} MiB."
        )
    threads = max(max(run["skbackprop"]["threads"]) for run in runs)
    sentences.append(
        f"BLAS has at most {threads:.0f} thread{'s' * (threads > 1)} in each of the"
        f" {searches.JOBS} processes."
    )
    return sentences


def rst(lines: Lines) -> str:
    """A list-table whose first line is the head."""
    rows = [".. list-table::", "   :header-rows: 1", "   :align: left", ""]
    return "\n".join(rows + ["   * - " + "\n     - ".join(line) for line in lines])
