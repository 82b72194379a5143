"""Imports point inward, deciding is pure, and every library has one owner (ARCHITECTURE.md).

By `ast` over the source: nothing is imported, so a cycle or a missing library cannot hide a break.
"""

import ast
import sys
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import NamedTuple

import pytest

import monitor

ROOT = Path(monitor.__file__).parent
SOURCES = sorted(path for path in ROOT.rglob("*.py"))
PURE = ("monitor.model", "monitor.attribute", "monitor.judge")

# What each package may see of this project, besides itself. Packages that are not listed may see
# all but `app` and `cli`.
SEES = {
    "monitor.failure": (),
    "monitor.model": ("monitor.failure",),
    "monitor.attribute": ("monitor.model", "monitor.failure"),
    "monitor.judge": ("monitor.model", "monitor.failure"),
    "monitor.probe": ("monitor.model", "monitor.failure", "monitor.clock"),
}

# Where a library may be imported. A new one needs a row, and so an owner.
OWNERS = {
    "aiohttp": ("probe/*", "export/*", "replay/*", "app.py"),
    "aiosqlite": ("store/*",),
    "alembic": ("store/*",),
    "apscheduler": ("schedule.py",),
    "asyncpg": ("store/*",),
    "cryptography": ("probe/*", "replay/*"),
    "dns": ("probe/dns*.py", "replay/*"),
    "idna": ("config/*", "probe/*"),
    "jinja2": ("export/*",),
    "prometheus_client": ("export/*",),
    "publicsuffixlist": ("config/*", "attribute/*"),
    # multidict and yarl are the headers and URLs of aiohttp.
    "multidict": ("probe/*", "export/*", "replay/*"),
    "pydantic": ("config/*", "wire.py", "replay/*"),
    "pydantic_core": ("config/*", "wire.py", "replay/*"),
    "rich": ("cli*", "terminal/*", "demo.py", "drill.py"),
    "sqlalchemy": ("store/*",),
    "standardwebhooks": ("export/*", "replay/witness.py"),
    "structlog": ("*",),
    "typer": ("cli*",),
    "uvloop": ("__main__.py", "app.py", "cli*"),
    "whois": ("probe/whois_worker.py",),
    "yarl": ("probe/*", "export/*", "replay/*"),
}

# What measures, waits, draws lots, or speaks: none of it belongs where things are decided.
IMPURE_MODULES = {
    "asyncio",
    "contextvars",
    "http.client",
    "http.server",
    "logging",
    "multiprocessing",
    "os",
    "random",
    "secrets",
    "sqlite3",
    "ssl",
    "structlog",
    "subprocess",
    "tempfile",
    "threading",
    "time",
    "urllib.request",
}
PURE_NAMES_OF_SOCKET = {"AF_INET", "AF_INET6", "inet_ntop", "inet_pton"}
CLOCK_READERS = {"now", "utcnow", "today", "fromtimestamp"}


class Import(NamedTuple):
    """One imported name: the module, and what is taken from it ("" for the module itself)."""

    module: str
    name: str
    line: int


def dotted(path: Path) -> str:
    """Return the name that the module of a file is imported by."""
    parts = path.relative_to(ROOT.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path) -> Iterator[Import]:
    package = path.relative_to(ROOT.parent).parent.parts
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (Import(alias.name, "", node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join([*above, *([node.module] if node.module else [])])
            yield from (Import(module, alias.name, node.lineno) for alias in node.names)


def inside(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")


def seen(imported: Import) -> str:
    """Return what is imported as a dotted name: `from monitor import app` is `monitor.app`."""
    return f"{imported.module}.{imported.name}" if imported.module == "monitor" else imported.module


@pytest.mark.parametrize("package", SEES)
def test_a_package_sees_only_what_is_further_in(package: str) -> None:
    allowed = (package, *SEES[package])
    strays = [
        f"{path.relative_to(ROOT)}:{found.line}: {seen(found)}"
        for path in SOURCES
        if inside(dotted(path), package)
        for found in imports(path)
        if inside(seen(found), "monitor") and not any(inside(seen(found), name) for name in allowed)
    ]
    assert strays == []


COMMANDS = ("monitor.cli", "monitor.__main__", "monitor.commands", "monitor.demo", "monitor.drill")


def test_wiring_is_imported_by_the_commands_only() -> None:
    strays = [
        f"{path.relative_to(ROOT)}:{found.line}: {seen(found)}"
        for path in SOURCES
        if not dotted(path).startswith(COMMANDS)
        for found in imports(path)
        if seen(found).startswith(("monitor.app", "monitor.cli", "monitor.__main__"))
    ]
    assert strays == []


def test_every_library_has_one_owner() -> None:
    strays = []
    for path in SOURCES:
        where = path.relative_to(ROOT).as_posix()
        for found in imports(path):
            library = found.module.partition(".")[0]
            if library == "monitor" or library in sys.stdlib_module_names:
                continue
            if not any(fnmatch(where, owner) for owner in OWNERS.get(library, ())):
                strays.append(f"{where}:{found.line}: {library}")
    assert strays == []


@pytest.mark.parametrize(
    "path", [p for p in SOURCES if any(inside(dotted(p), package) for package in PURE)], ids=dotted
)
def test_deciding_is_pure(path: Path) -> None:
    strays = [f"line {found.line}: import {found.module}" for found in imports(path) if _impure(found)]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        strays += _impure_nodes(node)
    assert strays == []


def _impure(found: Import) -> bool:
    if found.module == "socket":
        return found.name not in PURE_NAMES_OF_SOCKET
    return any(inside(found.module, module) for module in IMPURE_MODULES)


def _impure_nodes(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.AsyncFunctionDef | ast.Await | ast.AsyncFor | ast.AsyncWith | ast.Global):
        yield f"line {node.lineno}: {type(node).__name__}"
    if isinstance(node, ast.Attribute) and node.attr in CLOCK_READERS:
        yield f"line {node.lineno}: .{node.attr}"
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {"open", "print"}:
        yield f"line {node.lineno}: {node.func.id}()"


def test_the_test_itself_sees_what_it_looks_for() -> None:
    """A test over source text that matches nothing passes for ever."""
    source = "async def f():\n    global x\n    open('x')\n    return datetime.now()\n"
    assert [problem for node in ast.walk(ast.parse(source)) for problem in _impure_nodes(node)] == [
        "line 1: AsyncFunctionDef",
        "line 2: Global",
        "line 3: open()",
        "line 4: .now",
    ]
    assert _impure(Import("time", "", 1))
    assert _impure(Import("urllib.request", "urlopen", 1))
    assert not _impure(Import("urllib.parse", "urlsplit", 1))
    assert _impure(Import("socket", "", 1))
    assert not _impure(Import("socket", "inet_pton", 1))
    assert any(found.module == "publicsuffixlist" for path in SOURCES for found in imports(path))
