"""The line that `churn deliver` prints for each destination."""

from churn.delivery.leaving import REASONS
from churn.delivery.receipts import BEGUN, DELIVERED, NOT_KNOWN, folder_of
from churn.delivery.sending import UNDONE, Delivery
from churn.language import marked, say, say_many, speaking

_CUT_OFF = {
    UNDONE: marked("Delivery {id} had been cut off and had not arrived; it is undone."),
    DELIVERED: marked("Delivery {id} had been cut off after it had arrived; it is finished."),
    NOT_KNOWN: marked("Delivery {id} had been cut off; nobody can know whether it was sent, so it is not sent again."),
}


def summary(found: Delivery) -> None:
    """Print a line on a delivery, after one for each earlier delivery that had been cut off."""
    with speaking(found.listed.language, found.listed.labels):
        print(*_lines(found), sep="\n", flush=True)


def _lines(found: Delivery) -> list[str]:
    told = found.receipt
    earlier = [say(_CUT_OFF[state], id=one) for one, state in found.settled.items()]
    return [*earlier, f"{told['destination']}: {_told(found)}"]


def _told(found: Delivery) -> str:
    told = found.receipt
    if not found.fresh:
        if told["state"] == NOT_KNOWN:
            return say(
                "delivery {id} of {at} may have been sent, so it is not sent again; delete its folder {name} among the "
                "receipts to send it",
                id=told["id"],
                at=told["at"][:10],
                name=folder_of(told),
            )
        return say("delivered already (delivery {id} of {at}); nothing is changed", id=told["id"], at=told["at"][:10])
    counts = told["counts"]
    left = say_many("{n} user leaves for {to}", "{n} users leave for {to}", counts["leave"], to=told["to"])
    change = (
        say("{new:,} new, {changed:,} changed, {unchanged:,} unchanged, {gone:,} gone since the last one", **counts)
        if told["since"]
        else say("the first delivery there")
    )
    stay = ", ".join(f"{REASONS[reason]} {n:,}" for reason, n in told["stay"].items())
    parts = [left, change, say("stay: {reasons}", reasons=stay or say("nobody"))]
    if told["shortened"]:
        parts.append(say_many("{n} text is shortened", "{n} texts are shortened", told["shortened"]))
    parts.append(say("nothing is written (dry run)") if told["state"] == BEGUN else say("delivery {id}", id=told["id"]))
    return "; ".join(parts)
