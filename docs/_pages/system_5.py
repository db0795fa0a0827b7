"""Spirals, with room and a penalty: the first forty steps."""

from skbackprop import BackpropClassifier
from skbackprop.datasets import make_spirals
from skbackprop.inspection import trace_training
from skbackprop.optimizers import SGD

X, y = make_spirals(n_samples=300, n_classes=3, noise=0.2, random_state=0)
clf = BackpropClassifier(
    hidden_layer_sizes=(25,),
    solver=SGD(momentum=0.0),
    batch_size=300,
    alpha=1e-3 * 300,
    learning_rate_init=1.0,
    weight_init="he_normal",
    random_state=0,
)
trace = trace_training(clf, X, y, steps=40)
