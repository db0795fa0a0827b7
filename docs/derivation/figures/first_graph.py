"""The graph of L = (w x + b - y)**2 / 2: a regressor without hidden layers, and one sample."""

from _drawing import column

from skbackprop import BackpropRegressor
from skbackprop.inspection import trace_backprop

reg = BackpropRegressor(hidden_layer_sizes=(), alpha=0).initialize(1)
reg.coefs_, reg.intercepts_ = [[[3.0]]], [[-1.0]]
trace = trace_backprop(reg, [[2.0]], [2.0])
(layer,) = trace.layers
X, W, Z, dZ, dW, b, db = (
    a.item() for a in (trace.X, layer.W, layer.Z, layer.dZ, layer.dW, layer.b, layer.db)
)
column(
    ["$x$", "$w x$", "$+\\ b$", "$-\\ y$", r"$\frac{1}{2} e^2$", "$L$"],
    [
        (f"x = {X:g}", f"dx = {dZ * W:g}"),
        (f"p = {X * W:g}", f"dp = {dZ:g}"),
        (f"z = {Z:g}", f"dz = {dZ:g}"),
        (f"e = {Z - 2:g}", f"de = {dZ:g}"),
        (f"L = {trace.loss:g}", "dL = 1"),
    ],
    {
        1: ("$w$", f"w = {W:g}", f"dw = {dW:g}"),
        2: ("$b$", f"b = {b:g}", f"db = {db:g}"),
        3: ("$y$", "y = 2", None),
    },
    step=0.95,
)
