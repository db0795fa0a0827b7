"""Looking inside: gradient checks, and traces of single passes and of training steps."""

from skbackprop.inspection.gradients import ArrayErrors, GradientReport, check_gradients
from skbackprop.inspection.trace import LayerTrace, Trace, trace_backprop
from skbackprop.inspection.training import TrainingTrace, trace_training

__all__ = [
    "ArrayErrors",
    "GradientReport",
    "LayerTrace",
    "Trace",
    "TrainingTrace",
    "check_gradients",
    "trace_backprop",
    "trace_training",
]
