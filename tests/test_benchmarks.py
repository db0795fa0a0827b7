"""The benchmark itself keeps working, at toy size; how long anything takes is not asserted."""

import json

import numpy as np
import pandas as pd
import pytest

from skbackprop import BackpropClassifier, BackpropRegressor, TabularClassifier, TabularRegressor
from tests.benchmarks.__main__ import main
from tests.benchmarks.dask import Step, overhead_model
from tests.benchmarks.start import SNIPPETS
from tests.benchmarks.tables import methods, outcomes, report, tasks
from tests.benchmarks.workloads import WORKLOADS


def test_every_workload_at_toy_size(tmp_path, capsys):
    peers = ["skbackprop", "scikit-learn", "floor", "floor, 1 thread"]
    main(["--toy", "--repeats", "1", "--peer", *peers, "--json", str(tmp_path / "times.json")])
    lines = capsys.readouterr().out.splitlines()
    measured = json.loads((tmp_path / "times.json").read_text())["microseconds"]
    assert len(lines) == 2 + len(WORKLOADS) + len(SNIPPETS)
    for times in measured.values():
        assert {"skbackprop", "scikit-learn"} <= set(times)
        assert all(t > 0 for repeats in times.values() for t in repeats)


def test_the_plot(tmp_path):
    pytest.importorskip("matplotlib")
    file = tmp_path / "times.png"
    main(
        ["--toy", "--repeats", "1", "--workload", "W1", "--peer", "skbackprop", "--plot", str(file)]
    )
    assert file.stat().st_size > 5_000


def test_growth(tmp_path):
    pytest.importorskip("matplotlib")
    peers = ["skbackprop", "scikit-learn"]
    main(["--toy", "--repeats", "1", "--growth", str(tmp_path), "--peer", *peers])
    assert (tmp_path / "growth.png").stat().st_size > 5_000
    tables = (tmp_path / "growth.inc").read_text()
    assert tables.count("list-table") == 4
    assert tables.count("   * - ") == 4 * 6


def test_a_peer_that_is_not_installed_is_left_out(monkeypatch, capsys):
    monkeypatch.setattr("tests.benchmarks.peers.find_spec", lambda name: None)
    main(["--toy", "--repeats", "1", "--workload", "W1", "--peer", "skbackprop", "pytorch"])
    assert "pytorch is not installed and is left out" in capsys.readouterr().out


@pytest.fixture
def quick(monkeypatch):
    """Small networks in place of the default ones."""
    member = BackpropClassifier((4,), max_iter=5)
    ours = methods.Method(
        lambda seed: TabularClassifier(member, cv=2, random_state=seed),
        lambda seed: TabularRegressor(BackpropRegressor(hidden_layer_sizes=(4,), max_iter=5), cv=2),
    )
    monkeypatch.setitem(methods.METHODS, "ours", ours)


def test_tables(tmp_path, capsys, quick):
    pytest.importorskip("matplotlib")
    few = ["--seeds", "2", "--method", "ours", "MLP, scaled", "--out", str(tmp_path)]
    main(["tables", "--part", "classes", "declared", "--table", "wine", "iris", *few])
    out = capsys.readouterr().out
    assert "classes: wine, split 1, ours" in out
    assert (tmp_path / "tables.png").stat().st_size > 5_000
    assert (tmp_path / "tables_classes.inc").read_text().count("   * -") == 3
    assert (tmp_path / "tables_errors.inc").read_text().count("   * -") == 3
    before = (tmp_path / "outcomes.jsonl").read_text()
    assert before.count("\n") == 8
    main(["tables", "--part", "numbers", "--table", "diabetes", *few])
    after = (tmp_path / "outcomes.jsonl").read_text()
    assert after.startswith(before)
    assert after.count("\n") == 12
    assert (tmp_path / "tables_numbers.inc").read_text().count("   * -") == 3
    main(["tables", "--part", "numbers", "--table", "diabetes", *few])
    assert (tmp_path / "outcomes.jsonl").read_text() == after


