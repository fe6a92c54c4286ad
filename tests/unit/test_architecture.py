"""The plan of the house, checked: who may import whom, and what may stand only in one place."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "hypertendril"

# Room -> rooms it may import. The arrows run one way:
# model <- analysis, readers, search <- store, jobs, guidance <- layouts <- callbacks <- app
ARROWS = {
    "errors": set(),
    "settings": {"errors"},
    "model": {"errors"},
    "analysis": {"errors", "model"},
    "readers": {"errors", "model"},
    "search": {"errors", "model"},
    "store": {"errors", "settings", "model", "search", "readers"},
    "jobs": {"errors", "settings", "model", "search", "readers", "store"},
    "exports": {"errors", "model", "readers"},
    "guidance": {"errors", "model", "analysis"},
    "server": {"errors", "model", "analysis", "store"},
}
CORE = set(ARROWS) | {"cli", "__main__", "__init__"}
ARROWS["cli"] = set(ARROWS)
ARROWS["__main__"] = {"cli"}
ARROWS["__init__"] = set(ARROWS)
ARROWS["layouts"] = {"errors", "model", "analysis", "search", "guidance"}
ARROWS["callbacks"] = (CORE | {"layouts"}) - {"cli", "__main__"}
ARROWS["__init__"] |= {"callbacks"}  # when it is asked for `mount`
ARROWS["app"] = ARROWS["callbacks"] | {"callbacks"}

# Library -> rooms that may import it; libraries not named here are free.
LIBRARIES = {
    "dash": {"layouts", "callbacks", "app"},
    "dash_ag_grid": {"layouts", "callbacks"},
    "dash_bootstrap_components": {"layouts", "callbacks", "app"},
    "plotly": {"layouts", "callbacks"},
    "flask": {"server", "callbacks", "app"},
    "werkzeug": {"server", "callbacks", "app"},
    "optuna": {"search", "exports"},
    "sklearn": {"analysis", "search"},
    "pandas": {"analysis", "readers", "callbacks", "layouts"},
    "sqlite3": {"store", "readers"},
    "sqlalchemy": {"readers"},
    "diskcache": {"jobs"},
    "dask": {"jobs"},
    "distributed": {"jobs"},
    "ray": {"jobs"},
}
UNPICKLERS = {"pickle", "marshal", "shelve", "dill", "cloudpickle", "joblib"}  # for nobody
# Library -> the dependency that brings it along; the others are declared in pyproject.toml.
BROUGHT_BY = {
    "flask": "dash",
    "werkzeug": "dash",
    "scipy": "scikit-learn",
    "sqlalchemy": "optuna",
    "threadpoolctl": "scikit-learn",
    "dask": "distributed",
}
DISTRIBUTIONS = {"sklearn": "scikit-learn", "yaml": "pyyaml"}
VAGUE_NAMES = {"utils.py", "helpers.py", "misc.py", "common.py"}
HEX_COLOUR = re.compile(r"#(?:[0-9a-fA-F]{3,4}|[0-9a-fA-F]{6}|[0-9a-fA-F]{8})(?![\w-])")
# <view>-<part>-<kind>, in quotes, as scripts write it.
COMPONENT_ID = re.compile(
    r"""["'`]((?:page|control|import|steer|overview|selected|space|curves|exploration|importance)"""
    r"""-[a-z0-9-]+-(?:store|div|span|graph|button|input|select|table|download|toast|offcanvas))["'`]"""
)
HOMES_OF_COLOUR = {"layouts/theme.py", "assets/tokens.css"}


@cache
def sources() -> dict[str, Path]:
    """Dotted module name -> file, for the package (through its links) and app.py."""
    found: dict[str, Path] = {}
    folders = [PACKAGE, *(path for path in PACKAGE.iterdir() if path.is_symlink())]
    for folder in folders:
        for path in folder.rglob("*.py"):
            module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            found[module.removesuffix(".__init__")] = path
    if (ROOT / "app.py").exists():
        found["app"] = ROOT / "app.py"
    return found


@cache
def tree(module: str) -> ast.Module:
    return ast.parse(sources()[module].read_text())


