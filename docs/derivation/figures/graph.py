"""The computation graph of one pass: values on the way down, gradients on the way up."""

from _drawing import Layout, Sheet, column, numbers

from skbackprop import BackpropClassifier
from skbackprop.inspection import Trace, trace_backprop


def traced() -> Trace:
    """One sample through the network of the chapter."""
    clf = BackpropClassifier((3,), alpha=0).initialize(2, classes=[0, 1])
    clf.coefs_ = [[[1.0, -1.0, 0.5], [-0.5, -1.0, 1.0]], [[1.0], [-2.0], [3.0]]]
    clf.intercepts_ = [[0.0, 0.5, 0.0], [0.5]]
    return trace_backprop(clf, [[1.0, -2.0]], [1])


def draw(trace: Trace) -> Sheet:
    """The graph of a network with one hidden layer and one output unit."""
    hidden, output = trace.layers
    names = [
        "$X$",
        "$X W_1$",
        "$+\\ b_1$",
        "ReLU",
        "$A_1 W_2$",
        "$+\\ b_2$",
        "sigmoid and\ncross-entropy",
        "$L$",
    ]
    edges = [
        (numbers("X", trace.X), None),
        (numbers("XW1", trace.X @ hidden.W), "= dZ1"),
        (numbers("Z1", hidden.Z), numbers("dZ1", hidden.dZ)),
        (numbers("A1", hidden.A), numbers("dA1", hidden.dA)),
        (numbers("A1W2", hidden.A @ output.W), "= dZ2"),
        (numbers("Z2", output.Z), numbers("dZ2", output.dZ)),
        (f"L = {trace.loss:.2f}", "dL = 1"),
    ]
    sides = {
        1: ("$W_1$", numbers("W1", hidden.W), numbers("dW1", hidden.dW)),
        2: ("$b_1$", numbers("b1", hidden.b), numbers("db1", hidden.db)),
        4: ("$W_2$", numbers("W2.T", output.W.T), numbers("dW2.T", output.dW.T)),
        5: ("$b_2$", numbers("b2", output.b), numbers("db2", output.db)),
        6: ("$y$", "y = 1", None),
    }
    return column(names, edges, sides, Layout())


draw(traced())
