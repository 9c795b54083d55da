"""A simulated day written down as a journal: of it everything is known to a replay."""

from collections.abc import Mapping

import numpy as np

from queues.centre.facts.fact import Fact
from queues.centre.inputs.input import Input
from queues.centre.journal.codec import fact_row, input_row
from queues.centre.journal.row import JournalRow
from queues.centre.state import Centre
from queues.centre.step import step
from queues.simulation.callers import Callers, Demand, draw_callers
from queues.simulation.changes import script_of
from queues.simulation.fit import Laws, draw_again
from queues.simulation.house import House, entering, opening
from queues.simulation.laws import Exponential, Lognormal
from queues.simulation.outcome import Outcome
from queues.simulation.play import Script, Step, play
from queues.simulation.recorded import Kind, RecordedDay, Recorder

HOURS_S = 4 * 3600.0
HOUSE = House(("bill", "repair"), (("bill",), ("bill", "repair"), ("repair",)) * 3, 4.0, 5.0)
TALK, PATIENCE = Lognormal(180.0, 1.0), Exponential(200.0)
DEMAND = Demand(HOURS_S, 0.055, (0.6, 0.4), TALK, PATIENCE)


def script(house: House, callers: Callers) -> Script:
    entries = [entering(house, n, int(need)) for n, need in enumerate(callers.need)]
    return Script([(0.0, what) for what in opening(house)], entries, house.ring_s)


def written_down(
    house: House = HOUSE, demand: Demand = DEMAND, seed: int = 1
) -> tuple[list[JournalRow], Outcome]:
    """The journal of a day that begins at 0 Unix seconds, and what became of each caller."""
    callers = draw_callers(demand, seed)
    rows: list[JournalRow] = []
    return rows, play(script(house, callers), callers, take=_writing(rows))


def written_as(day: RecordedDay, laws: Mapping[Kind, Laws], seed: int = 1) -> list[JournalRow]:
    """The journal that a day would have left if it had been as one draw of it is simulated."""
    rows: list[JournalRow] = []
    play(script_of(day), draw_again(day, laws, seed), take=_writing(rows))
    return rows


def _writing(rows: list[JournalRow]) -> Step:
    def take(centre: Centre, what: Input, now: float) -> tuple[Fact, ...]:
        facts = step(centre, what, now)
        rows.append(input_row(what, seq=len(rows) + 1, at=now, epoch=1, node="n"))
        for fact in facts:
            rows.append(fact_row(fact, seq=len(rows) + 1, epoch=1, node="n"))
        return facts

    return take


def recorded(rows: list[JournalRow], begins: float = 0.0, ends: float = HOURS_S) -> RecordedDay:
    recorder = Recorder(begins, ends)
    for row in rows:
        if not recorder.take(row):
            break
    return recorder.day()


def callers_at(*each: tuple[float, float, float]) -> Callers:
    """Callers by arrival, talk and patience, all with the first need."""
    arrived, service, patience = (np.array(c, dtype=float) for c in zip(*each, strict=True))
    return Callers(arrived, np.zeros(len(each), dtype=np.int64), service, patience)
