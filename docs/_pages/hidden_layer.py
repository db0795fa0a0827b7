"""The chapter's four hidden units, its five samples, and a step of gradient descent."""

import numpy as np

from skbackprop import BackpropClassifier
from skbackprop.inspection import trace_backprop
from skbackprop.optimizers import SGD

X = np.array([[1.0, 2.0], [-1.0, 1.0], [0.5, -1.0], [2.0, 0.0], [-1.0, -2.0]])
y = np.array([0, 2, 1, 1, 2])
W1 = np.array([[0.5, -1.0, 1.0, 0.2], [1.0, 0.5, -0.5, -0.4]])
b1 = np.array([0.1, -0.2, -0.1, 0.3])
W2 = np.array([[1.0, -0.5, 0.2], [0.3, 0.8, -1.0], [-0.6, 1.0, 0.4], [0.5, -0.2, -0.7]])
b2 = np.array([0.0, 0.1, -0.1])
clf = BackpropClassifier((4,), solver=SGD(momentum=0.0), learning_rate_init=1.0, alpha=0)
clf.initialize(2, classes=[0, 1, 2])
clf.coefs_, clf.intercepts_ = [W1, W2], [b1, b2]
trace = trace_backprop(clf, X, y)
