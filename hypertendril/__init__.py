"""HyperTendril: see what a hyperparameter search did, understand why, and steer the next one."""

from importlib import import_module as _import_module
from pathlib import Path as _Path
from typing import TYPE_CHECKING
from typing import Any as _Any

if TYPE_CHECKING:
    from hypertendril.callbacks.serving import mount
    from hypertendril.readers.frames import from_dataframe
    from hypertendril.readers.frames import read_studies as read
    from hypertendril.store.live_log import log

__version__ = "0.1.0"
__all__ = ["from_dataframe", "log", "mount", "read"]

# A checkout without symbolic links (Windows) has layouts/, callbacks/ and assets/ only beside this folder.
if not (_Path(__file__).parent / "layouts").is_dir():
    __path__.append(str(_Path(__file__).parents[1]))

# Where the functions of the Python face are: loaded when they are asked for, so that importing
# the package stays cheap.
_FACE = {
    "read": ("hypertendril.readers.frames", "read_studies"),
    "from_dataframe": ("hypertendril.readers.frames", "from_dataframe"),
    "mount": ("hypertendril.callbacks.serving", "mount"),
    "log": ("hypertendril.store.live_log", "log"),
}


def __getattr__(name: str) -> _Any:
    if name not in _FACE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, function = _FACE[name]
    return getattr(_import_module(module), function)
