"""What a user gets from a wheel, and from a checkout whose links did not survive."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from importlib.metadata import version
from pathlib import Path

import pytest

import hypertendril

ROOT = Path(__file__).parents[2]
LINKED = ("layouts", "callbacks", "assets")
OURS = shutil.ignore_patterns(".*", "__pycache__", "build", "dist", "*.egg-info")
WHERE = "import hypertendril.{0} as m; print(m.__file__ or list(m.__path__)[0])"


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of this checkout without anything that was ever built in it."""
    copy = tmp_path_factory.mktemp("checkout") / "hypertendril"
    shutil.copytree(ROOT, copy, symlinks=True, ignore=OURS)
    return copy


@pytest.fixture(scope="module")
def wheel(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*build, "--no-index", "--wheel-dir", folder, checkout], check=True, text=True)
    (found,) = folder.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of a fresh environment with the wheel in it and its dependencies in reach."""
    folder = tmp_path_factory.mktemp("venv")
    venv.create(folder, symlinks=True)
    python = folder / "bin" / "python"
    install = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet"]
    subprocess.run([*install, "--no-deps", "--no-index", wheel], check=True)
    site = next(folder.glob("lib/*/site-packages"))
    # Behind its own folder in the search order; an editable install beside the dependencies stays
    # invisible, because files that announce one are read in an environment's own folder only.
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    return python


def run(python: Path | str, code: str, folder: Path) -> str:
    """Return what `code` prints, run in `folder` without the paths of this process."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    done = subprocess.run(
        [python, "-c", code],
        cwd=folder,
        env=environment,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_a_wheel_holds_the_package_and_nothing_beside_it(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()

    tops = {name.partition("/")[0] for name in names}

    assert tops == {"hypertendril", f"hypertendril-{hypertendril.__version__}.dist-info"}


@pytest.mark.parametrize("folder", LINKED)
def test_a_wheel_holds_every_file_of_the_linked_folders(wheel: Path, folder: str) -> None:
    files = {
        f"hypertendril/{path.relative_to(ROOT).as_posix()}"
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }

    assert files - set(zipfile.ZipFile(wheel).namelist()) == set()


def test_a_wheel_says_that_it_is_typed(wheel: Path) -> None:
    assert "hypertendril/py.typed" in zipfile.ZipFile(wheel).namelist()


@pytest.mark.parametrize("module", ["model", *LINKED])
def test_an_installed_wheel_imports_from_its_own_folder(
    installed: Path, module: str, tmp_path: Path
) -> None:
    where = Path(run(installed, WHERE.format(module), tmp_path))

    assert where.is_relative_to(installed.parents[1])


@pytest.mark.parametrize("module", ["layouts", "callbacks"])
def test_a_checkout_without_links_imports_the_folders_beside_the_package(
    checkout: Path, module: str, tmp_path: Path
) -> None:
    copy = tmp_path / "checkout"
    shutil.copytree(checkout, copy, symlinks=True)
    for name in LINKED:
        link = copy / "hypertendril" / name
        link.unlink()
        link.write_text(f"../{name}")  # what git writes where links are not allowed

    where = Path(run(sys.executable, WHERE.format(module), copy))

    assert where.is_relative_to(copy / module)


def test_the_version_is_told_once_and_for_all() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]

    assert declared == hypertendril.__version__ == version("hypertendril")


def test_every_dependency_has_a_reason_beside_it() -> None:
    text = (ROOT / "pyproject.toml").read_text()
    block = text.partition("dependencies = [\n")[2].partition("\n]")[0]

    assert [line for line in block.splitlines() if "#" not in line] == []
