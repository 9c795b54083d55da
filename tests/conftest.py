"""Fixtures of all tests."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.folders import open_folder
from tests.programs import real_espeak
from tests.switch import Switch, running_switch


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def switch() -> AsyncIterator[Switch]:
    """One real Asterisk for the whole test session."""
    with open_folder() as folder:
        async with running_switch(folder) as running:
            yield running


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that the account which runs Asterisk can reach."""
    with open_folder() as opened:
        yield opened


@pytest.fixture(scope="session")
def espeak() -> None:
    """espeak-ng is on this machine, for tests whose subject finds it by itself."""
    real_espeak()
