"""Settings all tests share."""

from __future__ import annotations

import os
import secrets

from hypothesis import HealthCheck, settings

# The same examples at every run, and no clock: a busy machine is no reason to fail.
settings.register_profile(
    "fixed",
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
# New examples at every run, and many: make test ARGS="tests/property --hypothesis-profile=explore"
settings.register_profile(
    "explore", parent=settings.get_profile("fixed"), derandomize=False, max_examples=1000
)
settings.load_profile("fixed")

# Nobody else shall run anything on a cluster of a test. Ray reads this once in a process, whichever
# test loads it first.
os.environ |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
