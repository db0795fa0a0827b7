"""Training: the epoch loop with its stopping rule, and L-BFGS through SciPy.

A run changes a `Network` and a `Progress`, nothing else; what it is to do stands in a `Plan`. It
neither warns nor raises about its outcome: that is the estimator's to tell.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from math import inf, isfinite, nan
from time import perf_counter
from typing import Any, NamedTuple, Protocol

import numpy as np
from scipy.optimize import OptimizeResult, minimize

from skbackprop.batches import Minibatches
from skbackprop.network import Network
from skbackprop.optimizers import LBFGS
from skbackprop.schedules import Schedule
from skbackprop.vectors import aligned_copy


class Row(NamedTuple):
    """What is noted of an epoch. Losses are means over its samples; seconds are of training alone.

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
    """What a run is to do. The names are the estimator's parameters.

    `monitor` is what has to improve: "loss" or "validation_score". `horizon` is how many epochs a
    schedule counts on.
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
    restore_best: bool
    verbose: bool


class Evaluation(NamedTuple):
    """What a network achieves on the validation samples."""

    score: float
    loss: float


@dataclass
class Progress:
    """What training has reached. The estimator keeps it, so that a later call can go on.

    `best` is the smallest value so far of what is `monitored`, scores with a minus sign.
    `best_values` are the network's values that led to it, where they are to be restored.
    `epochs` counts those of all runs since the optimizer was made anew.
    `generator` draws what dropout drops; None where nothing was dropped yet.
    `left_best` is True where the last run has left the values that led to `best`.
    `continued` is True where this run goes on as if the last one had never ended.
    `outcome` is "converged", "completed" (the schedule's curve), "unfinished", "interrupted",
    "stopped" (by a callback) or "diverged"; `message` says more of an unfinished run.
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
    left_best: bool = False
    continued: bool = False
    outcome: str = ""
    message: str = ""

    def begin(self, plan: Plan, network: Network, monitored: tuple[str, str], anew: bool) -> None:
        """Before a run: no history; a fresh optimizer if `anew` or if it's another one."""
        solver = plan.solver
        self.rows = []
        self.n_iter, self.outcome, self.continued = 0, "", False
        before, self.solver = self.solver, solver
        if solver.stochastic and (anew or type(solver) is not type(before)):
            self.forget(network.theta)
        # a best whose values are lost can't be restored
        if monitored != self.monitored or (plan.restore_best and not self.left_best):
            self.forget_best()
        self.monitored = monitored
        self.best_values = None

    def forget_best(self) -> None:
        """Let the next epoch be the best, whatever it brings."""
        self.best, self.best_values, self.no_improvement = inf, None, 0

    def take_up(self, solver: Any) -> None:
        """Before a run that goes on as if the last one had never ended."""
        self.rows, self.solver, self.outcome, self.continued = [], solver, "", True

    def fork(self) -> Progress:
        """Return what a run may change without changing this."""
        state, values = self.optimizer_state, self.best_values
        return replace(
            self,
            optimizer_state=None if state is None else state.copy(),
            generator=copy.deepcopy(self.generator),
            rows=list(self.rows),
            best_values=None if values is None else values.copy(),
        )

    def forget(self, theta: np.ndarray) -> None:
        """Start the optimizer and the schedule anew."""
        self.optimizer_state, self.factor, self.epochs = self.solver.init(theta), 1.0, 0

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

    def improves(self, value: float, tol: float) -> bool:
        """Note a monitored value; True if it's the best so far.

        An epoch counts as an improvement only if it is better than the best by `tol`.
        """
        # written so that NaN, a score that isn't defined, is no improvement
        improved = value <= self.best - tol
        self.no_improvement = 0 if improved else self.no_improvement + 1
        is_best = value < self.best
        if is_best:
            self.best = value
        return is_best


class Tasks(Protocol):
    """Who is told of the epochs, or of the iterations of L-BFGS."""

    def begin_epoch(self) -> None:
        """Before an epoch, once or more often."""

    def end_epoch(self, network: Network, progress: Progress) -> bool:
        """After an epoch; true where training is to stop."""


class Run:
    """What both kinds of training have in common.

    Parameters
    ----------
    plan : Plan
        What to do.
    evaluate : callable, optional
        Network to `Evaluation`, after every epoch.
    tasks : Tasks, optional
        Is told when an epoch begins and ends; may stop the training.
    """

    def __init__(
        self,
        plan: Plan,
        evaluate: Callable[[Network], Evaluation] | None = None,
        tasks: Tasks | None = None,
    ) -> None:
        self.plan, self.evaluate, self.tasks = plan, evaluate, tasks
        #: What the last epoch has left, where the best one's values have replaced it.
        self.last_values: np.ndarray | None = None

    def restore_best(self, network: Network, progress: Progress) -> None:
        """End with the best epoch's values, if they were kept."""
        progress.left_best = progress.best_values is not None
        if progress.best_values is not None:
            self.last_values = network.values.copy()
            np.copyto(network.values, progress.best_values)

    def finish_epoch(self, network: Network, p: Progress, row: Row) -> None:
        """Evaluate, note, and keep the values if they are the best."""
        plan, value = self.plan, row.loss
        self.say("Iteration {}, loss = {:.8f}", p.n_iter + 1, row.loss)
        if self.evaluate:
            score, loss = self.evaluate(network)
            row = row._replace(validation_score=score, validation_loss=loss)
            if plan.monitor == "validation_score":
                value = -score
                self.say("Validation score: {:f}", score)
        p.note(row)
        is_best = p.improves(value, plan.tol)
        if plan.restore_best and is_best:
            if p.best_values is None:
                p.best_values = aligned_copy(network.values)
            else:
                np.copyto(p.best_values, network.values)

    def say(self, line: str, *values: Any) -> None:
        """Print for `verbose`."""
        if self.plan.verbose:
            print(line.format(*values))


class EpochRun(Run):
    """Minibatch training until the stopping rule, or for `max_iter` more epochs.

    The samples are shuffled by `rng`. Where the plan says so, the best epoch's values are restored
    at the end.
    """

    def __init__(self, rng: np.random.RandomState, *args: Any) -> None:
        super().__init__(*args)
        self.rng = rng

    def __call__(self, network: Network, batches: Minibatches, progress: Progress) -> None:
        """Train the network; progress tells how far it came."""
        plan, p, last = self.plan, progress, progress.n_iter + self.plan.max_iter
        best_before = p.best
        if plan.restore_best and p.best_values is None and p.best < inf:
            # the best epoch so far is that of an earlier call, which has left its values
            p.best_values = aligned_copy(network.values)
        try:
            if p.continued and p.no_improvement > plan.n_iter_no_change:
                self.plateau(p)  # the run that this one continues has ended here
            while not p.outcome:
                if self.tasks:
                    self.tasks.begin_epoch()
                start = perf_counter()
                if plan.shuffle:
                    batches.shuffle(self.rng)
                data_loss, penalty, rate, norm = self.epoch(network, batches, p)
                p.t += len(batches.samples)
                p.epochs += 1
                seconds = perf_counter() - start
                loss = data_loss + penalty
                row = Row(loss, data_loss, penalty, nan, nan, rate, norm, seconds)
                if not _is_finite(network.theta):
                    p.note(row)
                    p.outcome = "diverged"
                    break
                self.finish_epoch(network, p, row)
                p.factor = plan.schedule.after_epoch(p.factor, p.t, p.no_improvement)
                if p.no_improvement > plan.n_iter_no_change:
                    self.plateau(p)
                if self.tasks and self.tasks.end_epoch(network, p) and not p.outcome:
                    p.outcome = "stopped"
                if not p.outcome and p.n_iter >= last:
                    done = plan.schedule.has_end and p.epochs >= plan.horizon
                    p.outcome = "completed" if done else "unfinished"
                    p.message = (
                        f"Stochastic Optimizer: Maximum iterations ({plan.max_iter}) reached and"
                        " the optimization hasn't converged yet."
                    )
        except KeyboardInterrupt:
            p.outcome = "interrupted"
        if p.outcome == "diverged":
            if p.best_values is None or p.best == best_before:
                return  # there is nothing to go back to
            p.forget(network.theta)
        self.restore_best(network, p)

    def epoch(
        self, network: Network, batches: Minibatches, progress: Progress
    ) -> tuple[float, ...]:
        """One pass over the samples, one step per batch.

        Returns data loss, penalty, learning rate and gradient norm, as a `Row` has them.
        """
        plan, p = self.plan, progress
        theta, grad, state = network.theta, network.grad, p.optimizer_state
        step, decays = plan.solver.step, plan.solver.weight_decay > 0
        clip_norm, max_norm = plan.clip_norm, plan.max_norm
        schedule, moves = plan.schedule, plan.schedule.moves
        rate = base = float(plan.learning_rate_init * p.factor)
        data_loss, penalty, n, norm = 0.0, 0.0, 0, nan
        for k, batch in enumerate(batches):
            m = len(batch.Y)
            data_loss += network.data_gradient(batch) * m
            penalty += network.add_penalty(batch.total) * m
            if not n:
                norm = network.gradient_norm()
            n += m
            if clip_norm is not None:
                network.clip_gradient(clip_norm)
            if moves:
                # in the middle of this step
                done = (p.epochs + (k + 0.5) / len(batches)) / plan.horizon
                rate = float(base * schedule.factor_at(min(1.0, done)))
            if decays:
                plan.solver.decay(network.weights, rate)
            step(theta, grad, state, rate)
            if max_norm is not None:
                network.limit_norms(max_norm)
        return data_loss / n, penalty / n, rate, norm

    def plateau(self, progress: Progress) -> None:
        """Go on with the schedule's next factor, or end where it has none."""
        plan = self.plan
        what = "Training loss" if plan.monitor == "loss" else "Validation score"
        reason = (
            f"{what} did not improve more than tol={plan.tol:f}"
            f" for {plan.n_iter_no_change} consecutive epochs."
        )
        rate = plan.learning_rate_init * progress.factor
        factor = plan.schedule.on_plateau(progress.factor, rate)
        if factor is None:
            progress.outcome = "converged"
            self.say("{} {}", reason, plan.schedule.last_words)
        else:
            progress.factor, progress.no_improvement = factor, 0
            self.say("{} Setting learning rate to {:f}", reason, plan.learning_rate_init * factor)


class LBFGSRun(Run):
    """Full-batch minimisation by SciPy's L-BFGS-B, until `tol` bounds the gradient's entries."""

    def __call__(self, network: Network, batches: Minibatches, progress: Progress) -> None:
        """Train the network; progress holds the loss of every iteration."""
        (batch,) = batches
        accepted = network.theta.copy()
        p, start = progress, perf_counter()
        parts: dict[str, float] = {}

        def objective(x: np.ndarray) -> tuple[float, np.ndarray]:
            if self.tasks:
                self.tasks.begin_epoch()
            network.theta[:] = x
            parts["data_loss"] = network.data_gradient(batch)
            parts["penalty"] = network.add_penalty(batch.total)
            return parts["data_loss"] + parts["penalty"], network.grad.astype(np.float64)

        def callback(intermediate_result: OptimizeResult) -> None:
            # SciPy accepts the point that it has evaluated last
            nonlocal start
            accepted[:] = intermediate_result.x
            now = perf_counter()
            row = Row(
                loss=float(intermediate_result.fun),
                **parts,
                gradient_norm=network.gradient_norm(),
                seconds=now - start,
            )
            start = now
            self.finish_epoch(network, p, row)
            if self.tasks and self.tasks.end_epoch(network, p):
                p.outcome = "stopped"
                raise StopIteration

        try:
            result = minimize(
                objective,
                network.theta.astype(np.float64),
                method="L-BFGS-B",
                jac=True,
                callback=callback,
                options=self.options(),
            )
        except KeyboardInterrupt:
            p.outcome = "interrupted"
        else:
            accepted[:] = result.x
            p.loss, p.n_iter = float(result.fun), min(int(result.nit), self.plan.max_iter)
            if self.plan.monitor == "loss":
                p.best = min(p.best, p.loss)
            p.outcome = p.outcome or ("converged" if result.status == 0 else "unfinished")
            p.message = (
                f"lbfgs failed to converge after {p.n_iter} iteration(s) (status={result.status}):"
                f"\n{result.message}\n\nIncrease max_iter={self.plan.max_iter} or"
                f" max_fun={self.plan.solver.max_fun}, or scale X to zero mean and unit variance."
            )
        network.theta[:] = accepted
        self.restore_best(network, p)

    def options(self) -> dict[str, Any]:
        """SciPy's names for what the plan and the solver say."""
        solver: LBFGS = self.plan.solver
        return {
            "maxiter": self.plan.max_iter,
            "maxfun": solver.max_fun,
            "gtol": self.plan.tol,
            "ftol": solver.ftol,
            "maxcor": solver.memory,
            "maxls": solver.max_line_search,
        }


def _is_finite(theta: np.ndarray) -> bool:
    """True where theta has no NaN and no inf; theta . theta tells it in one quick pass."""
    return isfinite(np.dot(theta, theta)) or bool(np.all(np.isfinite(theta)))
