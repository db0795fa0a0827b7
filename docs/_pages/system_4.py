"""Sigmoids and the quadratic cost: the first five minibatches of ten digits."""

from sklearn.datasets import load_digits

from skbackprop import BackpropClassifier
from skbackprop.initializers import Normal
from skbackprop.inspection import trace_training
from skbackprop.optimizers import SGD

digits, number = load_digits(return_X_y=True)
clf = BackpropClassifier(
    hidden_layer_sizes=(30,),
    activation="logistic",
    loss="squared_error",
    solver=SGD(momentum=0.0),
    batch_size=10,
    alpha=0,
    learning_rate_init=3.0,
    weight_init=Normal(scale=1.0),
    random_state=0,
)
trace = trace_training(clf, digits / 16, number, steps=5)
