"""The speed budgets as ratios against a baseline in the same run; never a timed test.

Run: python tests/bench/run.py [--quick] [--only NAME ...]
"""

import argparse
import importlib
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from measure import Row, table

MEASURES = {
    "transform": "bench_transform",
    "eventstream": "bench_eventstream",
    "asgi": "bench_asgi",
    "litellm": "bench_litellm",
    "import": "bench_import",
    "memory": "bench_memory",
}
LEGEND = """
ratio: ours / baseline, medians of rounds in turns; CPU time of the tested process, per request unless said otherwise.
met?: whether the ratio is within the budget; lines without a budget are for information."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rounds")
    parser.add_argument(
        "--only", nargs="+", choices=MEASURES, default=list(MEASURES), metavar="NAME", help=", ".join(MEASURES)
    )
    options = parser.parse_args()
    _isolate()
    rows: list[Row] = []
    for name in options.only:
        print(f"measuring {name} ...", file=sys.stderr, flush=True)
        rows += importlib.import_module(MEASURES[name]).measure(quick=options.quick)
    print(table(rows) + "\n" + LEGEND)


def _isolate() -> None:
    """No settings or credentials of the user's; children inherit it."""
    for name in list(os.environ):
        if name.startswith(("AWS_", "BEDROCK_ADAPTER_")):
            del os.environ[name]
    os.environ.update(
        {
            "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "example-secret",
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",
            "NO_PROXY": "*",
        }
    )


if __name__ == "__main__":
    main()
