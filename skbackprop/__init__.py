"""Multi-layer perceptrons for scikit-learn, trained by hand-written NumPy backpropagation."""

from skbackprop.classifier import BackpropClassifier
from skbackprop.regressor import BackpropRegressor

__all__ = ["BackpropClassifier", "BackpropRegressor", "__version__"]
__version__ = "0.1.0"
