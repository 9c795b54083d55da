"""What one row of the journal holds, as it goes to the store and comes back."""

from dataclasses import dataclass, field
from typing import Literal

from queues.centre.values.json_values import Plain

Kind = Literal["input", "fact", "lost"]  # lost: rows that were to stand here are missing


@dataclass(frozen=True, slots=True)
class JournalRow:
    """An input or a fact, written down.

    `seq` counts from 1 over all rows without a gap. `at` is the centre's time in Unix seconds and
    must come back from the store to the last bit, because a replay decides by it. `epoch` counts
    the starts of the service, `node` names the machine. `subject` is the id of the call, else of
    the agent, the offer or the place that the row is about, and empty if it is about none.
    """

    seq: int
    at: float
    epoch: int
    node: str
    kind: Kind
    type: str
    version: int
    subject: str
    payload: dict[str, Plain] = field(repr=False)
