"""An open loop of requests, and what the server made of it."""

from serving_example.load.histogram import Histogram
from serving_example.load.load import Load, run
from serving_example.load.report import Report, Second

__all__ = ["Histogram", "Load", "Report", "Second", "run"]
