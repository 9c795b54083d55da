"""What the report on told waits looks like, as JSON."""

from datetime import datetime

from pydantic import BaseModel

from queues.api.schema import NeedOut


class EstimatesOf(BaseModel):
    """Waits that were told a range when they began, and what came of it.

    Of `told` the range `held` so many; others were `shorter` or `longer`, also those who hung up
    once it was over. Who hung up before is `not_known`. `held_share` is of those that are known,
    `not_known_share` of all; null where there are none.
    """

    told: int
    held: int
    shorter: int
    longer: int
    not_known: int
    held_share: float | None
    not_known_share: float | None


class EstimatesOfNeed(EstimatesOf):
    """The same for the calls of one queue that asked for one need."""

    queue: str
    need: NeedOut


class EstimatesOut(BaseModel):
    """How true the told ranges were of waits that ended from `since` on and before `until`."""

    since: datetime
    until: datetime
    all: EstimatesOf
    needs: list[EstimatesOfNeed]
