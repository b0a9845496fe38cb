contacts-find = Name, phone or e-mail
contacts-find-go = Find
contacts-none = Nobody fits.
contacts-points = How to reach them
contacts-new = A new client
contacts-new-go = Add
contacts-phones = Phones, one a line
contacts-emails = E-mail addresses, one a line
contacts-handles = Messengers
contacts-nobody = nobody
contacts-about = The client
contacts-items = Leads and deals
contacts-items-none = No lead and no deal yet.
contacts-talks = Conversations
contacts-talks-none = The client has not written yet.
contacts-messages = { $count ->
    [one] { $count } message
   *[other] { $count } messages
}
contacts-last = last of the client:
