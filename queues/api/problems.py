"""Which HTTP status and which stable code each error has, as `application/problem+json` (RFC 9457).

No problem repeats what a request held: what is wrong is named by place and rule, never by value.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

MEDIA_TYPE: Final = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Problem:
    """An error for the client. `code` is stable; `detail` says what to do and holds no values."""

    status: int
    code: str
    title: str
    detail: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


class Refused(Exception):
    """A request is answered by this problem."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.code)
        self.problem = problem


class ProblemOut(BaseModel):
    """What an error looks like."""

    type: str = Field(description="urn:freizeichen:problem:<code>")
    title: str
    status: int
    code: str = Field(description="stable; to be used by programs")
    detail: str | None = None
    errors: list[dict[str, str]] | None = Field(
        default=None, description="for 422: where (`at`) and which rule (`rule`)"
    )


UNAUTHORISED: Final = Problem(
    401,
    "sign-in-required",
    "Sign-in required",
    "Send Authorization: Bearer TOKEN, or sign in at POST /api/v1/session.",
    {"WWW-Authenticate": 'Bearer realm="freizeichen"'},
)
FOREIGN_ORIGIN: Final = Problem(
    403,
    "foreign-origin",
    "Not from our own pages",
    "A change with a session cookie must come from a page of this address.",
)
FOREIGN_HOST: Final = Problem(
    400,
    "foreign-host",
    "Not our name",
    "Use an address that the service is configured for, or a loopback address.",
)
TOO_LARGE: Final = Problem(413, "body-too-large", "Body too large", "64 KiB are the limit.")
AGENT_UNKNOWN: Final = Problem(404, "agent-unknown", "No such agent", "See GET /api/v1/agents.")
CALL_UNKNOWN: Final = Problem(404, "call-unknown", "No such call", "See GET /api/v1/calls.")
AGENT_SIGNED_OUT: Final = Problem(
    409, "agent-signed-out", "Agent is signed out", "Ask for ready first."
)
AGENT_NOT_IN_WRAP_UP: Final = Problem(
    409, "agent-not-in-wrap-up", "Agent is not in wrap-up", "There is nothing to extend."
)
REASON_UNKNOWN: Final = Problem(
    422, "reason-unknown", "No such reason", "See `pause_reasons` of GET /api/v1/agents."
)
QUEUE_UNKNOWN: Final = Problem(422, "queue-unknown", "No such queue", "See GET /api/v1/queues.")
NO_SUCH_QUEUE: Final = Problem(404, "no-such-queue", "No such queue", "See GET /api/v1/queues.")
QUEUE_NOT_CLOSED: Final = Problem(
    409, "queue-not-closed", "Queue is not closed by hand", "Its hours stand in the settings."
)
TIMES_CONTRADICT: Final = Problem(
    422,
    "times-contradict",
    "Times contradict",
    "`until` is to lie after now and after `from`, and both within a year.",
)
SKILL_UNKNOWN: Final = Problem(
    422, "skill-unknown", "No such skill", "No agent of the settings has it, at any level."
)
LANGUAGE_UNKNOWN: Final = Problem(
    422, "language-unknown", "No such language", "No agent of the settings speaks it."
)
CALL_NOT_TALKING: Final = Problem(
    409,
    "call-not-talking",
    "No agent talks with this caller",
    "Only a call in a talk is passed on.",
)
CALL_NOT_YOURS: Final = Problem(
    409, "call-not-yours", "Another agent talks with this caller", "See `agent` of the call."
)
AGENT_CANNOT: Final = Problem(
    409,
    "agent-cannot-take-it",
    "This agent cannot take the call",
    "Name one who is at work, serves the queue and has what is asked for, or a queue alone.",
)
QUEUE_FULL: Final = Problem(
    409,
    "queue-full",
    "As many wait in this queue as may",
    "Name another queue, or ask again later.",
)
AGENT_BUSY: Final = Problem(
    409,
    "agent-busy",
    "This agent is not free to be asked",
    "Name one who is ready, or a queue alone: its next free agent is asked.",
)
CALL_HELD: Final = Problem(
    409,
    "call-held",
    "The caller is held",
    "Complete the transfer or take the caller back first.",
)
CALL_NOT_HELD: Final = Problem(
    409, "call-not-held", "The caller is not held", "No agent is being asked about this call."
)
NOBODY_REACHED: Final = Problem(
    409,
    "nobody-reached",
    "Nobody who is asked has picked up yet",
    "Wait for `consult` of the call to be `talking`, or take the caller back.",
)
CURSOR_UNKNOWN: Final = Problem(
    400, "cursor-unknown", "No such cursor", "Use `next` of an earlier answer, or none."
)
VALUES_REFUSED: Final = Problem(422, "values-refused", "Values refused", "See `errors`.")
STORE_UNAVAILABLE: Final = Problem(
    503,
    "store-unavailable",
    "Records cannot be read just now",
    "Calls are served all the same; GET /health tells of the journal. Ask again in a while.",
    {"Retry-After": "5"},
)
EXPLANATION_LATE: Final = Problem(
    503,
    "explanation-late",
    "The explanation takes too long",
    "Ask again later, or use `freizeichen explain CALL`, which waits for it.",
    {"Retry-After": "30"},
)
NOT_KNOWN_TO_COUNT: Final = Problem(
    503,
    "not-known-to-count",
    "Whether this counts is not known",
    "Another service may have taken over. Look at how things are now before asking again.",
)
FAULT: Final = Problem(500, "fault", "Our fault", "It is in the service's log.")

