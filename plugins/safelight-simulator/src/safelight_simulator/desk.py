"""What the simulated upstream answers when a job is handed in."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from safelight.providers import NotSent, OutcomeUnknown, ProviderRateLimited, Rejected, Request
from safelight_simulator.books import Books
from safelight_simulator.options import Options, Submit
from safelight_simulator.params import Params
from safelight_simulator.scenarios import Plan
from safelight_simulator.stage import stand_still
from safelight_simulator.wire import fingerprint

_RETRY_AFTER_SECONDS = 2.0
_REFUSALS: dict[Submit, Callable[[], Exception]] = {
    "not_sent": lambda: NotSent("The simulated upstream refused the connection."),
    "rejected": lambda: Rejected("The simulated upstream rejected the request."),
    "rate_limited": lambda: ProviderRateLimited(
        "The simulated upstream takes no more for now.", retry_after_seconds=_RETRY_AFTER_SECONDS
    ),
    "unknown": lambda: OutcomeUnknown("The connection to the simulated upstream was lost before it answered."),
    "unknown_but_running": lambda: OutcomeUnknown("The connection to the simulated upstream was lost before it answered."),
    "crash": lambda: RuntimeError("The simulated plugin crashed while it handed the job in."),
}


async def hand_in(books: Books, request: Request[Params, Any], plan: Plan, accept: Callable[[], Awaitable[str]]) -> str:
    """
    Return the id of the job that `accept` opened, once the upstream has answered.

    The job is open before the answer is on its way: whoever gives up waiting does not know whether it runs.

    Raises:
        ProviderError: The answer the script wants.
        RuntimeError: Likewise.
    """
    options: Options = request.options
    answer = plan.submit
    if answer != "accepted" and not await books.strikes(fingerprint(request), "submit", options.submit_times):
        answer = "accepted"
    if answer == "hang":
        await stand_still()
    job = await accept() if answer in {"accepted", "unknown_but_running"} else ""
    await asyncio.sleep(options.submit_seconds)
    if refuse := _REFUSALS.get(answer):
        refusal = refuse()
        raise refusal
    return job
