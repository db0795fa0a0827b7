"""All paths from one weight of the first layer to the loss: wider where they carry more."""

import numpy as np
from _drawing import GRADIENT, Shape, Sheet

from skbackprop import BackpropClassifier
from skbackprop.inspection import trace_backprop

rng = np.random.default_rng(0)
X, y = rng.standard_normal((10, 5)), rng.integers(0, 4, 10)
clf = BackpropClassifier(hidden_layer_sizes=(10, 10), alpha=0, random_state=0)
first, second, last = trace_backprop(clf.initialize(5, classes=range(4)), X[:1], y[:1]).layers
FEATURE, UNIT = 2, int(np.argmax(first.Z[0] > 0))
gates = second.Z[0] > 0
terms = second.W[UNIT, :, None] * gates[:, None] * last.W * last.dZ[0]

sheet = Sheet(5.2, 4.0)
columns = [
    [sheet.unit(x, 2.1 + 0.36 * ((n - 1) / 2 - i), "", radius=0.12) for i in range(n)]
    for x, n in [(0.4, 5), (1.6, 10), (2.8, 10), (4.0, 4)]
]
loss = sheet.box(4.95, 2.1, "$L$", size=(0.36, 0.4))


def edge(a: Shape, b: Shape, size: float) -> None:
    """A line whose width shows how much the paths through it carry."""
    ends = [a.edge((b.x, b.y)), b.edge((a.x, a.y))]
    style = {"color": GRADIENT, "lw": 0.6 + 4 * size} if size else {"color": "0.8", "lw": 0.5}
    sheet.ax.plot(*zip(*ends, strict=True), zorder=1 + bool(size), **style)


carried = abs(terms) / abs(terms).sum()
below, hidden, above, outputs = columns
edge(below[FEATURE], hidden[UNIT], 1.0)
for p, unit in enumerate(above):
    edge(hidden[UNIT], unit, carried[p].sum())
    for q, output in enumerate(outputs):
        edge(unit, output, carried[p, q])
for q, output in enumerate(outputs):
    edge(output, loss, carried[:, q].sum())
names = [(0.4, "5 features"), (1.6, "layer 1"), (2.8, "layer 2"), (4.0, "layer 3"), (4.95, "loss")]
for x, name in names:
    sheet.write(x, 0.12, name, fontsize=9)
