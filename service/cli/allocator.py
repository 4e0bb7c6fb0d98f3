"""Memory that a long text needed is given back to the system when the text is done."""

from __future__ import annotations

import ctypes

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
"""Their numbers in malloc.h."""

_THRESHOLD = 4 * 1024 * 1024


def give_back_freed_memory() -> None:
    """glibc raises its thresholds with the largest block it ever freed, to 32 MB and more, and then keeps
    what it could give back: the resident memory of a server wanders and seems to grow. Fixed thresholds hold
    it flat. Elsewhere (musl, macOS) nothing is done, and nothing needs to be."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return
    mallopt(_M_MMAP_THRESHOLD, _THRESHOLD)
    mallopt(_M_TRIM_THRESHOLD, _THRESHOLD)
