from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.docs.markdown import ROOT, Block, blocks, name, pages


def run(block: Block, folder: Path) -> None:
    """Run a Python block as a script of its own in an empty folder."""
    done = subprocess.run(
        [sys.executable, "-c", block.text],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, f"{block.place}:\n{done.stderr}"


@pytest.mark.parametrize("page", pages(), ids=name)
def test_every_python_block_of_a_page_runs(page: Path, tmp_path: Path) -> None:
    for block in blocks(page):
        if block.language == "python":
            run(block, tmp_path)


@pytest.mark.parametrize("page", pages(), ids=name)
def test_every_json_and_toml_block_of_a_page_parses(page: Path) -> None:
    for block in blocks(page):
        if block.language == "json":
            json.loads(block.text)
        elif block.language == "toml":
            tomllib.loads(block.text)
