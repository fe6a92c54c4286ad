import pytest
from flask import Flask
from flask.testing import FlaskClient

from hypertendril.server.security import MAX_BODY_BYTES, protect


@pytest.fixture
def client() -> FlaskClient:
    server = Flask(__name__)
    server.add_url_rule("/", "read", lambda: "ok")
    server.add_url_rule("/write", "write", lambda: "ok", methods=["POST", "DELETE"])
    protect(server, script_hashes=lambda: ["'sha256-abc'"])
    return server.test_client()


@pytest.mark.parametrize("host", ["127.0.0.1:8050", "localhost", "LOCALHOST:1", "[::1]:8050"])
def test_the_server_answers_to_its_local_names(client: FlaskClient, host: str) -> None:
    assert client.get("/", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "localhost.", "0.0.0.0", "localhost@evil"]
)
def test_a_foreign_host_name_is_refused(client: FlaskClient, host: str) -> None:
    assert client.get("/", headers={"Host": host}).status_code == 403


@pytest.mark.parametrize("method", ["post", "delete"])
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://[localhost:8050"},
        {"Origin": "http://localhost:9999"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_a_write_from_another_origin_is_refused(
    client: FlaskClient, method: str, headers: dict[str, str]
) -> None:
    answer = getattr(client, method)("/write", headers={"Host": "localhost:8050"} | headers)
    assert answer.status_code == 403


@pytest.mark.parametrize("headers", [{}, {"Origin": "http://localhost:8050"}])
def test_a_write_from_the_own_page_or_a_program_passes(
    client: FlaskClient, headers: dict[str, str]
) -> None:
    answer = client.post("/write", headers={"Host": "localhost:8050"} | headers)
    assert answer.status_code == 200


def test_every_response_forbids_foreign_scripts_and_eval(client: FlaskClient) -> None:
    policy = client.get("/").headers["Content-Security-Policy"]
    scripts = next(part for part in policy.split("; ") if part.startswith("script-src"))
    assert scripts == "script-src 'self' 'sha256-abc'"
    assert "unsafe-eval" not in policy


def test_a_body_beyond_the_limit_is_refused(client: FlaskClient) -> None:
    assert client.application.config["MAX_CONTENT_LENGTH"] == MAX_BODY_BYTES
