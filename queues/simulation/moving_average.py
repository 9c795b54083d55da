"""What Asterisk's app_queue would have announced to each caller: its moving average of waits.

Each time a call of the queue is answered, its wait counts for a quarter and what was there before
for three (`recalc_holdtime` of apps/app_queue.c); a caller is told what stands there on arrival.
"""

import numpy as np

from queues.simulation.laws import Floats
from queues.simulation.outcome import Outcome


def announced(outcome: Outcome) -> Floats:
    """Give what each caller would have been told, in seconds: of the caller's own need's queue."""
    arrived, need = outcome.callers.arrived, outcome.callers.need
    told = np.zeros(len(arrived))
    for queue in np.unique(need):
        mine = need == queue
        answered = np.flatnonzero(mine & outcome.answered)
        at = arrived[answered] + outcome.wait[answered]
        order = np.argsort(at, kind="stable")
        average, averages = 0.0, [0.0]
        for wait in outcome.wait[answered][order].tolist():
            average = (3 * average + wait) / 4
            averages.append(average)
        stands = np.array(averages)
        told[mine] = stands[np.searchsorted(at[order], arrived[mine], side="right")]
    return told
