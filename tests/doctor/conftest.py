"""One clean house for all tests of the doctor."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.doctor.house import House, clean_house
from tests.folders import open_folder


@pytest.fixture(scope="package")
def house() -> Iterator[House]:
    """A real service with its Asterisk, in which nothing is wrong."""
    with open_folder() as folder, clean_house(folder) as opened:
        yield opened
