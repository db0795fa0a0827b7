"""The house: who may import whom, and that no derivation hides behind a private module."""

import ast
from pathlib import Path

import pytest

import skbackprop

PACKAGE = Path(skbackprop.__file__).parent
FOUNDATION = {"options", "vectors", "blas", "threads", "formulas"}
MATHS = {
    "activations",
    "losses",
    "initializers",
    "normalization",
    "optimizers",
    "schedules",
}
#: Each may import those before it.
ENGINE = ["layers", "architecture", "workspace", "network", "batches", "training"]
#: Upstairs: who may import scikit-learn.
FACE = {"estimators", "inspection", "plotting", "datasets", "ensemble", "tabular"}
FACE |= {"checkpoint", "onnx", "dask", "trusted"}
#: The modules of `estimators`; each may import those before it.
ESTIMATORS = [
    "callback_protocol",
    "compat",
    "links",
    "checks",
    "targets",
    "class_weight",
    "labels",
    "numbers",
    "choices",
    "combinations",
    "parameters",
    "texts",
    "documented",
    "samples",
    "validation",
    "fitted",
    "scoring",
    "callbacks",
    "build",
    "resume",
    "state",
    "train",
    "export",
    "base",
    "classifier",
    "regressor",
]
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
                own = [alias.name for alias in node.names if alias.name != "__version__"]
                names = [f"skbackprop.{name}" for name in own]
            elif node.module == "skbackprop.estimators":
                names = [f"skbackprop.estimators.{alias.name}" for alias in node.names]
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


@pytest.mark.parametrize("module", below({"estimators"}))
def test_the_estimators_import_downwards(module):
    name = module.removeprefix("estimators.")
    if name == "estimators":
        return
    _, ours = imports(module)
    siblings = {m.removeprefix("estimators.") for m in ours if top(m) == "estimators"}
    assert siblings <= set(ESTIMATORS[: ESTIMATORS.index(name)])
    others = {top(m) for m in ours} - {"estimators"}
    assert others <= FOUNDATION | MATHS | set(ENGINE)


@pytest.mark.parametrize("module", MODULES)
def test_private_modules_of_dependencies_only_in_compat(module):
    if module == "estimators.compat":
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


def functions(module):
    """Every function and method of a module."""
    tree = ast.parse(PATHS[module].read_text())
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]


@pytest.mark.parametrize("module", MODULES)
def test_private_functions_have_at_most_five_arguments(module):
    for function in functions(module):
        arguments = [a.arg for a in (*function.args.args, *function.args.kwonlyargs)]
        taken = [a for a in arguments if a not in ("self", "cls")]
        if function.name.startswith("_") and not function.name.startswith("__"):
            assert len(taken) <= 5, f"{module}: {function.name}({', '.join(taken)})"


@pytest.mark.parametrize("module", MODULES)
def test_files_stay_short(module):
    """At most 300 lines, docstrings of public classes and their methods aside."""
    tree = ast.parse(PATHS[module].read_text())
    classes = [n for n in ast.walk(tree) if isinstance(n, ast.ClassDef) and n.name[0] != "_"]
    described = [n for c in classes for n in (c, *(f for f in c.body if hasattr(f, "args")))]
    first = [n.body[0] for n in described if ast.get_docstring(n) is not None]
    docstrings = sum(node.end_lineno - node.lineno + 1 for node in first)
    assert len(PATHS[module].read_text().splitlines()) - docstrings <= 300


#: What a reader of an estimator file has to know besides: methods of the one base class.
BASE = {"_fit", "_initialize"}


@pytest.mark.parametrize("module", below({"estimators", "inspection", "plotting"}))
def test_private_methods_are_called_where_they_stand(module):
    """`self._x(...)` is found in the same file or in the one base class, and no other is called."""
    tree = ast.parse(PATHS[module].read_text())
    own = {f.name for f in functions(module)}
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        name = getattr(call.func, "attr", "")
        if name.startswith("_") and not name.startswith("__") and name != "_replace":
            known = own | (BASE if module.startswith("estimators.") else set())
            assert name in known or name == "_init_callback_context", f"{module}: {name}"
