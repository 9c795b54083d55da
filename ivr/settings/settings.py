"""The settings file: what the place is built of, checked whole, with file and line for each fault.

`freizeichen.yaml` is read, never written. Each value can also be given by environment:
`FREIZEICHEN_PORTS__SIP=5161` sets `ports.sip`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PrivateAttr,
    ValidationError,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from ivr.dialplan.staff import Staff
from ivr.phone_number import REGION, known_region
from ivr.settings.asterisk import AsteriskSettings
from ivr.settings.environment import PREFIX, expected, not_json, unknown_variables, variable_behind
from ivr.settings.hours import Region
from ivr.settings.names import check_names
from ivr.settings.origin import Origin, line_of
from ivr.settings.parts import (
    E164,
    MEANT,
    Address,
    DialplanFile,
    Host,
    Id,
    Language,
    Misplaced,
    Number,
    Part,
    Reason,
    Shown,
    Zone,
)
from ivr.settings.people import Agent, FeatureCodes, Queue, check_codes, check_needs, staff_of
from ivr.settings.ports import Ports, check_sound_ports
from ivr.settings.store import Store
from ivr.settings.trunk import EMERGENCY_NUMBERS, Emergency, Trunk, check_trunk
from queues.bounded_yaml import bounded_yaml

VERSION = 1  # of the settings' schema: raised when a setting means something else
_LARGEST_FILE = 1_000_000  # bytes

_LINE = {"number": "100", "name": "German", "language": "de", "dialplan": "de/main.yaml"}
_AGENT = {"id": "anna", "name": "Anna", "place": "desk1", "queues": ["service"]}
_SHORTLY = {
    "extra_forbidden": "this is no setting; check the spelling",
    "missing": "is missing",
    "string_type": "expected text; put it in quotes",
    "model_type": "expected lines of 'name: value' below it",
    "tuple_type": "expected a list: lines that begin with '- ', or [one, two]",
    "dict_type": "expected lines of 'name: value' below it",
}
_OTHER_SHAPE = ("dict_type", "tuple_type", "model_type")


def _version(value: Any) -> Any:
    if isinstance(value, bool | float):  # which are equal to it
        raise ValueError(f"expected {VERSION}, the version of these settings")
    return value


class SettingsFaulty(Exception):
    """The settings cannot be used; `faults` has a line for each reason, with place and mend."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


class Site(Part):
    """Who runs this place, as agents' phones show it, and where it is.

    Its days end in `zone`; numbers without a country's code are of `region`; `holidays` names whose
    holidays queues have, such as DE-BE.
    """

    name: Shown = Field(default="Freizeichen", min_length=1, max_length=80)
    zone: Zone = "Europe/Berlin"
    region: Annotated[str, AfterValidator(known_region)] = REGION
    holidays: Region | None = None


class Listen(Part):
    """Where telephones and API are reached; Asterisk's control port is always on loopback.

    `hosts` are further names under which the API answers, besides `address` and loopback.
    """

    address: Address = "127.0.0.1"
    hosts: tuple[Host, ...] = Field(default=(), examples=[["phones.example.org"]])


class Line(Part):
    """A phone number that is called, with its language and dialplan (below `dialplans/`).

    `public` are further numbers, as the phone network knows them, that lead here.
    """

    number: Number
    name: Shown = Field(min_length=1, max_length=60)
    language: Language
    dialplan: DialplanFile
    public: tuple[E164, ...] = Field(default=(), max_length=1000, examples=[["+4930123456"]])

    @property
    def public_numbers(self) -> tuple[str, ...]:
        """By what numbers of the phone network it is called; the first is shown to callees."""
        own = (self.number,) if self.number.startswith("+") else ()
        return tuple(dict.fromkeys((*own, *self.public)))


