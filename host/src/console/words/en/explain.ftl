explain-title = Why?
explain-heading = "{ $robot }" and "{ $item }"
explain-reasons = The reasons in order
explain-runs = Runs of this robot for the card
explain-back = Back to the card
explain-why = Why?
standing-ran = ran
standing-failed = started, but did not do it
standing-waits = waits
standing-did-not-start = did not start
standing-until = Until:
bearing-for = for the run
bearing-against = against the run
bearing-waits = delays the run
bearing-assumed = assumed
point-attachment-on = The robot is switched on.
point-attachment-off = The robot is switched off.
point-in-stage = The card stands in "{ $stage }" since { $since }.
point-enters-stage = The card stands in "{ $stands_in }"; this takes it as if it entered "{ $stage }" now.
point-cannot-enter-stage = A rule keeps the card out of "{ $stage }": { $message }.
point-event-happened = It happened: { $kind } ({ $at }).
point-event-assumed = This takes it as if it happened now: { $kind }.
point-moment-does-not-fit = The robot's filter does not let this through: { $kind }.
point-schedule-fits = The robot's schedule visits the card{ $next_at ->
    [none] .
   *[other] , next { $next_at }.
}
point-schedule-does-not-fit = The robot's schedule passes the card over.
point-by-hand = A person starts the robot.
point-at-once = The robot starts at once.
point-delayed = The robot waits for its time: { $due_at }.
point-waits-for-field = The date field "{ $field }" is empty: the robot waits until it is filled in.
point-after-previous = The robot starts after another one: "{ $title }".
point-never-starts = It will not start: { $reason }.
point-window-open = It may run at this time.
point-window-closed = It is no working time: it waits until { $until }.
point-unconditional = There is no condition.
point-test-true = True: "{ $field }" { $op } { $wanted } (now: { $found ->
    [none] empty
   *[other] { $found }
}).
point-test-false = False: "{ $field }" { $op } { $wanted } (now: { $found ->
    [none] empty
   *[other] { $found }
}).
point-condition-true = The condition is true.
point-condition-false = The condition is false.
point-first-for-item = The robot runs once for a card, and has not yet.
point-already-ran = The robot runs once for a card, and did.
point-rate-free = At most { $per_minute } runs start in a minute: there is room.
point-rate-limited = At most { $per_minute } runs start in a minute: it waits until { $until }.
point-robot-pauses = The robot failed on many cards, and pauses until { $until }.
point-robot-missing = This version of the robot is not installed.
point-entered-stage = The card entered "{ $stage }" ({ $at }).
point-never-entered = The card has not been in "{ $stage }"; it stands in "{ $stands_in }".
point-event-never-happened = Nothing of this kind happened to the card: { $kind }.
point-before-attached = That was { $at }, and the robot was attached { $attached_at }: robots do not start for what has been.
point-was-off = The robot was switched off then, { $at }.
point-no-run-known = { $at ->
    [none] Nothing has started the robot for this card.
   *[other] No run was made, and nothing that is stored says why ({ $at }).
}
point-run-completed = The robot did its work ({ $at }): { $summary }.
point-run-skipped = The robot found nothing to do ({ $at }): { $summary }.
point-run-denied = The robot lacked a permission: { $what }.
point-run-executes = The robot is being executed.
point-run-ready = The robot starts in a moment.
point-run-waits = The run waits: { $reason }{ $until ->
    [none] .
   *[other] , until { $until }.
}
point-run-failed = The robot failed in attempt { $attempt } ({ $code }: { $message }), and is tried again { $until ->
    [none] later.
   *[other] { $until }.
}
point-run-cancelled = The run was cancelled { $at }: { $reason }{ $by ->
    [none] .
   *[other] . { $by } moved the card from "{ $from }" to "{ $to }".
}
point-run-discarded = The robot did not do it ({ $at }): { $reason }{ $code ->
    [none] .
   *[other] . The last failure: { $code }, { $message }.
}
trial-title = What the robot would do now
trial-note = This is a trial: nothing was changed or sent.
trial-go = What would it do now?
trial-starts = The robot would start
trial-starts-not = The robot would not start
trial-regardless = Show what it would do all the same
trial-effects = What would change
trial-no-effect = Nothing would change.
trial-follows = Then these would start
trial-cancels = These would be cancelled
