"""Displays: training history, the graph of a network, its gradients against differences.

They work like scikit-learn's: `from_estimator` computes and draws, the constructor
takes what was computed, `plot` draws it again. matplotlib is imported when something is drawn.
"""

from skbackprop.plotting.gradients import GradientCheckDisplay
from skbackprop.plotting.graph import NetworkDisplay
from skbackprop.plotting.history import TrainingHistoryDisplay

__all__ = ["GradientCheckDisplay", "NetworkDisplay", "TrainingHistoryDisplay"]
