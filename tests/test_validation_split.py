"""`validation_split`: a splitter says which samples early stopping sets aside."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn import config_context
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    GroupShuffleSplit,
    KFold,
    PredefinedSplit,
    ShuffleSplit,
    StratifiedGroupKFold,
    StratifiedShuffleSplit,
    TimeSeriesSplit,
    cross_validate,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import shuffle

from skbackprop import BackpropClassifier, BackpropRegressor
from skbackprop.estimators import train

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, y = load_iris(return_X_y=True)
X, y = shuffle(X, y, random_state=0)
GROUPS = np.repeat(np.arange(30), 5)


def net(validation_split=None, **params):
    params = {"hidden_layer_sizes": (5,), "max_iter": 3, "random_state": 0, **params}
    return BackpropClassifier(early_stopping=True, validation_split=validation_split, **params)


@pytest.fixture
def parts(monkeypatch):
    """The row numbers that fits have drawn: those to train on and those to validate with."""
    drawn, original = [], train.set_aside

    def set_aside(*arguments):
        split = original(*arguments)
        drawn.append([part.copy() for part in split])
        return split

    monkeypatch.setattr(train, "set_aside", set_aside)
    return drawn


SPLITTERS = {
    "groups": GroupShuffleSplit(n_splits=3, test_size=0.2, random_state=1),
    "groups, folds": GroupKFold(n_splits=4),
    "groups and classes": StratifiedGroupKFold(n_splits=4),
    "classes": StratifiedShuffleSplit(n_splits=1, random_state=2),
    "time": TimeSeriesSplit(n_splits=4, gap=2),
    "folds": KFold(n_splits=5),
    "predefined": PredefinedSplit(np.where(np.arange(150) % 7 == 0, 0, -1)),
}


@pytest.mark.parametrize("splitter", SPLITTERS.values(), ids=SPLITTERS)
def test_the_last_split_is_used(splitter, parts):
    groups = GROUPS if "Group" in type(splitter).__name__ else None
    clf = net(splitter).fit(X, y, groups=groups)
    *_, (train_rows, val_rows) = splitter.split(X, y, groups)
    assert_array_equal(np.sort(parts[0][0]), np.sort(train_rows))
    assert_array_equal(np.sort(parts[0][1]), np.sort(val_rows))
    # it is the fit on one part, judged by the other one
    fit_params = {"X_val": X[val_rows], "y_val": y[val_rows]}
    other = net(shuffle=False).fit(X[train_rows], y[train_rows], **fit_params)
    same = clone(clf).set_params(shuffle=False).fit(X, y, groups=groups)
    assert same.validation_scores_ == other.validation_scores_
    assert_array_equal(same.coefs_[0], other.coefs_[0])


def test_no_group_is_on_both_sides(parts):
    net(GroupShuffleSplit(n_splits=1)).fit(X, y, groups=GROUPS)
    assert not set(GROUPS[parts[0][0]]) & set(GROUPS[parts[0][1]])
    net().fit(X, y)  # the default takes no notice of groups
    assert set(GROUPS[parts[1][0]]) & set(GROUPS[parts[1][1]])


def test_the_latest_samples_of_a_time_series(parts):
    net(TimeSeriesSplit(n_splits=5, test_size=20)).fit(X, np.tile([0, 1, 2], 50))
    assert_array_equal(parts[0][1], np.arange(130, 150))
    assert_array_equal(np.sort(parts[0][0]), np.arange(130))


@pytest.mark.parametrize("as_mask", [False, True])
def test_pairs_of_rows(as_mask, parts):
    val = np.arange(150) % 5 == 0
    pair = (~val, val) if as_mask else (np.flatnonzero(~val), np.flatnonzero(val))
    net([pair]).fit(X, y)
    assert_array_equal(parts[0][1], np.flatnonzero(val))


def test_rows_in_neither_part_are_not_used():
    middle = np.arange(50, 100)
    pairs = [(np.arange(50), np.arange(100, 150))]
    other = X.copy()
    other[middle] = 1e6
    a = net(pairs).fit(X, y)
    assert_array_equal(a.coefs_[0], net(pairs).fit(other, y).coefs_[0])


def test_a_splitter_without_a_seed_gets_one_and_stays_as_it_is(parts):
    splitter = ShuffleSplit(n_splits=1)
    for seed in 0, 0, 1:
        net(splitter, random_state=seed).fit(X, y)
    assert_array_equal(parts[0][1], parts[1][1])
    assert set(parts[0][1]) != set(parts[2][1])
    assert splitter.random_state is None


def test_a_random_state_of_the_splitter_is_not_used_up():
    splitter = ShuffleSplit(n_splits=1, random_state=np.random.RandomState(3))
    a, b = (net(splitter, warm_start="exact").fit(X, y) for _ in range(2))
    assert_array_equal(a.coefs_[0], b.coefs_[0])
    assert_array_equal(a.fit(X, y).coefs_[0], net(splitter, max_iter=6).fit(X, y).coefs_[0])


def test_a_splitter_sees_the_samples_as_they_are_given():
    class ByColumn:
        def split(self, X, y, groups=None):
            last = (X["day"] == X["day"].max()).to_numpy()
            yield np.flatnonzero(~last), np.flatnonzero(last)

        def get_n_splits(self, X=None, y=None, groups=None):
            return 1

    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(X, columns=list("abcd")).assign(day=np.arange(150) % 5)
    clf = net(ByColumn()).fit(frame, y)
    assert len(clf.validation_scores_) == 3


def test_regression_and_labels(parts):
    reg = BackpropRegressor(
        hidden_layer_sizes=(5,),
        early_stopping=True,
        validation_split=GroupShuffleSplit(random_state=0),
        max_iter=2,
    )
    reg.fit(X, y * 1.0, groups=GROUPS)
    net(ShuffleSplit(random_state=0)).fit(X, np.eye(3, dtype=int)[y])
    assert len(parts) == 2


def test_given_validation_samples_come_first(parts):
    net(TimeSeriesSplit()).fit(X, y, X_val=X, y_val=y)
    net(TimeSeriesSplit()).set_params(solver="lbfgs").fit(X, y)
    assert not parts


# Metadata routing


def test_groups_in_a_pipeline(parts):
    splitter = GroupShuffleSplit(n_splits=1, random_state=0)
    pipeline = make_pipeline(StandardScaler(), net(splitter))
    pipeline.fit(X, y, backpropclassifier__groups=GROUPS)
    with config_context(enable_metadata_routing=True):
        clone(pipeline).fit(X, y, groups=GROUPS)
    assert_array_equal(parts[0][1], parts[1][1])
    assert not set(GROUPS[parts[0][0]]) & set(GROUPS[parts[0][1]])


@pytest.mark.parametrize("outer", [GroupKFold(n_splits=3), KFold(n_splits=3)])
def test_groups_in_a_search_over_a_pipeline(outer, parts):
    """The groups of a fold's training rows reach the network inside, and do not leak."""
    pipeline = make_pipeline(StandardScaler(), net(GroupShuffleSplit(n_splits=1)))
    grid = {"backpropclassifier__alpha": [1e-4, 1e-2]}
    with config_context(enable_metadata_routing=True):
        search = GridSearchCV(pipeline, grid, cv=outer).fit(X, y, groups=GROUPS)
        cross_validate(pipeline, X, y, cv=outer, params={"groups": GROUPS})
    assert len(parts) == 2 * 3 + 1 + 3
    groups = GROUPS if isinstance(outer, GroupKFold) else None
    for k, (train_rows, _) in enumerate(outer.split(X, y, groups)):
        own = GROUPS[train_rows]
        one, other = parts[2 * k]
        assert len(one) + len(other) == len(own)
        assert not set(own[one]) & set(own[other])
    assert search.best_estimator_[-1].validation_scores_


