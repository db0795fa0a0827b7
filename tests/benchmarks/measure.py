"""Measuring: every peer in turn, again and again, in one process; the median counts."""

from __future__ import annotations

import warnings
from dataclasses import asdict, dataclass, field
from statistics import median
from time import perf_counter, sleep
from typing import Any

from sklearn.exceptions import ConvergenceWarning

from tests.benchmarks.peers import PEERS
from tests.benchmarks.workloads import Workload

#: Seconds before each turn. Threads of the peer before may wait for more work, on a busy core.
PAUSE = 0.05


@dataclass
class Result:
    """Microseconds per step of each peer, one for each repeat."""

    workload: Workload
    times: dict[str, list[float]] = field(default_factory=dict)

    def microseconds(self, peer: str) -> float | None:
        """The median; the floor is the faster of its two."""
        if peer == "floor":
            both = [self.times[p] for p in ("floor", "floor, 1 thread") if p in self.times]
            return min((median(t) for t in both), default=None)
        return median(self.times[peer]) if peer in self.times else None

    def speedup(self, over: str) -> float | None:
        """How many times as fast as a peer we are; for the floor below 1."""
        ours, theirs = self.microseconds("skbackprop"), self.microseconds(over)
        return None if ours is None or theirs is None else theirs / ours

    def as_json(self) -> dict[str, Any]:
        return {"workload": asdict(self.workload), "microseconds": self.times}

    @classmethod
    def from_json(cls, saved: dict[str, Any]) -> Result:
        w = {**saved["workload"], "hidden": tuple(saved["workload"]["hidden"])}
        return cls(Workload(**w), saved["microseconds"])


def measure(workload: Workload, peers: list[str], repeats: int) -> Result:
    """One warm-up, then `repeats` rounds over the peers."""
    result = Result(workload)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        runs = {name: PEERS[name](workload) for name in peers}
        runs = {name: run for name, run in runs.items() if run is not None}
        for run in runs.values():
            run()
        for _ in range(repeats):
            for name, run in runs.items():
                sleep(PAUSE)
                start = perf_counter()
                run()
                seconds = perf_counter() - start
                result.times.setdefault(name, []).append(1e6 * seconds / workload.n_steps)
    return result
