"""The house: who may import whom, and that no derivation hides behind a private module."""

import ast
from pathlib import Path

import pytest

import skbackprop

PACKAGE = Path(skbackprop.__file__).parent
FOUNDATION = {"options", "vectors", "threads"}
MATHS = {
    "activations",
    "losses",
    "initializers",
    "normalization",
    "optimizers",
    "schedules",
}
ENGINE = [
    "layers",
    "architecture",
    "workspace",
    "network",
    "batches",
    "training",
]  # each may import those before it
FACE = {
    "_base",
    "_data",
    "_callbacks",
    "_evaluation",
    "_fitted",
    "_labels",
    "_options",
    "_parameters",
    "_setup",
    "_validation",
    "classifier",
    "regressor",
    "inspection",
    "plotting",
    "datasets",
    "_compat",
}
#: By dotted name, those inside of packages too; a package's own name is its `__init__`.
PATHS = {
    ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__"): path
    for path in PACKAGE.glob("**/*.py")
    if path.parent != PACKAGE or path.stem != "__init__"
}
MODULES = sorted(PATHS)


def top(module):
    return module.partition(".")[0]


def below(names):
    return [module for module in MODULES if top(module) in names]


def imports(module):
    """Top-level names of the other packages, and names of our own modules, that are imported."""
    others, ours = set(), set()
    for node in ast.walk(ast.parse(PATHS[module].read_text())):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "absolute imports only"
            names = [node.module]
            if node.module == "skbackprop":
                names = [f"skbackprop.{alias.name}" for alias in node.names]
        for name in names:
            package, _, rest = name.partition(".")
            own = package == "skbackprop"
            (ours if own else others).add(rest if own else name)
    return others, ours


def test_every_module_has_its_place():
    assert set(map(top, MODULES)) == FOUNDATION | MATHS | set(ENGINE) | FACE


@pytest.mark.parametrize("module", below(FOUNDATION | MATHS | set(ENGINE)))
def test_no_scikit_learn_below_the_estimators(module):
    others, _ = imports(module)
    assert not [name for name in others if name.split(".")[0] == "sklearn"]


@pytest.mark.parametrize("module", below(MATHS))
def test_maths_modules_stand_alone(module):
    _, ours = imports(module)
    siblings = {name for name in ours if name.startswith(f"{top(module)}.")}
    assert ours - siblings <= FOUNDATION


@pytest.mark.parametrize("module", below(set(ENGINE)))
def test_the_engine_imports_downwards(module):
    _, ours = imports(module)
    siblings = {name for name in ours if name.startswith(f"{top(module)}.")}
    assert ours - siblings <= FOUNDATION | MATHS | set(ENGINE[: ENGINE.index(top(module))])


@pytest.mark.parametrize("module", MODULES)
def test_private_modules_of_dependencies_only_in_compat(module):
    if module == "_compat":
        return
    for node in ast.walk(ast.parse(PATHS[module].read_text())):
        if isinstance(node, ast.Import):
            assert not [a.name for a in node.names if "._" in a.name]
        if isinstance(node, ast.ImportFrom) and not node.module.startswith("skbackprop"):
            parts = [*node.module.split("."), *(alias.name for alias in node.names)]
            assert not [p for p in parts if p.startswith("_") and p != "__future__"]


@pytest.mark.parametrize("module", MODULES)
def test_no_global_randomness(module):
    tree = ast.parse(PATHS[module].read_text())
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        name = ast.unparse(call.func)
        seeded = name in ("np.random.Generator", "np.random.PCG64") and call.args
        assert seeded or not name.startswith(("np.random", "numpy.random"))
