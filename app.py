"""HyperTendril's dashboard: `python app.py [SOURCE ...]`, or `gunicorn --workers 1 --threads 8 app:server`."""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path

from werkzeug.serving import make_server

from hypertendril.callbacks.serving import build
from hypertendril.errors import HyperTendrilError
from hypertendril.jobs.keeper import WorkerKeeper
from hypertendril.server.front import Front
from hypertendril.server.security import LOCAL_NAMES
from hypertendril.settings import Settings

EXAMPLES = Path(__file__).resolve().parent / "examples" / "studies"
# The page opens with the first: a search that every view has something to say about.
FIRST_EXAMPLE = "digits_random.json"


def bundled() -> list[Path]:
    """Return the example studies, the one the page opens with first."""
    return sorted(EXAMPLES.glob("*.json"), key=lambda path: (path.name != FIRST_EXAMPLE, path))


def main(arguments: list[str] | None = None) -> int:
    """Serve the dashboard until interrupted; return the exit status."""
    parser = argparse.ArgumentParser(prog="app.py", description=__doc__)
    parser.add_argument("sources", nargs="*", metavar="SOURCE", help="file, folder or storage URL")
    parser.add_argument("--host", default="127.0.0.1", choices=sorted(LOCAL_NAMES))
    parser.add_argument("--port", type=_port, default=8050, help="0 takes any free port")
    parser.add_argument("--data", help="data folder (default: .hypertendril)")
    parser.add_argument(
        "--root",
        action="append",
        default=[],
        metavar="FOLDER",
        help="the page may open results below it (default: the current folder, and the sources')",
    )
    parser.add_argument("--objectives", help="TOML file of the objectives that may be run")
    parser.add_argument("--prefix", metavar="PATH", help="where a front server shows the page")
    parser.add_argument(
        "--name",
        action="append",
        default=[],
        metavar="HOST",
        help="a host name under which a front server shows the page",
    )
    parser.add_argument("--no-worker", action="store_true", help="only look: run no jobs")
    told = parser.parse_args(arguments)
    # A line a request says nothing to the person who started this; errors still show.
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    try:
        settings = Settings.find(told.data, told.objectives)
        front = Front.find(told.prefix, told.name)
        app = build(told.sources or bundled(), settings, told.root, front)
        server = make_server(told.host, told.port, app.server, threaded=True)
        if not told.no_worker:
            WorkerKeeper(settings).start()
    except (HyperTendrilError, OSError) as error:
        print(f"app.py: {error}", file=sys.stderr)
        return 2
    print(
        f"HyperTendril is ready: http://{told.host}:{server.server_port}{front.prefix}", flush=True
    )
    server.serve_forever()  # until Ctrl-C
    jobs = "" if told.no_worker else " Jobs go on; the worker ends with the last of them."
    print(f"Stopped.{jobs}", file=sys.stderr)
    return 0


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 65535:
        raise argparse.ArgumentTypeError(f"{port} must be from 0 to 65535")
    return port


def __getattr__(name: str) -> object:
    """Build `app` and `server` when a WSGI server asks for them, so that importing costs nothing."""
    if name not in ("app", "server"):
        raise AttributeError(name)
    settings = Settings.find()
    app = build(bundled(), settings, front=Front.find())
    WorkerKeeper(settings).start()
    globals().update(app=app, server=app.server)
    return globals()[name]


if __name__ == "__main__":
    sys.exit(main())
