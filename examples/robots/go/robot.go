// Package robot tells the person in charge of a deal above a threshold, and leaves a comment.
package robot

import (
	"signalbox"
	"signalbox/items"
	"signalbox/notifications"
	"signalbox/timeline"
)

// Run does the robot's work once.
func Run(invocation signalbox.Invocation) (signalbox.Outcome, error) {
	threshold, err := signalbox.RequireParam[signalbox.Money]("threshold")
	if err != nil {
		return signalbox.Outcome{}, err
	}
	item, err := items.Get(invocation.Item.SomeOr(""))
	if err != nil {
		return signalbox.Outcome{}, err
	}
	if item.Amount.IsNone() {
		return signalbox.Skipped("%s has no amount", item.Id)
	}
	amount := item.Amount.Some()
	if amount.Currency != threshold.Currency {
		return signalbox.Outcome{}, signalbox.Fail("other-currency", "%s is in %s, the threshold in %s",
			item.Id, amount.Currency, threshold.Currency)
	}
	isAbove, err := isAbove(amount, threshold)
	if err != nil {
		return signalbox.Outcome{}, err
	}
	if !isAbove {
		return signalbox.Skipped("%s is not above %s", item.Id, threshold.Amount)
	}

	text := amount.Amount + " " + amount.Currency
	signalbox.Info("%s is above %s", item.Id, threshold.Amount)
	notification := notifications.NewNotification{
		To:    []string{"role:assignee"},
		Title: "Large deal: " + item.Title,
		Text:  text,
	}
	if _, err := notifications.Send(notification); err != nil {
		return signalbox.Outcome{}, err
	}
	if err := timeline.AddComment(item.Id, "Large deal: "+text); err != nil {
		return signalbox.Outcome{}, err
	}
	return signalbox.Done("told of %s", item.Id)
}

func isAbove(amount, threshold signalbox.Money) (bool, error) {
	have, err := signalbox.Hundredths(amount)
	if err != nil {
		return false, err
	}
	want, err := signalbox.Hundredths(threshold)
	return have > want, err
}
