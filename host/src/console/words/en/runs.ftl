runs-pause = Pause updates
runs-resume = Go on updating
runs-held = Updates are paused. New runs appear when you go on.
runs-at = Time
runs-what = Robot
runs-item = Card
runs-cause = Cause
runs-state = State
runs-reason = Why
runs-robot = Component
runs-attachment = Attached robot
runs-code = Failure code
runs-from = Ended from
runs-until = Ended until
runs-any = Any
runs-attempts = Attempts
runs-took = Took
runs-ms = { $count } ms
runs-seconds = { $count } s
runs-count = Runs
runs-none = No robot has run yet.
runs-none-next = Set up robots
runs-none-fit = No run fits this filter.
runs-retried = { $count ->
    [one] { $count } run is executed once more.
   *[other] { $count } runs are executed once more.
}
runs-retry-all = Retry all that fit...
runs-retry-title = Retry runs
runs-retry-count = { $count ->
    [one] { $count } run fits the filter.
   *[other] { $count } runs fit the filter.
}
runs-retry-more = There are more than can be counted at once: all are retried in their order.
runs-retry-note = They are due at once, in the order in which they were made, and have all of their attempts again.
runs-retry-go = { $count ->
    [one] Retry { $count } run
   *[other] Retry { $count } runs
}
runs-retry-not = Back to the journal
run-by-hand = By hand: { $who }
run-timeline = Course
run-input = What the robot got
run-made = The run was made
run-due = Due
run-next = Next attempt
run-after = After
run-attempt = Attempt { $number }
run-no-attempt = The robot has not been executed yet.
run-event = Event
run-caused-by = Caused by
run-retry = Execute once more
run-cancel = Cancel
run-cancel-sure = Cancel this run?
run-file = Download the run file
run-of-item = Runs of this card
run-of-attachment = Runs of this robot
run-verdict-done = done
run-verdict-skipped = nothing to do
run-verdict-failed = failed
run-fuel = Fuel
run-memory = Memory
run-denied = The robot lacked permissions:
run-effects = What changed
run-no-effect = Nothing changed.
run-calls = { $count ->
    [one] { $count } host call
   *[other] { $count } host calls
}
run-calls-more = { $count ->
    [one] The run file has { $count } more call.
   *[other] The run file has { $count } more calls.
}
run-call-args = Arguments
run-call-answer = Answer
run-call-ok = accepted
run-call-open = the run ended inside this call
run-call-read = read
run-call-changed = changed something
run-call-refused = refused
run-requests = Requests to services outside
run-request = Request
run-request-answer = Answer
request-state-pending = on its way
request-state-answered = answered
request-state-dead = given up
run-cause-item-created = a card was created
run-cause-stage-entered = the card entered a stage
run-cause-item-changed = fields were changed
run-cause-item-assigned = somebody else is in charge
run-cause-activity-created = an activity was planned
run-cause-activity-completed = an activity was done
run-cause-activity-reminder-due = a reminder of an activity was due
run-cause-activity-overdue = an activity is overdue
run-cause-message-received = a client wrote
run-cause-message-edited = a client changed a message
run-cause-conversation-opened = a conversation began
run-cause-conversation-closed = a conversation was closed
run-cause-delivery-failed = a message was not delivered
run-cause-http-response = a service outside answered
run-cause-timer-fired = a wake-up of the robot
run-cause-schedule-ticked = by schedule
run-cause-schedule-missed = the schedule was missed
run-cause-manual-run = started by hand
run-cause-bulk-run = a bulk run
run-fact-source = Source
run-fact-pipeline = Pipeline
run-fact-stage = Stage
run-fact-from = From
run-fact-to = To
run-fact-fields = Fields
run-fact-activity = Activity
run-fact-activity-kind = Kind of activity
run-fact-minutes = Minutes before
run-fact-conversation = Conversation
run-fact-message = Message
run-fact-channel = Channel
run-fact-contact = Client
run-fact-text = Text
run-fact-is-first = First of its conversation
run-fact-sent-at = Sent
run-fact-delivery = Delivery
run-fact-error = Error
run-fact-attachment = Robot
run-fact-request = Request
run-fact-stage-entry = Number of the stage entry
run-fact-status = Status of the answer
run-fact-key = Key
run-fact-payload = Payload
run-fact-due-at = Due
run-fact-first-at = First miss
run-fact-last-at = Last miss
run-fact-why = Why
run-fact-by = Who
run-fact-bulk = Bulk change
effect-changed = changed
effect-notified = notified
effect-commented = note
effect-replied = message to the client
effect-assigned-from-list = assigned in turn
effect-requested = request
effect-remembered = remembered
effect-forgotten = forgotten
effect-wake-up-set = wake-up set
effect-wake-up-cancelled = wake-up cancelled
runs-since = Ended in the last
runs-since-1h = hour
runs-since-24h = 24 hours
runs-since-7d = 7 days
run-deliveries = Messages to the client
run-delivery = Text
delivery-state-pending = waits
delivery-state-delivered = sent
delivery-state-dead = given up
