"""What `freizeichen init` asks, and the commented settings file that follows from the answers.

Pure: answers in, text out. The text is always read by `load_settings` before it is written.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from jinja2 import Environment, PackageLoader, StrictUndefined

LANGUAGES: Final = ("de", "en", "ko")  # of the dialplans that come along
SHIPPED_QUEUE: Final = "service"  # which those dialplans hand callers to
TrunkKind = Literal["none", "address", "registration"]
_NAMES: Final = {"de": "German", "en": "English", "ko": "Korean"}
_LONGEST_ID: Final = 30
_WORD: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_./-]*[A-Za-z0-9_]|[A-Za-z]")
_MEANT_OTHERWISE: Final = ("true", "false", "null", "True", "False", "Null", "NULL")
_PLAIN: Final = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "ø": "o", "æ": "ae"})


@dataclass(frozen=True, slots=True)
class NewTrunk:
    """How the provider knows us: by our address, or by a registration as this user."""

    kind: TrunkKind = "none"
    host: str = ""
    user: str = ""
    password_file: Path = Path("trunk-password")


@dataclass(frozen=True, slots=True)
class Answers:
    """All that is asked. `agents` are names of people; each sits at a phone of its own."""

    name: str
    zone: str
    region: str
    number: str
    language: str
    queues: tuple[str, ...]
    agents: tuple[str, ...]
    address: str
    trunk: NewTrunk


@dataclass(frozen=True, slots=True)
class NewAgent:
    """An agent as the file names it."""

    id: str
    name: str
    place: str


def new_agents(names: Sequence[str]) -> tuple[NewAgent, ...]:
    """An id out of each name (Jürgen Groß -> juergen-gross), each once, and a phone."""
    found: list[NewAgent] = []
    for number, name in enumerate(names, 1):
        plain = as_id(name) or f"agent{number}"
        taken = {agent.id for agent in found}
        unique = plain
        while unique in taken:
            unique = f"{plain[: _LONGEST_ID - 4]}-{number}"
            number += 1
        found.append(NewAgent(unique, name, f"desk{len(found) + 1}"))
    return tuple(found)


def as_id(name: str) -> str:
    """The letters of a name as an id of the settings; empty where it has none of a to z."""
    decomposed = unicodedata.normalize("NFKD", name.lower().translate(_PLAIN))
    plain = re.sub(r"[^a-z0-9]+", "-", decomposed.encode("ascii", "ignore").decode()).strip("-")
    return plain[:_LONGEST_ID].strip("-") if plain[:1].isalpha() else ""


def split(text: str) -> tuple[str, ...]:
    """The parts of a list with commas, without empty ones."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def settings_text(answers: Answers, *, dialplans: str | None) -> str:
    """The settings file; `dialplans` is a folder of the place's own, if it has one."""
    environment = Environment(  # noqa: S701  (YAML, in which every value is quoted)
        loader=PackageLoader("ivr.settings", "."),
        undefined=StrictUndefined,
        keep_trailing_newline=True,
    )
    environment.filters["q"] = _quoted
    environment.filters["word"] = _word
    environment.filters["flow"] = _flow
    return environment.get_template("begun.yaml.j2").render(
        answers=answers,
        agents=new_agents(answers.agents),
        line_name=_NAMES.get(answers.language, answers.language),
        dialplans=dialplans,
    )


def own_dialplan(text: str, queue: str) -> str:
    """A dialplan that came along, handing callers to another queue."""
    return re.sub(rf"\bqueue: {SHIPPED_QUEUE}\b", f"queue: {queue}", text)


def _quoted(value: Any) -> str:
    """JSON is YAML too, and leaves no doubt about `no` and 030."""
    return json.dumps(value, ensure_ascii=False)


def _word(text: str) -> str:
    """A plain word as it is; quoted where YAML could take it for something else."""
    return text if _WORD.fullmatch(text) and text not in _MEANT_OTHERWISE else _quoted(text)


def _flow(values: Iterable[str]) -> str:
    return f"[{', '.join(map(_word, values))}]"
