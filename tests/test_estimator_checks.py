"""scikit-learn's own contract."""

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
        BackpropClassifier(hidden_layer_sizes=(), learning_rate_init=0.01),
        BackpropClassifier(solver="lbfgs"),
        BackpropClassifier(loss="squared_error", solver="lbfgs"),
    ]
)
def test_scikit_learn_estimator_checks(estimator, check):
    if is_too_slow(estimator, check):
        pytest.xfail("1,000 steps of 0.001 each can't outweigh features of size 20")
    check(estimator)


def is_too_slow(estimator, check):
    """A linear model from zero, whose intercept has to grow to some 5, with Adam's steps of 0.001.

    MLPClassifier has no class weights, so that this check skips it.
    """
    linear = estimator.hidden_layer_sizes == () and estimator.learning_rate_init == 0.001
    return linear and check.func.__name__ == "check_class_weight_classifiers"
