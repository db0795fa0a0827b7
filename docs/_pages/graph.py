"""The one sample of the computation graph, and a step of plain gradient descent."""

from skbackprop import BackpropClassifier
from skbackprop.inspection import trace_backprop
from skbackprop.optimizers import SGD

clf = BackpropClassifier((3,), solver=SGD(momentum=0.0), learning_rate_init=0.1, alpha=0)
clf.initialize(2, classes=[0, 1])
clf.coefs_ = [[[1.0, -1.0, 0.5], [-0.5, -1.0, 1.0]], [[1.0], [-2.0], [3.0]]]
clf.intercepts_ = [[0.0, 0.5, 0.0], [0.5]]
trace = trace_backprop(clf, [[1.0, -2.0]], [1])
