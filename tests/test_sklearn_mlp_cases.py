"""scikit-learn's tests of MLPClassifier and MLPRegressor, run with our classes in their place.

The test module that is installed with scikit-learn is compiled here with one import changed.
"""

import inspect

import pytest
from sklearn.neural_network.tests import test_mlp

IMPORT = "from sklearn.neural_network import MLPClassifier, MLPRegressor"
PRIVATE = {
    "test_fit": "sets the fitted attributes by hand; here test_the_trace_of_one_step_by_hand",
    "test_gradient": "calls _loss_grad_lbfgs; here the gradient tests",
    "test_learning_rate_warmstart": "reads _optimizer; here test_schedules",
    "test_adaptive_learning_rate": "reads _optimizer; here test_schedules",
    "test_n_iter_no_change": "reads _no_improvement_count; here test_patience",
    "test_n_iter_no_change_inf": "reads _no_improvement_count; here test_patience",
}


def cases():
    """The test functions of both, with our classes."""
    source = inspect.getsource(test_mlp)
    assert IMPORT in source
    source = source.replace(
        IMPORT,
        "from skbackprop import BackpropClassifier as MLPClassifier\n"
        "from skbackprop import BackpropRegressor as MLPRegressor",
    )
    namespace = {"__name__": __name__}
    exec(compile(source, test_mlp.__file__, "exec"), namespace)
    return {
        name: pytest.mark.filterwarnings("default")(value)
        for name, value in namespace.items()
        if name.startswith("test_") and name not in PRIVATE
    }


@pytest.fixture(name="global_random_seed")
def seed():
    """The value that scikit-learn's own fixture has by default."""
    return 42


CASES = cases()
globals().update(CASES)


def test_that_the_cases_were_found():
    assert len(CASES) >= 30