_STATUS: Final = {
    400: Problem(400, "body-unreadable", "Body cannot be read", "Send JSON in UTF-8."),
    404: Problem(404, "not-found", "Nothing here", "See /docs."),
    405: Problem(405, "method-not-allowed", "Method not allowed", "See /docs."),
    413: TOO_LARGE,
}


def response(problem: Problem, **more: object) -> JSONResponse:
    """Give a problem as an HTTP response."""
    return JSONResponse(
        body(problem) | more, problem.status, headers=dict(problem.headers), media_type=MEDIA_TYPE
    )


def body(problem: Problem) -> dict[str, object]:
    """Give a problem as the values of its JSON."""
    values: dict[str, object] = {
        "type": f"urn:freizeichen:problem:{problem.code}",
        "title": problem.title,
        "status": problem.status,
        "code": problem.code,
    }
    return values | ({"detail": problem.detail} if problem.detail else {})


def encoded(problem: Problem) -> bytes:
    """Give a problem as the bytes of its JSON, for where no framework answers."""
    return json.dumps(body(problem)).encode()


def answer_all_errors(app: FastAPI) -> None:
    """Let every error of the app be answered as a problem."""

    @app.exception_handler(Refused)
    async def of_problem(_: Request, error: Refused) -> JSONResponse:
        return response(error.problem)

    @app.exception_handler(HTTPException)
    async def of_http(_: Request, error: HTTPException) -> JSONResponse:
        known = _STATUS.get(error.status_code)
        if known is None:
            known = Problem(error.status_code, f"http-{error.status_code}", "Request refused")
        return response(replace(known, headers=dict(error.headers or {}) | dict(known.headers)))

    @app.exception_handler(RequestValidationError)
    async def of_values(_: Request, error: RequestValidationError) -> JSONResponse:
        found = [
            {"at": _place(one["loc"], one["type"]), "rule": one["type"]} for one in error.errors()
        ]
        return response(VALUES_REFUSED, errors=found)


def _place(location: tuple[object, ...], rule: str) -> str:
    """Name where a value stands; an unknown field's name is the sender's own text: left out."""
    parts = location[:-1] if rule == "extra_forbidden" else location
    return "/".join(str(part) for part in parts)
