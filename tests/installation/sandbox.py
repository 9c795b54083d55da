"""What holds the processes of a running unit: seen of each of them, and tried in what they see.

systemd leaves a line of a unit out, with a word in its journal at most, where a kernel or a version
of it cannot do what it says. So the units' text is not believed here.
"""

from __future__ import annotations

import re

from tests.installation.machine import Machine

# What systemd took from the unit.
_TAKEN = {
    "User": "freizeichen",
    "Group": "freizeichen",
    "UMask": "0077",
    "NoNewPrivileges": "yes",
    "CapabilityBoundingSet": "",
    "AmbientCapabilities": "",
    "ProtectSystem": "strict",
    "ProtectHome": "yes",
    "PrivateTmp": "yes",
    "PrivateDevices": "yes",
    "ProtectClock": "yes",
    "ProtectControlGroups": "yes",
    "ProtectHostname": "yes",
    "ProtectKernelLogs": "yes",
    "ProtectKernelModules": "yes",
    "ProtectKernelTunables": "yes",
    "ProtectProc": "invisible",
    "RestrictNamespaces": "yes",
    "RestrictRealtime": "yes",
    "RestrictSUIDSGID": "yes",
    "LockPersonality": "yes",
    "SystemCallArchitectures": "native",
    "LimitCORE": "0",
    "ReadWritePaths": "/var/lib/freizeichen /var/cache/freizeichen",
}
# What the kernel says of a process.
_HELD = {
    "NoNewPrivs": "1",
    "Seccomp": "2",  # by filters
    "Umask": "0077",
    **dict.fromkeys(("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"), "0" * 16),
}
_CLOSED = (
    "/usr",
    "/etc",
    "/etc/freizeichen",
    "/opt/freizeichen",
    "/var/log",
    "/var/cache",
    "/var/lib",
)
_THEIRS = ("/var/lib/freizeichen", "/var/cache/freizeichen", "/tmp", "/var/tmp")  # noqa: S108
_DEVICES = {  # that have nothing behind them; `char` holds links to these
    *(
        "char",
        "core",
        "fd",
        "full",
        "hugepages",
        "log",
        "mqueue",
        "null",
        "ptmx",
        "pts",
        "random",
        "shm",
    ),
    *("stderr", "stdin", "stdout", "tty", "urandom", "zero"),
}
_UNSEEN = ("/root", "/home", "/tmp", "/var/tmp")  # noqa: S108


def held(machine: Machine, unit: str) -> int:
    """How many processes a unit has; fails if one of them is held less than the unit says."""
    names = ",".join(_TAKEN)
    shown = machine.run("systemctl", "show", unit, f"--property={names}")
    taken = dict(line.split("=", 1) for line in shown.splitlines())
    assert taken == _TAKEN, unit
    account = machine.run("id", "-u", "freizeichen").strip()
    count = 0
    for pid in _processes(machine, unit):
        said = machine.run("cat", f"/proc/{pid}/status", f"/proc/{pid}/limits")
        if "No such" in said:  # it ended meanwhile, as a program that speaks a prompt does
            continue
        status = dict(re.findall(r"^(\w+):\s*(.*)$", said, re.MULTILINE))
        where = f"{unit}, process {status['Name']}"
        assert {word: status[word] for word in _HELD} == _HELD, where
        assert status["Uid"].split() == [account] * 4, where
        assert re.search(r"^Max core file size +0 +0 ", said, re.MULTILINE), f"{where}: {said}"
        count += 1
    _sees_no_more_than_it_should(machine, _main(machine, unit), unit)
    return count


def _sees_no_more_than_it_should(machine: Machine, pid: str, where: str) -> None:
    """Tried by root, for whom only what the process sees is in the way, and no rights of files."""
    inside = ("nsenter", "--target", pid, "--mount", "--")
    for folder in _CLOSED:
        said = machine.run(*inside, "touch", f"{folder}/of-a-test")
        assert "Read-only file system" in said, f"{where}: {folder}: {said}"
    for folder in _THEIRS:
        said = machine.run(*inside, "touch", f"{folder}/of-a-test")
        assert said == "", f"{where}: {said}"
        assert machine.run(*inside, "rm", f"{folder}/of-a-test") == "", where
    for folder in _UNSEEN:
        assert machine.run("touch", f"{folder}/of-a-test") == ""
        seen = machine.run(*inside, "ls", "-a", folder).split()
        assert machine.run("rm", f"{folder}/of-a-test") == ""
        assert "of-a-test" not in seen, f"{where}: {folder}: {seen}"
    devices = set(machine.run(*inside, "ls", "/dev").split())
    assert devices <= _DEVICES, f"{where}: {devices - _DEVICES}"


def _main(machine: Machine, unit: str) -> str:
    return machine.run("systemctl", "show", unit, "--property=MainPID", "--value").strip()


def _processes(machine: Machine, unit: str) -> list[str]:
    """The ids of a unit's processes; they share one view of the machine."""
    group = machine.run("systemctl", "show", unit, "--property=ControlGroup", "--value").strip()
    pids = machine.run("cat", f"/sys/fs/cgroup{group}/cgroup.procs").split()
    assert _main(machine, unit) in pids, (unit, pids)
    return pids
