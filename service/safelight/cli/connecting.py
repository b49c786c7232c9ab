"""Which service a command talks to: the one named, the one that runs on the data folder, or one opened right here."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from enum import Enum
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn, TextIO, TypeVar, cast

import click

from safelight.cli.configuring import load_or_leave, with_config

if TYPE_CHECKING:
    from safelight.cli.interrupts import Interrupts
    from safelight.client.base import Client
    from safelight.config.model import Config
    from safelight.whereabouts import Whereabouts

    Use = Callable[[Client, Interrupts], Awaitable[int]]

F = TypeVar("F", bound=Callable[..., Any])

_KNOCK_SECONDS = 1.0
_WAIT_SECONDS = 30.0
"""How long another process may go on holding the data folder: a service until it listens, a command until it ends."""
_LOOK_SECONDS = 0.2


class Target(NamedTuple):
    """What the command line says about which service is meant."""

    server: str | None
    data: str | None
    file: Path | None
    overrides: tuple[str, ...]


_with_data = click.option("--data", metavar="DIR", help="Data folder: short for --set data.folder=DIR.")


def with_folder(command: F) -> Callable[..., Any]:
    """Add the options that say which data folder is meant; the command gets them as `target`."""

    @wraps(command)
    def targeted(data: str | None, file: Path | None, overrides: tuple[str, ...], **rest: Any) -> Any:
        return command(target=Target(None, data, file, overrides), **rest)

    return _with_data(with_config(targeted))


def with_service(command: F) -> Callable[..., Any]:
    """Add the options that say which service is meant; the command gets them as `target`."""

    @wraps(command)
    def targeted(server: str | None, data: str | None, file: Path | None, overrides: tuple[str, ...], **rest: Any) -> Any:
        return command(target=Target(server, data, file, overrides), **rest)

    server = click.option(
        "-s",
        "--server",
        metavar="URL",
        callback=lambda _context, _option, url: url and checked_url(url),
        help="Base URL of a running service.  [default: the one that runs on the data folder, else none is needed]",
    )
    return server(_with_data(with_config(targeted)))


class Missing(Enum):
    """What to do where no service runs and there is no data folder either."""

    REFUSE = "refuse"
    MAKE = "make"
    SCRATCH = "scratch"
    """Use one that vanishes afterwards, whatever there is: enough for what is asked of the configuration only."""


def use_service(target: Target, use: Use, *, if_missing: Missing = Missing.REFUSE) -> NoReturn:
    """Do something with the service, then leave with the exit code of that."""
    from safelight.cli.interrupts import interruptible
    from safelight.cli.running import run

    opened = _where(target, if_missing)

    async def work(interrupts: Interrupts) -> int:
        async with opened as client:
            return await use(client, interrupts)

    sys.exit(run(interruptible(work)))


def config_of(target: Target, *, is_whole: bool = False) -> Config:
    """Return the configuration that is meant, or leave with every fault of it."""
    overrides = target.overrides if target.data is None else (*target.overrides, f"data.folder={target.data}")
    return load_or_leave(target.file, overrides, is_whole=is_whole).config


def _where(target: Target, if_missing: Missing) -> AbstractAsyncContextManager[Client]:
    """Find the service, without asking it anything; a configuration with faults ends the command here."""
    from safelight.whereabouts import find

    if target.server is not None:
        from safelight.client.http import HttpClient

        return HttpClient(target.server, through_proxies=True)
    folder = Path(config_of(target).data.folder)
    if (here := find(folder)) is not None and _listens(here):
        return _served(here)
    if if_missing is Missing.REFUSE and not folder.is_dir():
        from safelight.cli.failing import CONNECTION, complain

        complain(
            f"No service runs on the data folder '{folder}', and there is no such folder: "
            "name a service with --server URL, or the folder with --data DIR."
        )
        sys.exit(CONNECTION)
    config = config_of(target, is_whole=True)
    return _scratched(config) if if_missing is Missing.SCRATCH else _opened(config, folder)


@asynccontextmanager
async def _scratched(config: Config) -> AsyncIterator[Client]:
    from tempfile import TemporaryDirectory

    import attrs

    with TemporaryDirectory(prefix="safelight-") as folder:
        config = attrs.evolve(config, data=attrs.evolve(config.data, folder=folder))
        async with _opened(config, Path(folder)) as client:
            yield client


def _served(here: Whereabouts) -> AbstractAsyncContextManager[Client]:
    from safelight.client.http import HttpClient

    return HttpClient(here.url)


@asynccontextmanager
async def _opened(config: Config, folder: Path) -> AsyncIterator[Client]:
    """Open the service here; where another process holds the folder, talk to it if it is a service, else wait for its end."""
    import attrs

    from safelight import logs

    logs.configure(attrs.evolve(config.logs, level="error"), stream=cast("TextIO", _CurrentStderr()))
    async with AsyncExitStack() as stack:
        yield await _entered(stack, config, folder)


async def _entered(stack: AsyncExitStack, config: Config, folder: Path) -> Client:
    import asyncio

    from safelight.cli.failing import complain
    from safelight.client.base import Unreachable
    from safelight.client.embedded import EmbeddedClient
    from safelight.engines.sqlite.lock import locked
    from safelight.errors import JournalLocked
    from safelight.whereabouts import find

    now = asyncio.get_running_loop().time
    deadline = None
    while True:
        try:
            if deadline is not None:
                with locked(folder):  # cheaper than opening everything to find it held
                    pass
            return await stack.enter_async_context(EmbeddedClient(config))
        except JournalLocked as error:
            if (here := find(folder)) is not None and _listens(here):
                return await stack.enter_async_context(_served(here))
            if deadline is None:
                deadline = now() + _WAIT_SECONDS
                complain(f"{error} Waiting for it, {_WAIT_SECONDS:g} s at most …")
            elif now() > deadline:
                raise Unreachable(
                    f"{error} It is no service that could be asked: another safelight command is painting there. "
                    "Wait for it to end, then run 'safelight serve' and both can use it."
                ) from error
        await asyncio.sleep(_LOOK_SECONDS)


def _listens(here: Whereabouts) -> bool:
    """Whether somebody listens there: a process id may have been given to another process since."""
    import socket
    from urllib.parse import urlsplit

    place = urlsplit(here.url)
    try:
        socket.create_connection((place.hostname or "", place.port or 80), _KNOCK_SECONDS).close()
    except OSError:
        return False
    return True


def checked_url(url: str) -> str:
    """Return the base URL a person means by what was typed, or leave with wrong usage."""
    from urllib.parse import urlsplit

    whole = url if "://" in url else f"http://{url}"
    try:
        parts = urlsplit(whole)
        is_url = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0 and whole.isprintable()
    except ValueError:
        is_url = False
    if not is_url or " " in whole:
        raise click.BadParameter(f"'{url}' is no URL of a service; write it like http://127.0.0.1:8080")
    return whole.rstrip("/")


class _CurrentStderr:
    """Standard error as it is at the time of writing: a progress display replaces it to keep itself below."""

    def write(self, text: str) -> int:
        """Write."""
        return sys.stderr.write(text)

    def flush(self) -> None:
        """Flush."""
        sys.stderr.flush()

    def isatty(self) -> bool:
        """Whether it is a terminal."""
        return sys.stderr.isatty()
