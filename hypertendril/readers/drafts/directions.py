"""Which way an objective is better, where a log does not say: from its name."""

from __future__ import annotations

import re

from hypertendril.model import Direction

_BETTER_WHEN_LOWER = re.compile(
    r"loss|err|cost|mse|mae|rmse|rmsle|mape|perplex|ppl|nll|logloss|time|latency|_ms$|seconds"
    r"|duration|regret|divergence|distance|size|flops|memory|wer\b|cer\b|brier|deviance"
    r"|verlust|fehler|perte|erreur|p[eé]rdida",
    re.IGNORECASE,
)
_BETTER_WHEN_HIGHER = re.compile(
    r"acc|auc|auroc|aupr|f1|fbeta|score|reward|return|precision|recall|r2|iou|dice|bleu|rouge"
    r"|map\b|ndcg|kappa|corr|sharpe|profit|throughput|likelihood|win|mrr|gain|fitness"
    r"|genauig|exactitud|pr[eé]cisi|trefferquote",
    re.IGNORECASE,
)


def direction_of(name: str) -> tuple[Direction, bool]:
    """Return the direction a name suggests, and whether it suggests any; minimize if it doesn't."""
    if re.match(r"\s*neg(ative)?[_ ]", name, re.IGNORECASE):
        return Direction.MAXIMIZE, True
    if re.match(r"\s*(1|one)[ _]?(-|minus)", name, re.IGNORECASE):
        return Direction.MINIMIZE, True
    if _BETTER_WHEN_LOWER.search(name):
        return Direction.MINIMIZE, True
    if _BETTER_WHEN_HIGHER.search(name):
        return Direction.MAXIMIZE, True
    return Direction.MINIMIZE, False


def rank_of(name: str) -> int:
    """Return how likely a metric is the objective: lower is likelier."""
    lowered = name.lower()
    is_goal = bool(_BETTER_WHEN_LOWER.search(name) or _BETTER_WHEN_HIGHER.search(name))
    is_goal = is_goal and not re.search(r"time|_ms$|seconds|size|memory|flops", lowered)
    is_held_out = bool(re.search(r"val|test|eval|dev|cv", lowered))
    is_train = "train" in lowered
    return 0 if is_goal and is_held_out else 1 if is_goal and not is_train else 2 if is_goal else 3
