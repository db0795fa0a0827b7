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


def test_python_blocks_run_in_sequence():
    """In one namespace, as a reader would type them."""
    assert len(blocks("python")) >= 3
    namespace = {}
    for block in blocks("python"):
        exec(compile(block, "README.md", "exec"), namespace)


def test_example_is_accurate(capsys):
    """The first command's script, on images that it was not trained on."""
    runpy.run_path(str(ROOT / "examples" / "digits_pipeline.py"), run_name="__main__")
    last_line = capsys.readouterr().out.splitlines()[-1]
    assert last_line.startswith("accuracy on the test images: ")
    assert float(last_line.split()[-1]) > 0.95


def test_first_two_commands_are_the_main_job_and_the_tests():
    """Each makes its own environment, so that it's complete in itself."""
    main_job, tests = (block.splitlines() for block in blocks("bash")[:2])
    assert main_job[0] == "python3 -m venv .venv"
    assert main_job[-1] == ".venv/bin/python examples/digits_pipeline.py"
    assert tests[0] == "python3 -m venv .venv-test"
    assert tests[-1] == ".venv-test/bin/python -m pytest"


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
