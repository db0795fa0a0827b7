"""Looking inside: gradient checks, and a trace of one forward and backward pass."""

from skbackprop.inspection.gradients import ArrayErrors, GradientReport, check_gradients
from skbackprop.inspection.trace import LayerTrace, Trace, trace_backprop

__all__ = [
    "ArrayErrors",
    "GradientReport",
    "LayerTrace",
    "Trace",
    "check_gradients",
    "trace_backprop",
]
