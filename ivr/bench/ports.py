"""Ports for a bench that starts a service of its own beside others."""

from __future__ import annotations

import socket


def free_ports() -> dict[str, int]:
    """Ports by the setting's name (`sip`, `ami`, `http`) that nobody listens on just now."""
    kinds = {"sip": socket.SOCK_DGRAM, "ami": socket.SOCK_STREAM, "http": socket.SOCK_STREAM}
    sockets = {name: socket.socket(socket.AF_INET, kind) for name, kind in kinds.items()}
    try:
        for each in sockets.values():
            each.bind(("127.0.0.1", 0))
        return {name: int(each.getsockname()[1]) for name, each in sockets.items()}
    finally:
        for each in sockets.values():
            each.close()


def free_ports_environment() -> dict[str, str]:
    """Settings by environment that put a service on ports nobody listens on just now."""
    return {f"FREIZEICHEN_PORTS__{name.upper()}": str(port) for name, port in free_ports().items()}
