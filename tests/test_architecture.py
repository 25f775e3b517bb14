"""Layers: imports go downwards only, late ones included; the checker of certificates is apart from the search."""

import ast
from pathlib import Path

import pytest

import wgflow

ROOT = Path(wgflow.__file__).parent
LAYERS = [
    {"record", "files", "conventions", "process_limits"},
    {"arithmetic"},
    {"run", "plots"},
    {"kernels"},
    {"fourier"},
    {"stability"},
    {"dynamics"},
    {"gan"},
    {"testing", "cli"},
    {"__main__"},
]
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}
MODULES = sorted(p for p in ROOT.rglob("*.py") if p.name != "__init__.py")


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT.parent).with_suffix("").parts)


def imports(path: Path) -> set[str]:
    """Every wgflow module that a file imports at run time, at its top or inside functions."""
    found: set[str] = set()
    todo: list[ast.AST] = [ast.parse(path.read_text())]
    while todo:
        node = todo.pop()
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            todo += node.orelse
            continue
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("wgflow"):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            found |= {name if is_module(name) else str(node.module) for name in names}
        todo += ast.iter_child_nodes(node)
    return found - {"wgflow"}


def is_module(name: str) -> bool:
    path = ROOT.parent.joinpath(*name.split("."))
    return path.with_suffix(".py").exists()


GRAPH = {module_name(path): imports(path) for path in MODULES}


def layer(name: str) -> int:
    return LEVEL[name.split(".")[1]]


@pytest.mark.parametrize("name", GRAPH)
def test_imports_go_down(name):
    upward = {other for other in GRAPH[name] if layer(other) > layer(name)}
    sideways = {o for o in GRAPH[name] if layer(o) == layer(name) and o.split(".")[1] != name.split(".")[1]}
    assert not upward and not sideways


def reached(start: str) -> set[str]:
    seen: set[str] = set()
    todo = [start]
    while todo:
        name = todo.pop()
        if name not in seen:
            seen.add(name)
            todo += GRAPH.get(name, ())
    return seen - {start}


def test_no_cycles():
    assert [name for name in GRAPH if any(name in reached(other) for other in GRAPH[name])] == []


def test_the_checker_shares_no_code_with_the_search():
    search = {f"wgflow.stability.{name}" for name in ("prove", "ends", "feasible", "certify", "suggest", "stabilizer")}
    search |= {f"wgflow.stability.{name}" for name in ("mixture", "mixture_eps", "every_dimension")}
    search.add("wgflow.fourier.enclose")
    assert search <= set(GRAPH)
    assert not search & reached("wgflow.stability.check")


def test_nothing_is_called_utils():
    assert not {p.stem for p in MODULES} & {"utils", "util", "misc", "common", "helpers"}


def test_no_evaluation_and_no_pickle():
    """User text is parsed by hand; nothing in the package can run it."""
    forbidden = {"eval", "exec", "sympify", "parse_expr", "__import__"}
    for path in MODULES:
        tree = ast.parse(path.read_text())
        called = {n.func.id for n in ast.walk(tree) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)}
        called |= {n.func.attr for n in ast.walk(tree) if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute)}
        imported = {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
        assert not called & forbidden, path
        assert not imported & {"pickle", "dill", "marshal", "shelve"}, path
