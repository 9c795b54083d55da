"""A scene whose inputs and facts are rows, as the dispatcher would have journalled them."""

from queues.centre.facts.fact import Fact
from queues.centre.inputs.input import Input
from queues.centre.inputs.settings import SettingsLoaded
from queues.centre.journal.codec import fact_row, input_row
from queues.centre.journal.row import JournalRow
from tests.unit.queues.scenes import Scene


class Written(Scene):
    """Keeps `rows` beside the facts."""

    def __init__(self, loaded: SettingsLoaded) -> None:
        self.rows: list[JournalRow] = []
        super().__init__(loaded)

    def take(self, what: Input, *, after: float = 0.0) -> tuple[Fact, ...]:
        facts = super().take(what, after=after)
        seq = len(self.rows) + 1
        self.rows.append(input_row(what, seq=seq, at=self.now, epoch=1, node="n1"))
        self.rows.extend(
            fact_row(fact, seq=seq + n, epoch=1, node="n1") for n, fact in enumerate(facts, 1)
        )
        return facts
