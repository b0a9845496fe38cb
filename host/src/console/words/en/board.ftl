board-no-pipeline = There is no pipeline of this kind yet
board-no-pipeline-next = An administrator or editor makes one in the settings, with its stages.
board-no-pipeline-go = Make a pipeline
board-view = View
board-view-board = Board
board-view-list = List
board-find = Find by title
board-any-stage = Any stage
board-anybody = Anybody
board-nobody = Nobody in charge
board-mine = Mine
board-due = Next activity
board-any-due = Any activities
board-due-overdue = Overdue
board-due-today = Today
board-due-planned = Planned
board-due-none = Without activities
board-show = Show
board-show-all = Show all
board-save = Save this filter
board-create = + New
board-create-go = Create
board-column-empty = Nothing in this stage
board-more = { $count ->
    [one] { $count } more
   *[other] { $count } more
}
board-card = card that can be moved
board-choose = Choose { $title }
board-chosen = Chosen
board-age = Time in this stage
board-unanswered = Client waits for { $span }
board-move = Move...
board-move-go = Move
board-move-cancel = Cancel
board-lifted = { "{" }title{ "}" }, lifted. Left and right choose the stage, Space puts it down, Escape cancels.
board-place = { "{" }stage{ "}" }, { "{" }place{ "}" } of { "{" }count{ "}" }
board-dropped = { "{" }title{ "}" } is moved to { "{" }stage{ "}" }
board-cancelled = { "{" }title{ "}" } stays where it was
due-overdue = { $count ->
    [one] { $count } with an overdue activity
   *[other] { $count } with an overdue activity
}
due-today = { $count ->
    [one] { $count } with an activity due today
   *[other] { $count } with an activity due today
}
due-planned = { $count ->
    [one] { $count } with a planned activity
   *[other] { $count } with a planned activity
}
due-none = { $count ->
    [one] { $count } without an activity
   *[other] { $count } without an activity
}
card-due-none = No activity
card-due-overdue = Overdue:
card-due-today = Today:
card-due-planned = Planned:
card-robot-waits = Robot is about to run
card-robot-waits-until = Robot waits until
move-title = Move "{ $title }"
move-present = (present)
move-stale = { $who } changed it meanwhile:
move-required = Before that, fill in: { $fields }
move-backward = The stage lies further back.
move-back-anyway = Move it back anyway
bulk-count = chosen: { "{" }count{ "}" }
bulk-stage = Move to...
bulk-assignee = Give to...
bulk-go = Do it
bulk-none = Choose none
bulk-title = Some cards were not changed
bulk-done = { $count ->
    [one] { $count } card was changed. These were not:
   *[other] { $count } cards were changed. These were not:
}
bulk-item = Card
bulk-why-not = Why not
bulk-back = Back to the board
field-title = Title
field-amount = Amount
field-contact = Client
field-source = Source
field-stage = Stage
field-pipeline = Pipeline
field-assignee = In charge
field-lost-reason = Reason
field-created-at = Created
field-empty = (empty)
field-yes = Yes
field-no = No
