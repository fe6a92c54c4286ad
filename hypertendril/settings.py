"""Where things are kept on this machine: the data folder, the registry of objectives."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from hypertendril.errors import HyperTendrilError

DATA_VARIABLE = "HYPERTENDRIL_DATA"
OBJECTIVES_VARIABLE = "HYPERTENDRIL_OBJECTIVES"
EXECUTOR_VARIABLE = "HYPERTENDRIL_EXECUTOR"
ADDRESS_VARIABLE = "HYPERTENDRIL_ADDRESS"
CHECKPOINTS_VARIABLE = "HYPERTENDRIL_CHECKPOINTS"
EXECUTORS = ("local", "dask", "ray")
REGISTRY_NAME = "objectives.toml"
_EXAMPLES = Path(__file__).resolve().parents[1] / "examples"


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings a server, a worker and the command line share.

    Attributes:
        data: Folder (absolute) that holds everything this program writes.
        objectives: The registry of what may be run; None where none was found.
        executor: What runs trials, one of `EXECUTORS`.
        address: Where the cluster of the executor is; None leaves it to the engine's own settings.
        shared: Folder that all machines see, for checkpoints; None for one in `data`.
    """

    data: Path
    objectives: Path | None = None
    executor: str = "local"
    address: str | None = None
    shared: Path | None = None

    @property
    def store(self) -> Path:
        """Folder of the experiment store."""
        return self.data / "store"

    @property
    def queue(self) -> Path:
        """Folder of the job queue."""
        return self.data / "queue"

    @property
    def checkpoints(self) -> Path:
        """Folder under which each trial may keep checkpoints."""
        return self.shared or self.data / "checkpoints"

    @classmethod
    def find(
        cls,
        data: str | Path | None = None,
        objectives: str | Path | None = None,
        *,
        executor: str | None = None,
        address: str | None = None,
        checkpoints: str | Path | None = None,
        beside: Path | None = None,
    ) -> Settings:
        """Return the settings that apply here.

        Args:
            data: Data folder; else `HYPERTENDRIL_DATA`, else `.hypertendril` in the current folder.
            objectives: Registry; else `HYPERTENDRIL_OBJECTIVES`, else the first
                `objectives.toml` found beside the job file, in the current folder, or
                among the bundled examples.
            executor: What runs trials; else `HYPERTENDRIL_EXECUTOR`, else this machine.
            address: Of its cluster; else `HYPERTENDRIL_ADDRESS`.
            checkpoints: Folder for checkpoints; else `HYPERTENDRIL_CHECKPOINTS`, else in the
                data folder.
            beside: The job file, where there is one.

        Raises:
            HyperTendrilError: There is no such executor, or it has no use for an address.
        """
        folder = Path(data or os.environ.get(DATA_VARIABLE) or ".hypertendril")
        told = objectives or os.environ.get(OBJECTIVES_VARIABLE)
        registry = Path(told).absolute() if told else _find_registry(beside)
        engine = executor or os.environ.get(EXECUTOR_VARIABLE) or "local"
        where = address or os.environ.get(ADDRESS_VARIABLE) or None
        if engine not in EXECUTORS:
            raise HyperTendrilError(
                f"{EXECUTOR_VARIABLE}: {engine!r} must be one of {', '.join(EXECUTORS)}."
            )
        if where is not None and engine == "local":
            raise HyperTendrilError(f"The address {where} needs an executor: dask or ray.")
        shared = checkpoints or os.environ.get(CHECKPOINTS_VARIABLE)
        return cls(
            folder.absolute(), registry, engine, where, Path(shared).absolute() if shared else None
        )


def _find_registry(beside: Path | None) -> Path | None:
    folders = [Path.cwd(), _EXAMPLES]
    if beside is not None:
        folders.insert(0, beside.absolute().parent)
    for folder in folders:
        if (folder / REGISTRY_NAME).is_file():
            return folder / REGISTRY_NAME
    return None


def private_folder(path: Path) -> Path:
    """Return `path` as an existing folder that only its owner can enter (mode 0700).

    Raises:
        HyperTendrilError: Somebody else owns it or could have written to it, so what lies
            in it cannot be trusted; or it cannot be made.
    """
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        _check_private(path, path.stat())
        path.chmod(0o700)
    except OSError as error:
        reason = error.strerror or str(error)
        raise HyperTendrilError(f"{path}: the folder cannot be used ({reason}).") from None
    return path


def _check_private(path: Path, found: os.stat_result) -> None:
    if found.st_uid != os.geteuid():
        raise HyperTendrilError(
            f"{path}: the folder belongs to another user (id {found.st_uid}); choose one of your "
            f"own with --data or {DATA_VARIABLE}."
        )
    if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise HyperTendrilError(
            f"{path}: other users can write to this folder (mode {stat.S_IMODE(found.st_mode):o}); "
            "check what is in it, then chmod 700 it."
        )
