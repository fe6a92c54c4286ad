"""Whether the data folder has room: what cannot be kept is better told than found out."""

from __future__ import annotations

import os
from pathlib import Path

LEAST_FREE_BYTES = 16 * 2**20  # a batch of a busy study, and the log it passes through


def disk_trouble(folder: Path) -> str | None:
    """Return why nothing more can be kept in `folder`, None where all is well (microseconds)."""
    try:
        disk = os.statvfs(folder)
    except OSError as error:
        return f"{folder} cannot be used ({error.strerror}): nothing more is kept."
    is_writable = os.access(folder, os.W_OK, effective_ids=os.access in os.supports_effective_ids)
    if disk.f_flag & os.ST_RDONLY or not is_writable:
        return f"{folder} cannot be written to: nothing more is kept, and no study can be run."
    if disk.f_bavail * disk.f_frsize < LEAST_FREE_BYTES:
        free = disk.f_bavail * disk.f_frsize / 2**20
        return (
            f"The disk of {folder} is full ({free:.0f} MiB are left): studies wait until there is "
            "room; what was kept so far is safe."
        )
    return None
