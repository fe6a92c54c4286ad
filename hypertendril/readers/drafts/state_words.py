"""The words by which programs say how a trial stands."""

from __future__ import annotations

from hypertendril.model import TrialState

_WORDS = {state.name.lower(): state for state in TrialState} | {
    **dict.fromkeys(
        ("completed", "finished", "success", "succeeded", "done", "terminated", "ok"),
        TrialState.COMPLETE,
    ),
    # Of Neptune, ClearML, TensorBoard.
    **dict.fromkeys(("inactive", "closed", "status_success"), TrialState.COMPLETE),
    **dict.fromkeys(
        ("active", "in_progress", "in progress", "started", "publishing", "status_running"),
        TrialState.RUNNING,
    ),
    **dict.fromkeys(
        ("scheduled", "queued", "created", "pending", "in_queue", "draft", "candidate", "staged"),
        TrialState.WAITING,
    ),
    **dict.fromkeys(("stopped", "early stopped", "early_stopped"), TrialState.PRUNED),
}
_BAD = ("fail", "crash", "kill", "abort", "error", "preempt", "cancel", "infeasible", "abandon")


def state_of(word: str) -> TrialState | None:
    """Return the state a word stands for, None for a word that is none."""
    word = word.strip().lower()
    if any(part in word for part in _BAD):
        return TrialState.FAILED
    return _WORDS.get(word)
