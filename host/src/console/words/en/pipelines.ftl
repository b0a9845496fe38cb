settings-pipelines = Pipelines
settings-fields = Fields
setup-title = Title
setup-title-ru = Title in Russian
setup-title-en = Title in English
setup-key = Key
setup-key-made = Key for commands and files (made of the title when empty)
pipelines-none = There is no pipeline yet. Make one here: leads and deals live in it, and robots work on it.
pipelines-kind = What it holds
pipelines-of-deal = Deals
pipelines-of-lead = Leads
pipelines-stages = Stages
pipelines-goto = Go to
pipelines-new = A new pipeline
pipelines-stages-about = One stage a line, Russian and English with a | between them, or one text for both. Everything can be changed later.
pipelines-lines-open = Stages with work to do
pipelines-lines-won = Stages that end well
pipelines-lines-lost = Stages that end badly
pipelines-about = The pipeline
pipelines-days = An activity is due at most so many working days after the last contact
stage-new = A new stage
stage-new-go = Add the stage
stage-kind = What it means
stage-kind-open = work to do
stage-kind-won = ends well
stage-kind-lost = ends badly
stage-asks = { $count ->
    [0] Nothing has to be filled in
    [one] { $count } field has to be filled in
   *[other] { $count } fields have to be filled in
}
stage-reason = Asks for a reason
stage-save-named = Save: { $title }
fields-about = Fields that every lead and deal has beside those of the system.
fields-type = Type
fields-type-text = text
fields-type-number = number
fields-type-flag = yes or no
fields-type-instant = date and time
fields-type-money = amount of money
fields-type-select = one of a list
fields-type-file = file
fields-type-many = several texts
fields-options = Choices
fields-options-lines = Choices, one a line (lower-case letters, digits, hyphens), if it is one of a list
fields-new = A new field
fields-new-go = Add the field
