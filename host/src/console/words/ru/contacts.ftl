contacts-find = Имя, телефон или e-mail
contacts-find-go = Найти
contacts-none = Никто не подходит.
contacts-points = Как связаться
contacts-new = Новый клиент
contacts-new-go = Добавить
contacts-phones = Телефоны, по одному в строке
contacts-emails = Адреса e-mail, по одному в строке
contacts-handles = Мессенджеры
contacts-nobody = никто
contacts-about = Клиент
contacts-items = Лиды и сделки
contacts-items-none = Лидов и сделок пока нет.
contacts-talks = Диалоги
contacts-talks-none = Клиент ещё не писал.
contacts-messages = { $count ->
    [one] { $count } сообщение
    [few] { $count } сообщения
   *[other] { $count } сообщений
}
contacts-last = последнее от клиента:
