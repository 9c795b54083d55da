"""Finds an Asterisk new enough on this machine, or unpacks one into the cache folder, without root.

The private root holds Asterisk and espeak-ng from Debian unstable, fetched by the machine's own apt
from the machine's own package source, checked by apt's signatures, and unpacked as plain files:
nothing is installed into the system and no maintainer script runs. Programs in it are started
through its own dynamic loader.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

OLDEST = (22, 10, 1)
_LAYOUT = 1  # counted up when what is unpacked changes
_ROOT_MARK = "complete"
_LONGEST_S = 900  # of one run of apt
_END_S = 5.0
# Below the prefix of an installation (/usr, /usr/local, the private root's usr).
_MODULE_FOLDERS = (
    "lib/x86_64-linux-gnu/asterisk/modules",
    "lib/aarch64-linux-gnu/asterisk/modules",
    "lib64/asterisk/modules",
    "lib/asterisk/modules",
)
_DATA_FOLDERS = ("share/asterisk", "var/lib/asterisk", "../var/lib/asterisk")
_ONE_LINE_SOURCE = re.compile(
    r"^deb\s+(?:\[[^]]*\]\s+)?(\S+/debian/?)\s+\S+\s+main\b", re.MULTILINE
)
Progress = Callable[[str], None]


class InstallFailed(Exception):
    """A program can be neither found nor fetched; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Programs:
    """What is unpacked into one private root, and how to do without."""

    folder: str  # of the cache; another one when what is unpacked changes
    name: str
    packages: tuple[str, ...]
    size: str
    is_missing: str  # a sentence
    instead: str  # imperative


ASTERISK = Programs(
    f"root-{_LAYOUT}",
    "Asterisk",
    ("asterisk", "espeak-ng"),
    "about 90 MB",
    f"Asterisk {'.'.join(map(str, OLDEST))} or later, or espeak-ng, is not on this machine",
    f"install Asterisk {'.'.join(map(str, OLDEST))} or later and espeak-ng yourself "
    "(an Asterisk that is not on the PATH is named as asterisk.binary in the settings)",
)


@dataclass(frozen=True, slots=True)
class Asterisk:
    """An Asterisk that can be started: the command, its modules, its data and its version."""

    command: tuple[str, ...]
    modules: Path
    data: Path
    version: tuple[int, int, int]


def parse_version(text: str) -> tuple[int, int, int] | None:
    """`Asterisk 22.10.1+dfsg...` -> (22, 10, 1); None where no version can be read."""
    found = re.search(r"Asterisk (?:certified-)?(\d+)\.(\d+)(?:\.(\d+))?", text)
    return (int(found[1]), int(found[2]), int(found[3] or 0)) if found else None


def find_asterisk(binary: Path | None, cache: Path) -> Asterisk | None:
    """The Asterisk to run: the one named in the settings, one of this machine, or the unpacked one.

    Raises `InstallFailed` when the named one cannot be used.
    """
    if binary is not None:
        found = _inspect((str(binary),), binary.parent.parent)
        if found is None:
            raise InstallFailed(
                f"asterisk.binary: {binary} is not an Asterisk {dotted(OLDEST)} or later with its "
                "modules; name another one, or remove the setting to have one fetched"
            )
        return found
    on_path = shutil.which("asterisk") or shutil.which("asterisk", path="/usr/sbin")
    if on_path and (found := _inspect((on_path,), Path(on_path).parent.parent)):
        return found
    root = _root(cache)
    if (root / _ROOT_MARK).exists():
        return _inspect(loader_command(root, "usr/sbin/asterisk"), root / "usr")
    return None


