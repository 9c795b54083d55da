"""The stage on which offers are made: with the fake switch, then with real Asterisk."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.contract.stages import FakeStage, Stage, real_stage
from tests.switch import Switch


@pytest_asyncio.fixture(params=["fake", "real"])
async def stage(request: pytest.FixtureRequest, switch: Switch) -> AsyncIterator[Stage]:
    if request.param == "fake":
        yield FakeStage()
        return
    async with real_stage(switch) as real:
        yield real