class Speech(Part):
    """How the machine hears and speaks.

    `models` are folders with a Vosk model, by language, that win over fetched ones; `threads` hear
    at once (default: one for each core). `voices` are Piper voices (files `*.onnx` with their
    `*.onnx.json` beside them) by language, spoken with the program `piper`; a language without one
    is spoken by espeak-ng.
    """

    models: dict[Language, Path] = Field(default_factory=dict, examples=[{"ko": "/srv/models/ko"}])
    threads: Annotated[int, Field(ge=1, le=64)] | None = None
    voices: dict[Language, Path] = Field(
        default_factory=dict, examples=[{"de": "/srv/voices/de.onnx"}]
    )
    piper: Path = Path("piper")


class Log(Part):
    """What the service writes into its log, how and where; nothing personal at any level.

    `file` lies in the run folder and turns over; `journal` is standard error, for systemd's.
    """

    level: Literal["debug", "info", "warning"] = "info"
    format: Literal["json", "text"] = "json"
    to: Literal["file", "journal"] = "file"


class Settings(BaseSettings):
    """All settings, checked against each other."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter="__", extra="forbid", frozen=True
    )

    version: Annotated[Literal[1], BeforeValidator(_version)]
    site: Site = Site()
    listen: Listen = Listen()
    ports: Ports = Ports()
    asterisk: AsteriskSettings = AsteriskSettings()
    lines: tuple[Line, ...] = Field(min_length=1, examples=[[_LINE]])
    queues: tuple[Queue, ...] = Field(min_length=1, examples=[[{"id": "service"}]])
    places: tuple[Id, ...] = Field(
        default=(), description="phones where agents sit", examples=[["desk1"]]
    )
    callers: tuple[Id, ...] = Field(
        default=(), description="phone accounts that may call the lines", examples=[["caller1"]]
    )
    agents: tuple[Agent, ...] = Field(default=(), examples=[[_AGENT]])
    pause_reasons: tuple[Reason, ...] = Field(
        default=("break", "lunch", "meeting", "training", "paperwork"),
        min_length=1,
        examples=[["lunch"]],
    )
    feature_codes: FeatureCodes = FeatureCodes()
    speech: Speech = Speech()
    store: Store = Store()
    log: Log = Log()
    trunk: Trunk | None = None
    emergency: Emergency | None = None
    dialplans: Path | None = None
    recorded_prompts: Path | None = None
    _origin: Origin = PrivateAttr(default_factory=Origin)

    @model_validator(mode="after")
    def _hangs_together(self) -> Settings:
        check_sound_ports(self.ports, self.asterisk)
        check_names(
            [(line.number, line.public_numbers) for line in self.lines],
            self.queues,
            self.agents,
            self.places,
            self.callers,
            self.pause_reasons,
        )
        check_needs(self.queues, self.agents)
        check_trunk(
            self.trunk,
            self.emergency,
            address=self.listen.address,
            numbers=[line.number for line in self.lines],
            own_numbers=self.own_numbers,
            places=self.places,
        )
        check_codes(self.feature_codes, [*EMERGENCY_NUMBERS, *(line.number for line in self.lines)])
        return self

    def where(self, *location: str | int) -> str:
        """How a fault of one of these values begins: the file's line, or the variable."""
        return self._origin.where(*location)

    @property
    def own_trunk(self) -> Trunk | None:
        """The trunk, if it is our Asterisk that has it: another's has its own."""
        return self.trunk if self.asterisk.config is None else None

    @property
    def own_numbers(self) -> tuple[str, ...]:
        """Under which numbers the phone network knows us: no other is shown to whom we call."""
        return tuple(number for line in self.lines for number in line.public_numbers)

    @property
    def staff(self) -> Staff:
        """Its queues and agents, as the centre takes them."""
        return staff_of(self.queues, self.agents)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment wins over the file; nothing else is looked at."""
        return (env_settings, init_settings)


def load_settings(path: Path) -> Settings:
    """Read and check a settings file; raises `SettingsFaulty` with every fault found."""
    data = _read(path)
    _refuse_other_version(path, data)
    _holds_no_password(path, data)
    unknown = unknown_variables(os.environ, Settings.model_fields)
    try:
        settings = Settings(**data)
    except ValidationError as error:
        said = [_say(path, data, fault) for fault in _causes(error)]
        raise SettingsFaulty(unknown + said) from None
    except (SettingsError, RecursionError) as error:  # a variable that should be JSON and is not
        raise SettingsFaulty(unknown + (not_json(os.environ, Settings) or [str(error)])) from None
    if unknown:
        raise SettingsFaulty(unknown)
    settings._origin = Origin(path, data)
    return settings


def _read(path: Path) -> CommentedMap:
    try:
        if path.stat().st_size > _LARGEST_FILE:
            raise SettingsFaulty([f"{path}: larger than 1 MB; this cannot be a settings file"])
        data = bounded_yaml().load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsFaulty(
            [f"{path}: {error.strerror}; name another file with --settings"]
        ) from None
    except UnicodeDecodeError:
        raise SettingsFaulty([f"{path}: not UTF-8 text; save it as UTF-8"]) from None
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise SettingsFaulty([f"{path}:{line}: {error.problem}; mend the YAML here"]) from None
    except YAMLError as error:
        raise SettingsFaulty([f"{path}: {str(error).splitlines()[0]}; mend the YAML"]) from None
    if not isinstance(data, CommentedMap):
        raise SettingsFaulty([f"{path}:1: empty or not a mapping; it begins with 'version: 1'"])
    return data


def _holds_no_password(path: Path, data: CommentedMap) -> None:
    """Others may read a settings file, and a copy of it lies beside every change."""
    trunk = data.get("trunk")
    if isinstance(trunk, CommentedMap) and "password" in trunk:
        line = line_of(data, ("trunk", "password"))
        raise SettingsFaulty(
            [
                f"{path}:{line}: trunk.password: no password belongs here; put it alone into a "
                "file and name that in trunk.password_file, or set FREIZEICHEN_TRUNK__PASSWORD"
            ]
        )


def _refuse_other_version(path: Path, data: CommentedMap) -> None:
    """A later version may mean something else by every word, so that is all that is said of it."""
    found = data.get("version")
    if isinstance(found, int) and not isinstance(found, bool) and found > VERSION:
        raise SettingsFaulty(
            [
                f"{path}:{line_of(data, ('version',))}: version: these settings are of version "
                f"{found}, of a later freizeichen; this one reads version {VERSION}. Install the "
                f"later one, or go back to the settings of version {VERSION} (a backup holds them)"
            ]
        )


def _causes(error: ValidationError) -> list[Mapping[str, Any]]:
    """The faults, without those that only follow from one deeper inside (a list too short)."""
    faults = [each for told in error.errors() for each in _each_in_its_place(told)]
    places = [tuple(fault["loc"]) for fault in faults]
    return [
        fault
        for fault, place in zip(faults, places, strict=True)
        if fault["type"] != "too_short"
        or not any(len(other) > len(place) and other[: len(place)] == place for other in places)
    ]


def _each_in_its_place(fault: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """A fault of a whole table, as those of the values that do not go together."""
    why = fault.get("ctx", {}).get("error")
    if not isinstance(why, Misplaced):
        return [fault]
    return [{**fault, "loc": (*fault["loc"], *place), "msg": said} for place, said in why.faults]


def _say(path: Path, data: CommentedMap, fault: Mapping[str, Any]) -> str:
    location = tuple(fault["loc"])
    message = str(fault["msg"]).removeprefix("Value error, ")
    if fault["type"] == "string_pattern_mismatch":
        message = MEANT[fault["ctx"]["pattern"]]
    message = _SHORTLY.get(fault["type"], message)
    if fault["type"] in _OTHER_SHAPE and variable_behind(location, os.environ) is not None:
        message = expected(location, Settings) or message
    return f"{Origin(path, data).where(*location)}: {message}"
