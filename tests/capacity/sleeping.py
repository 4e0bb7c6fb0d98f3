"""`python -m tests.capacity.sleeping`: prints its address, then serves until it is told to stop."""

from __future__ import annotations

import threading

from tests.capacity.measurement import sleeping_models
from tests.integration.conftest import serving

if __name__ == "__main__":
    with serving(sleeping_models()) as client:
        print(client.base_url, flush=True)
        threading.Event().wait()
