"""Full-batch training: SciPy's L-BFGS-B on the network's loss."""

from __future__ import annotations

from time import perf_counter
from typing import Any

import numpy as np
from scipy.optimize import OptimizeResult, minimize

from skbackprop.batches import Minibatches
from skbackprop.network import Network
from skbackprop.optimizers import LBFGS
from skbackprop.training.progress import Progress, Row
from skbackprop.training.run import Run


class LBFGSRun(Run):
    """Full-batch minimisation by SciPy's L-BFGS-B, until no gradient entry exceeds `tol`."""

    def __call__(self, network: Network, batches: Minibatches, progress: Progress) -> None:
        """Train the network; progress holds the loss of every iteration."""
        (batch,) = batches
        accepted = network.theta.copy()
        p, start = progress, perf_counter()
        before, left = p.n_iter, p.epochs_left(self.plan)
        if p.outcome or left < 1:  # the rest of a run that is finished
            p.outcome = p.outcome or "unfinished"
            return
        parts: dict[str, float] = {}

        def objective(x: np.ndarray) -> tuple[float, np.ndarray]:
            if self.tasks:
                self.tasks.begin_epoch()
            network.theta[:] = x
            parts["data_loss"] = batch.backpropagate(network)
            parts["penalty"] = network.add_penalty(batch.total)
            return parts["data_loss"] + parts["penalty"], network.grad.astype(np.float64)

        def callback(intermediate_result: OptimizeResult) -> None:
            # the point that SciPy accepts is the last one that it evaluated
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
            self.finish_epoch(network, p, row, row.loss)
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
                options={**self.options(), "maxiter": left},
            )
        except KeyboardInterrupt:
            p.outcome = "interrupted"
        else:
            accepted[:] = result.x
            p.loss, p.n_iter = float(result.fun), before + min(int(result.nit), left)
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
        """The settings of the plan and the solver, under SciPy's names."""
        solver: LBFGS = self.plan.solver
        return {
            "maxfun": solver.max_fun,
            "gtol": self.plan.tol,
            "ftol": solver.ftol,
            "maxcor": solver.memory,
            "maxls": solver.max_line_search,
        }
