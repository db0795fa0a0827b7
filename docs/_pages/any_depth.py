"""One step of the chapter's network with two hidden layers, from its first weights."""

import numpy as np

from skbackprop import BackpropClassifier
from skbackprop.inspection import trace_backprop

rng = np.random.default_rng(0)
X, y = rng.standard_normal((10, 5)), rng.integers(0, 4, 10)
clf = BackpropClassifier(hidden_layer_sizes=(10, 10), alpha=0, random_state=0)
trace = trace_backprop(clf.initialize(5, classes=range(4)), X, y)
