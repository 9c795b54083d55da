"""One call's dialogue under any order of events: nobody hears nothing or is asked for ever."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from ivr.dialplan import Menu, Plan, Queue, load_plan
from ivr.flow.advance import advance
from ivr.flow.commands import (
    Answer,
    Ask,
    CallEmergency,
    Command,
    EnterQueue,
    HangUp,
    LeaveQueue,
    Play,
    TellWait,
    WaitOn,
    WakeAt,
)
from ivr.flow.events import (
    AgentJoined,
    CallerHungUp,
    CallReturned,
    CallStarted,
    EmergencyOver,
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
from ivr.flow.session import Phase, Session, open_session, session_from_json, session_to_json
from queues.centre.commands import ReturnReason
from queues.ids import CallId, LineId

ROOT = Path(__file__).parents[4]
FILES = [
    *sorted((ROOT / "dialplans").glob("*/*.yaml")),
    *(
        ROOT / "tests" / "corpus" / "dialplans" / "good" / f"{name}.yaml"
        for name in ("every_word", "listens_to_the_human_words_alone")
    ),
]
PLANS = [load_plan(f.read_bytes(), file=f.name, queues=["service", "repairs"]) for f in FILES]

ANSWERS: dict[str, Callable[[Ask], Event]] = {
    "says the first": lambda asked: Heard(asked.token, asked.phrases[0]),
    "says the last": lambda asked: Heard(asked.token, asked.phrases[-1]),
    "says something else": lambda asked: Heard(asked.token, "abracadabra"),
    "mumbles": lambda asked: NotUnderstood(asked.token),
    "says nothing": lambda asked: HeardNothing(asked.token),
    "talks on": lambda asked: TalkedOn(asked.token),
    "ears fail": lambda asked: ListeningFailed(asked.token),
}


class World:
    """A switch and a queue as the dialogue sees them; checks after each event what must hold."""

    def __init__(self, plan: Plan, *, listening: bool = True) -> None:
        self.plan = plan
        self.now = 0.0
        self.session: Session = open_session(CallId("c"), LineId("1"), plan, listening=listening)
        self.playing: int | None = None
        self.asking: Ask | None = None
        self.wake: int | None = None
        self.where = "line"
        self.held = False  # a place in the queue, while the caller is at a way out of it
        self.telling = False  # what is played is said to one who waits
        self.tokens: list[int] = []
        self.failed = 0
        self.told_keys = 0
        self.misheard = 0
        self.told_listening = False
        self.phrases: tuple[str, ...] = ()
        self.tells = False  # what is played says that a machine listens
        self.tell(CallStarted())

    def tell(self, event: Event) -> None:
        before = self.session
        stored = session_from_json(session_to_json(before))
        self.session, commands = advance(self.plan, stored, event, now=self.now)
        for command in commands:
            self.perform(command)
        self.count_failed_turns(before, commands)
        self.check()

    def perform(self, command: Command) -> None:
        waits = isinstance(command, TellWait | WaitOn | WakeAt) and self.where == "queue"
        assert self.where == "line" or waits, "commanded into a queue, a talk or an ended call"
        # What is said to one who waits ends by itself, and what follows is performed behind it.
        assert self.playing is None or self.telling, "commanded into a running prompt"
        self.asking = None  # whatever is commanded ends it
        self.count_what_is_said_of_listening(command)
        match command:
            case Ask(prompts, phrases, token, wait_s):
                assert prompts
                assert phrases
                assert wait_s > 0
                assert self.session.listening
                assert set(prompts) <= set(self.plan.prompts)
                self.tokens.append(token)
                self.asking, self.wake = command, None
            case Play(prompts, token, _, phrases):
                assert prompts
                self.phrases = phrases
                self.tells = self.plan.listening_notice in prompts
                assert set(prompts) <= set(self.plan.prompts)
                self.tokens.append(token)
                self.playing, self.wake, self.telling = token, None, False
            case TellWait(prompts, token=token):
                assert set(prompts) <= set(self.plan.prompts)
                self.tokens.append(token)
                self.playing, self.wake, self.telling = token, None, True
            case WaitOn():
                assert self.held or self.where == "queue"
                self.where, self.held, self.wake = "queue", False, None
            case LeaveQueue():
                assert self.held
                self.held = False
            case WakeAt(at, token):
                assert at > self.now
                self.tokens.append(token)
                self.wake = token
            case EnterQueue():
                assert not self.held
                self.where, self.wake = "queue", None
            case CallEmergency():
                assert not self.held
                self.where, self.playing, self.wake = "emergency", None, None
            case HangUp():
                self.where = "ended"
            case Answer():
                assert not self.tokens

    def count_what_is_said_of_listening(self, command: Command) -> None:
        node = self.plan.nodes[self.session.node]
        if isinstance(command, Play | Ask):
            assert self.told_listening or not command.phrases, "listened to untold"
        if isinstance(command, Play | Ask) and isinstance(node, Menu) and node.listens:
            before = len(command.prompts) - len(node.prompts)
            lead = command.prompts[:before] if command.prompts[before:] == node.prompts else ()
            self.misheard += node.not_understood in lead
            self.told_keys += node.keys_only in lead
        assert self.misheard <= 2, "told three times that nothing was understood"
        assert self.told_keys <= 1, "told twice to use keys"

    def count_failed_turns(self, before: Session, commands: tuple[Command, ...]) -> None:
        node = self.plan.nodes[before.node]
        hints = (
            (node.no_input, node.wrong_key, node.not_understood) if isinstance(node, Menu) else ()
        )
        if before.listening and not self.session.listening:
            return  # that listening failed is nobody's failed turn
        match commands:
            case (Play(prompts=(notice, hint)),) if (
                notice == self.plan.listening_notice and hint in hints
            ):
                self.failed += 1  # and the menu follows
                assert self.failed < node.tries, "asked again where a human was due"
            case (Play(prompts=(hint, *again)) | Ask(prompts=(hint, *again)),) if (
                hint in hints and tuple(again) == node.prompts
            ):
                self.failed += 1
                assert self.failed < node.tries, "asked again where a human was due"
            case (Play(),) | (Ask(),) | (EnterQueue(),) | (HangUp(),):
                self.failed = 0

    def check(self) -> None:
        assert self.tokens == sorted(set(self.tokens)), "a token was used twice"
        heard = {
            Phase.SPEAKING: self.playing == self.session.token,
            Phase.ASKING: self.asking is not None and self.asking.token == self.session.token,
            Phase.LISTENING: self.playing is None and self.wake == self.session.token,
            Phase.WAITING: self.where == "queue",
            Phase.TALKING: self.where == "talk",
            Phase.EMERGENCY: self.where == "emergency",
            Phase.DONE: self.where in ("ended", "gone"),
        }
        assert heard[self.session.phase], f"{self.session.phase}: the caller hears nothing"

    def happen(self, what: str) -> None:
        """One thing that can happen now; what cannot is left out."""
        self.now += 0.5
        if what in "0123456789*#":
            if self.where == "queue" and what in self.ways_out():
                self.where, self.held, self.playing, self.wake = "line", True, None, None
            self.tell(KeyPressed(what))
        elif what in ("end", "cut") and self.playing is not None:
            token, self.playing = self.playing, None
            self.told_listening |= self.tells and what == "end"
            self.tell(PromptEnded(token, cut=what == "cut"))
        elif what == "a human" and self.playing is not None and self.phrases:
            token, self.playing = self.playing, None
            self.tell(Heard(token, self.phrases[0]))
        elif what == "wake" and self.wake is not None:
            self.now, token, self.wake = self.now + 30, self.wake, None
            self.tell(Woke(token))
        elif what in ANSWERS and self.asking is not None:
            asked, self.asking = self.asking, None  # it answers once
            self.tell(ANSWERS[what](asked))
        elif what == "stale" and self.tokens[1:]:
            self.tell(Woke(self.tokens[0]))
            for answer in ANSWERS.values():
                self.tell(answer(Ask(("a",), ("a",), self.tokens[0], 1)))
            self.tell(PromptEnded(self.tokens[0] - 1, cut=True))
        elif what == "join" and (self.held or self.where in ("queue", "talk")):
            self.where, self.held = "talk", False
            self.playing = self.asking = self.wake = None  # a bridge cuts in
            self.tell(AgentJoined())
        elif what == "refused" and self.held:
            self.held = False
            self.tell(CallReturned(ReturnReason.WAITED))
        elif what in ("over", "refused") and self.where in ("queue", "talk"):
            self.where = "line"
            self.tell(CallReturned(ReturnReason("talk_over" if what == "over" else "refused")))
        elif what in ("over", "refused") and self.where == "emergency":
            self.where = "line"
            self.tell(EmergencyOver(reached=what == "over"))
        elif what == "hang up":
            self.where, self.playing, self.asking, self.wake = "gone", None, None, None
            self.tell(CallerHungUp())

    def ways_out(self) -> frozenset[str]:
        node = self.plan.nodes[self.session.node]
        return frozenset(node.keys) if isinstance(node, Queue) else frozenset()


WHAT = st.one_of(
    st.sampled_from([*"0123456789*#"]),
    st.sampled_from([*ANSWERS, *ANSWERS]),
    st.sampled_from(
        ["end", "end", "cut", "wake", "wake", "a human", "stale", "join", "over", "refused"]
    ),
)


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(PLANS), st.lists(WHAT, max_size=60), st.booleans(), st.booleans())
def test_no_order_of_events_leaves_a_caller_in_silence(
    plan: Plan, events: list[str], listening: bool, hangs_up: bool
) -> None:
    world = World(plan, listening=listening)
    for event in events:
        world.happen(event)
    if hangs_up:
        world.happen("hang up")
        assert world.session.ended


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from(PLANS),
    st.lists(WHAT, max_size=30),
    st.sampled_from(["says nothing", "mumbles", "ears fail"]),
)
def test_a_caller_who_stops_doing_anything_comes_to_an_end_or_an_agent(
    plan: Plan, events: list[str], what_is_heard: str
) -> None:
    world = World(plan)
    for event in events:
        world.happen(event)
    for _ in range(20 * len(plan.nodes)):
        world.happen("refused" if world.where == "queue" else "over")
        world.happen(what_is_heard)
        world.happen("end")
        world.happen("wake")
    assert world.session.ended
