"""What a step on Dask costs: by workers, partitions and parameters, and a model of it.

``python -m tests.benchmarks dask`` prints the table; ``--out docs/guide`` writes it for the guide.
"""

from __future__ import annotations

import argparse
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import threadpool_limits

#: A step of so many rows is all overhead.
FEW_ROWS = 2_000


@dataclass(frozen=True)
class Step:
    """One setting and the median time of its steps, in milliseconds."""

    workers: int
    partitions: int
    parameters: int
    rows: int
    milliseconds: float
    local: float

    @property
    def overhead(self) -> float:
        """What isn't the work of one worker: its share of the rows at the local rate."""
        return self.milliseconds - self.local / self.workers


def measure(client: object, workers: int, partitions: int, hidden: int, rows: int) -> Step:
    """Time full-batch steps on Dask, and the same steps in this process on one thread."""
    import dask.array as da

    from skbackprop import BackpropClassifier
    from skbackprop.dask import DaskBackpropClassifier

    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((rows, 64)).astype(np.float32), rng.integers(0, 10, rows)
    chunk = -(-rows // partitions)
    params = {
        "hidden_layer_sizes": (hidden,),
        "batch_size": rows,
        "max_iter": 12,
        "n_iter_no_change": np.inf,
        "random_state": 0,
    }
    remote = DaskBackpropClassifier(**params)
    remote.client = client
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.filterwarnings("ignore", "Sending large graph")
        remote.fit(da.from_array(X, chunks=(chunk, 64)), da.from_array(y, chunks=chunk))
        with threadpool_limits(1):  # a worker has one thread
            local = BackpropClassifier(**params).fit(X, y)
    n_parameters = sum(a.size for a in local.coefs_ + local.intercepts_)
    seconds = [np.median(one.history_["seconds"][2:]) for one in (remote, local)]
    return Step(workers, partitions, n_parameters, rows, *(float(1e3 * s) for s in seconds))


def overhead_model(steps: list[Step]) -> np.ndarray:
    """Overhead = a + b partitions + c parameters / 1e6, by least squares.

    Only steps of few rows count: of others the workers' own share is most.
    """
    steps = [s for s in steps if s.rows <= FEW_ROWS]
    A = np.array([[1.0, s.partitions, s.parameters / 1e6] for s in steps])
    return np.linalg.lstsq(A, np.array([s.overhead for s in steps]), rcond=None)[0]


def largest_error(steps: list[Step], model: np.ndarray) -> float:
    """How far the model is from the overhead of a step of few rows, as a share of it, at most."""
    return max(
        abs(float(model @ [1.0, s.partitions, s.parameters / 1e6]) / s.overhead - 1.0)
        for s in steps
        if s.rows <= FEW_ROWS
    )


def table(steps: list[Step], model: np.ndarray) -> str:
    """The steps as a list-table, with what the model says."""
    lines = [".. list-table::", "   :header-rows: 1", "", "   * - Workers"]
    heads = (
        "Partitions",
        "Parameters",
        "Rows",
        "On Dask, ms",
        "Here, ms",
        "Overhead, ms",
        "Model, ms",
    )
    lines += [f"     - {head}" for head in heads]
    for s in steps:
        said = float(model @ [1.0, s.partitions, s.parameters / 1e6])
        cells = [
            s.partitions,
            f"{s.parameters:,}",
            f"{s.rows:,}",
            f"{s.milliseconds:.0f}",
            f"{s.local:.1f}",
            f"{s.overhead:.0f}",
            f"{said:.0f}",
        ]
        lines.append(f"   * - {s.workers}")
        lines += [f"     - {cell}" for cell in cells]
    return "\n".join(lines) + "\n"


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks dask", description=__doc__)
    parser.add_argument("--toy", action="store_true", help="tiny sizes, to see that it runs")
    parser.add_argument("--out", type=Path, metavar="DIR", help="write distributed_steps.inc there")
    options = parser.parse_args(arguments)
    from distributed import Client, LocalCluster

    settings = [
        (workers, partitions, hidden, rows)
        for workers in (1, 2)
        for partitions, hidden, rows in (
            (2, 100, 2_000),
            (4, 100, 2_000),
            (8, 100, 2_000),
            (16, 100, 2_000),
            (4, 1_000, 2_000),
            (4, 13_000, 2_000),
            (4, 250, 40_000),
            (4, 250, 160_000),
        )
    ]
    if options.toy:
        settings = [(1, 2, 5, 100), (1, 4, 50, 100)]
    steps: list[Step] = []
    for workers in sorted({setting[0] for setting in settings}):
        quiet = {"threads_per_worker": 1, "dashboard_address": ":0", "silence_logs": 50}
        with (
            LocalCluster(n_workers=workers, **quiet) as cluster,
            Client(cluster, set_as_default=False) as client,
        ):
            for n_workers, *rest in settings:
                if n_workers == workers:
                    steps.append(measure(client, workers, *rest))
                    print(steps[-1], flush=True)
    model = overhead_model(steps)
    text = table(steps, model)
    print(text)
    a, b, c = model
    print(f"overhead = {a:.1f} ms + {b:.2f} ms a partition + {c:.0f} ms a million parameters")
    print(f"that is {largest_error(steps, model):.0%} off at most, where there are few rows")
    if options.out:
        (options.out / "distributed_steps.inc").write_text(text)


if __name__ == "__main__":
    main()
