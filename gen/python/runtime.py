"""What the modules beside this one share: calls, names of keys, checks of arguments, and the reading of replies."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Callable, Iterable

import redis.exceptions

Text = typing.Union[str, bytes]
R = typing.TypeVar("R")

MAX_MANY = 5000  # of an argument of which callers give any number
NOSCRIPT_TRIES = 5  # one is enough, unless somebody runs SCRIPT FLUSH between a load and its call


class ArgError(ValueError):
    """An argument is out of its range: what the script would answer as BADARG, before anything is sent."""

    def __init__(self, arg: str, why: str):
        super().__init__(f"BADARG {arg}: {why}")
        self.arg = arg


class KeyNameError(ValueError):
    """A name from which no companion keys can be made."""


class ReplyError(Exception):
    """The script answered what its header does not declare. Never take that for one of the answers that it declares."""


class MayHaveRunError(Exception):
    """A call failed after the server may have run it, and its script is not safe to repeat. __cause__ is what happened."""


class _UndeclaredError(Exception):
    pass


@dataclasses.dataclass(frozen=True)
class Script:
    """One version of one script."""

    name: str
    version: int
    sha1: str  # of source, in hexadecimal
    source: bytes
    command: str = "evalsha"  # or evalsha_ro
    unsafe: bool = False  # a call that may have run must not be sent again

    def check_client(self, client: typing.Any) -> None:
        """Refuse a client that would repeat a script that is not safe to repeat."""
        if not self.unsafe:
            return
        settings = client.get_connection_kwargs()
        retry = getattr(client, "retry", None) or settings.get("retry")
        retries = retry.get_retries() if retry else bool(settings.get("retry_on_error") or settings.get("retry_on_timeout"))
        if retries:
            raise ValueError(f"{self.name} is not safe to repeat, and this client repeats a call whose reply was lost: "
                             "make it with retry=Retry(NoBackoff(), 0)")


class Call(typing.Generic[R]):
    """A call of a script. It can be sent again where its script is safe to repeat."""

    def __init__(self, script: Script, keys: Iterable[Text], args: Iterable[Text | int], read: Callable[[typing.Any], R]):
        keys = list(keys)
        self.script, self._read = script, read
        #: What evalsha takes: pipe.evalsha(*call.words) queues the call, and call.read(reply) reads what that brought.
        self.words: list[typing.Any] = [script.sha1, len(keys), *keys, *args]

    def run(self, client: typing.Any) -> R:
        """Send the call to a redis.Redis or redis.RedisCluster. A server that does not know the script is given it."""
        self.script.check_client(client)
        for left in reversed(range(NOSCRIPT_TRIES)):
            try:
                reply = getattr(client, self.script.command)(*self.words)
                break
            except redis.exceptions.NoScriptError:
                if not left:
                    raise
            except (redis.exceptions.ConnectionError, redis.exceptions.TimeoutError) as e:
                self._failed(e)
            client.script_load(self.script.source)
        return self.read(reply)

    async def run_async(self, client: typing.Any) -> R:
        """run, for a client of redis.asyncio."""
        self.script.check_client(client)
        for left in reversed(range(NOSCRIPT_TRIES)):
            try:
                reply = await getattr(client, self.script.command)(*self.words)
                break
            except redis.exceptions.NoScriptError:
                if not left:
                    raise
            except (redis.exceptions.ConnectionError, redis.exceptions.TimeoutError) as e:
                self._failed(e)
            await client.script_load(self.script.source)
        return self.read(reply)

    def _failed(self, error: Exception) -> typing.NoReturn:
        if not self.script.unsafe:
            raise error
        raise MayHaveRunError(f"{self.script.name} may have run, and is not safe to repeat: look at the data") from error

    def read(self, reply: typing.Any) -> R:
        """Read a reply. What the header does not declare is a ReplyError."""
        try:
            return self._read(reply)
        except _UndeclaredError:
            raise ReplyError(f"{self.script.name} v{self.script.version}: undeclared reply {shape(reply)}") from None


def shape(reply: typing.Any) -> str:
    """The types of a reply. Its strings may be tokens."""
    if isinstance(reply, list):
        return "[" + " ".join(map(shape, reply)) + "]"
    return type(reply).__name__


def name_bytes(name: Text, least: int = 1, most: int = 0) -> bytes:
    """The name of a key, of least to most bytes (0: any number)."""
    name = name.encode() if isinstance(name, str) else name
    if len(name) < least or most and len(name) > most:
        bounds = f"{least} to {most} bytes" if most else f"{least} byte at least"
        raise KeyNameError(f"a name has {bounds}, this one {len(name)}")
    return name


def companions(name: bytes, *suffixes: bytes) -> list[bytes]:
    """The keys that a name has beside it, in its slot of a cluster."""
    _, _, opened = name.partition(b"{")
    base, tagged = name, opened.find(b"}") > 0
    if tagged and name.startswith(b"{") and name.find(b"}") == len(name) - 1:
        raise KeyNameError("a name must not be a hash tag alone: leave out its { and }")
    if tagged and any(_is_companion(name, suffix) for suffix in suffixes):
        raise KeyNameError("a name with a hash tag must not end as the companion keys of others do")
    if not tagged:
        if b"}" in name:
            raise KeyNameError("a name with a } needs a hash tag, as in {this}:x, or no } at all")
        base = b"{" + name + b"}"
    return [base + suffix for suffix in suffixes]


def _is_companion(name: bytes, suffix: bytes) -> bool:
    space = suffix[: suffix.rfind(b":") + 1]
    if len(space) < 2:  # a suffix without a namespace: :known
        return name.endswith(suffix)
    stem = name.rstrip(b"abcdefghijklmnopqrstuvwxyz")
    return name.endswith(suffix) or stem != name and stem.endswith(space)


def text(arg: str, value: Text, least: int, most: int) -> bytes:
    """A string argument of least to most bytes."""
    if not isinstance(value, (str, bytes)):
        raise ArgError(arg, f"must be str or bytes, not {type(value).__name__}")
    value = value.encode() if isinstance(value, str) else value
    if not least <= len(value) <= most:
        raise ArgError(arg, f"must have {least} to {most} bytes, has {len(value)}")
    return value


def whole(arg: str, value: int, least: int, most: int) -> int:
    """An integer argument from least to most."""
    if type(value) is not int or not least <= value <= most:
        raise ArgError(arg, f"must be an integer from {least} to {most}")
    return value


def one_of(arg: str, value: str, *values: str) -> str:
    """An argument that is one of some values."""
    if value not in values:
        raise ArgError(arg, f"must be {', '.join(values[:-1])} or {values[-1]}")
    return value


def each(arg: str, values: Iterable[typing.Any], check: Callable[..., typing.Any], *bounds: typing.Any) -> list[typing.Any]:
    """Any number of arguments, each of which passes a check."""
    if isinstance(values, (str, bytes)):
        raise ArgError(arg, "must be a list, not one value")
    values = list(values)
    if len(values) > MAX_MANY:
        raise ArgError(arg, f"must be {MAX_MANY} at most")
    return [check(arg, value, *bounds) for value in values]


def string(field: typing.Any) -> bytes:
    """A string. One that the client has decoded is encoded again."""
    if isinstance(field, str):
        return field.encode()
    if not isinstance(field, bytes):
        raise _UndeclaredError
    return field


def integer(field: typing.Any) -> int:
    """An integer."""
    if type(field) is not int:
        raise _UndeclaredError
    return field


def number(field: typing.Any) -> float:
    """A number as text."""
    try:
        return float(field)
    except (TypeError, ValueError):
        raise _UndeclaredError from None


def boolean(field: typing.Any) -> bool:
    """1 is true, 0 and nil are false: what Lua's true and false become."""
    if field not in (None, 0, 1):
        raise _UndeclaredError
    return bool(field)


