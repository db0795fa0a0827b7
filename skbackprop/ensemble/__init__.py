"""Ensembles over the folds of cross-validation: better predictions, and a score for free.

Each member is trained on all folds but one. The fold left out chooses its best epoch, calibrates
it, and tells how good it is.
"""

from skbackprop.ensemble.classifier import FoldEnsembleClassifier
from skbackprop.ensemble.regressor import FoldEnsembleRegressor

__all__ = ["FoldEnsembleClassifier", "FoldEnsembleRegressor"]
