import os
import platform
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="no glibc here")

_KEPT_BYTES = """
import ctypes
from service.cli.allocator import give_back_freed_memory

give_back_freed_memory()

class Statistics(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in (
        "arena", "ordblks", "smblks", "hblks", "hblkhd",
        "usmblks", "fsmblks", "uordblks", "fordblks", "keepcost")]

libc = ctypes.CDLL(None)
libc.mallinfo2.restype = Statistics
libc.malloc.restype = ctypes.c_void_p
libc.free.argtypes = [ctypes.c_void_p]
in_use = lambda: libc.mallinfo2().uordblks
in_use()
before = in_use()
blocks = [libc.malloc(1000) for _ in range(7)]
for block in blocks:
    libc.free(block)
print(in_use() - before)
"""


def _output(code: str, *arguments: str, **environment: str) -> str:
    kept = {name: value for name, value in os.environ.items() if name != "GLIBC_TUNABLES"}
    return subprocess.run(
        [sys.executable, "-X", "utf8", "-c", code, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        env={**kept, **environment},
        check=True,
    ).stdout


def test_no_thread_keeps_the_small_blocks_that_it_freed() -> None:
    assert int(_output(_KEPT_BYTES)) < 3500


def test_the_program_starts_again_once_in_the_same_process_with_the_same_arguments() -> None:
    code = """
import os, sys
from service.cli.allocator import give_back_freed_memory
print(os.getpid(), sys.argv[1:], sys.flags.utf8_mode)
give_back_freed_memory()
"""
    first, second = _output(code, "a b", "--c").splitlines()
    assert first == second
    assert first.endswith("['a b', '--c'] 1")


def test_what_the_environment_says_about_the_allocator_counts() -> None:
    code = """
import os
from service.cli.allocator import give_back_freed_memory
give_back_freed_memory()
print(os.environ["GLIBC_TUNABLES"])
"""
    assert _output(code, GLIBC_TUNABLES="glibc.malloc.tcache_count=3").endswith(
        ":glibc.malloc.tcache_count=3\n"
    )
    assert int(_output(_KEPT_BYTES, GLIBC_TUNABLES="glibc.malloc.tcache_count=7")) >= 3500
