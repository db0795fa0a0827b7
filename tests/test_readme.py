"""What README.md shows is what happens."""

import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language):
    """Text of the README's fenced blocks in one language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.M | re.S)


NUMBER = re.compile(r"\d+\.\d+")


def test_python_blocks_run_in_sequence_and_print_what_is_shown(capsys):
    """In one namespace, as a reader would type them. Numbers may differ a little."""
    shown = re.findall(r"^```python\n(.*?)^```\n\n(?:```text\n(.*?)^```)?", README, re.M | re.S)
    assert [code for code, _ in shown] == blocks("python")
    assert len(shown) >= 3
    namespace = {}
    for code, expected in shown:
        exec(compile(code, "README.md", "exec"), namespace)
        printed = capsys.readouterr().out
        assert NUMBER.sub("x", printed) == NUMBER.sub("x", expected)
        numbers, meant = (list(map(float, NUMBER.findall(text))) for text in (printed, expected))
        assert numbers == pytest.approx(meant, abs=0.0201)


def test_the_test_set_only_tests():
    """No block trains on it, or chooses by it."""
    for block in blocks("python"):
        assert not re.search(r"fit\([^)]*test", block)
        assert "val=X_test" not in block


def test_example_says_what_it_does(capsys, monkeypatch, tmp_path):
    """The first command's script: a baseline, ours, a test on images set aside, and a picture."""
    monkeypatch.chdir(tmp_path)
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("agg")
    runpy.run_path(str(ROOT / "examples" / "digits_pipeline.py"), run_name="__main__")
    matplotlib.pyplot.close("all")
    out = capsys.readouterr().out
    theirs, ours = re.findall(r"(\d+) epochs, \S+ s, accuracy (\S+)", out)
    assert theirs == ours
    assert "same loss in every epoch: True" in out
    assert float(re.search(r"accuracy on the test images: (\S+)", out)[1]) > 0.95
    last_line = out.splitlines()[-1]
    assert last_line == f"picture: {(tmp_path / 'digits_pipeline.png').resolve()}"
    assert (tmp_path / "digits_pipeline.png").stat().st_size > 10_000


def test_example_runs_without_matplotlib(capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    runpy.run_path(str(ROOT / "examples" / "digits_pipeline.py"), run_name="__main__")
    assert capsys.readouterr().out.splitlines()[-1].startswith("no picture: ")
    assert not list(tmp_path.iterdir())


def test_first_two_commands_are_the_main_job_and_the_tests():
    """Each makes its own environment, so that it's complete in itself."""
    main_job, tests = (block.splitlines() for block in blocks("bash")[:2])
    assert main_job[0] == "python3 -m venv .venv"
    assert main_job[-1] == ".venv/bin/python examples/digits_pipeline.py"
    assert tests[0] == "python3 -m venv .venv-test"
    assert tests[-1] == ".venv-test/bin/python -m pytest -n 2"


@pytest.mark.parametrize("n", [1, 2])
def test_ci_runs_the_first_two_commands(n):
    """`.ci/run` takes the blocks from README.md and runs them unchanged."""
    script = ROOT / ".ci" / "readme_block"
    printed = subprocess.run(
        [sys.executable, script, str(n)], capture_output=True, text=True, check=True
    ).stdout
    assert printed == blocks("bash")[n - 1]

    lines = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    (target,) = (line.split(">")[1] for line in lines if line.startswith(f".ci/readme_block {n} "))
    assert f"bash -ex {target}" in lines
