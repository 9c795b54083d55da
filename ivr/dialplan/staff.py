"""What a caller of a dialplan asks a queue for, and whether anybody there could ever have it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from queues.centre.inputs.settings import AgentSetting, QueueSetting
from queues.centre.values.needs import ANYBODY, Need, Skill, missing, relaxed
from queues.ids import QueueId

ANY_LANGUAGE: Final = "any"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a queue node says of its callers' need; None where it leaves that to the queue.

    `language` may be `ANY_LANGUAGE`: it does not matter, whatever queue and dialplan say.
    """

    skills: tuple[Skill, ...] | None = None
    language: str | None = None


NOTHING_SAID: Final = Asked()


@dataclass(frozen=True, slots=True)
class Staff:
    """The queues and the agents of the settings. Empty: nobody knows who is there."""

    queues: tuple[QueueSetting, ...] = ()
    agents: tuple[AgentSetting, ...] = ()

    @property
    def skills(self) -> frozenset[str]:
        """Every skill that an agent has or that a queue asks for."""
        needs = (each.need.skills for each in self.queues)
        has = (each.skills for each in self.agents)
        return frozenset(skill.skill for skills in (*needs, *has) for skill in skills)

    @property
    def languages(self) -> frozenset[str]:
        """Every language that an agent speaks."""
        return frozenset(name for agent in self.agents for name in agent.languages)

    def need(self, queue: QueueId, asked: Asked, spoken: str) -> Need | None:
        """Give the need of a caller of a dialplan in the language `spoken`; None for the queue's.

        The node's word counts before the queue's, and that before the dialplan's language, which
        counts only where an agent of the queue has languages at all.
        """
        own = self.queues_need(queue)
        skills = own.skills if asked.skills is None else asked.skills
        language = asked.language or own.language
        if language is None and spoken and any(agent.languages for agent in self._of(queue)):
            language = spoken
        need = Need(skills, None if language == ANY_LANGUAGE else language)
        return None if need == own else need

    def queues_need(self, queue: QueueId) -> Need:
        """What the calls of a queue ask for that bring no need of their own."""
        return next((each.need for each in self.queues if each.queue == queue), ANYBODY)

    def never_met(self, queue: QueueId, need: Need | None) -> Need | None:
        """Give what is asked for at last, if no agent of the queue has even that.

        `need` None is the queue's. None where somebody has it, or where the queue has no agents.
        """
        setting = next((each for each in self.queues if each.queue == queue), None)
        agents = self._of(queue)
        if setting is None or not agents:
            return None
        need = setting.need if need is None else need
        for step in setting.relax:
            need = relaxed(need, step)
        if any(missing(need, each.skills, each.languages) is None for each in agents):
            return None
        return need

    def _of(self, queue: QueueId) -> tuple[AgentSetting, ...]:
        return tuple(each for each in self.agents if queue in each.queues)


UNKNOWN_STAFF: Final = Staff()
