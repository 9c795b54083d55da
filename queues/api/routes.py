"""Which addresses the API has under /api/v1, and what each does."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Header, Path, Request, Response
from sse_starlette import EventSourceResponse

from queues.api.asking import CallPath, Cursor, Limit, problems, signed_in_router
from queues.api.pages import Row, page
from queues.api.problems import (
    AGENT_NOT_IN_WRAP_UP,
    AGENT_SIGNED_OUT,
    AGENT_UNKNOWN,
    CALL_UNKNOWN,
    REASON_UNKNOWN,
    Refused,
)
from queues.api.rows import agent_out, call_out, card_entry_out, queue_out
from queues.api.schema import (
    AgentOut,
    AgentsOut,
    CallsOut,
    CardOut,
    PauseIn,
    QueuesOut,
    SessionIn,
    WrapUpIn,
)
from queues.api.sign_in import COOKIE, SESSION_S, SignIn, check_origin
from queues.api.stream import TICK_S, live_response
from queues.cards import CardEntry
from queues.centre.facts.fact import Fact
from queues.centre.inputs.agents import PauseAsked, ReadyAsked, SignOutAsked, WrapUpAsked
from queues.centre.inputs.input import Input
from queues.centre.lives.agent import AgentState
from queues.dialogues import DialogueRow
from queues.ids import AgentId, CallId, QueueId
from queues.live import Hub
from queues.view import AgentRow, View


@dataclass(frozen=True, slots=True)
class Wiring:
    """What the routes stand on. `now` gives Unix seconds of the wall clock, as the views do.

    A change is answered once `counts` has come back.
    """

    submit: Callable[[Input], tuple[Fact, ...]]
    counts: Callable[[], Awaitable[None]]
    view: Callable[[], View]
    shown: Callable[[], View]
    now: Callable[[], float]
    hub: Hub
    card: Callable[[CallId], tuple[CardEntry, ...] | None]
    dialogues: Callable[[], tuple[DialogueRow, ...]]
    next_wait: Callable[[QueueId], tuple[float, float] | None]
    pause_reasons: tuple[str, ...]
    sign_in: SignIn
    tick_s: float = TICK_S


AgentPath = Annotated[str, Path(min_length=1, max_length=100)]


def session_routes(wiring: Wiring) -> APIRouter:
    """Sign-in and sign-out of a browser, whose live stream can send no header."""
    router = APIRouter(prefix="/api/v1", tags=["session"])

    @router.post("/session", status_code=204, responses=problems(400, 401, 403, 413, 422))
    async def sign_in(request: Request, response: Response, given: SessionIn) -> None:
        """Exchange the token for a session cookie of twelve hours."""
        check_origin(request, required=False)
        response.set_cookie(
            COOKIE,
            wiring.sign_in.open(given.token),
            max_age=int(SESSION_S),
            httponly=True,
            samesite="strict",
            secure=request.url.scheme == "https",
        )

    @router.delete("/session", status_code=204, responses=problems(403))
    async def sign_out(request: Request, response: Response) -> None:
        """End the session; its live streams end within seconds."""
        check_origin(request, required=wiring.sign_in.has_session(request))
        wiring.sign_in.close(request)
        response.delete_cookie(COOKIE, httponly=True, samesite="strict")

    return router


def queue_routes(wiring: Wiring) -> APIRouter:
    """What is read, what agents ask for, and the live stream."""
    router = signed_in_router(wiring.sign_in)

    def at() -> datetime:
        return datetime.fromtimestamp(wiring.now(), tz=UTC)

    def known(name: str) -> AgentRow:
        row = wiring.view().agent(name)
        if row is None:
            raise Refused(AGENT_UNKNOWN)
        return row

    async def done(what: ReadyAsked | PauseAsked | WrapUpAsked | SignOutAsked) -> AgentOut:
        wiring.submit(what)
        then = agent_out(known(what.agent))
        await wiring.counts()
        return then

    @router.get("/queues", tags=["queues"])
    async def queues() -> QueuesOut:
        """How many wait where, for how long, and with whom at work."""
        view, now = wiring.view(), wiring.now()
        rows = []
        for row in view.queues:
            rows.append(queue_out(row, now, wiring.next_wait(QueueId(row.queue))))
            await asyncio.sleep(0)  # with many callers each takes a millisecond or two
        return QueuesOut(seq=view.seq, at=at(), queues=rows)

    @router.get("/calls", tags=["calls"], responses=problems(400, 422))
    async def calls(limit: Limit = 50, cursor: Cursor = None) -> CallsOut:
        """All calls, the longest there first, page by page: in a dialogue, waiting or talking."""
        view, now = wiring.view(), wiring.now()
        in_centre = {row.call for row in view.calls}
        dialogues = [row for row in wiring.dialogues() if row.call not in in_centre]
        everybody: list[Row] = [*view.calls, *dialogues]
        everybody.sort(key=lambda row: (row.since, row.call))
        rows, following = page(everybody, limit, cursor)
        shown = [call_out(row, now) for row in rows]
        return CallsOut(seq=view.seq, at=at(), calls=shown, next=following)

    @router.get("/calls/{call}/card", tags=["calls"], responses=problems(404, 422))
    async def card(call: CallPath) -> CardOut:
        """What the caller of a live call said and keyed in so far."""
        entries = wiring.card(CallId(call))
        if entries is None:
            raise Refused(CALL_UNKNOWN)
        return CardOut(call=call, entries=[card_entry_out(entry) for entry in entries])

    @router.get("/agents", tags=["agents"])
    async def agents() -> AgentsOut:
        """What each agent does, and whether the phone can be reached."""
        view = wiring.view()
        rows = [agent_out(row) for row in view.agents]
        reasons = list(wiring.pause_reasons)
        return AgentsOut(seq=view.seq, at=at(), agents=rows, pause_reasons=reasons)

    @router.post("/agents/{agent}/ready", tags=["agents"], responses=problems(403, 404, 422, 503))
    async def ready(agent: AgentPath) -> AgentOut:
        """Ask for calls; signs in who was signed out. In a talk: for after it."""
        known(agent)
        return await done(ReadyAsked(AgentId(agent)))

    @router.post(
        "/agents/{agent}/pause",
        tags=["agents"],
        responses=problems(400, 403, 404, 409, 413, 422, 503),
    )
    async def pause(agent: AgentPath, given: PauseIn) -> AgentOut:
        """Ask for no further calls. A ringing call goes to somebody else. In a talk: for after.

        The reason is one of `pause_reasons` of `GET /api/v1/agents`.
        """
        if given.reason not in wiring.pause_reasons:
            raise Refused(REASON_UNKNOWN)
        if known(agent).state == AgentState.SIGNED_OUT:
            raise Refused(AGENT_SIGNED_OUT)
        return await done(PauseAsked(AgentId(agent), given.reason))

    @router.post(
        "/agents/{agent}/wrap-up",
        tags=["agents"],
        responses=problems(400, 403, 404, 409, 413, 422, 503),
    )
    async def wrap_up(agent: AgentPath, given: WrapUpIn) -> AgentOut:
        """Let wrap-up last so long in all, counted from the talk's end; it is never made shorter.

        Asked for twice it is the same. Who is done asks for ready.
        """
        if known(agent).state != AgentState.WRAP_UP:
            raise Refused(AGENT_NOT_IN_WRAP_UP)
        return await done(WrapUpAsked(AgentId(agent), given.lasts_s))

    @router.post(
        "/agents/{agent}/sign-out", tags=["agents"], responses=problems(403, 404, 422, 503)
    )
    async def sign_out(agent: AgentPath) -> AgentOut:
        """Go home. A ringing call goes to somebody else. In a talk: for after it."""
        known(agent)
        return await done(SignOutAsked(AgentId(agent)))

    @router.get(
        "/live",
        tags=["live"],
        response_class=EventSourceResponse,
        responses={200: {"content": {"text/event-stream": {}}, "description": "The stream."}},
    )
    async def live(
        request: Request, last_event_id: Annotated[str | None, Header(max_length=100)] = None
    ) -> EventSourceResponse:
        """Server-sent events: `snapshot`, then every `fact` by number, and a `tick` each 5 s.

        With Last-Event-ID the stream goes on after that event if it is still kept. A gap in the
        numbers means: reconnect without it.
        """
        return live_response(
            wiring.hub,
            last_event_id,
            view=wiring.shown,
            now=wiring.now,
            is_allowed=lambda: wiring.sign_in.is_allowed(request),
            tick_s=wiring.tick_s,
        )

    return router
