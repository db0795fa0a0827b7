"""One neuron and its numbers for one sample."""

import numpy as np
from _drawing import VALUE, Sheet

from skbackprop import BackpropClassifier
from skbackprop.inspection import trace_backprop

clf = BackpropClassifier((), alpha=0).initialize(2, classes=[0, 1])
clf.coefs_, clf.intercepts_ = [np.array([[0.8], [-0.4]])], [np.array([0.1])]
trace = trace_backprop(clf, [[0.5, 1.0]], [0])
(layer,) = trace.layers
x, w, (b,) = trace.X[0], layer.W[:, 0], layer.b

sheet = Sheet(5.2, 2.5)
total = sheet.unit(2.35, 1.3, r"$\Sigma$", radius=0.3)
squeeze = sheet.box(3.75, 1.3, "$s(z)$", size=(0.8, 0.5))
end = sheet.box(4.88, 1.3, "$a$", size=(0.4, 0.4))
for y, label, name, weight in [
    (2.2, 1.98, f"$x_1$ = {x[0]:g}", f"$w_1$ = {w[0]:g}"),
    (1.3, 1.42, f"$x_2$ = {x[1]:g}", f"$w_2$ = {w[1]:g}"),
    (0.4, 0.6, "1", f"$b$ = {b:g}"),
]:
    start = sheet.box(0.6, y, name, size=(1.0, 0.4))
    sheet.arrow(start, total)
    sheet.write(1.6, label, weight, VALUE)
sheet.arrow(total, squeeze)
sheet.arrow(squeeze, end)
sheet.write(2.99, 1.45, f"$z$ = {layer.Z.item():.1f}", VALUE)
sheet.write(4.88, 1.68, f"{layer.A.item():.3f}", VALUE)
sheet.write(2.45, 0.75, "weighted sum", fontsize=9)
sheet.write(3.75, 0.75, "sigmoid", fontsize=9)
sheet.write(4.7, 0.75, "probability", fontsize=9)
