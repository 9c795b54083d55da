"""The rules of the house that a machine can hold: imports, purity, sizes, first sentences."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PRODUCT = sorted([*ROOT.glob("ivr/**/*.py"), *ROOT.glob("queues/**/*.py")])
EVERYTHING = [*PRODUCT, *sorted(ROOT.glob("tests/**/*.py"))]
MOST_LINES = 400
SAYS_NOTHING = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "base"}
CLOCKS = {"time", "datetime", "asyncio", "logging", "structlog", "sqlalchemy", "socket", "random"}
PURE = ("ivr/flow", "ivr/dialplan", "ivr/speech/turn", "queues/centre", "queues/simulation")


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


def imported(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


def test_imports_go_from_ivr_to_queues_and_pure_packages_stay_pure() -> None:
    done = subprocess.run(
        [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    "path", [path for path in PRODUCT if relative(path).startswith(PURE)], ids=relative
)
def test_a_pure_file_knows_no_clock_no_loop_and_no_log(path: Path) -> None:
    roots = {name.split(".")[0] for name in imported(path)}
    assert not roots & CLOCKS


def test_only_the_asterisk_package_knows_panoramisk() -> None:
    users = {relative(path) for path in PRODUCT if any("panoramisk" in n for n in imported(path))}
    assert users
    assert all(user.startswith("ivr/asterisk/") for user in users)


@pytest.mark.parametrize("path", EVERYTHING, ids=relative)
def test_a_file_is_small_and_its_name_says_what_it_decides(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= MOST_LINES
    assert path.stem not in SAYS_NOTHING


@pytest.mark.parametrize("path", PRODUCT, ids=relative)
def test_a_module_begins_with_a_sentence(path: Path) -> None:
    text = path.read_text()
    if text.strip():
        docstring = ast.get_docstring(ast.parse(text))
        assert docstring, f"{relative(path)} has no docstring"
        assert docstring.split("\n\n")[0].rstrip().endswith((".", ":", "?"))
