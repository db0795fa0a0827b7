"""One outcome for each part, table, method and seed; kept in a file, so that a run can go on."""

from __future__ import annotations

import json
import time
import warnings
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from sklearn.metrics import log_loss, roc_auc_score
from threadpoolctl import threadpool_limits

from skbackprop.tabular.columns import is_frame
from tests.benchmarks.tables.methods import METHODS, OURS, categories_as
from tests.benchmarks.tables.tasks import Task


@dataclass(frozen=True)
class Outcome:
    """What one method achieved on one split; seconds are those of training and prediction.

    `error` is the share of wrong classes or, for numbers, the root mean squared error. `cpu` counts
    the process itself: with `n_jobs` it leaves out the others.
    """

    part: str
    task: str
    method: str
    seed: int
    error: float
    cpu: float
    wall: float
    log_loss: float = float("nan")
    calibration_error: float = float("nan")
    auc: float = float("nan")
    rows: int = 2_500

    @property
    def key(self) -> tuple[str, str, str, int, int]:
        return self.part, self.task, self.method, self.seed, self.rows


def measure(part: str, task: Task, method: str, seed: int) -> Outcome:
    """Train on a part of the rows and test on others."""
    classes = part != "numbers"
    X, X_test, y, y_test = task.split(seed, classes)
    if is_frame(X) and method != OURS:
        X, X_test = categories_as(X, X_test)
    estimator = METHODS[method].make(seed, classes)
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        cpu, wall = time.process_time(), time.perf_counter()
        estimator.fit(X, y)
        found = np.asarray((estimator.predict_proba if classes else estimator.predict)(X_test))
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    if not classes:
        error = float(np.sqrt(np.mean((found.ravel() - y_test) ** 2)))
        return Outcome(part, task.name, method, seed, error, cpu, wall, rows=task.rows)
    p = found.astype(float)
    p /= p.sum(axis=1, keepdims=True)
    names = np.unique(y)
    right = names[p.argmax(axis=1)] == y_test
    return Outcome(
        part,
        task.name,
        method,
        seed,
        float(1 - right.mean()),
        cpu,
        wall,
        float(log_loss(y_test, p, labels=names)),
        expected_calibration_error(p.max(axis=1), right),
        float(roc_auc_score(y_test, p[:, 1])) if len(names) == 2 else float("nan"),
        task.rows,
    )


def expected_calibration_error(confidence: np.ndarray, right: np.ndarray, bins: int = 15) -> float:
    """Mean distance of confidence and accuracy in bins of equal width.

    Guo et al. (2017), On calibration of modern neural networks, eq. 5.
    """
    bin_of = np.minimum((confidence * bins).astype(int), bins - 1)
    gaps = np.bincount(bin_of, right - confidence, minlength=bins)
    return float(np.abs(gaps).sum() / len(right))


class Outcomes:
    """All outcomes so far, in a file if there is one."""

    def __init__(self, file: Path | None) -> None:
        self.file = file
        lines = file.read_text().splitlines() if file and file.exists() else []
        self.known = {o.key: o for o in (Outcome(**json.loads(line)) for line in lines)}

    def get(self, part: str, task: Task, method: str, seed: int) -> Outcome:
        """The outcome that is known, or a new one."""
        key = part, task.name, method, seed, task.rows
        if key not in self.known:
            outcome = self.known[key] = measure(part, task, method, seed)
            if self.file:
                with self.file.open("a") as file:
                    file.write(json.dumps(asdict(outcome)) + "\n")
        return self.known[key]

    def of(self, part: str, rows: int | None = None) -> dict[str, dict[str, list[Outcome]]]:
        """The outcomes of a part, by method and task, in the order of the seeds."""
        found: dict[str, dict[str, list[Outcome]]] = {}
        for outcome in sorted(self.known.values(), key=lambda o: o.seed):
            if outcome.part == part and rows in (None, outcome.rows):
                found.setdefault(outcome.method, {}).setdefault(outcome.task, []).append(outcome)
        return {name: found[name] for name in METHODS if name in found}
