"""What the switch can tell us, in our own words; `wire` makes these, nobody else needs to know how.

A channel is named by its `ChannelId`, which the switch calls Uniqueid and takes in every action
where it asks for a channel. Numbers, names and keys never show in a `repr`.
"""

from dataclasses import dataclass, field
from enum import Enum
from typing import NewType

from ivr.phone_number import PhoneNumber

_LOST_CAUSES = frozenset({18, 38, 44})  # session timer, network, no sound
ChannelId = NewType("ChannelId", str)
# The switch's full name of a channel, which ends in a counter of fixed length. Only `bridge` needs
# it: that action takes any channel whose name or id *begins* with what it is given.
ChannelName = NewType("ChannelName", str)


class DeviceState(Enum):
    """What the switch thinks of a phone. A phone whose host died in a talk stays `INUSE`."""

    NOT_INUSE = "NOT_INUSE"
    INUSE = "INUSE"
    BUSY = "BUSY"
    INVALID = "INVALID"
    UNAVAILABLE = "UNAVAILABLE"
    RINGING = "RINGING"
    RINGINUSE = "RINGINUSE"
    ONHOLD = "ONHOLD"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True, slots=True)
class Response:
    """The switch carried an action out. `value` is what a Getvar read, None for other actions."""

    action_id: str
    message: str
    value: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class SwitchReady:
    """The switch has booted, this long ago; the client makes a `LinkUp` of it."""

    uptime_s: float | None


@dataclass(frozen=True, slots=True)
class LinkUp:
    """The link stands and the switch is ready; whatever happened before it must be looked up.

    `restarted`: the switch itself began anew since the last `LinkUp`, so all calls are gone.
    `first`: this client never had a link before.
    """

    restarted: bool
    first: bool


@dataclass(frozen=True, slots=True)
class LinkDown:
    """The link broke. Calls live on; what happens from here until `LinkUp` is not told."""


@dataclass(frozen=True, slots=True)
class ChannelInAgi:
    """The dialplan handed the channel to us: `AGI(agi:async,<why>,<line>)`.

    `why` is what the dialplan wrote there (new, returned, redirect, agent), `line` the number that
    was called; both are empty if the dialplan gave none. `endpoint` is the phone or trunk, None for
    a channel that is not PJSIP. `caller_number` is what the other side claims.
    """

    channel: ChannelId
    endpoint: str | None
    why: str
    line: str
    caller_number: PhoneNumber | None
    name: ChannelName


@dataclass(frozen=True, slots=True)
class ChannelLeftAgi:
    """The channel goes on in the dialplan without us, or is about to end."""

    channel: ChannelId


@dataclass(frozen=True, slots=True)
class AgiAnswer:
    """How one AGI command ended.

    `code`: 200 done, 510 unknown command, 511 channel dead, 520 wrong syntax.
    `result`: the text after `result=`; `data`: what stands in brackets behind it; both may hold
    keys of the caller. `endpos`: samples played, where the command plays.
    """

    code: int
    result: str = field(repr=False)
    data: str | None = field(default=None, repr=False)
    endpos: int | None = None

    @property
    def ok(self) -> bool:
        """The command was understood and carried out (its result may still be a failure)."""
        return self.code == 200

    @property
    def number(self) -> int | None:
        """The result as a whole number: -1 failed or hung up, -2 no such application."""
        text = self.result.removeprefix("-")
        return int(self.result) if text.isascii() and text.isdecimal() and len(text) < 19 else None

    @property
    def key(self) -> str | None:
        """The key that cut a `stream_file` short, None if none did."""
        number = self.number
        return chr(number) if number is not None and chr(max(number, 0)) in _KEYS else None

    @property
    def timed_out(self) -> bool:
        """A question for keys (GET DATA) ended by its timeout."""
        return self.data == "timeout"


@dataclass(frozen=True, slots=True)
class AgiAnswered:
    """The command with our id has ended; an id that nobody waits for is a late answer."""

    channel: ChannelId
    command_id: str
    answer: AgiAnswer


@dataclass(frozen=True, slots=True)
class KeyReleased:
    """The person on this channel pressed a key: 0 to 9, *, #, A to D. The only source of keys."""

    channel: ChannelId
    key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class BridgeEntered:
    """The channel is joined with others; a running AGI command of it never answers."""

    channel: ChannelId
    bridge: str


