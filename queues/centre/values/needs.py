"""What a call asks for, and whether an agent has it: skills with least levels, and a language.

A need relaxes in steps, each after a time waited and with its reason, in the settings' own words.
Every step that is due counts.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from queues.ids import AgentId, QueueId

LEVELS: Final = range(1, 6)


@dataclass(frozen=True, slots=True)
class Skill:
    """A skill by name, with the level that somebody has or that is asked for at least (1 to 5)."""

    skill: str
    level: int


@dataclass(frozen=True, slots=True)
class Need:
    """All of these skills at these levels or better, and the language if one is named."""

    skills: tuple[Skill, ...] = ()
    language: str | None = None


ANYBODY: Final = Need()


@dataclass(frozen=True, slots=True)
class NeedStep:
    """From `after_s` seconds of waiting on less is asked for, for this reason.

    Skills in `without` are not asked for any more, of the others each level is `lower` by so much,
    and with `any_language` the language does not matter.
    """

    after_s: float
    reason: str
    without: tuple[str, ...] = ()
    lower: int = 0
    any_language: bool = False


class Relaxed(StrEnum):
    """Why another need counts from now on."""

    WAITED = "waited"  # a step of the queue
    SETTINGS = "settings"  # nobody in new settings has what was asked for
    PREFERENCE_OVER = "preference_over"  # the time for which one agent was waited for
    PREFERRED_MISSED = "preferred_missed"  # that agent was rung, and did not take it


@dataclass(frozen=True, slots=True)
class PoolKey:
    """Calls that the same agents can take, in the same order: who waits for whom.

    With `only` they wait for this agent alone. `credit_s` counts as waited, before they came. The
    agent `passed_by` transferred them and is not to have them again.
    """

    queue: QueueId
    need: Need = ANYBODY
    only: AgentId | None = None
    credit_s: float = 0.0
    passed_by: AgentId | None = None


def relaxed(need: Need, step: NeedStep) -> Need:
    """Give what is still asked for after this step."""
    return Need(
        tuple(
            Skill(each.skill, max(LEVELS[0], each.level - step.lower))
            for each in need.skills
            if each.skill not in step.without
        ),
        None if step.any_language else need.language,
    )


def missing(need: Need, skills: tuple[Skill, ...], languages: tuple[str, ...]) -> str | None:
    """Give the first thing that this need asks for and is not there, in words; None if all is."""
    has = {each.skill: each.level for each in skills}
    for wanted in need.skills:
        level = has.get(wanted.skill)
        if level is None:
            return f"skill {wanted.skill}"
        if level < wanted.level:
            return f"level {wanted.level} in skill {wanted.skill}"
    if need.language is not None and need.language not in languages:
        return f"language {need.language}"
    return None


def words_of(need: Need) -> str:
    """Give a need in words."""
    parts = [f"{each.skill} {each.level}" for each in need.skills]
    if need.language is not None:
        parts.append(f"language {need.language}")
    return " and ".join(parts) or "anybody there"
