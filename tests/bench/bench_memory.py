"""Memory over many requests: resident size at the end against that after a warm-up of 1,000."""

import sys

from measure import Row
from processes import line, script

BUDGET = 1.02
"""Flat, but for what an allocator keeps."""


def measure(*, quick: bool) -> list[Row]:
    if not sys.platform.startswith("linux"):
        return []
    count = 2000 if quick else 10_000
    rows = []
    for name, what in (("adapter", "adapter"), ("asgi", "ASGI application")):
        with script("memory_worker.py", name, str(count)) as process:
            before, after = (int(number) / 1024 for number in line(process).split())
        rows.append(Row(f"memory of the {what} after {count:,} requests / before", after, before, BUDGET, unit="MiB"))
    return rows
