"""Why a call was served as it was: asked of the journal, away from the loop, one at a time."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path

from queues.api.asking import problems, signed_in_router
from queues.api.explanation_schema import ExplanationOut
from queues.api.problems import CALL_UNKNOWN, EXPLANATION_LATE, STORE_UNAVAILABLE, Refused
from queues.api.sign_in import SignIn
from queues.ids import CallId
from queues.store.errors import StoreError

DEADLINE_S: Final = 30.0  # for the wait until others are explained, and for the answer
Explain = Callable[[CallId], Awaitable[Mapping[str, Any] | None]]


def explanation_routes(
    sign_in: SignIn, explain: Explain, deadline_s: float = DEADLINE_S
) -> APIRouter:
    """Explanations. `explain` gives one as JSON values, None for a call of which nothing is known;
    it raises `StoreError`.
    """
    router = signed_in_router(sign_in)
    turn = asyncio.Semaphore(1)

    @router.get("/calls/{call}/explanation", tags=["calls"], responses=problems(404, 422, 503))
    async def explanation(
        call: Annotated[str, Path(min_length=1, max_length=100)],
    ) -> ExplanationOut:
        """Why this agent, why this wait, why not the other: for any call that the journal tells of.

        Each decision is asked again on the state before it. It takes a second or more.
        """
        try:
            async with asyncio.timeout(deadline_s), turn:
                found = await explain(CallId(call))
        except StoreError:
            raise Refused(STORE_UNAVAILABLE) from None
        except TimeoutError:
            raise Refused(EXPLANATION_LATE) from None
        if found is None:
            raise Refused(CALL_UNKNOWN)
        return ExplanationOut.model_validate(found)

    return router
