"""L-BFGS: the configuration of SciPy's full-batch method."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from skbackprop.optimizers.base import Solver
from skbackprop.options import integer, number


@dataclass(frozen=True)
class LBFGS(Solver):
    """Full-batch quasi-Newton steps by SciPy's L-BFGS-B. Byrd, Lu, Nocedal and Zhu (1995).

    Parameters
    ----------
    max_fun : int, default=15000
        At most this many evaluations of loss and gradient.
    memory : int, default=10
        Pairs of steps and gradient changes that approximate the Hessian (SciPy's `maxcor`).
    max_line_search : int, default=20
        Evaluations per line search (SciPy's `maxls`).
    ftol : float, default=2.220446049250313e-09
        Training ends when the loss falls by a smaller fraction than this.
    """

    max_fun: int = integer(15000, "[1, inf)", flat=True)
    memory: int = integer(10, "[1, inf)")
    max_line_search: int = integer(20, "[1, inf)")
    ftol: float = number(2.220446049250313e-09, "[0, inf)")

    stochastic: ClassVar[bool] = False
