"""Training: the epoch loop with its stopping rule, and L-BFGS through SciPy.

A run changes a `Network` and a `Progress`, nothing else; what it is to do stands in a `Plan`. It
neither warns nor raises about its outcome: that is the estimator's to tell.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from math import inf, isfinite, nan
from typing import Any

import numpy as np
from scipy.optimize import OptimizeResult, minimize

from skbackprop.batches import Minibatches
from skbackprop.network import Network
from skbackprop.optimizers import LBFGS
from skbackprop.schedules import Schedule


@dataclass(frozen=True)
class Plan:
    """What a run is to do. The names are the estimator's parameters."""

    solver: Any
    schedule: Schedule
    learning_rate_init: float
    max_iter: int
    tol: float
    n_iter_no_change: float
    shuffle: bool
    verbose: bool


@dataclass
class Progress:
    """What training has reached. The estimator keeps it, so that a later call can go on.

    `best` is the smallest value of what is `monitored`: a loss, by its name, or the "score" with
    a minus sign.
    `outcome` is "converged", "unfinished", "interrupted" or "diverged"; `message` says more of an
    unfinished run.
    """

    solver: Any = None
    optimizer_state: Any = None
    factor: float = 1.0
    t: int = 0
    n_iter: int = 0
    loss: float = nan
    loss_curve: list[float] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)
    monitored: str = ""
    best: float = inf
    no_improvement: int = 0
    outcome: str = ""
    message: str = ""

    def begin(self, solver: Any, theta: np.ndarray, monitored: str, anew: bool) -> None:
        """Before a run: empty curves; a fresh optimizer if `anew` or if it's another one."""
        self.loss_curve, self.scores, self.n_iter, self.outcome = [], [], 0, ""
        before, self.solver = self.solver, solver
        if solver.stochastic and (anew or type(solver) is not type(before)):
            self.forget(theta)
        if monitored != self.monitored:
            self.best, self.no_improvement = inf, 0
        self.monitored = monitored

    def fork(self) -> Progress:
        """Return what a run may change without changing this."""
        state = None if self.optimizer_state is None else self.optimizer_state.copy()
        return replace(self, optimizer_state=state)

    def forget(self, theta: np.ndarray) -> None:
        """Start the optimizer and the schedule anew."""
        self.optimizer_state, self.factor = self.solver.init(theta), 1.0

    def improves(self, value: float, tol: float) -> bool:
        """Note a monitored value; True if it's the best so far.

        An epoch counts as an improvement only if it is better than the best by `tol`.
        """
        self.no_improvement = self.no_improvement + 1 if value > self.best - tol else 0
        is_best = value < self.best
        if is_best:
            self.best = value
        return is_best


def _is_finite(theta: np.ndarray) -> bool:
    """True where theta has no NaN and no inf; theta . theta tells it in one quick pass."""
    return isfinite(np.dot(theta, theta)) or bool(np.all(np.isfinite(theta)))


