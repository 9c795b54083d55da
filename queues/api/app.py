"""How the API is put together: routes, errors, shield, health and docs."""

from collections.abc import Awaitable, Callable, Iterable
from typing import Final

from fastapi import FastAPI, Response
from fastapi.responses import HTMLResponse, PlainTextResponse

from queues.api.docs import STYLE, docs_page
from queues.api.doors import door_routes
from queues.api.estimates import ReadEstimates, estimate_routes
from queues.api.explanations import Explain, explanation_routes
from queues.api.health import HealthReport, HealthStatus
from queues.api.problems import NOT_KNOWN_TO_COUNT, Refused, answer_all_errors
from queues.api.reports import ReadMissed, report_routes
from queues.api.routes import Wiring, queue_routes, session_routes
from queues.api.schema import HealthOut, HealthReasonOut
from queues.api.shield import Shield
from queues.api.sign_in import SESSION_S, SignIn
from queues.api.stream import TICK_S
from queues.api.transfers import transfer_routes
from queues.cards import CardEntry
from queues.centre.facts.fact import Fact
from queues.centre.inputs.input import Input
from queues.dialogues import DialogueRow
from queues.dispatcher import NotStored
from queues.ids import CallId, QueueId
from queues.live import Hub
from queues.view import View

METRICS_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"


def create_app(
    *,
    submit: Callable[[Input], tuple[Fact, ...]],
    settled: Callable[[], Awaitable[None]],
    view: Callable[[], View],
    now: Callable[[], float],
    hub: Hub,
    token: str,
    health: Callable[[], HealthReport],
    metrics: Callable[[], bytes],
    card: Callable[[CallId], tuple[CardEntry, ...] | None],
    dialogues: Callable[[], tuple[DialogueRow, ...]],
    missed: ReadMissed,
    estimates: ReadEstimates,
    next_wait: Callable[[QueueId], tuple[float, float] | None],
    explain: Explain,
    pause_reasons: Iterable[str] = (),
    shown: Callable[[], View] | None = None,
    hosts: Iterable[str] = (),
    session_s: float = SESSION_S,
    tick_s: float = TICK_S,
) -> FastAPI:
    """Give the app. It reads views and submits inputs; it never sees the centre's state.

    `settled` waits until all that was submitted counts, and raises `NotStored` where that is not
    known: no change is answered before, for what was said to be done must outlive a kill.
    `view` gives the picture after the last decision, `shown` the one after the last fact that the
    hub was told of, if that may be another. `now` gives Unix seconds of the wall clock as the rows
    of the views have it. `metrics` gives the text that Prometheus reads, `card` what a live call's
    caller said and keyed in, None for any other call, `dialogues` the calls that a dialogue has,
    those that are in the centre too or not. `missed` reads missed calls from the records, in a
    thread: so many, from before that journal row; `estimates` counts there how told waits came out
    between two times. `next_wait` gives the range in seconds that who came now into a queue would
    be told. `explain` gives the explanation of a call as JSON
    values, None for one of which the journal tells nothing. `pause_reasons` are those that an agent
    may give. `hosts` are the names besides loopback under which the service is reached, without
    ports. `session_s` and `tick_s` are seconds. Raises ValueError for a token under 16 characters.
    """
    app = FastAPI(
        title="Freizeichen",
        summary="Who waits, who serves, what was promised.",
        version="1",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )

    async def counts() -> None:
        try:
            await settled()
        except NotStored:
            raise Refused(NOT_KNOWN_TO_COUNT) from None

    wiring = Wiring(
        submit=submit,
        counts=counts,
        view=view,
        shown=shown or view,
        now=now,
        hub=hub,
        card=card,
        dialogues=dialogues,
        next_wait=next_wait,
        pause_reasons=tuple(pause_reasons),
        sign_in=SignIn(token, now, session_s=session_s),
        tick_s=tick_s,
    )
    answer_all_errors(app)
    app.add_middleware(Shield, hosts=tuple(hosts))
    app.include_router(session_routes(wiring))
    app.include_router(queue_routes(wiring))
    app.include_router(transfer_routes(wiring.sign_in, submit, counts, view, now))
    app.include_router(door_routes(wiring.sign_in, submit, counts, view, now, next_wait))
    app.include_router(report_routes(wiring.sign_in, missed))
    app.include_router(estimate_routes(wiring.sign_in, estimates, now))
    app.include_router(explanation_routes(wiring.sign_in, explain))

    @app.get(
        "/health",
        tags=["health"],
        responses={503: {"model": HealthOut, "description": "Calls would not be answered."}},
    )
    async def tell_health(response: Response) -> HealthOut:
        """Tell whether a call would be answered now. Needs no sign-in."""
        report = health()
        if report.status is HealthStatus.DOWN:
            response.status_code = 503
        figures = {name: round(value, 4) for name, value in report.figures.items()}
        return HealthOut(
            status=report.status,
            checks=dict(report.checks),
            reasons={
                part: [HealthReasonOut(code=reason.code, text=reason.text) for reason in reasons]
                for part, reasons in report.reasons.items()
                if reasons
            },
            figures=figures,
        )

    @app.get("/metrics", tags=["health"], response_class=PlainTextResponse)
    async def tell_metrics() -> Response:
        """Tell load, lag and counts for Prometheus. Needs no sign-in: no numbers, no names."""
        return Response(metrics(), media_type=METRICS_TYPE)

    @app.get("/docs", include_in_schema=False)
    async def docs() -> HTMLResponse:
        return HTMLResponse(docs_page(app.openapi()))

    @app.get("/docs/style.css", include_in_schema=False)
    async def style() -> Response:
        return Response(STYLE, media_type="text/css")

    return app
