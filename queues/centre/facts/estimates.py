"""Facts about how long calls will wait: what was learned of it, and what was foretold of one."""

from dataclasses import dataclass
from typing import ClassVar

from queues.centre.values.learned import Learned
from queues.centre.values.needs import Need
from queues.ids import CallId, QueueId


@dataclass(frozen=True, slots=True)
class EstimatesTaken:
    """From here on waits are foretold by this, learned of earlier calls."""

    TYPE: ClassVar[str] = "estimates_taken"
    VERSION: ClassVar[int] = 1
    at: float
    learned: Learned


@dataclass(frozen=True, slots=True)
class EstimateMade:
    """How long the wait that a call began will last was foretold, once and for all.

    Until its talk begins, in seconds from `at`: `expected_s` by the formula alone, `foretold_s`
    with what was learned besides, and in eight cases of ten from `low_s` to `high_s`. These are
    None while too few waits of its need were seen: then no range is told.

    By `policy` from the state: `ahead` calls that its agents can take came before, of which the
    first had waited `head_s`, and `agents` at work can take it.
    """

    TYPE: ClassVar[str] = "estimate_made"
    VERSION: ClassVar[int] = 1
    at: float
    call: CallId
    queue: QueueId
    need: Need
    policy: str
    expected_s: float
    foretold_s: float
    low_s: float | None
    high_s: float | None
    ahead: int
    head_s: float
    agents: int
