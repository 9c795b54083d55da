"""A scripted call for tests of the dialogue: drives one session, keeps what was commanded last."""

from __future__ import annotations

from ivr.dialplan import Plan, load_plan
from ivr.flow.advance import advance
from ivr.flow.commands import Command, Play
from ivr.flow.events import (
    AgentJoined,
    CallStarted,
    Event,
    Heard,
    HeardNothing,
    KeyPressed,
    ListeningFailed,
    NotUnderstood,
    PromptEnded,
    TalkedOn,
    Woke,
)
from ivr.flow.session import Phase, open_session
from queues.ids import CallId, LineId

PLAN = load_plan(
    """
language: en
start: welcome
human: human
defaults: {wait_s: 6, tries: 2, no_input: silence, wrong_key: wrong, then: more, refused: sorry}
prompts:
  {welcome: a, main: b, silence: c, wrong: d, hours: e, connecting: f, sorry: g, bye: h, more: i}
nodes:
  welcome: {say: welcome, goto: main}
  main: {menu: main, keys: {1: sub, 4: hours, 5: quiet}}
  sub: {menu: [hours, more], keys: {2: hours, 9: main}, wait_s: 3}
  hours: {say: hours, goto: more}
  more: {menu: more, keys: {1: main}, when_silent: bye}
  human: {queue: service, say: connecting}
  quiet: {queue: service}
  sorry: {goodbye: sorry}
  bye: {goodbye: bye}
""",
    file="test.yaml",
    queues=["service"],
)
EARS_TEXT = """
language: xx
start: welcome
human: human
human_words: [person, help]
listening_notice: welcome
defaults:
  {no_input: silence, wrong_key: wrong, not_understood: what, keys_only: keys, then: more,
   refused: sorry, wait_s: 5}
prompts:
  {welcome: a, main: b, silence: c, wrong: d, what: e, keys: f, hours: g, connecting: h, sorry: i,
   bye: j, more: k}
nodes:
  welcome: {say: welcome, goto: main}
  main:
    menu: main
    keys: {1: sub, 4: hours, 5: quiet}
    words: {sub: [bills, my bill], hours: Opening  Hours, quiet: queue}
  sub: {menu: [hours, more], keys: {2: hours, 9: main}, words: {main: back}, wait_s: 3, tries: 3}
  hours: {say: hours, goto: more}
  more: {menu: more, keys: {1: main}, words: {main: "yes", bye: "no"}, when_silent: bye}
  human: {queue: service, say: connecting}
  quiet: {queue: service}
  sorry: {goodbye: sorry}
  bye: {goodbye: bye}
"""
EARS = load_plan(EARS_TEXT, file="ears.yaml", queues=["service"])
NOW = 1000.0


class Call:
    """One caller on a plan. `listening` is what `open_session` takes."""

    def __init__(self, plan: Plan = PLAN, *, listening: bool | None = None) -> None:
        self.plan = plan
        self.session = open_session(CallId("c1"), LineId("100"), plan, listening=listening)
        self.last: tuple[Command, ...] = ()
        self.tell(CallStarted())

    def tell(self, event: Event) -> tuple[Command, ...]:
        self.session, self.last = advance(self.plan, self.session, event, now=NOW)
        return self.last

    def ended(self, *, cut: bool = False) -> tuple[Command, ...]:
        return self.tell(PromptEnded(self.session.token, cut))

    def key(self, key: str) -> tuple[Command, ...]:
        """A key as it comes from the switch: it ends what is played."""
        speaking = self.session.phase is Phase.SPEAKING
        commands = self.tell(KeyPressed(key))
        return self.ended(cut=True) if speaking else commands

    def tell_key_only(self, key: str) -> tuple[Command, ...]:
        """A key whose end of the prompt has not come yet."""
        return self.tell(KeyPressed(key))

    def silence(self) -> tuple[Command, ...]:
        return self.tell(Woke(self.session.token))

    def says(self, phrase: str) -> tuple[Command, ...]:
        return self.tell(Heard(self.session.token, phrase))

    def mumbles(self) -> tuple[Command, ...]:
        return self.tell(NotUnderstood(self.session.token))

    def talks_on(self) -> tuple[Command, ...]:
        return self.tell(TalkedOn(self.session.token))

    def says_nothing(self) -> tuple[Command, ...]:
        return self.tell(HeardNothing(self.session.token))

    def ears_fail(self) -> tuple[Command, ...]:
        return self.tell(ListeningFailed(self.session.token))

    def at_main(self) -> Call:
        self.ended()
        return self

    def listening_at_main(self) -> Call:
        self.at_main().ended()
        return self

    def told_the_hours(self) -> Call:
        self.at_main().key("4")
        return self

    def silent_after_the_hours(self) -> Call:
        """Whose next silence is one too many."""
        self.told_the_hours()
        self.ended()
        self.ended()
        self.silence()
        self.ended()
        return self

    def waiting(self) -> Call:
        self.at_main().key("0")
        self.ended()
        return self

    def talking(self) -> Call:
        self.waiting().tell(AgentJoined())
        return self


HUMAN = ("person", "help")


def play(*prompts: str, token: int, cut: bool = True, phrases: tuple[str, ...] = ()) -> tuple[Play]:
    return (Play(prompts, token, cut, phrases),)
