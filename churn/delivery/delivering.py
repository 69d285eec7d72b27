"""Deliveries: a list leaves for each destination, once, and a receipt says who left and why everyone else stayed."""

from collections.abc import Callable
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path

from churn.delivery.config import DeliveryConfig
from churn.delivery.listed import check_fresh, read_list
from churn.delivery.receipts import Receipts
from churn.delivery.sending import Delivery, Sending
from churn.folder import claimed
from churn.language import speaking

_BESIDE = "deliveries"  # the folder of the receipts, beside the list's


def deliver(
    folder: Path | str,
    config: DeliveryConfig,
    *,
    to: str | None = None,
    dry_run: bool = False,
    now: datetime | None = None,
    tell: Callable[[Delivery], object] = id,
) -> list[Delivery]:
    """Deliver the list of a folder to the destinations of a configuration.

    Deliveries that were cut off are settled first: what has arrived is finished, what has not is undone, and a mail of
    which nobody can know is never sent again. A delivery that was made already is not made again.

    Args:
        folder: The folder of a finished `churn run` or `churn score`.
        config: The contract, and where lists go.
        to: The only destination to deliver to, by its kind.
        dry_run: Whether to write nothing, and say what would leave.
        now: The time; the list's freshness and the days since other deliveries depend on it.
        tell: Called with each delivery once it is made, also where a later one fails.

    Raises:
        UserError: for a folder without a list, a stale list, tables and destinations that cannot be read or reached.
    """
    now = (now or datetime.now(UTC)).astimezone(UTC)
    chosen = list(config.destinations(to))
    listed = read_list(Path(folder), config)
    check_fresh(listed, config, now)
    receipts = Receipts(Path(config.receipts) if config.receipts else Path(folder).resolve().parent / _BESIDE)
    with nullcontext() if dry_run else claimed(receipts.folder, "deliveries"):
        if not dry_run:
            receipts.sweep()
        made = []
        with speaking(listed.language, listed.labels):
            for kind, destination in chosen:
                sending = Sending(listed, config, kind, destination, receipts, now)
                made.append(sending.deliver(dry_run=dry_run))
                tell(made[-1])
    return made
