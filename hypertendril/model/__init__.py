"""Frozen dataclasses over numpy columns: what a study is, and nothing about how it is kept or shown."""

from hypertendril.model.columns import CurvePoints, Evaluations, Outcome, Trials, TrialState
from hypertendril.model.constraint import Constraint, broken_constraints, constraints_of
from hypertendril.model.selection import Brush, Selection
from hypertendril.model.space import Choice, Condition, Parameter, ParameterKind, SearchSpace
from hypertendril.model.study import Direction, Method, Objective, Skipped, Study, StudyHeader

__all__ = [
    "Brush",
    "Choice",
    "Condition",
    "Constraint",
    "CurvePoints",
    "Direction",
    "Evaluations",
    "Method",
    "Objective",
    "Outcome",
    "Parameter",
    "ParameterKind",
    "SearchSpace",
    "Selection",
    "Skipped",
    "Study",
    "StudyHeader",
    "TrialState",
    "Trials",
    "broken_constraints",
    "constraints_of",
]
