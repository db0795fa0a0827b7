"""Tables: an encoder for any columns, and estimators that are strong on them by default."""

from skbackprop.tabular.bins import PiecewiseLinearBins, TreeBins
from skbackprop.tabular.encoder import TabularEncoder
from skbackprop.tabular.estimators import TabularClassifier, TabularRegressor
from skbackprop.tabular.numbers import RobustSmoothClip
from skbackprop.tabular.recipe import default_classifier, default_regressor, search_space

__all__ = [
    "PiecewiseLinearBins",
    "RobustSmoothClip",
    "TabularClassifier",
    "TabularEncoder",
    "TabularRegressor",
    "TreeBins",
    "default_classifier",
    "default_regressor",
    "search_space",
]
