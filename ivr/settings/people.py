"""Who waits for whom, as the settings file describes it: queues with what they ask for, and agents.

A need that no agent of its queue could ever meet, even after all its steps, is a fault: its callers
would wait for ever. So is a step that changes nothing, or one out of order.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, StringConstraints, model_validator

from ivr.dialplan.faults import did_you_mean
from ivr.dialplan.staff import Staff
from ivr.settings.hours import Hours
from ivr.settings.parts import Code, Fault, Id, Language, Misplaced, Part, Seconds, Shown
from queues.centre.inputs.settings import AgentSetting, Order, QueueSetting
from queues.centre.values.needs import LEVELS, Need, NeedStep, Skill, words_of
from queues.ids import AgentId, PlaceId, QueueId


def _level(value: Any) -> Any:
    if type(value) is not int or value not in LEVELS:
        raise ValueError(f"expected a level, a whole number from {LEVELS[0]} to {LEVELS[-1]}")
    return value


Level = Annotated[int, BeforeValidator(_level)]
Skills = Annotated[dict[Id, Level], Field(max_length=20)]
Why = Annotated[Shown, StringConstraints(min_length=1, max_length=120)]


class QueueNeed(Part):
    """What callers of a queue ask for: skills with least levels, and a language."""

    skills: Skills = Field(default_factory=dict)
    language: Language | None = None


class Step(Part):
    """From `after_s` of waiting on less is asked for, for this reason."""

    after_s: Annotated[float, Field(gt=0, le=86_400)]
    reason: Why
    lower: Annotated[int, Field(ge=0, le=LEVELS[-1] - 1)] = 0
    without: tuple[Id, ...] = ()
    any_language: bool = False

    @model_validator(mode="after")
    def _changes_something(self) -> Step:
        if not (self.lower or self.without or self.any_language):
            raise ValueError("changes nothing; give it 'lower', 'without' or 'any_language: true'")
        return self


class PreferLastAgent(Part):
    """Who calls again within `within_h` hours waits for the last agent alone, for `for_s`."""

    within_h: Annotated[float, Field(gt=0, le=8784)] = 72.0
    for_s: Annotated[float, Field(ge=1, le=600)] = 60.0


class Queue(Part):
    """A queue: what its calls ask for and when for less, their order, and how phones ring.

    `mark_s`, `pick_up_s` and `cap_s` are of the order `service_level`. It takes no more calls while
    `most_waiting` wait, gives back who has waited `longest_wait_s`, and with `needs_somebody` also
    calls that nobody who is signed in could take. `breath_s` lies between an agent's calls, wrap-up
    included. Its callers are held `consult_seeks_s` at most until another agent is rung who is to
    be asked, and `consult_lasts_s` while both agents talk. Without `hours` it is always open.
    """

    id: Id
    ring_timeout_s: Annotated[float, Field(ge=3, le=120)] = 15
    wrap_up_s: Seconds = 10
    missed_before_pause: Annotated[int, Field(ge=1, le=20)] = 1
    need: QueueNeed = QueueNeed()
    relax: tuple[Step, ...] = Field(default=(), max_length=20)
    order: Order = Order.LONGEST_WAIT
    mark_s: Annotated[float, Field(ge=1, le=3600)] = 20.0
    pick_up_s: Annotated[float, Field(ge=0, le=120)] = 4.0
    cap_s: Annotated[float, Field(ge=1, le=7200)] = 75.0
    most_waiting: Annotated[int, Field(ge=1, le=10_000)] | None = None
    longest_wait_s: Annotated[float, Field(ge=30, le=86_400)] = 3600.0
    needs_somebody: bool = False
    breath_s: Annotated[float, Field(ge=0, le=60)] = 0.0
    consult_seeks_s: Annotated[float, Field(ge=5, le=600)] = 60.0
    consult_lasts_s: Annotated[float, Field(ge=10, le=3600)] = 300.0
    prefer_last_agent: PreferLastAgent | None = None
    hours: Hours | None = None

    @model_validator(mode="after")
    def _hangs_together(self) -> Queue:
        times = [step.after_s for step in self.relax]
        faults: list[Fault] = [
            (("relax", n, "after_s"), "expected more seconds than in the step before")
            for n in range(1, len(times))
            if times[n] <= times[n - 1]
        ]
        if self.pick_up_s >= self.mark_s:
            faults.append((("pick_up_s",), f"expected less than mark_s, which is {self.mark_s:g}"))
        if self.cap_s <= self.mark_s:
            faults.append((("cap_s",), f"expected more than mark_s, which is {self.mark_s:g}"))
        if faults:
            raise Misplaced(faults)
        return self

    def setting(self) -> QueueSetting:
        """The queue as the centre takes it."""
        return QueueSetting(
            QueueId(self.id),
            self.ring_timeout_s,
            self.wrap_up_s,
            self.missed_before_pause,
            Need(_skills(self.need.skills), self.need.language),
            tuple(
                NeedStep(each.after_s, each.reason, each.without, each.lower, each.any_language)
                for each in self.relax
            ),
            self.order,
            self.mark_s,
            self.pick_up_s,
            self.cap_s,
            self.most_waiting,
            self.longest_wait_s,
            self.needs_somebody,
            self.breath_s,
            self.consult_seeks_s,
            self.consult_lasts_s,
        )


class Agent(Part):
    """A person who takes calls at a place (a phone), with skills and languages.

    Who was in talks and wrap-up for more than `occupancy_cap` of the last half hour comes last.
    """

    id: Id
    name: Shown = Field(min_length=1, max_length=60)
    place: Id
    queues: tuple[Id, ...] = Field(min_length=1)
    skills: Skills = Field(default_factory=dict)
    languages: tuple[Language, ...] = Field(default=(), max_length=20)
    occupancy_cap: Annotated[float, Field(ge=0.1, lt=1)] | None = None

    @model_validator(mode="after")
    def _names_each_once(self) -> Agent:
        faults: list[Fault] = [
            ((word, n), f"'{name}' stands twice; each name once")
            for word, names in (("queues", self.queues), ("languages", self.languages))
            for n, name in enumerate(names)
            if name in names[:n]
        ]
        if faults:
            raise Misplaced(faults)
        return self

    def setting(self) -> AgentSetting:
        """The agent as the centre takes it."""
        return AgentSetting(
            AgentId(self.id),
            PlaceId(self.place),
            tuple(QueueId(queue) for queue in self.queues),
            _skills(self.skills),
            self.languages,
            self.occupancy_cap,
        )


class FeatureCodes(Part):
    """What agents dial at their phones to ask for calls, for a pause, and to go home."""

    ready: Code | None = "*81"
    sign_out: Code | None = "*82"
    pause: Code | None = "*83"

    @property
    def dialled(self) -> dict[str, str]:
        """Each code that there is, by what is asked for with it."""
        return {wish: code for wish, code in self if code is not None}


def check_codes(codes: FeatureCodes, numbers: Iterable[str]) -> None:
    """Raise `Misplaced` for every code that is dialled for something else too."""
    taken = set(numbers)
    faults: list[Fault] = []
    for wish, code in codes.dialled.items():
        if code in taken:
            mend = "it is a line, an emergency number or another code; choose another, such as *81"
            faults.append((("feature_codes", wish), mend))
        taken.add(code)
    if faults:
        raise Misplaced(faults)


def staff_of(queues: Iterable[Queue], agents: Iterable[Agent]) -> Staff:
    """Everybody as the centre takes them."""
    return Staff(
        tuple(queue.setting() for queue in queues), tuple(agent.setting() for agent in agents)
    )


def check_needs(queues: tuple[Queue, ...], agents: tuple[Agent, ...]) -> None:
    """Raise `Misplaced` for every need that nobody could ever meet, and every skill of nobody."""
    staff = staff_of(queues, agents)
    faults = [fault for n, queue in enumerate(queues) for fault in _faults(n, queue, staff)]
    if faults:
        raise Misplaced(faults)


def _faults(number: int, queue: Queue, staff: Staff) -> Iterator[Fault]:
    known = sorted(staff.skills)
    listed = f"known are {', '.join(known)}" if known else "no agent has skills"
    for n, step in enumerate(queue.relax):
        for k, skill in enumerate(step.without):
            if skill not in known:
                mend = did_you_mean(skill, known, listed)
                place = ("queues", number, "relax", n, "without", k)
                yield place, f"neither an agent nor a need names the skill '{skill}'; {mend}"
    at_last = staff.never_met(QueueId(queue.id), None)
    if at_last is not None:
        after = "even after all steps" if queue.relax else "and no step relaxes it"
        yield (
            ("queues", number, "need"),
            f"no agent of queue '{queue.id}' could ever take its calls: {after} they ask for "
            f"{words_of(at_last)}; {_mend(at_last, staff)}",
        )


def _mend(at_last: Need, staff: Staff) -> str:
    has = {skill.skill for agent in staff.agents for skill in agent.skills}
    for name in (each.skill for each in at_last.skills):
        if name not in has:
            advice = "give it to an agent, or leave it out in a step"
            return f"no agent has '{name}': {did_you_mean(name, has, advice)}"
    return "give one of its agents what is missing, or a step that asks for less"


def _skills(levels: dict[str, int]) -> tuple[Skill, ...]:
    """In the order of names: who asks for the same shall wait together, however it is written."""
    return tuple(Skill(name, level) for name, level in sorted(levels.items()))
