"""scikit-learn's own contract, none of it expected to fail."""

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from skbackprop import BackpropClassifier


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.filterwarnings("ignore:Got `batch_size`:UserWarning")
@parametrize_with_checks(
    [
        BackpropClassifier(),
        BackpropClassifier(solver="sgd"),
        BackpropClassifier(hidden_layer_sizes=()),
        BackpropClassifier(solver="lbfgs"),
        BackpropClassifier(loss="squared_error", solver="lbfgs"),
    ]
)
def test_scikit_learn_estimator_checks(estimator, check):
    check(estimator)
