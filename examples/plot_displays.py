"""
Displays: the training, the network, its gradients
==================================================

``skbackprop.plotting`` has three displays. They are used like those of scikit-learn:
``from_estimator`` computes what is needed and draws it.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_iris
from sklearn.preprocessing import StandardScaler

from skbackprop import BackpropClassifier
from skbackprop.inspection import trace_backprop
from skbackprop.plotting import (
    GradientCheckDisplay,
    NetworkDisplay,
    TrainingHistoryDisplay,
)

iris = load_iris(as_frame=True)
X = StandardScaler().set_output(transform="pandas").fit_transform(iris.data)
X.columns = ["sepal length", "sepal width", "petal length", "petal width"]
y = iris.target_names[iris.target]
clf = BackpropClassifier(
    hidden_layer_sizes=(3,),
    activation="tanh",
    learning_rate="cosine",
    learning_rate_init=0.02,
    batch_size=20,
    alpha=0.01,
    early_stopping=True,
    scoring="accuracy",
    validation_fraction=0.3,
    max_iter=60,
    n_iter_no_change=20,
    random_state=0,
)
clf.fit(X, y)

# %%
# **The training.** Above the loss, with and without its penalty, and that of the validation
# samples; then the penalty itself, the score that early stopping watches, and the learning rate on
# its way down.
TrainingHistoryDisplay.from_estimator(clf)
plt.show()

# %%
# **The network.** A unit for each feature, hidden unit and class. The wider a line, the larger its
# weight. The names are those of the DataFrame and of the classes.
NetworkDisplay.from_estimator(clf)
plt.show()

# %%
# **One step of it.** We take the flower that surprises the network most. A trace puts numbers at
# the units: the value A on the way forward, the gradient dZ on the way back. In the last layer dZ
# is the probability, minus one at the flower's own class. The loss is that of this one flower, and
# the penalty.
p_own = clf.predict_proba(X)[np.arange(len(y)), iris.target]
i = p_own.argmin()
print(f"flower {i}, {y[i]}, has a probability of {p_own[i]:.2f}")
trace = trace_backprop(clf, X[i : i + 1], y[i : i + 1])
NetworkDisplay.from_estimator(clf, trace=trace)
plt.show()

# %%
# **The gradients.** Backpropagation against finite differences, for each W and b.
GradientCheckDisplay.from_estimator(clf, X, y)
plt.show()
