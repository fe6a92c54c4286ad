from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from hypertendril.guidance.diagnosis import Verdict, diagnose
from hypertendril.model import Study
from tests.property.test_analysis_numbers import studies


@given(study=studies(), data=st.data(), method=st.sampled_from(["random", "tpe"]))
def test_any_study_gets_findings_that_hold_together(
    study: Study, data: st.DataObject, method: str
) -> None:
    e = len(study.evaluations)
    study.evaluations.resource[:] = data.draw(hnp.arrays(np.float64, e, elements=st.floats(0, 9)))
    study.evaluations.outcome[:] = data.draw(hnp.arrays(np.int8, e, elements=st.integers(0, 4)))
    header = replace(study.header, method=replace(study.header.method, name=method))
    for finding in diagnose(replace(study, header=header)):
        assert (finding.statistic is None) == (finding.verdict is Verdict.UNKNOWN)
        assert bool(finding.advice) == (finding.verdict in (Verdict.ACT, Verdict.WATCH))
        assert finding.parameter is None or finding.parameter in study.space
        assert all(0 <= row < len(study) for row in finding.rows)
