"""One step of a 5-10-10-4 network from given weights."""

import numpy as np

from skbackprop import BackpropClassifier
from skbackprop.inspection import trace_backprop
from skbackprop.optimizers import SGD

rng = np.random.RandomState(1)
inputs, labels = rng.rand(5, 10), rng.choice(4, 10)  # features x samples
rng = np.random.RandomState(1)
W, b = [], []
for n_in, n_out in [(5, 10), (10, 10), (10, 4)]:
    W.append((rng.randn(n_out, n_in) * 0.01).T)
    b.append((rng.randn(n_out, 1) * 0.01).ravel())
clf = BackpropClassifier(
    hidden_layer_sizes=(10, 10), solver=SGD(momentum=0.0), alpha=0, learning_rate_init=0.01
)
clf.initialize(5, classes=range(4))
clf.coefs_, clf.intercepts_ = W, b
trace = trace_backprop(clf, inputs.T, labels)
