"""Memory that a text needed is given back to the system when the text is done."""

from __future__ import annotations

import os
import platform
import sys

_TUNABLES = ":".join(
    (
        "glibc.malloc.tcache_count=0",
        f"glibc.malloc.mmap_threshold={4 * 1024 * 1024}",
        f"glibc.malloc.trim_threshold={16 * 1024 * 1024}",
    )
)
"""Each thread of glibc keeps small blocks that it freed for itself, whoever made them. Those of the engine's
results lie above the large blocks of their batch, so that what lies below is free and can yet not be given
back, and every thread of the engine ends at the most that it ever needed. The thresholds, too, rise with the
largest block that was ever freed, to 32 MB and more, below which nothing is given back. At 4 MB a batch took
its pages anew each time, at 16 MB it does not."""


def give_back_freed_memory() -> None:
    """Starts this very program again, in the same process and with the same arguments, the first time it is
    called: glibc reads these only when a program starts. So call it before anything large is loaded. What the
    environment says about them already counts. Elsewhere (musl, macOS) nothing is done, and nothing needs to
    be."""
    environment = dict(os.environ)  # noqa: TID251 -- glibc's setting, not ours, and handed on whole
    given = environment.get("GLIBC_TUNABLES", "")
    if given.startswith(_TUNABLES) or platform.libc_ver()[0] != "glibc" or not sys.executable:
        return
    # Of two values the later counts.
    environment["GLIBC_TUNABLES"] = f"{_TUNABLES}:{given}" if given else _TUNABLES
    sys.stdout.flush()
    os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], environment)  # noqa: S606 -- ourselves
