"""Tables for the terminal and the documentation, and a picture of error against CPU seconds."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.benchmarks.tables.methods import OURS, TWO_JOBS
from tests.benchmarks.tables.outcomes import Outcome, Outcomes

#: Added to an error before its logarithm, so that tables without errors don't decide.
SHIFT = 0.01
#: Heads of narrow columns.
SHORT = {
    "MLP, scaled": "MLP",
    "HistGradientBoosting": "HGB",
    "RandomForest": "RF",
    "RealMLP-TD-S": "TD-S",
}
Found = dict[str, dict[str, list[Outcome]]]
Lines = list[list[str]]


def mean(found: dict[str, list[Outcome]], field: str) -> float:
    """Mean over seeds, then over tables."""
    return float(np.mean([np.mean([getattr(o, field) for o in seeds]) for seeds in found.values()]))


def ratio_to_ours(found: Found, method: str, shift: float) -> tuple[float, float]:
    """Our error over a method's: ratio of shifted geometric means, and its standard error.

    On the tables and seeds that both have; the standard error is over tables.
    """
    logs = []
    for task, theirs in found[method].items():
        ours = {o.seed: o.error for o in found[OURS].get(task, ())}
        pairs = [(ours[o.seed], o.error) for o in theirs if o.seed in ours]
        if pairs:
            both = np.log(np.array(pairs) + shift)
            logs.append(float(np.mean(both[:, 0] - both[:, 1])))
    ratio = float(np.exp(np.mean(logs)))
    spread = float(np.std(logs, ddof=1) / np.sqrt(len(logs))) if len(logs) > 1 else 0.0
    return ratio, ratio * spread


def summary(found: Found, part: str) -> Lines:
    """A head and one line for each method."""
    classes = part != "numbers"
    shift = SHIFT if classes else 0.0
    fields = ["log_loss", "calibration_error"] if classes else []
    heads = ["log-loss", "calibration error"] if classes else []
    lines = [["", "error, ours / theirs", *heads, "CPU s"]]
    for method, tasks in found.items():
        if method == TWO_JOBS:
            continue
        ratio, error = ratio_to_ours(found, method, shift)
        lines.append(
            [
                method,
                "1" if method == OURS else f"{ratio:.3f} ± {error:.3f}",
                *(f"{mean(tasks, field):.3f}" for field in fields),
                f"{mean(tasks, 'cpu'):.2f}",
            ]
        )
    return lines


def wall_seconds(found: Found) -> Lines:
    """A head and two lines: ours with one job and with two, on the tables that both have."""
    both = set(found[OURS]) & set(found[TWO_JOBS])
    lines = [["", "wall s"]]
    for method in (OURS, TWO_JOBS):
        tasks = {task: found[method][task] for task in both}
        lines.append([method, f"{mean(tasks, 'wall'):.2f}"])
    return lines


def each(found: Found, fields: dict[str, str]) -> Lines:
    """A head and one line for each table and method."""
    lines = [["", "", *fields.values()]]
    for task in found[OURS]:
        for method, tasks in found.items():
            if task in tasks:
                values = [np.mean([getattr(o, f) for o in tasks[task]]) for f in fields]
                lines.append([task, method, *(f"{value:.3g}" for value in values)])
    return lines


def errors_by_table(found: Found) -> Lines:
    """A head and one line for each table: the errors of all methods."""
    methods = [name for name in found if name != TWO_JOBS]
    lines = [["", *(SHORT.get(name, name) for name in methods)]]
    for task in found[OURS]:
        row = [
            np.mean([o.error for o in found[m][task]]) if task in found[m] else None
            for m in methods
        ]
        lines.append([task, *("" if v is None else f"{v:.3g}" for v in row)])
    return lines


def with_codes_declared(plain: Found, declared: Found) -> Found:
    """Where columns were declared to the others, those outcomes; ours as they are."""
    return {
        name: {**plain[name], **declared.get(name, {})}
        for name in plain
        if name == OURS or name in declared
    }


def tables_of(outcomes: Outcomes, rows: int) -> dict[str, Lines]:
    """All tables there are outcomes for."""
    found = {part: outcomes.of(part, rows) for part in ("classes", "declared", "numbers")}
    found |= {part: outcomes.of(part) for part in ("strings", "growth")}
    of: dict[str, Lines] = {}
    if OURS in found["classes"]:
        of["classes"] = summary(found["classes"], "classes")
        of["errors"] = errors_by_table(found["classes"])
        if TWO_JOBS in found["classes"]:
            of["wall"] = wall_seconds(found["classes"])
        declared = with_codes_declared(found["classes"], found["declared"])
        if len(declared) > 1:
            of["declared"] = summary(declared, "classes")
    if OURS in found["numbers"]:
        of["numbers"] = summary(found["numbers"], "numbers")
        of["rmse"] = errors_by_table(found["numbers"])
    scores = {"error": "error", "log_loss": "log-loss"}
    if OURS in found["strings"]:
        of["strings"] = each(found["strings"], {**scores, "auc": "AUC", "cpu": "CPU s"})
    if OURS in found["growth"]:
        of["growth"] = each(found["growth"], {**scores, "cpu": "CPU s"})
    return of


def text(lines: Lines) -> str:
    """For the terminal."""
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        for line in lines
    )


def rst(lines: Lines) -> str:
    """For the documentation."""
    rows = [".. list-table::", "   :header-rows: 1", ""]
    for line in lines:
        rows += [f"   {'* -' if i == 0 else '  -'} {cell}".rstrip() for i, cell in enumerate(line)]
    return "\n".join(rows) + "\n"


def draw(found: Found, file: Path) -> None:
    """Error against CPU seconds, one point a method."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 4.2), layout="constrained")
    for method, tasks in found.items():
        if method == TWO_JOBS:
            continue
        logs = [np.mean([np.log(o.error + SHIFT) for o in seeds]) for seeds in tasks.values()]
        error, cpu = float(np.exp(np.mean(logs)) - SHIFT), mean(tasks, "cpu")
        axes.plot(cpu, error, "o", color="#0072B2" if method == OURS else "#666666")
        name = "TabularClassifier" if method == OURS else method
        axes.annotate(name, (cpu, error), xytext=(6, 4), textcoords="offset points")
    axes.set(xscale="log", xlabel="CPU seconds a table", ylabel="error, shifted geometric mean")
    axes.margins(x=0.25, y=0.12)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(file, dpi=150)
    plt.close(figure)
