"""What benches without a switch have in common: a store in a folder, and the agents of a day."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from queues.centre.inputs.agents import ReadyAsked
from queues.centre.inputs.house import PlaceChanged, PlaceState
from queues.centre.inputs.input import Input
from queues.centre.inputs.settings import AgentSetting, QueueSetting, SettingsLoaded
from queues.ids import AgentId, PlaceId, QueueId
from queues.store import Store

SERVICE: Final = QueueId("service")
AGENTS: Final = 40


def open_store(folder: Path) -> Store:
    """The store in this folder, made at its first opening; raises `StoreError`."""
    return Store.open(f"sqlite:///{folder}/store.db", key_file=folder / "store.key", node="bench")


def agents_sign_in() -> list[Input]:
    """The settings with one queue, and every agent at a phone that is free, and ready."""
    names = [str(number) for number in range(AGENTS)]
    agents = tuple(AgentSetting(AgentId(n), PlaceId(f"p{n}"), (SERVICE,)) for n in names)
    inputs: list[Input] = [SettingsLoaded((QueueSetting(SERVICE, 20.0, 0.0, 3),), agents, "bench")]
    for agent in agents:
        inputs += PlaceChanged(agent.place, PlaceState.FREE), ReadyAsked(agent.agent)
    return inputs
