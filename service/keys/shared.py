"""Buckets in Redis, for several processes that limit the same callers (extra `redis`)."""

from __future__ import annotations

import hashlib

from service.errors import EngineUnavailable, SettingInvalid
from service.keys.bucket import WINDOW_SECONDS, Taken, taken
from service.keys.buckets import Buckets, FallingBack

_PREFIX = "kurzfassung:bucket:"

_TIMEOUT_SECONDS = 0.5
"""A request waits no longer for a Redis that does not answer."""

_TAKE = """
local rate, cost = tonumber(ARGV[1]), tonumber(ARGV[2])
local needed, window = tonumber(ARGV[3]), tonumber(ARGV[4])
local clock = redis.call('TIME')
local now = tonumber(clock[1]) + tonumber(clock[2]) / 1e6
local kept = redis.call('HMGET', KEYS[1], 'tokens', 'moment')
local tokens = rate
if kept[1] then
  tokens = math.min(rate, tonumber(kept[1]) + math.max(0, now - tonumber(kept[2])) * rate / window)
end
local allowed = tokens >= needed - 1e-6
if allowed then tokens = math.min(rate, tokens - cost) end
redis.call('HSET', KEYS[1], 'tokens', string.format('%.6f', tokens), 'moment', string.format('%.6f', now))
redis.call('PEXPIRE', KEYS[1], math.ceil((rate - tokens) / rate * window * 1000) + 1000)
return {allowed and 1 or 0, string.format('%.6f', tokens)}
"""
"""`bucket.take`, in one step that nobody comes between, by the clock of Redis."""


def shared_buckets(url: str, down: str) -> FallingBack:
    """Raises `EngineUnavailable` without the client, `SettingInvalid` where the URL is none."""
    try:
        from redis.asyncio import Redis
        from redis.exceptions import RedisError
    except ImportError:
        raise EngineUnavailable(
            "KURZFASSUNG_REDIS_URL needs the client: pip install 'kurzfassung[redis]'"
        ) from None
    try:
        client = Redis.from_url(url, socket_timeout=_TIMEOUT_SECONDS, socket_connect_timeout=_TIMEOUT_SECONDS)
    except ValueError:
        raise SettingInvalid("KURZFASSUNG_REDIS_URL: not a redis://, rediss:// or unix:// URL") from None
    script = client.register_script(_TAKE)

    class _InRedis(Buckets):
        async def take(self, caller: str, cost: int, needed: int, rate: int) -> Taken:
            # An address or a name of somebody is no business of whoever looks into Redis.
            name = _PREFIX + hashlib.sha256(caller.encode()).hexdigest()[:32]
            allowed, tokens = await script(keys=[name], args=[rate, cost, needed, WINDOW_SECONDS])
            return taken(bool(allowed), float(tokens), needed, rate)

        async def close(self) -> None:
            await client.aclose()

    return FallingBack(
        _InRedis(),
        "closed" if down == "closed" else "open",
        failures=(RedisError, OSError, TimeoutError),
    )
