"""Run all benchmarks, or those named: `python -m benchmarks [NAME ...]`."""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
PREFIX = "bench_"


def names() -> list[str]:
    """Return the benchmarks there are: `page` for `bench_page.py`, and so on."""
    return sorted(path.stem.removeprefix(PREFIX) for path in HERE.glob(f"{PREFIX}*.py"))


def main() -> int:
    """Run each in a process of its own, so that none inherits another's memory; 0 if all ran."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description="Print what things cost."
    )
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"one of {', '.join(names())}; all"
    )
    chosen = parser.parse_args().names or names()
    if unknown := sorted(set(chosen) - set(names())):
        parser.error(f"there is no benchmark {', '.join(unknown)}")
    failed = [name for name in chosen if not _succeeds(name)]
    if failed:
        print(f"\nFailed: {', '.join(failed)}", file=sys.stderr)
    return bool(failed)


def _succeeds(name: str) -> bool:
    print(f"\n== {name}", flush=True)
    command = [sys.executable, "-m", f"benchmarks.{PREFIX}{name}"]
    return subprocess.run(command, cwd=HERE.parent, check=False).returncode == 0


if __name__ == "__main__":
    sys.exit(main())
