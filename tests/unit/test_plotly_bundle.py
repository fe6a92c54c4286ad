from pathlib import Path

from plotly.offline import get_plotlyjs_version

ASSETS = Path(__file__).parents[2] / "assets"
BUNDLE = ASSETS / "00-plotly-cartesian.min.js"


def test_the_bundle_understands_the_figures_of_the_installed_plotly() -> None:
    head = BUNDLE.read_text("utf-8")[:200]
    assert f"v{get_plotlyjs_version().split('.')[0]}." in head


def test_its_licence_lies_beside_it() -> None:
    assert "MIT" in (ASSETS / "vendor" / "plotly" / "LICENSE").read_text("utf-8")
