"""How a command asks the service that runs beside it."""

from __future__ import annotations

from typing import Any, Final

import httpx

from ivr.place.runfile import RunFile

_ANSWER_S: Final = 5.0


class NoAnswer(Exception):
    """The service does not answer, or says what is no JSON."""


def ask(run: RunFile, method: str, path: str, **request: Any) -> tuple[httpx.Response, Any]:
    """Give its answer to a request, and what that says; `request` is as httpx takes it.

    Raises `NoAnswer`.
    """
    try:
        # Not through a proxy of the environment: the service is on this machine.
        with httpx.Client(trust_env=False, timeout=_ANSWER_S) as client:
            answer = client.request(method, f"{run.address}{path}", **request)
        return answer, answer.json()
    except (httpx.HTTPError, ValueError):
        raise NoAnswer(
            f"the service (process {run.pid}) does not answer at {run.address}"
        ) from None
