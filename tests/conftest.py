"""Settings all tests share."""

from __future__ import annotations

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
