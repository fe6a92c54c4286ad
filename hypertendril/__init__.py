"""HyperTendril: see what a hyperparameter search did, understand why, and steer the next one."""

from pathlib import Path as _Path

__version__ = "0.1.0"

# A checkout without symbolic links (Windows) has layouts/, callbacks/ and assets/ only beside this folder.
if not (_Path(__file__).parent / "layouts").is_dir():
    __path__.append(str(_Path(__file__).parents[1]))