def version_of(command: Sequence[str]) -> tuple[int, int, int] | None:
    """The version that a program says it is; None if it is no Asterisk or does not run."""
    try:
        done = subprocess.run(  # noqa: S603  (a program the admin or we ourselves named)
            [*command, "-V"], check=False, capture_output=True, errors="replace", timeout=20
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return parse_version(done.stdout)


def find_espeak(cache: Path) -> tuple[str, ...] | None:
    """The command that runs espeak-ng: this machine's, or the unpacked one."""
    if on_path := shutil.which("espeak-ng"):
        return (on_path,)
    root = _root(cache)
    data = next(iter(root.glob("usr/lib/*/espeak-ng-data")), None)
    if data is None or not (root / _ROOT_MARK).exists():
        return None
    return (*loader_command(root, "usr/bin/espeak-ng"), f"--path={data.parent}")


def loader_command(root: Path, program: str) -> tuple[str, ...]:
    """How to start a program of an unpacked root: through its loader, with its libraries."""
    loaders = sorted(root.glob("usr/lib*/ld-linux-*.so.*"))
    libraries = [str(path) for path in sorted(root.glob("usr/lib/*-linux-gnu"))]
    libraries += [f"{path}/{sub}" for path in libraries for sub in ("asterisk", "pulseaudio")]
    if not loaders:
        raise InstallFailed(f"{root} is damaged (no dynamic loader); delete it and start again")
    return (str(loaders[0]), "--library-path", ":".join(libraries), str(root / program))


def install(cache: Path, progress: Progress) -> None:
    """Fetch and unpack Asterisk and espeak-ng once; a second process waits for the first.

    Raises `InstallFailed`; nothing half-done is left behind.
    """
    unpacked(ASTERISK, cache, progress, _must_be_asterisk)


def _must_be_asterisk(root: Path) -> None:
    if _inspect(loader_command(root, "usr/sbin/asterisk"), root / "usr") is None:
        raise InstallFailed(
            "the Asterisk that was fetched does not run here or is older than "
            f"{dotted(OLDEST)}; {ASTERISK.instead}"
        )


def unpacked(
    programs: Programs, cache: Path, progress: Progress, must_run: Callable[[Path], None]
) -> Path:
    """The private root of these programs, fetched and unpacked by the first who asks.

    `must_run` raises `InstallFailed` for what does not run here; so does this for whatever else
    is in the way. Nothing half-done is left behind.
    """
    root = cache / programs.folder
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with _locked(cache / "install.lock", programs.name, progress):
            for left_over in cache.glob("fetch-*"):  # of a process that was killed
                shutil.rmtree(left_over, ignore_errors=True)
            if not (root / _ROOT_MARK).exists():
                _fetch_and_unpack(programs, root, progress, must_run)
    except OSError as error:
        raise InstallFailed(
            f"cannot write to the cache folder {cache}: {error.strerror}; free some space (400 MB) "
            "or set FREIZEICHEN_CACHE to another folder"
        ) from None
    return root


def _fetch_and_unpack(
    programs: Programs, root: Path, progress: Progress, must_run: Callable[[Path], None]
) -> None:
    for tool in ("apt-get", "dpkg-deb"):
        if shutil.which(tool) is None:
            raise InstallFailed(
                f"{programs.is_missing}, and there is no {tool} to fetch it; {programs.instead}"
            )
    with tempfile.TemporaryDirectory(dir=root.parent, prefix="fetch-") as name:
        work = Path(name)
        found = work / "root"
        try:
            options = _apt_options(work, package_source())
            progress(f"{programs.name}: reading the package list of Debian unstable")
            _apt(options, "update")
            progress(f"{programs.name}: fetching packages ({programs.size})")
            wanted = ("--yes", "--no-install-recommends", "--download-only", *programs.packages)
            _apt(options, "install", *wanted)
            packages = sorted((work / "cache" / "archives").glob("*.deb"))
            progress(f"{programs.name}: unpacking {len(packages)} packages")
            found.mkdir(mode=0o755)
            for package in packages:
                _run(["dpkg-deb", "--extract", str(package), str(found)], "unpacking a package")
        except InstallFailed as failed:
            raise InstallFailed(f"{failed}, or {programs.instead}") from None
        must_run(found)
        (found / _ROOT_MARK).touch()
        found.rename(root)


def source_in(name: str, text: str) -> str | None:
    """The address of Debian's main archive in a file of /etc/apt, if it stands there."""
    if name.endswith(".sources"):
        for stanza in re.split(r"\n\s*\n", text):
            found = re.search(r"^URIs:\s*(\S+)", stanza, re.MULTILINE)
            if found and "debian-archive-keyring" in stanza:
                return found[1]
        return None
    found = _ONE_LINE_SOURCE.search(text)
    return found[1] if found else None


def package_source() -> str:
    """The machine's own Debian package source, for memory and apt's own files; `InstallFailed`."""
    folder = Path("/etc/apt")
    for file in (*sorted(folder.glob("sources.list.d/*")), folder / "sources.list"):
        if file.is_file() and (found := source_in(file.name, file.read_text(errors="replace"))):
            return found
    raise InstallFailed("there is no Debian package source in /etc/apt; set one up")


def _apt_options(work: Path, mirror: str) -> list[str]:
    """apt with lists, cache and sources of its own; it neither reads nor changes the system's."""
    keyring = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
    signed = f"signed-by={keyring} " if keyring.exists() else ""
    for folder in ("lists/partial", "cache/archives/partial"):
        (work / folder).mkdir(parents=True)
    (work / "status").touch()
    (work / "sources.list").write_text(f"deb [{signed}check-valid-until=no] {mirror} sid main\n")
    values = {
        "Dir::Etc::sourcelist": work / "sources.list",
        "Dir::Etc::sourceparts": "/dev/null",
        "Dir::Etc::preferencesparts": "/dev/null",
        "Dir::State": work,
        "Dir::State::lists": work / "lists",
        "Dir::State::status": work / "status",
        "Dir::Cache": work / "cache",
        "Acquire::Languages": "none",
        "Acquire::Retries": "3",
        "APT::Sandbox::User": "",
        "Debug::NoLocking": "1",
    }
    return [word for key, value in values.items() for word in ("-o", f"{key}={value}")]


def _apt(options: Sequence[str], *words: str) -> None:
    _run(["apt-get", "-qq", *options, *words], f"apt-get {words[0]}")


def _run(command: Sequence[str], doing: str) -> None:
    environment = dict(os.environ, LC_ALL="C", DEBIAN_FRONTEND="noninteractive")
    # By a thread, in which no signal raises: one that came while a program is being started would
    # leave it behind, known to nobody.
    with ThreadPoolExecutor(max_workers=1) as pool:
        # In a session of its own: apt's helpers hold no terminal, and can be ended as one group.
        starting = pool.submit(
            subprocess.Popen,
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
            start_new_session=True,
        )
        try:
            _, said = starting.result().communicate(timeout=_LONGEST_S)
        except subprocess.TimeoutExpired:
            raise InstallFailed(
                f"{doing} took over 15 minutes; check the network and start again"
            ) from None
        finally:
            process = starting.result()
            if process.returncode is None:
                _end_group(process)
    if process.returncode != 0:
        lines = [line for line in said.splitlines() if line.startswith("E:")]
        reason = re.sub(r"\S+://\S+", "the package source", (lines or ["no reason given"])[0])
        raise InstallFailed(f"{doing} failed ({reason}); check network and disk and start again")


def _end_group(process: subprocess.Popen[str]) -> None:
    """End a program that leads a group, with all it started; politely, then at once."""
    for kind in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError, subprocess.TimeoutExpired):
            os.killpg(process.pid, kind)
            process.communicate(timeout=_END_S)  # until no helper holds the pipe any more


def _inspect(command: tuple[str, ...], prefix: Path) -> Asterisk | None:
    version = version_of(command)
    modules = _first(prefix, _MODULE_FOLDERS, "chan_pjsip.so")
    data = _first(prefix, _DATA_FOLDERS, "documentation/core-en_US.xml")
    if version is None or version < OLDEST or modules is None or data is None:
        return None
    return Asterisk(command, modules, data, version)


def _first(prefix: Path, folders: Sequence[str], must_hold: str) -> Path | None:
    for folder in folders:
        path = (prefix / folder).resolve()
        if (path / must_hold).exists():
            return path
    return None


def _root(cache: Path) -> Path:
    return cache / ASTERISK.folder


def dotted(version: tuple[int, ...]) -> str:
    """(22, 10, 1) -> 22.10.1."""
    return ".".join(map(str, version))


@contextmanager
def _locked(path: Path, name: str, progress: Progress) -> Iterator[None]:
    # For us alone: whoever can read a lock file can hold it.
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "w") as file:
        os.fchmod(file.fileno(), 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress(f"{name}: another process fetches something, waiting for that")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
