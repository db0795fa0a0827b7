"""Spirals, from small weights: the first steps, in which hardly anything moves."""

from skbackprop import BackpropClassifier
from skbackprop.datasets import make_spirals
from skbackprop.inspection import trace_training
from skbackprop.optimizers import SGD

X, y = make_spirals(n_samples=300, n_classes=3, noise=0.2, random_state=0)
clf = BackpropClassifier(
    hidden_layer_sizes=(4,),
    solver=SGD(momentum=0.0),
    batch_size=300,
    alpha=0,
    learning_rate_init=1.0,
    weight_init="normal",
    tol=0,
    n_iter_no_change=1000,
    random_state=0,
)
trace = trace_training(clf, X, y, steps=60)
