"""Tells the person in charge of a deal above a threshold, and leaves a comment."""

from signalbox import Failure, done, hundredths, items, log, notifications, params, skipped, timeline


def run(invocation):
    threshold = params.require("threshold")
    item = items.get(invocation.item)
    amount = item.amount
    if amount is None:
        return skipped(f"{item.id} has no amount")
    if amount.currency != threshold.currency:
        raise Failure("other-currency", f"{item.id} is in {amount.currency}, the threshold in {threshold.currency}")
    if hundredths(amount) <= hundredths(threshold):
        return skipped(f"{item.id} is not above {threshold.amount}")

    text = f"{amount.amount} {amount.currency}"
    log.info(f"{item.id} is above {threshold.amount}")
    notifications.send(
        notifications.NewNotification(to=["role:assignee"], title=f"Large deal: {item.title}", text=text, tag=None)
    )
    timeline.add_comment(item.id, f"Large deal: {text}")
    return done(f"told of {item.id}")
