"""What a policy says of a waiting call: how urgent it is, and its place among equals."""

from collections.abc import Callable, Iterator
from typing import Final

from queues.centre.inputs.settings import QueueSetting
from queues.centre.pools import CallRank, Pool

PAST_CAP: Final = 0
IN_TIME: Final = 1  # also a call of a policy that knows no mark
LATE: Final = 2

Standing = tuple[int, CallRank]
InOrder = Callable[[Pool, QueueSetting, float], Iterator[Standing]]