def nullable(read: Callable[[typing.Any], R]) -> Callable[[typing.Any], R | None]:
    """What may be nil."""
    return lambda field: None if field is None else read(field)


def array(read: Callable[[typing.Any], R]) -> Callable[[typing.Any], list[R]]:
    """An array of fields of one type."""

    def read_all(field: typing.Any) -> list[R]:
        if not isinstance(field, list):
            raise _UndeclaredError
        return [read(one) for one in field]

    return read_all


def mapping(field: typing.Any) -> dict[bytes, bytes]:
    """An array of names and values by turns."""
    pairs = array(string)(field)
    if len(pairs) % 2:
        raise _UndeclaredError
    return dict(zip(pairs[::2], pairs[1::2]))


def row(make: Callable[..., R], *reads: Callable[[typing.Any], typing.Any]) -> Callable[[typing.Any], R]:
    """An array of so many fields, of which something is made."""

    def read(fields: typing.Any) -> R:
        if not isinstance(fields, list) or len(fields) != len(reads):
            raise _UndeclaredError
        return make(*(read_one(field) for read_one, field in zip(reads, fields)))

    return read


def tagged(replies: dict[bytes, Callable[[typing.Any], typing.Any]]) -> Callable[[typing.Any], typing.Any]:
    """An array whose first element says what the rest is."""

    def read(reply: typing.Any) -> typing.Any:
        if not isinstance(reply, list) or not reply or not isinstance(reply[0], (str, bytes)):
            raise _UndeclaredError
        rest = replies.get(string(reply[0]))
        if rest is None:
            raise _UndeclaredError
        return rest(reply[1:])

    return read
