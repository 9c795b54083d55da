"""Finds SIPp, which places calls by a scenario, or unpacks Debian's package beside Asterisk."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Final

from ivr.asterisk.install import InstallFailed, Programs, loader_command, unpacked
from ivr.bench.progress import Tell
from ivr.bench.site import BenchFailed

_PROGRAM: Final = "usr/bin/sipp"
_SAYS_VERSION: Final = 99  # with this status
_SIP_TESTER: Final = Programs(
    "sip-tester-1",
    "SIPp",
    ("sip-tester",),
    "about 20 MB",
    "SIPp is not on this machine",
    "install SIPp 3.6 or later yourself (sipp on the PATH)",
)


def sipp(cache: Path, tell: Tell) -> tuple[str, ...]:
    """The command that runs SIPp; raises `BenchFailed` with what to do."""
    if on_path := shutil.which("sipp"):
        return (on_path,)
    try:
        root = unpacked(_SIP_TESTER, cache, tell, _must_be_sipp)
        return loader_command(root, _PROGRAM)
    except InstallFailed as error:
        raise BenchFailed(str(error)) from None


def _must_be_sipp(root: Path) -> None:
    command = [*loader_command(root, _PROGRAM), "-v"]
    done = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603
    if done.returncode not in {0, _SAYS_VERSION} or "SIPp v" not in done.stdout:
        raise InstallFailed(f"the SIPp that was fetched does not run here; {_SIP_TESTER.instead}")