@dataclass(frozen=True, slots=True)
class BridgeLeft:
    """The channel is alone again; it ends, or comes back to AGI about 2 ms later."""

    channel: ChannelId
    bridge: str


@dataclass(frozen=True, slots=True)
class ChannelEnded:
    """The channel is gone. `cause` is Q.850 (0 we cancelled), `tech_cause` the SIP code if any.

    `context` and `dialled` are where in the dialplan it ended.
    """

    channel: ChannelId
    cause: int
    tech_cause: str | None
    context: str = field(default="", compare=False)
    dialled: str = field(default="", repr=False, compare=False)

    @property
    def lost(self) -> bool:
        """Whether the other side went away, instead of hanging up."""
        return self.cause in _LOST_CAUSES


@dataclass(frozen=True, slots=True)
class OriginateDone:
    """A dial has ended well or badly; match it by `action_id`, which is the `ChannelId` dialled.

    `channel` is what the switch names: of a refused duplicate it is the *live* call, not the dial.
    The cause of a failure is better read from `ChannelEnded`, which may come before or after.
    """

    action_id: str
    channel: ChannelId | None
    succeeded: bool
    reason: int


@dataclass(frozen=True, slots=True)
class RingingSeen:
    """The dialled phone says that it rings."""

    channel: ChannelId


@dataclass(frozen=True, slots=True)
class DeviceChanged:
    """A phone changed its state."""

    endpoint: str
    state: DeviceState


@dataclass(frozen=True, slots=True)
class ContactChanged:
    """A phone's address began or ceased to answer; in a talk the only sign of a dead phone."""

    endpoint: str
    reachable: bool


@dataclass(frozen=True, slots=True)
class RegistrationChanged:
    """The switch tried to register at the provider."""

    registered: bool


@dataclass(frozen=True, slots=True)
class SwitchShutdown:
    """The switch says that it stops; the link breaks next."""


@dataclass(frozen=True, slots=True)
class ChannelListed:
    """One living channel, in the answer to `core_show_channels`.

    A channel that waits for us has `application` AGI; while it runs a command of ours by EXEC it
    has that application's name.
    """

    channel: ChannelId
    name: ChannelName
    context: str
    exten: str
    application: str
    application_data: str
    bridge: str | None
    up: bool
    duration_s: float
    endpoint: str | None
    caller_number: str | None = field(repr=False)

    @property
    def in_agi(self) -> bool:
        """The channel waits in `AGI(agi:async)` and is in no bridge."""
        return (
            self.application == "AGI"
            and self.application_data.split(",")[0] == "agi:async"
            and self.bridge is None
        )


@dataclass(frozen=True, slots=True)
class DeviceListed:
    """One phone, in the answer to `device_state_list`."""

    endpoint: str
    state: DeviceState


@dataclass(frozen=True, slots=True)
class QueueMemberListed:
    """A phone that the switch's own queue rings, in the answer to `queue_status`."""

    endpoint: str


@dataclass(frozen=True, slots=True)
class QueueCallerListed:
    """A caller who waits in the switch's own queue, in the answer to `queue_status`."""

    channel: ChannelId


@dataclass(frozen=True, slots=True)
class MissedCallListed:
    """A call that ended while nobody decided, without an agent, in the answer to `missed_calls`.

    `number` is None if it was withheld or is none; `at_s` of its end, in seconds since 1970.
    """

    channel: ChannelId
    line: str
    at_s: float
    number: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class ServedCallListed:
    """A call that an agent answered in the switch's own queue, and that is over; as above."""

    channel: ChannelId
    at_s: float


_KEYS = "0123456789*#ABCD"

LinkEvent = LinkUp | LinkDown
ChannelEvent = (
    ChannelInAgi
    | ChannelLeftAgi
    | AgiAnswered
    | KeyReleased
    | BridgeEntered
    | BridgeLeft
    | ChannelEnded
    | OriginateDone
    | RingingSeen
)
CallNoted = MissedCallListed | ServedCallListed
ListEntry = ChannelListed | DeviceListed | QueueMemberListed | QueueCallerListed | CallNoted
WireEvent = (
    LinkEvent
    | ChannelEvent
    | DeviceChanged
    | ContactChanged
    | RegistrationChanged
    | SwitchShutdown
    | ListEntry
)
