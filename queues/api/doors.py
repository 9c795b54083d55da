"""Closing a queue by hand, and opening it again: who may be named, which times make sense."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter, Path

from queues.api.asking import problems, signed_in_router
from queues.api.problems import (
    AGENT_UNKNOWN,
    NO_SUCH_QUEUE,
    QUEUE_NOT_CLOSED,
    TIMES_CONTRADICT,
    Refused,
)
from queues.api.rows import queue_out
from queues.api.schema import CloseIn, OpenIn, QueueOut
from queues.api.sign_in import SignIn
from queues.centre.inputs.doors import CloseAsked, OpenAsked
from queues.centre.inputs.input import Input
from queues.ids import AgentId, QueueId
from queues.view import QueueRow, View

_FARTHEST_S: Final = 366 * 86_400.0

QueuePath = Annotated[str, Path(min_length=1, max_length=100)]


def door_routes(
    sign_in: SignIn,
    submit: Callable[[Input], object],
    counts: Callable[[], Awaitable[None]],
    view: Callable[[], View],
    now: Callable[[], float],
    next_wait: Callable[[QueueId], tuple[float, float] | None],
) -> APIRouter:
    """Give the routes; see `create_app` for what they stand on."""
    router = signed_in_router(sign_in)

    def shown(name: str) -> QueueOut:
        return queue_out(known(name), now(), next_wait(QueueId(name)))

    async def done(name: str, what: CloseAsked | OpenAsked) -> QueueOut:
        submit(what)
        then = shown(name)
        await counts()
        return then

    def known(name: str) -> QueueRow:
        row = next((row for row in view().queues if row.queue == name), None)
        if row is None:
            raise Refused(NO_SUCH_QUEUE)
        return row

    def who(name: str | None) -> AgentId | None:
        if name is not None and view().agent(name) is None:
            raise Refused(AGENT_UNKNOWN)
        return None if name is None else AgentId(name)

    @router.post(
        "/queues/{queue}/close", tags=["queues"], responses=problems(400, 403, 404, 413, 422, 503)
    )
    async def close(queue: QueuePath, given: CloseIn) -> QueueOut:
        """Close a queue early, now or later. Who waits when it closes goes to `when_closed`.

        Asked for again it is closed as said last.
        """
        known(queue)
        by, since, until = who(given.by), _unix(given.since), _unix(given.until)
        if until is not None and until <= max(now(), since or 0.0):
            raise Refused(TIMES_CONTRADICT)
        if max(since or 0.0, until or 0.0) > now() + _FARTHEST_S:
            raise Refused(TIMES_CONTRADICT)
        return await done(queue, CloseAsked(QueueId(queue), by, since, until))

    @router.post(
        "/queues/{queue}/open",
        tags=["queues"],
        responses=problems(400, 403, 404, 409, 413, 422, 503),
    )
    async def open_again(queue: QueuePath, given: OpenIn) -> QueueOut:
        """Lift a closing by hand. Outside of its hours the queue stays closed."""
        by = who(given.by)
        if known(queue).terms.shut is None:
            raise Refused(QUEUE_NOT_CLOSED)
        return await done(queue, OpenAsked(QueueId(queue), by))

    return router


def _unix(at: datetime | None) -> float | None:
    return None if at is None else at.timestamp()
