"""Tables: TabularClassifier beside other classifiers, on the same rows.

``python -m tests.benchmarks tables``. Real tables are read from ../shared/data/tabular where that
is present; otherwise scikit-learn's own are used. Each classifier has one thread, and its defaults.
"""

from __future__ import annotations

import argparse
import os
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.metrics import log_loss
from sklearn.model_selection import StratifiedShuffleSplit
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from skbackprop import BackpropClassifier, TabularClassifier

DATA = Path(__file__).parents[3] / "shared" / "data" / "tabular"
OURS = "TabularClassifier"
#: Added to an error before its logarithm, so that tables without errors don't decide.
SHIFT = 0.01
#: Rows to test on, at most.
TEST = 5_000


def tables() -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Names, columns and classes."""
    for path in sorted(DATA.glob("*.tsv.gz")):
        import pandas as pd

        frame = pd.read_csv(path, sep="\t")
        classes = np.unique(frame.pop("target"), return_inverse=True)[1]
        yield path.name.removesuffix(".tsv.gz"), frame.to_numpy(float), classes
    for load in (load_breast_cancer, load_digits, load_wine, load_iris):
        yield load.__name__.removeprefix("load_"), *load(return_X_y=True)


def _realmlp(seed: int) -> Any:
    from pytabkit import RealMLP_TD_S_Classifier

    return RealMLP_TD_S_Classifier(random_state=seed, n_threads=1, device="cpu")


def _catboost(seed: int) -> Any:
    from catboost import CatBoostClassifier

    return CatBoostClassifier(
        random_seed=seed, thread_count=1, verbose=0, allow_writing_files=False
    )


def _lightgbm(seed: int) -> Any:
    from lightgbm import LGBMClassifier

    return LGBMClassifier(random_state=seed, n_jobs=1, verbose=-1)


#: How each is made, and the package it needs besides scikit-learn.
PEERS: dict[str, tuple[Callable[[int], Any], str]] = {
    OURS: (lambda seed: TabularClassifier(random_state=seed), "sklearn"),
    "MLPClassifier, scaled": (
        lambda seed: make_pipeline(StandardScaler(), MLPClassifier(random_state=seed)),
        "sklearn",
    ),
    "HistGradientBoosting": (
        lambda seed: HistGradientBoostingClassifier(random_state=seed),
        "sklearn",
    ),
    "RandomForest": (lambda seed: RandomForestClassifier(random_state=seed), "sklearn"),
    "RealMLP-TD-S": (_realmlp, "pytabkit"),
    "CatBoost": (_catboost, "catboost"),
    "LightGBM": (_lightgbm, "lightgbm"),
}


@dataclass
class Outcome:
    """What one classifier achieved on one split; seconds of training and prediction."""

    error: float
    log_loss: float
    calibration_error: float
    cpu: float
    wall: float


def measure(
    make: Callable[[int], Any], X: np.ndarray, y: np.ndarray, seed: int, rows: int
) -> Outcome:
    """Train on a stratified part of the rows and test on others."""
    n = min(rows, int(0.75 * len(y)))
    split = StratifiedShuffleSplit(
        1, train_size=n, test_size=min(len(y) - n, TEST), random_state=seed
    )
    train, test = next(split.split(X, y))
    estimator = make(seed)
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        cpu, wall = time.process_time(), time.perf_counter()
        estimator.fit(X[train], y[train])
        p = np.asarray(estimator.predict_proba(X[test]), float)
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    p /= p.sum(axis=1, keepdims=True)
    classes = np.unique(y[train])
    right = classes[p.argmax(axis=1)] == y[test]
    return Outcome(
        error=float(1 - right.mean()),
        log_loss=float(log_loss(y[test], p, labels=classes)),
        calibration_error=expected_calibration_error(p.max(axis=1), right),
        cpu=cpu,
        wall=wall,
    )


def expected_calibration_error(confidence: np.ndarray, right: np.ndarray, bins: int = 15) -> float:
    """Mean distance of confidence and accuracy in bins of equal width.

    Guo et al. (2017), On calibration of modern neural networks, eq. 5.
    """
    bin_of = np.minimum((confidence * bins).astype(int), bins - 1)
    gaps = np.bincount(bin_of, right - confidence, minlength=bins)
    return float(np.abs(gaps).sum() / len(right))


def ratio_to_ours(errors: np.ndarray, ours: np.ndarray) -> tuple[float, float]:
    """Our error over a peer's: ratio of shifted geometric means, and its standard error.

    Both arrays are of shape (tables, seeds); the standard error is over tables.
    """
    logs = np.mean(np.log(ours + SHIFT) - np.log(errors + SHIFT), axis=1)
    ratio = float(np.exp(logs.mean()))
    return ratio, ratio * float(logs.std(ddof=1) / np.sqrt(len(logs))) if len(logs) > 1 else 0.0


HEAD = ["", "error, ours / theirs", "log-loss", "calibration error", "CPU s", "wall s"]


def summary(found: dict[str, list[list[Outcome]]]) -> list[list[str]]:
    """One row for each classifier."""

    def column(name: str, field: str) -> np.ndarray:
        return np.array([[getattr(o, field) for o in seeds] for seeds in found[name]])

    lines = []
    for name in found:
        ratio, error = ratio_to_ours(column(name, "error"), column(OURS, "error"))
        lines.append(
            [
                name,
                "1" if name == OURS else f"{ratio:.3f} ± {error:.3f}",
                *(f"{column(name, f).mean():.3f}" for f in ("log_loss", "calibration_error")),
                *(f"{column(name, f).mean():.2f}" for f in ("cpu", "wall")),
            ]
        )
    return lines


def write(lines: list[list[str]], found: dict[str, list[list[Outcome]]], folder: Path) -> None:
    """The table for the documentation, and a picture of error against CPU seconds."""
    import matplotlib.pyplot as plt

    rows = [".. list-table::", "   :header-rows: 1", ""]
    for line in [HEAD, *lines]:
        rows += [f"   {'* -' if i == 0 else '  -'} {cell}" for i, cell in enumerate(line)]
    (folder / "tables.inc").write_text("\n".join(rows) + "\n")

    figure, axes = plt.subplots(figsize=(7, 4.2), layout="constrained")
    for name, outcomes in found.items():
        errors = np.array([[o.error for o in seeds] for seeds in outcomes])
        error = np.exp(np.log(errors + SHIFT).mean()) - SHIFT
        cpu = np.mean([o.cpu for seeds in outcomes for o in seeds])
        axes.plot(cpu, error, "o", color="#0072B2" if name == OURS else "#666666")
        axes.annotate(name, (cpu, error), xytext=(6, 4), textcoords="offset points")
    axes.set(xscale="log", xlabel="CPU seconds a table", ylabel="error, shifted geometric mean")
    axes.margins(x=0.25, y=0.12)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(folder / "tables.png", dpi=150)
    plt.close(figure)


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks tables", description=__doc__)
    parser.add_argument("--peer", nargs="+", choices=list(PEERS), default=list(PEERS))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--rows", type=int, default=2_500, help="to train on, at most")
    parser.add_argument("--toy", action="store_true", help="two tables, to see that it runs")
    parser.add_argument("--out", type=Path, metavar="DIR", help="write table and picture")
    options = parser.parse_args(arguments)
    os.environ.setdefault("OMP_NUM_THREADS", "1")

    all_tables = list(tables())[-2:] if options.toy else list(tables())
    found: dict[str, list[list[Outcome]]] = {}
    for name in dict.fromkeys([OURS, *options.peer]):
        make, package = PEERS[name]
        if options.toy and name == OURS:

            def make(seed: int) -> Any:
                return TabularClassifier(BackpropClassifier((4,), max_iter=5), cv=2)

        if find_spec(package) is None:
            print(f"{name} is left out: {package} is not installed")
            continue
        found[name] = [
            [measure(make, X, y, seed, options.rows) for seed in range(options.seeds)]
            for _, X, y in all_tables
        ]
        if name != OURS:
            print("  ".join(f"{cell:>20}" for cell in summary(found)[-1]), flush=True)
    lines = summary(found)
    print(f"\n{len(all_tables)} tables, {options.seeds} splits, up to {options.rows} rows")
    for line in [HEAD, *lines]:
        print("  ".join(f"{cell:>22}" for cell in line))
    if options.out:
        write(lines, found, options.out)