class EpochRun:
    """Minibatch training until the stopping rule or `max_iter`.

    Parameters
    ----------
    plan : Plan
        With an `Optimizer` as its solver.
    rng : RandomState
        Shuffles the samples before every epoch.
    validate : callable, optional
        Network to score, higher is better. The stopping rule then looks at this score instead of
        the training loss, and the best epoch's parameters are restored at the end.
    """

    def __init__(
        self,
        plan: Plan,
        rng: np.random.RandomState,
        validate: Callable[[Network], float] | None = None,
    ) -> None:
        self.plan, self.rng, self.validate = plan, rng, validate

    def __call__(self, network: Network, batches: Minibatches, progress: Progress) -> None:
        """Train the network; progress tells how far it came."""
        plan, p = self.plan, progress
        best_theta, kept = network.theta.copy() if self.validate else network.theta, False
        try:
            while not p.outcome:
                if plan.shuffle:
                    batches.shuffle(self.rng)
                p.loss = self.epoch(network, batches, p)
                diverged = not _is_finite(network.theta)
                p.n_iter += 1
                p.t += len(batches.samples)
                p.loss_curve.append(p.loss)
                if plan.verbose:
                    print(f"Iteration {p.n_iter}, loss = {p.loss:.8f}")
                if diverged:
                    p.outcome = "diverged"
                    if not kept:
                        return
                    p.forget(network.theta)
                    break
                if p.improves(self.value(network, p), plan.tol) and self.validate:
                    kept = True
                    np.copyto(best_theta, network.theta)
                p.factor = plan.schedule.after_epoch(p.factor, p.t)
                if p.no_improvement > plan.n_iter_no_change:
                    self.plateau(p)
                if not p.outcome and p.n_iter >= plan.max_iter:
                    p.outcome = "unfinished"
                    p.message = (
                        f"Stochastic Optimizer: Maximum iterations ({plan.max_iter}) reached and"
                        " the optimization hasn't converged yet."
                    )
        except KeyboardInterrupt:
            p.outcome = "interrupted"
        np.copyto(network.theta, best_theta)

    def epoch(self, network: Network, batches: Minibatches, progress: Progress) -> float:
        """One pass over the samples, one step per batch. Returns the mean loss per sample."""
        theta, grad, state = network.theta, network.grad, progress.optimizer_state
        step = self.plan.solver.step
        learning_rate = self.plan.learning_rate_init * progress.factor
        total, n = 0.0, 0
        for batch in batches:
            total += network.value_and_gradient(batch) * len(batch.Y)
            n += len(batch.Y)
            step(theta, grad, state, learning_rate)
        return total / n

    def value(self, network: Network, progress: Progress) -> float:
        """The monitored value, which is to fall."""
        if self.validate is None:
            return progress.loss
        progress.scores.append(self.validate(network))
        self.say(f"Validation score: {progress.scores[-1]:f}")
        return -progress.scores[-1]

    def plateau(self, progress: Progress) -> None:
        """Go on with the schedule's next factor, or end where it has none."""
        plan = self.plan
        what = "Validation score" if self.validate else "Training loss"
        reason = (
            f"{what} did not improve more than tol={plan.tol:f}"
            f" for {plan.n_iter_no_change} consecutive epochs."
        )
        rate = plan.learning_rate_init * progress.factor
        factor = plan.schedule.on_plateau(progress.factor, rate)
        if factor is None:
            progress.outcome = "converged"
            self.say(f"{reason} {plan.schedule.last_words}")
        else:
            progress.factor, progress.no_improvement = factor, 0
            self.say(f"{reason} Setting learning rate to {plan.learning_rate_init * factor:f}")

    def say(self, line: str) -> None:
        """Print for `verbose`."""
        if self.plan.verbose:
            print(line)


class LBFGSRun:
    """Full-batch minimisation by SciPy's L-BFGS-B.

    Parameters
    ----------
    plan : Plan
        With `LBFGS` as its solver; `tol` bounds the largest entry of the gradient at the end.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan

    def __call__(self, network: Network, batches: Minibatches, progress: Progress) -> None:
        """Train the network; progress holds the loss of every iteration."""
        (batch,) = batches
        accepted = network.theta.copy()
        p = progress

        def objective(x: np.ndarray) -> tuple[float, np.ndarray]:
            network.theta[:] = x
            return network.value_and_gradient(batch), network.grad.astype(np.float64)

        def callback(intermediate_result: OptimizeResult) -> None:
            accepted[:] = intermediate_result.x
            p.loss = float(intermediate_result.fun)
            p.n_iter += 1
            p.loss_curve.append(p.loss)
            p.improves(p.loss, self.plan.tol)
            if self.plan.verbose:
                print(f"Iteration {p.n_iter}, loss = {p.loss:.8f}")

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
            p.best = min(p.best, p.loss)
            p.outcome = "converged" if result.status == 0 else "unfinished"
            p.message = (
                f"lbfgs failed to converge after {p.n_iter} iteration(s) (status={result.status}):"
                f"\n{result.message}\n\nIncrease max_iter={self.plan.max_iter} or"
                f" max_fun={self.plan.solver.max_fun}, or scale X to zero mean and unit variance."
            )
        network.theta[:] = accepted

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
