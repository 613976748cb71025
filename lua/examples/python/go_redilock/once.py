"""Calls that are sent once, and whose replies are their own.

redis-py repeats a call whose reply was lost. Then NOTHELD says either that the first call released the lock, or that somebody
had taken it away: so a release goes out by itself first, and is repeated by the library only when its reply was lost.

It also gives a connection back to its pool when a signal's exception comes between a call and its reply; then the next call
reads the reply of that one. Here such a connection is closed.
"""

from __future__ import annotations

import typing

import redis
import redis.asyncio

LOST = (redis.ConnectionError, redis.TimeoutError)


def run_all(client: typing.Any, call: typing.Any, reply: typing.Any = None) -> typing.Any:
    """Send a release or a shrink until it has admitted all who fit: one call of a semaphore admits a bounded number."""
    reply = last = reply or call.run(client)
    while getattr(last, "more", False):
        try:
            last = call.run(client)
        except redis.RedisError:
            break  # what was asked for is done; those that were not admitted find out by asking
        reply.granted.extend(last.granted)
    return reply


async def run_all_async(client: typing.Any, call: typing.Any, reply: typing.Any = None) -> typing.Any:
    """run_all, for a client of redis.asyncio."""
    reply = last = reply or await call.run_async(client)
    while getattr(last, "more", False):
        try:
            last = await call.run_async(client)
        except redis.RedisError:
            break  # what was asked for is done; those that were not admitted find out by asking
        reply.granted.extend(last.granted)
    return reply


def node_of(client: typing.Any, key: bytes) -> typing.Any:
    """The client of the server that has the key, or None where that is not to be had, or the caller sends calls in a way of its own."""
    if isinstance(client, redis.RedisCluster):
        return client.get_redis_connection(client.get_node_from_key(key))
    own = any(getattr(type(client), call, None) is not getattr(redis.Redis, call) for call in ("evalsha", "execute_command"))
    return client if isinstance(client, redis.Redis) and client.connection is None and not own else None


def run_once(client: typing.Any, call: typing.Any) -> tuple[typing.Any, bool]:
    """The reply, and whether an earlier one may have been lost."""
    node = node_of(client, call.words[2])
    if node is None:
        return run_all(client, call), True
    pool = node.connection_pool
    try:
        connection = pool.get_connection()
        try:
            connection.send_command("EVALSHA", *call.words)
            reply = connection.read_response(disable_decoding=True)
        except redis.ResponseError:
            raise
        except BaseException:
            connection.disconnect()
            raise
        finally:
            pool.release(connection)
    except redis.ResponseError:  # it did not run: another node, no such script, or an error that comes again
        return run_all(client, call), False
    except LOST:
        return run_all(client, call), True
    return run_all(client, call, call.read(reply)), False


def run(client: typing.Any, call: typing.Any) -> typing.Any:
    """The reply."""
    return run_once(client, call)[0]


async def run_once_async(client: typing.Any, call: typing.Any) -> tuple[typing.Any, bool]:
    """run_once, for a client of redis.asyncio. Of a cluster it cannot tell."""
    if not isinstance(client, redis.asyncio.Redis) or client.connection is not None:
        return await run_all_async(client, call), True
    pool = client.connection_pool
    try:
        connection = await pool.get_connection()
        try:
            await connection.send_command("EVALSHA", *call.words)
            reply = await connection.read_response(disable_decoding=True)
        except redis.ResponseError:
            raise
        except BaseException:
            await connection.disconnect(nowait=True)
            raise
        finally:
            await pool.release(connection)
    except redis.ResponseError:
        return await run_all_async(client, call), False
    except LOST:
        return await run_all_async(client, call), True
    return await run_all_async(client, call, call.read(reply)), False
