"""Inputs about offers and talks: what became of a phone that rang, and of a talk."""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from queues.ids import OfferId


class RefuseCause(StrEnum):
    """Why an offer did not come to a talk on the phone's side."""

    NO_ANSWER = "no_answer"  # rang until the timeout
    DECLINED = "declined"  # 603, 486: the agent pressed "reject" or the phone was busy
    UNREACHABLE = "unreachable"  # no ringing was ever seen; counts against nobody
    FAILED = "failed"  # our own side could not dial or bridge; counts against nobody


@dataclass(frozen=True, slots=True)
class OfferAnswered:
    """The agent picked up the phone that rang for this offer."""

    TYPE: ClassVar[str] = "offer_answered"
    VERSION: ClassVar[int] = 1
    offer: OfferId


@dataclass(frozen=True, slots=True)
class OfferRefused:
    """The phone that was to ring for this offer did not come to an answer."""

    TYPE: ClassVar[str] = "offer_refused"
    VERSION: ClassVar[int] = 1
    offer: OfferId
    cause: RefuseCause


@dataclass(frozen=True, slots=True)
class TalkStarted:
    """Caller and agent are in one bridge."""

    TYPE: ClassVar[str] = "talk_started"
    VERSION: ClassVar[int] = 1
    offer: OfferId


@dataclass(frozen=True, slots=True)
class AgentLegEnded:
    """The agent's leg of an answered offer is gone: hung up, or the phone was `lost`."""

    TYPE: ClassVar[str] = "agent_leg_ended"
    VERSION: ClassVar[int] = 2
    offer: OfferId
    lost: bool = False
