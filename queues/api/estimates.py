"""How true the waits were that callers were told: the hit rate of the ranges, by need."""

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Query
from pydantic import AwareDatetime

from queues.api.asking import problems, signed_in_router
from queues.api.estimate_schema import EstimatesOf, EstimatesOfNeed, EstimatesOut
from queues.api.problems import STORE_UNAVAILABLE, Refused
from queues.api.schema import NeedOut
from queues.api.sign_in import SignIn
from queues.centre.estimates.came_true import CameTrue
from queues.record_rows import EstimateCount
from queues.store.errors import StoreError

ReadEstimates = Callable[[float, float], tuple[EstimateCount, ...]]
_USUAL: Final = timedelta(days=7)

Moment = Annotated[AwareDatetime | None, Query()]


def estimate_routes(sign_in: SignIn, read: ReadEstimates, now: Callable[[], float]) -> APIRouter:
    """The report. `read` counts waits that ended between two times (Unix seconds); it may block."""
    router = signed_in_router(sign_in)

    @router.get("/reports/estimates", tags=["reports"], responses=problems(422, 503))
    async def estimates(since: Moment = None, until: Moment = None) -> EstimatesOut:
        """How many of the ranges told held, by need; the share that is not known beside it.

        Of waits that ended from `since` on and before `until`, the last seven days without.
        """
        end = datetime.fromtimestamp(now(), tz=UTC) if until is None else until
        begin = _week_before(end) if since is None else since
        try:
            counts = await asyncio.to_thread(read, begin.timestamp(), end.timestamp())
        except StoreError:
            raise Refused(STORE_UNAVAILABLE) from None
        needs = list(dict.fromkeys((each.queue, each.need) for each in counts))
        return EstimatesOut(
            since=begin,
            until=end,
            all=_of(counts),
            needs=[
                EstimatesOfNeed(
                    queue=queue,
                    need=_need_out(need),
                    **dict(_of(c for c in counts if (c.queue, c.need) == (queue, need))),
                )
                for queue, need in needs
            ],
        )

    return router


def _week_before(end: datetime) -> datetime:
    try:
        return end - _USUAL
    except OverflowError:  # of the first week that there is
        return end


def _of(counts: Iterable[EstimateCount]) -> EstimatesOf:
    found = Counter[str]()
    for each in counts:
        found[each.came_true] += each.waits
    known = sum(found[each] for each in CameTrue if each is not CameTrue.NOT_KNOWN)
    told, held, not_known = found.total(), found[CameTrue.HELD], found[CameTrue.NOT_KNOWN]
    return EstimatesOf(
        told=told,
        held=held,
        shorter=found[CameTrue.SHORTER],
        longer=found[CameTrue.LONGER],
        not_known=not_known,
        held_share=round(held / known, 4) if known else None,
        not_known_share=round(not_known / told, 4) if told else None,
    )


def _need_out(text: str) -> NeedOut:
    need = json.loads(text)
    return NeedOut(
        skills={each["skill"]: each["level"] for each in need["skills"]},
        language=need["language"],
    )
