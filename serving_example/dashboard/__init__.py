"""One page that shows a service at work: `/dashboard`."""

from serving_example.dashboard.routes import routes
from serving_example.dashboard.snapshot import snapshot
from serving_example.dashboard.timeline import Timeline

__all__ = ["Timeline", "routes", "snapshot"]
