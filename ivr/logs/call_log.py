"""Which decisions about a call stand in the log, so that `freizeichen logs CALL` tells its way.

A fact's type and ids, its cause and reason where these are words of ours, and the agent by nobody's
name: figures of single agents are not for the log.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import structlog

from queues.centre.facts.fact import Fact
from queues.view import Change

log = structlog.get_logger()

_TOLD: Final = ("queue", "offer", "to", "cause", "reason", "by", "why", "fault")


def log_fact(fact: Fact, _change: Change) -> None:
    """Write one line for a fact about a call, nothing for others."""
    call = getattr(fact, "call", None)
    if call is None:
        return
    values = {name: getattr(fact, name, None) for name in _TOLD}
    told = {
        name: str(value)
        for name, value in values.items()
        if value is not None and (isinstance(value, StrEnum) or name in ("queue", "offer"))
    }
    log.info(fact.TYPE.replace("_", " "), call=call, **told)
