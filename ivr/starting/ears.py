"""Which languages callers can be heard in: models found, loaded and measured, and what is missing.

Loading takes seconds and happens in a thread beside the start; until it is done callers use keys.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog

from ivr.asterisk.audiosocket.prompt_store import PromptStore, PromptUnusable
from ivr.dialplan.plan import Menu, Plan
from ivr.speech.giving_back import give_memory_back
from ivr.speech.hearing_desk import HearingDesk
from ivr.speech.models import find_model
from ivr.speech.recogniser import Recogniser
from ivr.speech.turn import Grammar
from ivr.speech.unheard import unheard_phrases
from ivr.speech.vosk_model import ModelBroken
from queues.api import HealthReason

log = structlog.get_logger()

_MEASURED_BYTES = 2 * 2 * 8000  # 2 s of 16-bit sound

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class ModelFolders:
    """Where models lie: folders that were set, and the cache for fetched ones."""

    configured: Mapping[str, Path]
    cache: Path


class Ears:
    """The recogniser of a service and its desk, for the lines whose plans listen."""

    def __init__(
        self,
        plans: Iterable[Plan],
        folders: ModelFolders,
        prompts: PromptStore,
        threads: int | None,
    ) -> None:
        self._plans = [plan for plan in plans if plan.listens]
        self._folders = folders
        self._prompts = prompts
        self._recogniser = Recogniser(threads)
        self.desk = HearingDesk(self._recogniser)
        self.loaded = asyncio.Event()
        self._broken: set[str] = set()

    @property
    def wanted(self) -> frozenset[str]:
        """The languages in which some line listens."""
        return frozenset(plan.language for plan in self._plans)

    @property
    def missing(self) -> frozenset[str]:
        """The languages in which a line listens and nobody can hear."""
        return self.wanted - self._recogniser.languages()

    def reasons(self) -> tuple[HealthReason, ...]:
        """Why callers of some languages cannot be heard, with what to do about it."""
        if not self.loaded.is_set():
            return (HealthReason("loading", "the speech models are being loaded"),)
        return tuple(self._reason(language) for language in sorted(self.missing))

    def _reason(self, language: str) -> HealthReason:
        if language in self._broken:
            return HealthReason(
                "model_broken",
                f"the speech model of '{language}' does not work; run 'freizeichen models list'",
            )
        return HealthReason(
            "no_model",
            f"there is no speech model for '{language}'; "
            f"run 'freizeichen models fetch {language}' and start again",
        )

    async def load(self, tell: Tell) -> None:
        """Load prompts and models, and measure; says what is missing, and never raises for it."""
        try:
            for plan in self._plans:
                await self._prompts.load(map(plan.sound, plan.prompts))
            for language in sorted(self.wanted):
                await self._load(language, tell)
        finally:
            self.loaded.set()

    async def give_memory_back(self) -> None:
        """Let the machine have what hearing no longer uses, until cancelled."""
        await give_memory_back(self._recogniser)

    async def close(self) -> None:
        """End every hearing and its threads."""
        await asyncio.to_thread(self._recogniser.close)

    async def _load(self, language: str, tell: Tell) -> None:
        plans = [plan for plan in self._plans if plan.language == language]
        folder = find_model(language, self._folders.configured.get(language), self._folders.cache)
        if folder is None:
            tell(
                f"note: no speech model for '{language}', so its callers use keys; "
                f"run 'freizeichen models fetch {language}'"
            )
            return
        try:
            await asyncio.to_thread(self._recogniser.load, language, folder)
            sound = await self._speech(plans)
            grammar = self._largest_grammar(language, plans)
            if grammar is not None:
                measured = await asyncio.to_thread(self.desk.measure, language, sound, grammar)
                self.desk.set_measured(measured)
        except Exception as error:  # whatever a model does, its language is served by keys
            log.error("model not usable", language=language, exc_info=error)
            self._recogniser.forget(language)
            self._broken.add(language)
            error = error if isinstance(error, ModelBroken) else ModelBroken("it does not work")
            named = f" (speech.models.{language})" if language in self._folders.configured else ""
            tell(f"note: callers in '{language}' use keys: {error}{named}")
            return
        for fault in self._unheard(language, plans):
            tell(f"note: {fault}")
        log.info("model loaded", language=language, streams=self.desk.capacity)

    async def _speech(self, plans: Sequence[Plan]) -> bytes:
        """Speech in this language, to be heard as a measure: our own prompts."""
        sound = b""
        for plan in plans:
            for prompt in plan.prompts:
                try:
                    samples = await self._prompts.get(plan.sound(prompt))
                except PromptUnusable:
                    continue
                sound += samples.tobytes()
                if len(sound) >= _MEASURED_BYTES:
                    return sound[:_MEASURED_BYTES]
        return sound.ljust(_MEASURED_BYTES, b"\0")

    def _largest_grammar(self, language: str, plans: Sequence[Plan]) -> Grammar | None:
        menus = [
            tuple(node.phrases)
            for plan in plans
            for node in plan.nodes.values()
            if isinstance(node, Menu) and node.listens
        ]
        return self.desk.grammar(language, max(menus, key=len))

    def _unheard(self, language: str, plans: Sequence[Plan]) -> list[str]:
        return [
            str(fault)
            for plan in {plan.hash: plan for plan in plans}.values()
            for fault in unheard_phrases(
                plan, lambda words: self._recogniser.unknown_words(language, words)
            )
        ]
