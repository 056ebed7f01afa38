"""`import bedrock_adapter` over bare Python."""

import statistics
import subprocess
import sys

from measure import Row

BUDGET_MS = 30.0
_CODE = "import sys, time; {}; sys.stdout.write(str(time.process_time()))"


def measure(*, quick: bool) -> list[Row]:
    seen: tuple[list[float], list[float]] = ([], [])
    for _ in range(5 if quick else 15):
        for code, times in zip(("import bedrock_adapter", "pass"), seen, strict=True):
            times.append(float(subprocess.check_output([sys.executable, "-c", _CODE.format(code)])) * 1e3)
    ours, bare = (statistics.median(times) for times in seen)
    # The budget is a difference: as a ratio, of a Python that is slower by it.
    return [Row(f"import bedrock_adapter / bare Python + {BUDGET_MS:g} ms", ours, bare + BUDGET_MS, 1, unit="ms")]