def room(module: str) -> str:
    """Name of the room a module is in: `hypertendril.model.space` -> `model`."""
    parts = module.split(".")
    if parts[0] != "hypertendril":
        return parts[0]
    return parts[1] if len(parts) > 1 else "__init__"


def imports(module: str) -> Iterator[tuple[str, int]]:
    """Give (dotted name, line) of everything `module` imports, wherever in the file it stands."""
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = absolute(module, node)
            for alias in node.names:
                whole = f"{base}.{alias.name}"
                yield (whole if whole in sources() else base), node.lineno


def absolute(module: str, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    package = module if sources()[module].name == "__init__.py" else module.rpartition(".")[0]
    for _ in range(node.level - 1):
        package = package.rpartition(".")[0]
    return f"{package}.{node.module}" if node.module else package


def place(module: str, line: int) -> str:
    return f"{sources()[module].relative_to(ROOT)}:{line}"


def test_every_import_follows_the_arrows() -> None:
    wrong = [
        f"{place(module, line)} ({room(module)}) imports {name}"
        for module in sources()
        for name, line in imports(module)
        if name.startswith("hypertendril.")
        and room(name) not in ARROWS[room(module)] | {room(module)}
    ]
    assert not wrong, "\n".join(wrong)


def test_libraries_stay_in_their_rooms() -> None:
    wrong = [
        f"{place(module, line)} ({room(module)}) imports {name}"
        for module in sources()
        for name, line in imports(module)
        if room(module) not in LIBRARIES.get(name.partition(".")[0], {room(module)})
    ]
    assert not wrong, "\n".join(wrong)


def test_nothing_is_ever_unpickled() -> None:
    wrong = [
        f"{place(module, line)} imports {name}"
        for module in sources()
        for name, line in imports(module)
        if name.partition(".")[0] in UNPICKLERS
    ]
    assert not wrong, "\n".join(wrong)


def declared() -> set[str]:
    """Names of all dependencies, those of extras too."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lists = [project["dependencies"], *project["optional-dependencies"].values()]
    return {re.split(r"[^\w-]", entry)[0] for entries in lists for entry in entries}


def test_every_library_is_declared() -> None:
    used = {name.partition(".")[0] for module in sources() for name, _ in imports(module)}
    ours = {"hypertendril", "app"} | set(sys.stdlib_module_names)

    missing = {
        name
        for name in used - ours
        if BROUGHT_BY.get(name, DISTRIBUTIONS.get(name, name.replace("_", "-"))) not in declared()
    }

    assert not missing


def test_every_room_of_the_core_is_free_of_dash_and_plotly() -> None:
    for library in ("dash", "plotly", "dash_ag_grid", "dash_bootstrap_components"):
        assert not LIBRARIES[library] & CORE


def test_every_folder_of_the_package_is_a_room_with_arrows() -> None:
    rooms = {room(module) for module in sources()}
    assert rooms <= set(ARROWS), f"say in ARROWS what {rooms - set(ARROWS)} may import"


def test_the_records_of_the_queue_and_their_disk_alone_know_diskcache() -> None:
    knowing = {
        module
        for module in sources()
        for name, _ in imports(module)
        if name.partition(".")[0] == "diskcache"
    }
    assert knowing <= {"hypertendril.jobs.queue.job_records", "hypertendril.jobs.queue.json_disk"}


@pytest.mark.parametrize("engine", ["dask", "distributed", "ray"])
def test_one_small_module_alone_knows_each_engine_of_a_cluster(engine: str) -> None:
    home = (
        "hypertendril.jobs.executors.ray_engine"
        if engine == "ray"
        else "hypertendril.jobs.executors.dask_engine"
    )
    knowing = {
        module
        for module in sources()
        for name, _ in imports(module)
        if name.partition(".")[0] == engine
    }
    assert knowing == {home}
    assert len(sources()[home].read_text().splitlines()) < 200


def test_no_modules_import_each_other_in_a_circle() -> None:
    graph = {
        module: {name for name, _ in imports(module) if name in sources() and name != module}
        for module in sources()
    }
    done: set[str] = set()

    def visit(module: str, path: tuple[str, ...]) -> None:
        assert module not in path, " -> ".join((*path[path.index(module) :], module))
        if module not in done:
            for name in sorted(graph[module]):
                visit(name, (*path, module))
            done.add(module)

    for module in graph:
        visit(module, ())


def test_layouts_and_callbacks_are_imported_by_their_full_names_only() -> None:
    files = [*sources().values(), *(ROOT / "tests").rglob("*.py")]
    files += (ROOT / "benchmarks").rglob("*.py")
    short = re.compile(r"^\s*(?:import|from) (?:layouts|callbacks|assets)\b", re.MULTILINE)
    wrong = [path for path in files if short.search(path.read_text())]
    assert not wrong, "a second copy of the modules would be loaded"


def _is_call_of(node: ast.AST, names: set[str]) -> bool:
    if not isinstance(node, ast.Call):
        return False
    called = node.func.attr if isinstance(node.func, ast.Attribute) else node.func
    return (called.id if isinstance(called, ast.Name) else called) in names


def _is_literal_id(node: ast.expr) -> bool:
    is_text = isinstance(node, ast.Constant) and isinstance(node.value, str)
    return is_text or isinstance(node, (ast.JoinedStr, ast.Dict))


def literal_ids(module: str) -> Iterator[int]:
    """Give the line of every component id written out in place."""
    for node in ast.walk(tree(module)):
        if not isinstance(node, ast.Call):
            continue
        is_dependency = _is_call_of(node, {"Input", "Output", "State"})
        if is_dependency and node.args and _is_literal_id(node.args[0]):
            yield node.lineno
        for keyword in node.keywords:
            if keyword.arg in {"id", "component_id"} and _is_literal_id(keyword.value):
                yield keyword.value.lineno


def test_component_ids_are_written_in_one_file_only() -> None:
    wrong = [
        place(module, line)
        for module in sources()
        if room(module) in {"layouts", "callbacks", "app"} and module != "hypertendril.layouts.ids"
        for line in literal_ids(module)
    ]
    assert not wrong, f"layouts/ids.py is the place for: {wrong}"


def test_scripts_name_only_components_that_exist() -> None:
    known = set(re.findall(r'"([a-z0-9-]+)"', (ROOT / "layouts" / "ids.py").read_text()))
    wrong = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in own_assets()
        for name in COMPONENT_ID.findall(path.read_text())
        if name not in known
    ]
    assert not wrong, "\n".join(wrong)


def python_colours(path: Path) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from ((node.lineno, colour) for colour in HEX_COLOUR.findall(node.value))


def asset_colours(path: Path) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(path.read_text().splitlines(), 1):
        yield from ((number, colour) for colour in HEX_COLOUR.findall(line))


def own_assets() -> list[Path]:
    """Return our scripts and style sheets; what others made lies in assets/vendor/."""
    found = [*(ROOT / "assets").rglob("*.css"), *(ROOT / "assets").rglob("*.js")]
    return [path for path in found if "vendor" not in path.parts and ".min." not in path.name]


def test_colours_are_written_in_the_theme_and_the_tokens_only() -> None:
    python = [*(ROOT / "layouts").rglob("*.py"), *(ROOT / "callbacks").rglob("*.py")]
    found = [(path, *hit) for path in python for hit in python_colours(path)]
    found += [(path, *hit) for path in own_assets() for hit in asset_colours(path)]
    wrong = [
        f"{path.relative_to(ROOT)}:{line} {colour}"
        for path, line, colour in found
        if path.relative_to(ROOT).as_posix() not in HOMES_OF_COLOUR
    ]
    assert not wrong, "\n".join(wrong)


def test_files_are_named_for_what_they_know() -> None:
    wrong = [path for path in sources().values() if path.name in VAGUE_NAMES]
    assert not wrong


@pytest.mark.parametrize("name", ["layouts", "callbacks", "assets"])
def test_top_level_folders_are_part_of_the_package(name: str) -> None:
    assert (PACKAGE / name).resolve() == ROOT / name
