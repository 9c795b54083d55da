"""Fixtures of all tests."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.switch import Switch, running_switch


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def switch(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Switch]:
    """One real Asterisk for the whole test session."""
    async with running_switch(tmp_path_factory.mktemp("switch")) as running:
        yield running
