"""Multi-layer perceptrons for scikit-learn, trained by hand-written NumPy backpropagation."""

from skbackprop.classifier import BackpropClassifier

__all__ = ["BackpropClassifier", "__version__"]
__version__ = "0.1.0"
