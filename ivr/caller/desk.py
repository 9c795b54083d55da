"""Decides how the service is told that a script's agent is ready or leaves, and asked of calls."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

import httpx
from pydantic import AwareDatetime, BaseModel, Field, ValidationError

from ivr.caller.agent_phone import AgentUnavailable

_ANSWER_S = 5.0
_READY_WITHIN_S = 8.0
_AGAIN = {404, 409, 422, 425, 429, 503}  # a phone just registered may not be known yet
_PAGES = 20


class ConsultRow(BaseModel):
    """Whom the agent of a held call asks."""

    state: str
    agent: str | None


class CallRow(BaseModel):
    """A call that waits or talks, as far as a caller needs it to find its own."""

    id: str
    line: str
    state: str
    agent: str | None
    queue: str | None = None
    consult: ConsultRow | None = None


class CardEntry(BaseModel):
    """What the service understood once: at which node, by key or by voice, what, where it led.

    `at` is a moment of the service's wall clock; None where the service does not know it.
    """

    at: AwareDatetime | None = None
    node: str
    by: str
    said: str = Field(repr=False)
    led_to: str | None = None


class _CallsPage(BaseModel):
    calls: list[CallRow]
    next: str | None = None


class _Card(BaseModel):
    entries: list[CardEntry]


_Answer = TypeVar("_Answer", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Desk:
    """The service's HTTP API, as far as a script needs it. The token is read when it is used."""

    address: str
    token_file: Path

    async def ready(self, agent: str) -> None:
        """Mark `agent` ready; raises `AgentUnavailable` when that is not possible within 8 s."""
        deadline = asyncio.get_running_loop().time() + _READY_WITHIN_S
        while True:
            answer = await self._post(agent, "ready")
            if answer is not None and answer.is_success:
                return
            if asyncio.get_running_loop().time() > deadline or (
                answer is not None and answer.status_code not in _AGAIN
            ):
                raise AgentUnavailable(f"agent {agent} could not be marked ready: {_why(answer)}")
            await asyncio.sleep(0.25)

    async def sign_out(self, agent: str) -> bool:
        """Sign `agent` out; whether the service said so."""
        answer = await self._post(agent, "sign-out")
        return answer is not None and answer.is_success

    async def calls(self) -> tuple[CallRow, ...] | None:
        """All calls that wait or talk; None when the service does not tell."""
        rows: list[CallRow] = []
        cursor: str | None = None
        for _ in range(_PAGES):
            page = await self._read("calls", _CallsPage, {"cursor": cursor} if cursor else {})
            if page is None:
                return None
            rows += page.calls
            cursor = page.next
            if cursor is None:
                return tuple(rows)
        return None

    async def card(self, call: str) -> tuple[CardEntry, ...] | None:
        """What the service understood in this call so far; None when it does not tell."""
        card = await self._read(f"calls/{quote(call, safe='')}/card", _Card, {})
        return None if card is None else tuple(card.entries)

    async def consult(self, call: str, queue: str, asked_by: str) -> bool:
        """Hold the caller while an agent of `queue` is asked; whether the service took it."""
        body = {"queue": queue, "consult": True, "asked_by": asked_by}
        return await self._transfer(call, "", body)

    async def complete(self, call: str, asked_by: str) -> bool:
        """Pass a held caller on to who was asked; whether the service took it."""
        return await self._transfer(call, "/complete", {"asked_by": asked_by})

    async def _transfer(self, call: str, what: str, body: Mapping[str, object]) -> bool:
        path = f"calls/{quote(call, safe='')}/transfer{what}"
        answer = await self._ask("POST", path, {}, body)
        return answer is not None and answer.is_success

    async def _read(
        self, path: str, kind: type[_Answer], parameters: Mapping[str, str]
    ) -> _Answer | None:
        try:
            answer = await self._ask("GET", path, parameters)
        except AgentUnavailable:
            return None
        if answer is None or not answer.is_success:
            return None
        try:
            return kind.model_validate_json(answer.content)
        except ValidationError:
            return None  # a service of another version

    async def _post(self, agent: str, verb: str) -> httpx.Response | None:
        return await self._ask("POST", f"agents/{quote(agent, safe='')}/{verb}", {})

    async def _ask(
        self,
        method: str,
        path: str,
        parameters: Mapping[str, str],
        body: Mapping[str, object] | None = None,
    ) -> httpx.Response | None:
        try:
            token = self.token_file.read_text("utf-8").strip()
        except OSError:
            raise AgentUnavailable(
                f"{self.token_file} cannot be read; restart the service"
            ) from None
        url = f"{self.address.rstrip('/')}/api/v1/{path}"
        try:
            # Not through a proxy of the environment: the service is on this machine.
            async with httpx.AsyncClient(trust_env=False, timeout=_ANSWER_S) as client:
                return await client.request(
                    method,
                    url,
                    params=parameters,
                    json=body,
                    headers={"Authorization": f"Bearer {token}"},
                )
        except httpx.HTTPError:
            return None


def _why(answer: httpx.Response | None) -> str:
    if answer is None:
        return "the service's API does not answer"
    try:
        problem = answer.json()
    except ValueError:
        problem = None
    text = problem.get("detail") or problem.get("title") if isinstance(problem, dict) else None
    return f"HTTP {answer.status_code}" + (f", {text}" if isinstance(text, str) else "")