def test_methods_take_codes_and_strings(quick):
    frame = pd.DataFrame({"a": ["x", "y", "z"] * 20, "b": np.arange(60.0)})
    frame["c"] = frame["a"].astype("category")
    y = np.arange(60) % 3
    task = tasks.Task("three", frame, y, 40)
    for name in ("ours", "HistGradientBoosting", "MLP, scaled"):
        found = outcomes.measure("strings", task, name, 0)
        assert 0 <= found.error <= 1
        assert found.log_loss > 0
    X, X_test, _, _ = task.split(0, classes=True)
    X, X_test = methods.categories_as(X, X_test.assign(a="new"))
    assert X_test["a"].isna().all()
    assert X_test["a"].dtype == X["a"].dtype


def test_codes_are_declared_to_the_others(monkeypatch):
    X = np.stack([np.arange(60) % 4, np.linspace(0, 1, 60), np.arange(60) % 2], axis=1)
    plain = [tasks.Task("codes", X, X[:, 2], 30), tasks.Task("none", X[:, 1:], X[:, 2], 30)]
    monkeypatch.setattr(tasks, "classes", lambda rows: plain)
    (task,) = tasks.declared(30)
    assert [str(kind) for kind in task.X.dtypes] == ["category", "float64", "float64"]
    found = {name: {t: [outcome(t, name, 0.1)] for t in ("t", "u")} for name in ("ours", "other")}
    declared = {"other": {"t": [outcome("t", "other", 0.2)]}}
    both = report.with_codes_declared(found, declared)
    assert both["ours"] == found["ours"]
    assert both["other"]["t"][0].error == 0.2
    assert both["other"]["u"][0].error == 0.1
    assert "other" not in report.with_codes_declared(found, {})


def test_scores_of_each_table():
    found = {"ours": {"t": [outcome("t", "ours", 0.125)]}}
    found[methods.TWO_JOBS] = {"t": [outcome("t", methods.TWO_JOBS, 0.125)]}
    assert report.wall_seconds(found) == [
        ["", "wall s"],
        ["ours", "1.00"],
        ["ours, n_jobs=2", "1.00"],
    ]
    del found[methods.TWO_JOBS]
    assert report.each(found, {"error": "error"}) == [["", "", "error"], ["t", "ours", "0.125"]]


def outcome(task, method, error):
    return outcomes.Outcome("classes", task, method, 0, error, 1.0, 1.0)


def test_ratios_and_calibration():
    found = {
        "ours": {"t": [outcome("t", "ours", 0.0)], "u": [outcome("u", "ours", 0.04)]},
        "other": {"t": [outcome("t", "other", 0.01)], "u": [outcome("u", "other", 0.09)]},
    }
    ratio, error = report.ratio_to_ours(found, "other", 0.01)
    np.testing.assert_allclose(ratio, 0.5)
    np.testing.assert_allclose(error, 0, atol=1e-12)
    confidence, right = np.array([0.9, 0.9, 0.6, 0.6]), np.array([1, 1, 1, 0])
    found = outcomes.expected_calibration_error(confidence, right)
    np.testing.assert_allclose(found, (2 * 0.1 + 2 * 0.1) / 4)


def test_the_benchmark_of_dask_runs(capsys, tmp_path):
    pytest.importorskip("distributed")
    main(["dask", "--toy", "--out", str(tmp_path)])
    out = capsys.readouterr().out
    assert "ms a partition" in out
    assert (tmp_path / "distributed_steps.inc").read_text() in out


def test_the_model_of_overhead_is_found():
    sizes = [(2, 10**5), (4, 10**5), (4, 10**6), (16, 10**4)]
    steps = [Step(2, p, n, 1000, 3.0 + 0.5 * p + 40 * n / 1e6 + 7.0 / 2, 7.0) for p, n in sizes]
    np.testing.assert_allclose(overhead_model(steps), [3.0, 0.5, 40.0])
