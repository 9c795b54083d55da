"""Fixtures of the store's tests: an empty place in a file, on a server, or on each in turn."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.folders import open_folder
from tests.store.places import Place
from tests.store.postgres_server import PostgresServer, running_server


@pytest.fixture(scope="session")
def server() -> Iterator[PostgresServer]:
    """One PostgreSQL for the whole test session."""
    with open_folder() as folder, running_server(folder) as running:
        yield running


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The folder of a service, which it makes itself."""
    return tmp_path / "home"


@pytest.fixture
def file_place(home: Path) -> Place:
    return Place(home, f"sqlite:///{home / 'store.db'}")


@pytest.fixture(scope="session")
def database(server: PostgresServer) -> str:
    return server.new_database()


@pytest.fixture
def server_place(home: Path, server: PostgresServer, database: str) -> Iterator[Place]:
    yield Place(home, server.url(database), server, database)
    server.clean(database)


@pytest.fixture(params=["file", "server"])
def place(request: pytest.FixtureRequest) -> Place:
    """Each kind of database in turn, empty."""
    found: Place = request.getfixturevalue(f"{request.param}_place")
    return found
