"""`python -m bedrock_adapter`."""

import sys

from bedrock_adapter.cli import main

sys.exit(main())
