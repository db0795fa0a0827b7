"""Multi-layer perceptrons for scikit-learn, trained by hand-written NumPy backpropagation."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from skbackprop.checkpoint import Checkpoint
    from skbackprop.estimators.classifier import BackpropClassifier
    from skbackprop.estimators.regressor import BackpropRegressor
    from skbackprop.tabular.classifier import TabularClassifier
    from skbackprop.tabular.regressor import TabularRegressor
    from skbackprop.trusted import TRUSTED_TYPES

__all__ = [
    "TRUSTED_TYPES",
    "BackpropClassifier",
    "BackpropRegressor",
    "Checkpoint",
    "TabularClassifier",
    "TabularRegressor",
    "__version__",
]

_MODULES = {
    "TRUSTED_TYPES": "skbackprop.trusted",
    "BackpropClassifier": "skbackprop.estimators.classifier",
    "BackpropRegressor": "skbackprop.estimators.regressor",
    "Checkpoint": "skbackprop.checkpoint",
    "TabularClassifier": "skbackprop.tabular.classifier",
    "TabularRegressor": "skbackprop.tabular.regressor",
}


def __getattr__(name: str) -> Any:
    """Import a name on first access (PEP 562): the others may never be needed."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_MODULES[name]), name)


def __dir__() -> list[str]:
    """The public names."""
    return __all__
