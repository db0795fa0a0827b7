"""One step of the spirals' network, with 25 hidden units, from its first weights."""

from skbackprop import BackpropClassifier
from skbackprop.datasets import make_spirals
from skbackprop.inspection import trace_backprop

X, y = make_spirals(n_samples=300, n_classes=3, noise=0.2, random_state=0)
clf = BackpropClassifier((25,), alpha=0, learning_rate_init=0.01, random_state=0)
trace = trace_backprop(clf.initialize(2, classes=[0, 1, 2]), X, y)
