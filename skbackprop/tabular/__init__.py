"""Tables: an encoder for any columns, and estimators that do well on them by default."""

from skbackprop.tabular.bins import PiecewiseLinearBins, TreeBins
from skbackprop.tabular.classifier import TabularClassifier
from skbackprop.tabular.encoder import TabularEncoder
from skbackprop.tabular.numbers import RobustSmoothClip
from skbackprop.tabular.recipe import default_classifier, default_regressor, search_space
from skbackprop.tabular.regressor import TabularRegressor
from skbackprop.tabular.targets import TargetShares

__all__ = [
    "PiecewiseLinearBins",
    "RobustSmoothClip",
    "TabularClassifier",
    "TabularEncoder",
    "TabularRegressor",
    "TargetShares",
    "TreeBins",
    "default_classifier",
    "default_regressor",
    "search_space",
]
