"""How cost grows: time per epoch against samples, features, hidden units and batch size."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tests.benchmarks.measure import Result, measure
from tests.benchmarks.report import COLOURS
from tests.benchmarks.workloads import Workload

BASE = Workload("growth", 10_000, 50, 10, (100,), 200, "float64", epochs=5)
PEERS = ["skbackprop", "scikit-learn", "PyTorch", "JAX"]
#: Each over two decades; the other sizes stay those of BASE.
AXES = {
    "n_samples": [1_000, 3_200, 10_000, 32_000, 100_000],
    "n_features": [10, 32, 100, 320, 1_000],
    "hidden": [10, 32, 100, 320, 1_000],
    "batch_size": [20, 64, 200, 640, 2_000],
}
TITLES = {
    "n_samples": "samples",
    "n_features": "features",
    "hidden": "hidden units",
    "batch_size": "batch size",
}
Curves = dict[str, list[tuple[int, Result]]]


def grow(peers: list[str], repeats: int, toy: bool = False) -> Curves:
    """Measure every point; two epochs of a toy-sized one if `toy`."""
    curves: Curves = {}
    for axis, values in AXES.items():
        for value in values:
            w = replace(BASE, **{axis: (value,) if axis == "hidden" else value})
            result = measure(w.toy() if toy else w, peers, repeats)
            curves.setdefault(axis, []).append((value, result))
    return curves


def milliseconds(result: Result, peer: str) -> float | None:
    """Time per epoch."""
    step = result.microseconds(peer)
    w = result.workload
    return None if step is None else step * w.n_steps / w.epochs / 1e3


def shown(curves: Curves) -> list[str]:
    """The peers that were measured."""
    measured = {peer for points in curves.values() for _, result in points for peer in result.times}
    return [peer for peer in PEERS if peer in measured]


def lines(curves: Curves) -> list[list[str]]:
    table = [["ms per epoch", "", *shown(curves)]]
    for axis, points in curves.items():
        for value, result in points:
            times = [milliseconds(result, peer) for peer in shown(curves)]
            cells = ["" if t is None else f"{t:,.1f}" for t in times]
            table.append([TITLES[axis], f"{value:,}", *cells])
    return table


def plot(curves: Curves, path: Path) -> None:
    import matplotlib.pyplot as plt

    fig, axes = plt.subplots(2, 2, figsize=(9, 7), layout="constrained")
    for ax, (axis, points) in zip(axes.flat, curves.items(), strict=True):
        for peer, marker in zip(PEERS, "os^D", strict=True):
            times = [(value, milliseconds(result, peer)) for value, result in points]
            known = [(value, t) for value, t in times if t is not None]
            if known:
                style = {"color": COLOURS[peer], "marker": marker, "label": peer}
                ax.loglog(*zip(*known, strict=True), **style)
        ax.set(xlabel=TITLES[axis], ylabel="ms per epoch")
        ax.grid(alpha=0.3)
    axes.flat[0].legend()
    fig.savefig(path, dpi=110)
    plt.close(fig)
