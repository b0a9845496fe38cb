app-name = Signalbox
skip-to-content = Skip to the content
nav-label = Main menu
nav-deals = Deals
nav-leads = Leads
nav-contacts = Clients
nav-calendar = Calendar
nav-automation = Automation
nav-runs = Runs
nav-robots = Robots
nav-settings = Settings
search-label = Search
search-placeholder = Name, phone, id
sign-out = Sign out
menu-me = My account
theme-label = Colours
theme-system = As the system
theme-light = Light
theme-dark = Dark
language-label = Language
language-ru = Русский
language-en = English
keys-title = Keyboard
keys-close = Close
keys-help = Show this help
keys-search = Search
keys-deals = Deals
keys-leads = Leads
keys-calendar = Calendar
keys-automation = Automation
keys-runs = Runs
keys-card = On a card: lift it, move it with the arrows, put it down with Space; Esc cancels
keys-off = Single letters can be switched off in your account.
live-lost = The connection is lost. It is tried again by itself.
live-back = The connection is back.
live-kept = Nothing was sent: the host does not answer. What you typed stays here.
error-title = That did not work
error-not-found = There is no such page
error-not-found-next = The address may be old, or the thing was removed.
error-forbidden = Your role does not allow this
error-forbidden-next = Ask an administrator for the right: { $right }.
error-internal = The host failed
error-internal-next = Its log says why. Try again, or tell an administrator.
error-unavailable = The host cannot do this now
error-retry = Try again
error-home = To the board
page-next = Next page
page-first = To the beginning
list-empty = Nothing here
count-deals = { $count ->
    [one] { $count } deal
   *[other] { $count } deals
}
count-leads = { $count ->
    [one] { $count } lead
   *[other] { $count } leads
}
count-items = { $count ->
    [one] { $count } item
   *[other] { $count } items
}
time-now = just now
time-minutes = { $count ->
    [one] { $count } minute
   *[other] { $count } minutes
}
time-hours = { $count ->
    [one] { $count } hour
   *[other] { $count } hours
}
time-days = { $count ->
    [one] { $count } day
   *[other] { $count } days
}
actor-system = Signalbox
actor-robot = robot { $robot }
actor-channel = channel { $channel }
