"""What every request must pass and every response carries.

A page from elsewhere can make a browser send requests to 127.0.0.1, also under a foreign name
(DNS rebinding), so being local is no protection by itself: Host and Origin are checked.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

from flask import Flask, Response, abort, request

MAX_BODY_BYTES = 32 * 1024 * 1024
LOCAL_NAMES = frozenset({"127.0.0.1", "localhost", "::1"})
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def protect(
    server: Flask,
    *,
    names: frozenset[str] = LOCAL_NAMES,
    script_hashes: Callable[[], Sequence[str]] = tuple,
) -> None:
    """Guard every route of `server` and put the security headers on every response.

    Args:
        server: The Flask application, Dash's routes included.
        names: Host names the server answers to, without port.
        script_hashes: CSP hashes of the inline scripts Dash writes itself; asked for at the
            first response, when Dash knows them.
    """
    server.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
    policy: list[str] = []

    @server.before_request
    def refuse_strangers() -> None:
        if _host_name(request.host) not in names:
            abort(
                403,
                f"This server does not answer to the name {request.host!r}; its owner can let it, "
                "with --name or HYPERTENDRIL_NAMES.",
            )
        if request.method not in SAFE_METHODS and not _is_same_origin():
            abort(403, "Requests that change something must come from this server's own page.")

    @server.after_request
    def add_headers(response: Response) -> Response:
        """Set what browsers are told to refuse."""
        if not policy:
            policy.append(content_security_policy(script_hashes()))
        response.headers["Content-Security-Policy"] = policy[0]
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "same-origin"
        return response


def content_security_policy(script_hashes: Sequence[str]) -> str:
    """Return the policy: own files only, no eval; inline styles, which Plotly and Dash need."""
    scripts = " ".join(["'self'", *script_hashes])
    return "; ".join(
        [
            "default-src 'self'",
            f"script-src {scripts}",
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self'",
            "connect-src 'self'",
            "object-src 'none'",
            "base-uri 'none'",
            "frame-ancestors 'self'",
            "form-action 'self'",
        ]
    )


def _host_name(host: str) -> str:
    return (urlsplit(f"//{host}").hostname or "").lower()


def _is_same_origin() -> bool:
    if request.headers.get("Sec-Fetch-Site") in ("cross-site", "same-site"):
        return False
    origin = request.headers.get("Origin")
    # The name in `host` has been looked at before.
    return origin is None or origin.partition("://")[2] == request.host
