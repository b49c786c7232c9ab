"""SIGHUP: the configuration is read again; what may change takes effect, and a faulty one changes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial

import structlog

from safelight import logs
from safelight.config.model import Config
from safelight.core import Safelight
from safelight.duties import on_duty
from safelight.errors import ConfigInvalid

log = structlog.get_logger()


@asynccontextmanager
async def reloading(core: Safelight, read_again: Callable[[], Config], asked: asyncio.Event) -> AsyncIterator[None]:
    """Read the configuration again each time it is asked for, while the block runs."""
    async with on_duty("reload", partial(_reload_for_ever, core, read_again, asked)):
        yield


async def _reload_for_ever(core: Safelight, read_again: Callable[[], Config], asked: asyncio.Event) -> None:
    while True:
        await asked.wait()
        asked.clear()
        try:
            config = await asyncio.to_thread(read_again)
        except ConfigInvalid as error:
            log.error("config_refused", faults=[str(fault) for fault in error.faults])  # noqa: TRY400 - the faults say it all
        except Exception:
            log.exception("config_refused")
        else:
            taken = core.reconfigure(config)
            logs.configure(taken.config.logs)
            log.info("config_reloaded", changed=taken.changed, needs_restart=taken.waiting)
