app-name = Signalbox
skip-to-content = К содержимому
nav-label = Главное меню
nav-deals = Сделки
nav-leads = Лиды
nav-contacts = Клиенты
nav-calendar = Календарь
nav-automation = Автоматизация
nav-runs = Запуски
nav-robots = Роботы
nav-settings = Настройки
search-label = Поиск
search-placeholder = Имя, телефон, номер
sign-out = Выйти
menu-me = Мой профиль
theme-label = Оформление
theme-system = Как в системе
theme-light = Светлое
theme-dark = Тёмное
language-label = Язык
language-ru = Русский
language-en = English
keys-title = Клавиатура
keys-close = Закрыть
keys-help = Показать эту подсказку
keys-search = Поиск
keys-deals = Сделки
keys-leads = Лиды
keys-calendar = Календарь
keys-automation = Автоматизация
keys-runs = Запуски
keys-card = На карточке: пробел поднимает, стрелки двигают, пробел опускает, Esc отменяет
keys-off = Однобуквенные клавиши можно отключить в профиле.
live-lost = Связь потеряна. Она восстановится сама.
live-back = Связь восстановлена.
live-kept = Ничего не отправлено: сервер не отвечает. Введённое осталось на странице.
error-title = Не получилось
error-not-found = Такой страницы нет
error-not-found-next = Адрес мог устареть, или объект удалён.
error-forbidden = Ваша роль этого не позволяет
error-forbidden-next = Попросите у администратора право: { $right }.
error-internal = Сбой на сервере
error-internal-next = Причина записана в журнал сервера. Повторите или сообщите администратору.
error-unavailable = Сейчас это невозможно
error-retry = Повторить
error-home = К доске
page-next = Следующая страница
page-first = В начало
list-empty = Здесь пусто
count-deals = { $count ->
    [one] { $count } сделка
    [few] { $count } сделки
   *[other] { $count } сделок
}
count-leads = { $count ->
    [one] { $count } лид
    [few] { $count } лида
   *[other] { $count } лидов
}
count-items = { $count ->
    [one] { $count } элемент
    [few] { $count } элемента
   *[other] { $count } элементов
}
time-now = только что
time-minutes = { $count ->
    [one] { $count } минута
    [few] { $count } минуты
   *[other] { $count } минут
}
time-hours = { $count ->
    [one] { $count } час
    [few] { $count } часа
   *[other] { $count } часов
}
time-days = { $count ->
    [one] { $count } день
    [few] { $count } дня
   *[other] { $count } дней
}
actor-system = Signalbox
actor-robot = робот { $robot }
actor-channel = канал { $channel }