def test_a_request_may_be_taken_back():
    with config_context(enable_metadata_routing=True):
        clf = net().set_fit_request(groups=False)
        pipeline = make_pipeline(StandardScaler(), clf)
        search = GridSearchCV(pipeline, {}, cv=GroupKFold(n_splits=3))
        search.fit(X, y, groups=GROUPS)  # no warning: the network doesn't get them


def test_groups_without_a_split_by_groups_are_reported():
    words = r"of the groups (is|are) among the training and the validation.*GroupShuffleSplit"
    with pytest.warns(UserWarning, match=words):
        net().fit(X, y, groups=GROUPS)
    with pytest.warns(UserWarning, match=words):
        net([(np.arange(102), np.arange(102, 150))]).fit(X, y, groups=GROUPS)
    net().set_params(early_stopping=False).fit(X, y, groups=GROUPS)


# Errors


class Splits:
    def __init__(self, *pairs):
        self.pairs = pairs

    def split(self, X, y=None, groups=None):
        return iter(self.pairs)

    def get_n_splits(self, X=None, y=None, groups=None):
        return len(self.pairs)

    def __repr__(self):
        return "Splits()"


BAD = {
    "no split": ([], "has no splits"),
    "three parts": ([(np.arange(9),) * 3], r"must give pairs .* object of type tuple"),
    "no pair": ([5], r"must give pairs .* object of type int.*list around it"),
    "too large": ([(np.arange(9), np.array([8, 150]))], "row numbers from 0 to 149"),
    "negative": ([(np.arange(9), np.array([-1, 20]))], "row numbers from 0 to 149"),
    "no numbers": ([(np.arange(9), np.array(["a", "b"]))], "row numbers from 0 to 149"),
    "empty": ([(np.arange(9), np.arange(0))], "an empty part"),
    "one row": ([(np.arange(9), np.array([20]))], "two samples or more, got 1"),
    "overlap": ([(np.arange(90), np.arange(80, 150))], "no row in common, got 10 of 150"),
}


