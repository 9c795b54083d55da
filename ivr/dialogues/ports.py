"""What the dialogue's driver asks of the switch for one caller."""

from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

from queues.ids import CallId


class CallGone(Exception):
    """The caller's channel is gone; nothing more can be done for this call."""


class CallBusy(Exception):
    """The call is joined with an agent (or was just now): the command was not carried out."""


@dataclass(frozen=True, slots=True)
class Question:
    """What a caller is asked: prompts `<language>/<id>`, and the phrases listened for.

    `phrases` are lower-case and in NFC. Silence counts once it has lasted `wait_s` seconds after
    the prompts. Those of them in `human` call for a human, and are heard within a sentence too.
    """

    language: str
    sounds: tuple[str, ...]
    phrases: tuple[str, ...]
    wait_s: float
    human: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Announcement:
    """What a caller is told: prompts `<language>/<id>`, and phrases that end them if surely said.

    Phrases are lower-case and in NFC.
    """

    language: str
    sounds: tuple[str, ...]
    phrases: tuple[str, ...]


class ReplyKind(Enum):
    """How a question ended."""

    UNDERSTOOD = "one of the phrases was said"
    NOT_UNDERSTOOD = "something was said, but none of the phrases surely"
    SILENT = "nothing was said in the time given"
    TALKED_ON = "the caller never stopped talking, or it was music or a crowd"
    KEY = "a key was pressed first; which one is told the usual way"
    UNHEARD = "nobody could listen, or the sound was lost: keys must do"


class Unheard(Enum):
    """Why a caller could not be heard and uses keys; the names are labels of a metric."""

    NO_MODEL = "the caller's language has no model that works"
    NO_WORDS = "the model knows none of the menu's phrases"
    OVERLOAD = "as many callers are listened to, or speak, as can be heard in time"
    LAG = "sound waits too long for a thread, or the last word came too late"
    HUNG = "a thread hangs in the recogniser"
    DIED = "the recogniser failed in the middle of a word"
    SOUND_LOST = "the caller's sound could not be had, or ended"
    FAULT = "a fault of ours"


@dataclass(frozen=True, slots=True)
class Reply:
    """The one answer to a question: `phrase` is what was understood, `cause` why nobody heard."""

    kind: ReplyKind
    phrase: str = field(default="", repr=False)
    cause: Unheard | None = None


class CallControl(Protocol):
    """Commands to one caller's channel, one at a time and in order.

    Each raises `CallGone` or `CallBusy`; none of them outlives a lost link: it waits for the link's
    return, for what it does is harmless when done late.
    """

    async def answer(self, call: CallId) -> None:
        """Take the call off the hook."""

    async def play(self, call: CallId, sound: str, *, keys_cut: bool) -> bool:
        """Play one prompt, `<language>/<id>`, to its end; True when a key cut it short."""

    async def ask(self, call: CallId, question: Question) -> Reply:
        """Ask, and listen to the caller, who may talk over the prompts; ends in bounded time.

        When it is cancelled nothing more of it is heard, and the next command follows at once.
        """

    async def announce(self, call: CallId, announcement: Announcement) -> Reply:
        """Play to the end (`SILENT`), to a key, or to one of the phrases; nothing else stops it.

        `UNHEARD`: nobody could listen, or the sound was lost; it is to be played the plain way.
        """

    async def start_music(self, call: CallId) -> None:
        """Music on hold until something else is played or an agent joins."""

    async def call_emergency(self, call: CallId) -> bool:
        """Send the caller to the standing emergency number; False where it cannot be asked for.

        The caller's coming back is told by itself.
        """

    async def hang_up(self, call: CallId) -> None:
        """End the call. A call that is gone already is no error."""

    def key_pressed(self, call: CallId) -> None:
        """The caller pressed a key: it cuts what may be cut, and wins over words."""

    def call_ended(self, call: CallId) -> None:
        """The caller's channel is gone: nothing is kept of it."""
