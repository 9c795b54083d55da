"""Decides how the service is told that a script's agent is ready, and later that it leaves."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import httpx

from ivr.caller.agent_phone import AgentUnavailable

_ANSWER_S = 5.0
_READY_WITHIN_S = 8.0
_AGAIN = {404, 409, 422, 425, 429, 503}  # a phone just registered may not be known yet


@dataclass(frozen=True, slots=True)
class Desk:
    """The service's HTTP API, as far as agents need it. The token is read when it is used."""

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

    async def _post(self, agent: str, verb: str) -> httpx.Response | None:
        try:
            token = self.token_file.read_text("utf-8").strip()
        except OSError:
            raise AgentUnavailable(
                f"{self.token_file} cannot be read; restart the service"
            ) from None
        url = f"{self.address.rstrip('/')}/api/v1/agents/{quote(agent, safe='')}/{verb}"
        try:
            # Not through a proxy of the environment: the service is on this machine.
            async with httpx.AsyncClient(trust_env=False, timeout=_ANSWER_S) as client:
                return await client.post(url, headers={"Authorization": f"Bearer {token}"})
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
