"""REST, live stream and sign-in of the waiting side."""

from queues.api.app import create_app
from queues.api.health import HealthReason, HealthReport, HealthStatus
from queues.api.server import listen, serve

__all__ = ["HealthReason", "HealthReport", "HealthStatus", "create_app", "listen", "serve"]
