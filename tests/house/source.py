"""The project's own source, as the house rules look at it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
SERVICES = ("api", "worker", "subscriber")
ROOMS = (*SERVICES, "fleet")


def files(*folders: str, suffix: str = ".py") -> list[Path]:
    """The files of these folders, and at least one of each."""
    found = {folder: sorted((ROOT / folder).rglob(f"*{suffix}")) for folder in folders}
    assert all(found.values()), found
    return [path for paths in found.values() for path in paths if "static" not in path.parts]


def tree(path: Path) -> ast.Module:
    """A file's syntax tree."""
    return ast.parse(path.read_text(), str(path))


def imported(path: Path) -> set[str]:
    """Top-level names of every package that a file imports."""
    found: set[str] = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            found.update(alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.partition(".")[0])
    return found


def strings(path: Path) -> Iterator[tuple[int, str]]:
    """Every string of a file that is not a docstring, with its line."""
    module = tree(path)
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(module)
        if isinstance(node, documented) and node.body and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(module):
        if isinstance(node, ast.Constant) and id(node) not in docstrings:
            if isinstance(node.value, str):
                yield node.lineno, node.value
            elif isinstance(node.value, bytes):
                yield node.lineno, node.value.decode("latin-1")
