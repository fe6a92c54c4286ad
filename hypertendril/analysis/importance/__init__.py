"""The numbers of Hyperparameter importance: what matters, how sure that is, where the best trials lie."""

from hypertendril.analysis.importance.estimate import importance_of

__all__ = ["importance_of"]
