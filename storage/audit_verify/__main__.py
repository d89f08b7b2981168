"""Run the verifier: inside the project, or this folder alone, copied anywhere (`python audit_verify SOURCE`)."""

import importlib
import sys
from pathlib import Path

here = Path(__file__).resolve().parent
if not __package__:
    del sys.path[0]
    sys.path.append(str(here.parent))  # last: what lies beside this folder must not stand in for Python's own
sys.exit(importlib.import_module(f"{__package__ or here.name}.program").main())
