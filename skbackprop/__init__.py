"""Multi-layer perceptrons for scikit-learn, trained by hand-written NumPy backpropagation."""

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from skbackprop.classifier import BackpropClassifier
    from skbackprop.regressor import BackpropRegressor

__all__ = ["BackpropClassifier", "BackpropRegressor", "__version__"]


def __getattr__(name: str) -> Any:
    """Import an estimator when it is first asked for (PEP 562): the other one may never be."""
    if name == "BackpropClassifier":
        from skbackprop.classifier import BackpropClassifier

        return BackpropClassifier
    if name == "BackpropRegressor":
        from skbackprop.regressor import BackpropRegressor

        return BackpropRegressor
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """What the package offers."""
    return __all__
