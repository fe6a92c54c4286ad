"""The dashboard in somebody's Flask site, and below a path."""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterator
from functools import wraps
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, abort, request, url_for
from flask.testing import FlaskClient

import hypertendril
from hypertendril.errors import HyperTendrilError
from hypertendril.settings import Settings
from tests.browser.studies import write_known_study

pytestmark = pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")


def signed_in(view: Any) -> Any:
    """Let in who shows the right header."""

    @wraps(view)
    def guarded(*arguments: Any, **named: Any) -> Any:
        return view(*arguments, **named) if "X-User" in request.headers else abort(401)

    return guarded


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlaskClient]:
    folder = tmp_path_factory.mktemp("site")
    made = Flask("site")
    made.add_url_rule("/", "home", lambda: "home")
    hypertendril.mount(
        made,
        "/tuning",
        write_known_study(folder),
        settings=Settings.find(folder / "data"),
        names=["intranet.example.org"],
        guard=signed_in,
        worker=False,
    )
    with made.test_client() as client:
        yield client


USER = {"X-User": "ada", "Host": "intranet.example.org"}


def test_the_page_and_all_it_asks_for_lie_below_the_path(site: FlaskClient) -> None:
    html = site.get("/tuning/", headers=USER).text
    addresses = re.findall(r'(?:src|href)="([^"]+)"', html)
    assert len(addresses) > 20 and all(path.startswith("/tuning/") for path in addresses)
    config = re.search(r'id="_dash-config"[^>]*>([^<]+)<', html)
    assert config and json.loads(config[1])["requests_pathname_prefix"] == "/tuning/"
    assert site.get("/tuning", headers=USER).headers["Location"].endswith("/tuning/")


def test_studies_come_through(site: FlaskClient) -> None:
    pulse = site.get("/tuning/_ht/pulse", headers=USER).json
    assert pulse is not None and pulse["problems"] == []


def test_scripts_come_compressed(site: FlaskClient) -> None:
    path = "/tuning/assets/50-page.js"
    whole = site.get(path, headers=USER)
    small = site.get(path, headers=USER | {"Accept-Encoding": "deflate"})
    assert (small.status_code, small.headers["Content-Encoding"]) == (200, "deflate")
    assert zlib.decompress(small.data) == whole.data


def test_the_rest_of_the_site_stays_what_it_was(site: FlaskClient) -> None:
    home = site.get("/", headers={"Host": "anything.example"})
    assert home.text == "home" and "Content-Security-Policy" not in home.headers
    assert site.get("/_ht/pulse", headers=USER).status_code == 404


def test_who_the_guard_keeps_out_sees_nothing(site: FlaskClient) -> None:
    stranger = {"Host": "intranet.example.org"}
    for path in ("", "_dash-layout", "_ht/pulse", "assets/00-vendor.css"):
        assert site.get(f"/tuning/{path}", headers=stranger).status_code == 401
    assert site.post("/tuning/_dash-update-component", headers=stranger).status_code == 401


def test_names_and_origins_are_checked_there_too(site: FlaskClient) -> None:
    assert site.get("/tuning/", headers=USER | {"Host": "evil.example"}).status_code == 403
    other = USER | {"Origin": "http://evil.example"}
    assert site.post("/tuning/_dash-update-component", headers=other).status_code == 403


def test_two_dashboards_stand_in_one_site(tmp_path: Path) -> None:
    made = Flask("site")
    for name in ("first", "second"):
        hypertendril.mount(made, name, settings=Settings.find(tmp_path / name), worker=False)
    with pytest.raises(HyperTendrilError, match="below /second/ already"):
        hypertendril.mount(made, "/second", settings=Settings.find(tmp_path), worker=False)
    with made.test_client() as client:
        for name in ("first", "second"):
            assert f'src="/{name}/assets/' in client.get(f"/{name}/").text
            assert client.get(f"/{name}/_ht/pulse").status_code == 200
    with made.test_request_context():
        assert (url_for("hypertendril"), url_for("hypertendril_second")) == ("/first/", "/second/")
