"""SIPp, which plays a provider or a phone by a scenario of `tests/corpus/sipp`, on loopback."""

from __future__ import annotations

import asyncio
import os
import shutil
from pathlib import Path

from ivr import resources
from tests.debian import unpacked
from tests.switch import ROOT

_WITHIN_S = 20.0


def _command() -> tuple[list[str], dict[str, str]]:
    """This machine's SIPp, or Debian's, unpacked into the cache folder."""
    if found := shutil.which("sipp"):
        return [found], {}
    root = unpacked(resources.cache_folder() / "sipp-1", "sip-tester")
    libraries = ":".join(str(path) for path in sorted(root.glob("usr/lib/*-linux-gnu")))
    return [str(root / "usr/bin/sipp")], {"LD_LIBRARY_PATH": libraries}


async def sipp(scenario: str, sip_port: int, folder: Path, **values: str) -> None:
    """Play one call of a scenario against this port; fails when it does not go as written."""
    command, environment = await asyncio.to_thread(_command)
    words = [word for key, value in values.items() for word in ("-key", key, value)]
    process = await asyncio.create_subprocess_exec(
        *command,
        f"127.0.0.1:{sip_port}",
        *("-sf", str(ROOT / "tests/corpus/sipp" / f"{scenario}.xml")),
        *("-i", "127.0.0.1", "-m", "1", "-timeout", "10s", "-timeout_error", "-nostdin"),
        *("-trace_err", "-error_file", str(folder / "sipp-errors")),
        *words,
        cwd=folder,
        env=dict(os.environ) | environment | {"TERM": "dumb"},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(_WITHIN_S):
            _, said = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    errors = folder / "sipp-errors"
    told = errors.read_text(errors="replace") if errors.exists() else ""
    assert process.returncode == 0, f"{scenario}: {said.decode(errors='replace')[-300:]}{told}"
