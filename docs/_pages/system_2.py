"""One sigmoid unit: the first steps on thirteen measurements of wines."""

import numpy as np
from sklearn.datasets import load_wine
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skbackprop import BackpropClassifier
from skbackprop.inspection import trace_training
from skbackprop.optimizers import SGD

wine, cultivar = load_wine(return_X_y=True)
clf = BackpropClassifier(
    hidden_layer_sizes=(8,),
    solver=SGD(momentum=0.0),
    batch_size=len(wine),
    alpha=0,
    learning_rate_init=1.0,
    weight_init="normal",
    n_iter_no_change=np.inf,
    random_state=0,
)
trace = trace_training(make_pipeline(StandardScaler(), clf), wine, cultivar == 0, steps=20)
