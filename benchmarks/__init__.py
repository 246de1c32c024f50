"""Every speed claim, measured: `python -m benchmarks`."""
