from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from hypertendril.server.uploads import uploads_blueprint

BATCH = "0123456789abcdef"


@pytest.fixture
def client(tmp_path: Path) -> FlaskClient:
    app = Flask(__name__)
    app.register_blueprint(uploads_blueprint(tmp_path))
    return app.test_client()


def put(client: FlaskClient, path: str, body: bytes, offset: int = 0, batch: str = BATCH) -> int:
    query = {"path": path, "offset": offset}
    return client.put(f"/_ht/upload/{batch}", query_string=query, data=body).status_code


def test_slices_become_a_file_that_is_there_when_all_have_come(
    client: FlaskClient, tmp_path: Path
) -> None:
    assert put(client, "run/params.json", b"one ") == 200
    assert put(client, "run/params.json", b"two", 4) == 200
    assert not (tmp_path / BATCH).exists()
    assert client.post(f"/_ht/upload/{BATCH}").status_code == 200
    assert (tmp_path / BATCH / "run" / "params.json").read_bytes() == b"one two"


def test_a_slice_at_the_wrong_place_is_refused(client: FlaskClient) -> None:
    assert put(client, "a", b"one") == 200
    assert put(client, "a", b"two", 7) == 409


@pytest.mark.parametrize(
    "path",
    ["", "..", "../x", "/etc/x", "a//b", "a/../b", ".part-x", "a\\b", "a\nb", "x" * 201, "a/" * 13],
)
def test_a_path_that_leads_anywhere_else_is_refused(
    client: FlaskClient, tmp_path: Path, path: str
) -> None:
    assert put(client, path, b"x") == 400
    assert not list(tmp_path.rglob("*"))


@pytest.mark.parametrize("batch", ["x", "..", "0" * 17, "ABCDEF0123456789"])
def test_a_batch_of_another_name_is_refused(client: FlaskClient, batch: str) -> None:
    assert put(client, "a", b"x", batch=batch) in (400, 404)


def test_a_link_that_was_planted_is_not_written_through(
    client: FlaskClient, tmp_path: Path
) -> None:
    folder = tmp_path / f".part-{BATCH}"
    folder.mkdir()
    (tmp_path / "target").write_text("")
    (folder / "a").symlink_to(tmp_path / "target")
    assert put(client, "a", b"x") == 503
    assert (tmp_path / "target").read_text() == ""


def test_what_is_given_up_leaves_nothing(client: FlaskClient, tmp_path: Path) -> None:
    put(client, "a", b"x")
    assert client.delete(f"/_ht/upload/{BATCH}").status_code == 200
    assert not list(tmp_path.iterdir())


def test_a_drop_has_a_largest_size(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hypertendril.server.uploads.MOST_UPLOAD_BYTES", 5)
    assert put(client, "a", b"1234") == 200
    reply = client.put(f"/_ht/upload/{BATCH}", query_string={"path": "b"}, data=b"12")
    assert reply.status_code == 413
    assert "paste their path" in reply.text


def test_a_drop_has_a_largest_number_of_files_also_after_a_restart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hypertendril.server.uploads.MOST_FILES", 2)
    for path, status in (("a", 200), ("b", 200), ("c", 413)):
        app = Flask(__name__)
        app.register_blueprint(uploads_blueprint(tmp_path))
        assert put(app.test_client(), path, b"x") == status
