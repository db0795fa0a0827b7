"""Training: the epoch loop with its stopping rule, and L-BFGS through SciPy.

A run follows a `Plan` and changes nothing but a `Network` and a `Progress`. It neither warns nor
raises about its outcome: the estimator does that.
"""

from skbackprop.training.epochs import EpochRun
from skbackprop.training.lbfgs import LBFGSRun
from skbackprop.training.progress import Evaluation, Plan, Progress, Row
from skbackprop.training.run import Run, Tasks

__all__ = ["EpochRun", "Evaluation", "LBFGSRun", "Plan", "Progress", "Row", "Run", "Tasks"]
