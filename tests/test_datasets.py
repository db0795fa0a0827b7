import numpy as np
import pytest
from numpy.testing import assert_allclose

from skbackprop.datasets import make_spirals


def test_the_formula_of_the_course_notes():
    X, y = make_spirals(300, 3, noise=0.2, random_state=0)
    rng = np.random.RandomState(0)
    for k in range(3):
        r = np.linspace(0.0, 1, 100)
        t = np.linspace(k * 4, (k + 1) * 4, 100) + rng.randn(100) * 0.2
        assert_allclose(X[y == k], np.c_[r * np.sin(t), r * np.cos(t)])


def test_sizes_that_do_not_divide():
    X, y = make_spirals(10, 3)
    assert X.shape == (10, 2)
    assert np.bincount(y).tolist() == [4, 3, 3]


def test_equal_seeds_give_equal_points():
    assert (make_spirals(random_state=1)[0] == make_spirals(random_state=1)[0]).all()
    assert (make_spirals(random_state=1)[0] != make_spirals(random_state=2)[0]).any()


@pytest.mark.parametrize(
    ("params", "name"),
    [({"n_classes": 0}, "n_classes"), ({"n_samples": 2}, "n_samples"), ({"noise": -1}, "noise")],
)
def test_errors_name_the_parameter(params, name):
    with pytest.raises(ValueError, match=f"{name} must be"):
        make_spirals(**params)
