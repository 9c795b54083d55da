"""The real `Queue()` and its model: the same few callers meet the same, over real SIP.

Two agents; a third caller looks once a second; a fourth gives up; a fifth comes just after both
agents got free and before the third has looked again.
"""

from __future__ import annotations

import numpy as np
import pytest

from ivr import resources
from ivr.bench.live_queue import play_live
from ivr.bench.live_queue_day import LiveDay
from ivr.bench.live_queue_seen import outcome_of
from ivr.bench.sip_tester import sipp
from ivr.bench.site import bench_folder
from queues.simulation.callers import Callers
from queues.simulation.house import alike
from queues.simulation.outcome import End
from queues.simulation.rival import AppQueue, run_rival

CALLERS = Callers(
    np.array([0.0, 0.3, 1.5, 1.7, 4.1]),
    np.zeros(5, dtype=np.int64),
    np.array([2.75, 2.45, 1.0, 1.0, 1.0]),  # both agents are free at 3.75
    np.array([99.0, 99.0, 99.0, 1.2, 99.0]),
)


async def test_a_real_queue_does_with_callers_what_the_model_says() -> None:
    day = LiveDay(alike(2), AppQueue(poll_s=1.0, ring_s=1.0), CALLERS, mark_s=20.0)
    program = sipp(resources.cache_folder(), print)
    with bench_folder() as folder:
        seen = await play_live(folder, program, day, print)
    live, model = outcome_of(seen, CALLERS), run_rival(day.house, CALLERS, day.app_queue)
    ends = [End.ANSWERED, End.ANSWERED, End.ANSWERED, End.HUNG_UP, End.ANSWERED]
    assert live.end.tolist() == model.end.tolist() == ends
    assert live.wait == pytest.approx(model.wait, abs=0.4)  # a look comes once a second
    answered = live.callers.arrived + live.wait
    assert answered[4] < answered[2]  # who came last, before who has waited
    assert (seen.cut, seen.rung_in_vain) == (0, 0)
