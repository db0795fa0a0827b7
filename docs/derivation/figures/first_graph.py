"""The graph of L = (w x + b - y)**2 / 2: a regressor without hidden layers, and one sample."""

from _drawing import Layout, column

from skbackprop import BackpropRegressor
from skbackprop.inspection import trace_backprop

reg = BackpropRegressor(hidden_layer_sizes=(), alpha=0).initialize(1)
reg.coefs_, reg.intercepts_ = [[[3.0]]], [[-1.0]]
trace = trace_backprop(reg, [[2.0]], [2.0])
(layer,) = trace.layers
x, w, b, z = (array.item() for array in (trace.X, layer.W, layer.b, layer.Z))
error = layer.dZ.item()  # of z, and of all that is added to it
column(
    ["$x$", "$w x$", "$+\\ b$", "$-\\ y$", r"$\frac{1}{2} e^2$", "$L$"],
    [
        (f"x = {x:g}", f"dx = {error * w:g}"),
        (f"p = {x * w:g}", f"dp = {error:g}"),
        (f"z = {z:g}", f"dz = {error:g}"),
        (f"e = {z - 2:g}", f"de = {error:g}"),
        (f"L = {trace.loss:g}", "dL = 1"),
    ],
    {
        1: ("$w$", f"w = {w:g}", f"dw = {layer.dW.item():g}"),
        2: ("$b$", f"b = {b:g}", f"db = {layer.db.item():g}"),
        3: ("$y$", "y = 2", None),
    },
    Layout(width=3.9, middle=1.3, side=3.6, step=0.95),
)
