"""The stores are asked beside the event loop, on threads of their own: while a database hangs, nobody else
waits for a thread."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

Result = TypeVar("Result")
Asked = ParamSpec("Asked")

_threads = ThreadPoolExecutor(max_workers=4, thread_name_prefix="store")


async def beside(act: Callable[Asked, Result], *args: Asked.args, **kwargs: Asked.kwargs) -> Result:
    """What `act` returns or raises."""
    return await asyncio.get_running_loop().run_in_executor(_threads, lambda: act(*args, **kwargs))