@pytest.mark.parametrize(("pairs", "words"), BAD.values(), ids=BAD)
@pytest.mark.parametrize("as_list", [False, True])
def test_bad_splits(pairs, words, as_list):
    clf = net(pairs if as_list else Splits(*pairs))
    name = r"validation_split" if as_list else r"validation_split=Splits\(\)"
    with pytest.raises(ValueError, match=f"{name} .*{words}") as caught:
        clf.fit(X, y)
    assert len(str(caught.value)) < 400  # a list of row numbers isn't repeated
    assert not hasattr(clf, "coefs_")


def test_a_single_pair_needs_a_list():
    with pytest.raises(ValueError, match=r"validation_split=\[\(train, validation\)\]"):
        net((np.arange(100), np.arange(100, 150))).fit(X, y)


def test_without_early_stopping_it_is_refused():
    with pytest.raises(ValueError, match=r"validation_split=KFold.*off. Set early_stopping=True"):
        net(KFold()).set_params(early_stopping=False).fit(X, y)


def test_missing_groups():
    with pytest.raises(ValueError, match=r"(?s)validation_split=Group.*groups.*Pass groups to fit"):
        net(GroupShuffleSplit()).fit(X, y)


@pytest.mark.parametrize("groups", [GROUPS[:10], np.c_[GROUPS, GROUPS], 3], ids=np.shape)
def test_groups_that_do_not_fit_the_samples(groups):
    words = r"groups must hold one group for each of the 150 samples, got an array of shape \("
    for split in None, [(np.arange(100), np.arange(100, 150))], GroupShuffleSplit():
        with pytest.raises(ValueError, match=words):
            net(split).fit(X, y, groups=groups)


def test_names_of_groups_that_cannot_be_sorted():
    names = np.array(["a", 1, None] * 50, dtype=object)
    with pytest.warns(UserWarning, match="3 of the groups are among"):
        net().fit(X, y, groups=names)
    one_in_both = np.array([None, *["a"] * 100, *[1] * 48, None], dtype=object)
    with pytest.warns(UserWarning, match="1 of the groups is among"):
        net([(np.arange(101), np.arange(101, 150))]).fit(X, y, groups=one_in_both)


def test_groups_may_be_a_column():
    with pytest.warns(UserWarning, match="of the groups are among"):
        net().fit(X, y, groups=GROUPS[:, None])
    column, flat = (net(GroupKFold(3)).fit(X, y, groups=g) for g in (GROUPS[:, None], GROUPS))
    assert_array_equal(column.coefs_[0], flat.coefs_[0])


def test_a_class_is_no_splitter():
    with pytest.raises(ValueError, match=r"an object, such as KFold\(\), got the class KFold"):
        net(KFold).fit(X, y)


def test_parts_without_weight():
    weight = np.ones(150)
    weight[100:] = 0
    with pytest.raises(ValueError, match="sample_weight of the validation part"):
        net([(np.arange(100), np.arange(100, 150))]).fit(X, y, weight)


@pytest.mark.parametrize("value", [5, 0.2, "groups", True])
def test_values_that_are_not_allowed(value):
    with pytest.raises(ValueError, match="'validation_split' parameter"):
        net(value).fit(X, y)


def test_exact_resumption_needs_the_same_split():
    def make(**params):
        return net(TimeSeriesSplit(), warm_start="exact", **params)

    whole = make(max_iter=6).fit(X, np.tile([0, 1, 2], 50))
    clf = make().fit(X, np.tile([0, 1, 2], 50)).fit(X, np.tile([0, 1, 2], 50))
    assert_array_equal(clf.coefs_[0], whole.coefs_[0])
    with pytest.raises(ValueError, match="another validation_split"):
        clf.set_params(validation_split=KFold()).fit(X, np.tile([0, 1, 2], 50))
    with pytest.raises(ValueError, match="another groups"):
        clf.set_params(validation_split=TimeSeriesSplit()).fit(
            X, np.tile([0, 1, 2], 50), groups=GROUPS
        )
