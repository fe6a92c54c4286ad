"""Studies written for other programs, and back."""

from hypertendril.exports.formats import FORMATS, OutFormat, write_studies

__all__ = ["FORMATS", "OutFormat", "write_studies"]
