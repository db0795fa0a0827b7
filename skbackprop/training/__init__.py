"""Training: the epoch loop with its stopping rule, and L-BFGS through SciPy.

A run changes a `Network` and a `Progress`, nothing else; what it is to do stands in a `Plan`. It
neither warns nor raises about its outcome: that is the estimator's to tell.
"""

from skbackprop.training.epochs import EpochRun
from skbackprop.training.lbfgs import LBFGSRun
from skbackprop.training.progress import Evaluation, Plan, Progress, Row
from skbackprop.training.run import Run, Tasks

__all__ = ["EpochRun", "Evaluation", "LBFGSRun", "Plan", "Progress", "Row", "Run", "Tasks"]
