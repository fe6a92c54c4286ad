"""How people reach the server: below which path of a site, and under which host names."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from hypertendril.errors import HyperTendrilError
from hypertendril.server.security import LOCAL_NAMES

PREFIX_VARIABLE = "HYPERTENDRIL_PREFIX"
NAMES_VARIABLE = "HYPERTENDRIL_NAMES"
_PREFIX = re.compile(r"/(?:[A-Za-z0-9._~-]+/)*")
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|[0-9a-f:]+")


@dataclass(frozen=True, slots=True)
class Front:
    """What stands before the server, seen from a browser.

    Attributes:
        prefix: Path below which the page is found, with a slash at both ends.
        names: Host names the server answers to, without ports.
    """

    prefix: str = "/"
    names: frozenset[str] = LOCAL_NAMES

    @classmethod
    def find(cls, prefix: str | None = None, names: Iterable[str] = ()) -> Front:
        """Return what applies here.

        Args:
            prefix: Such as `/tuning/`; else `HYPERTENDRIL_PREFIX`, else none.
            names: Besides those of this machine itself; else `HYPERTENDRIL_NAMES`, with commas.

        Raises:
            HyperTendrilError: The prefix is no path, or a name is no host name.
        """
        told = prefix or os.environ.get(PREFIX_VARIABLE) or ""
        path = f"/{told.strip('/')}/" if told.strip("/") else "/"
        if not _PREFIX.fullmatch(path):
            raise HyperTendrilError(
                f"The prefix {told!r} must be a path such as /tuning/ of letters, digits and ._~-"
            )
        wanted = [*names] or os.environ.get(NAMES_VARIABLE, "").split(",")
        hosts = [name.strip().lower() for name in wanted if name.strip()]
        for host in hosts:
            if not _NAME.fullmatch(host):
                raise HyperTendrilError(
                    f"The host name {host!r} must be one such as tuning.example.org, without "
                    "scheme, port and wildcards."
                )
        return cls(path, LOCAL_NAMES.union(hosts))


def without_prefix(application: WSGIApplication, prefix: str) -> WSGIApplication:
    """Return the application for paths that begin with `prefix`, and for those that do not.

    Some front servers take off the path below which they show a page, others leave it.
    """

    def stripped(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path.startswith(prefix):
            environ = environ | {"PATH_INFO": path[len(prefix) - 1 :]}
        return application(environ, start)

    return stripped
