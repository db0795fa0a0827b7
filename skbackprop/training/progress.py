"""What a run should do, and how far it has got."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field, replace
from math import inf, nan
from typing import Any, NamedTuple

import numpy as np

from skbackprop.network import Network
from skbackprop.schedules import Schedule


class Row(NamedTuple):
    """The record of an epoch. Losses are means over its samples; seconds are of training only.

    `learning_rate` is that of the last step, `gradient_norm` that of the first batch.
    """

    loss: float
    data_loss: float = nan
    penalty: float = nan
    validation_loss: float = nan
    validation_score: float = nan
    learning_rate: float = nan
    gradient_norm: float = nan
    seconds: float = nan


@dataclass(frozen=True)
class Plan:
    """What a run should do. Most fields are named after the estimator's parameters.

    `monitor` is what has to improve, "loss" or "validation_score". `measure` is the scoring or loss
    behind it: best values of different ones can't be compared. `horizon` is the length of a
    schedule in epochs.
    """

    solver: Any
    schedule: Schedule
    learning_rate_init: float
    max_iter: int
    horizon: int
    tol: float
    n_iter_no_change: float
    shuffle: bool
    clip_norm: float | None
    max_norm: float | None
    monitor: str
    measure: str
    restore_best: bool
    verbose: bool


class Evaluation(NamedTuple):
    """What a network achieves on the validation samples."""

    score: float
    loss: float


@dataclass
class Progress:
    """The state of training. The estimator keeps it, so that a later call can go on.

    `best` is the smallest value so far of what is `monitored`, with scores negated.
    `best_values` are the network's values that led to it, if they are to be restored.
    `epochs` counts the epochs of all runs since the optimizer was last reset.
    `generator` draws the dropout masks; None if nothing has been dropped yet.
    `began` and `best_before` are `n_iter` and `best` at the beginning of the run.
    `left_best` is True if the last run ended with the values that led to `best`.
    `continued` is True if this run goes on as if the last one had never ended.
    `outcome` is "converged", "completed" (the schedule's curve), "unfinished", "interrupted",
    "stopped" (by a callback) or "diverged"; `message` says more about an unfinished run.
    """

    solver: Any = None
    optimizer_state: Any = None
    generator: np.random.Generator | None = None
    factor: float = 1.0
    epochs: int = 0
    t: int = 0
    n_iter: int = 0
    loss: float = nan
    rows: list[Row] = field(default_factory=list)
    monitored: tuple[str, str] = ("", "")
    best: float = inf
    best_values: np.ndarray | None = None
    no_improvement: int = 0
    began: int = 0
    best_before: float = inf
    left_best: bool = False
    continued: bool = False
    outcome: str = ""
    message: str = ""

    def start(self, plan: Plan, network: Network, anew: bool) -> None:
        """Prepare a run: clear the history; reset the optimizer if `anew` or its type changed."""
        solver, monitored = plan.solver, (plan.monitor, plan.measure)
        self.rows = []
        self.n_iter, self.outcome, self.continued = 0, "", False
        before, self.solver = self.solver, solver
        if solver.stochastic and (anew or type(solver) is not type(before)):
            self.reset_optimizer(network.theta)
        # a best whose values are lost can't be restored
        if monitored != self.monitored or (plan.restore_best and not self.left_best):
            self.reset_best()
        self.monitored = monitored
        self.best_values = None
        self.began, self.best_before = 0, self.best

    def reset_best(self) -> None:
        """Forget the best epoch: the next one becomes the best."""
        self.best, self.best_values, self.no_improvement = inf, None, 0

    def begin_next(self, plan: Plan) -> None:
        """Prepare a run that goes on as if the last one had never ended."""
        self.rows, self.solver = [], plan.solver
        self.begin_here()

    def begin_here(self) -> None:
        """Let a run that goes on as if the last one had never ended begin at the present epoch."""
        self.outcome, self.continued = "", True
        self.began, self.best_before = self.n_iter, self.best

    def continue_run(self, plan: Plan) -> None:
        """Prepare the rest of a run. A finished one has nothing left to do: its outcome stays."""
        self.rows, self.solver = [], plan.solver
        if self.outcome not in ("converged", "diverged", "stopped"):
            self.outcome = ""  # `max_iter` may be larger now

    def fork(self) -> Progress:
        """Return a copy that a run may change without changing this one."""
        state, values = self.optimizer_state, self.best_values
        return replace(
            self,
            optimizer_state=None if state is None else state.copy(),
            generator=copy.deepcopy(self.generator),
            rows=list(self.rows),
            best_values=None if values is None else values.copy(),
        )

    def reset_optimizer(self, theta: np.ndarray) -> None:
        """Reset the optimizer and the schedule."""
        self.optimizer_state, self.factor, self.epochs = self.solver.init(theta), 1.0, 0

    def epochs_left(self, plan: Plan) -> int:
        """Epochs until `max_iter`, counted from the beginning of the run."""
        return self.began + plan.max_iter - self.n_iter

    def note(self, row: Row) -> None:
        """Add an epoch to the history."""
        self.rows.append(row)
        self.n_iter += 1
        self.loss = row.loss

    @property
    def history(self) -> dict[str, list[float]]:
        """The rows, column by column."""
        columns = zip(*self.rows, strict=True) if self.rows else [()] * len(Row._fields)
        return {name: list(column) for name, column in zip(Row._fields, columns, strict=True)}

    def update_best(self, value: float, tol: float) -> bool:
        """Record a monitored value; True if it is the best so far.

        An epoch counts as an improvement only if it is better than the best by `tol`.
        """
        # written so that NaN, an undefined score, is no improvement
        improved = value <= self.best - tol
        self.no_improvement = 0 if improved else self.no_improvement + 1
        is_best = value < self.best
        if is_best:
            self.best = value
        return is_best
