board-no-pipeline = Такой воронки ещё нет
board-no-pipeline-next = Администратор или редактор создаёт её в настройках, сразу со стадиями.
board-no-pipeline-go = Создать воронку
board-view = Вид
board-view-board = Доска
board-view-list = Список
board-find = Найти по названию
board-any-stage = Все стадии
board-anybody = Все ответственные
board-nobody = Без ответственного
board-mine = Мои
board-due = Ближайшее дело
board-any-due = Любые дела
board-due-overdue = Просрочено
board-due-today = Сегодня
board-due-planned = Запланировано
board-due-none = Без дел
board-show = Показать
board-show-all = Показать все
board-save = Сохранить фильтр
board-create = + Новая карточка
board-create-go = Создать
board-column-empty = На этой стадии пусто
board-more = { $count ->
    [one] ещё { $count }
    [few] ещё { $count }
   *[other] ещё { $count }
}
board-card = карточка, можно переместить
board-choose = Выбрать: { $title }
board-chosen = Выбрано
board-age = Время на стадии
board-unanswered = Клиент ждёт { $span }
board-move = Переместить...
board-move-go = Переместить
board-move-cancel = Отмена
board-lifted = { "{" }title{ "}" }: поднята. Стрелки влево и вправо выбирают стадию, пробел опускает, Esc отменяет.
board-place = { "{" }stage{ "}" }, { "{" }place{ "}" } из { "{" }count{ "}" }
board-dropped = { "{" }title{ "}" }: перемещена на стадию { "{" }stage{ "}" }
board-cancelled = { "{" }title{ "}" }: осталась на месте
due-overdue = { $count ->
    [one] { $count } с просроченным делом
    [few] { $count } с просроченным делом
   *[other] { $count } с просроченным делом
}
due-today = { $count ->
    [one] { $count } с делом на сегодня
    [few] { $count } с делом на сегодня
   *[other] { $count } с делом на сегодня
}
due-planned = { $count ->
    [one] { $count } с запланированным делом
    [few] { $count } с запланированным делом
   *[other] { $count } с запланированным делом
}
due-none = { $count ->
    [one] { $count } без дел
    [few] { $count } без дел
   *[other] { $count } без дел
}
card-due-none = Нет дел
card-due-overdue = Просрочено:
card-due-today = Сегодня:
card-due-planned = План:
card-robot-waits = Робот сейчас запустится
card-robot-waits-until = Робот ждёт до
move-title = Переместить «{ $title }»
move-present = (сейчас)
move-stale = Тем временем карточку изменил(а) { $who }:
move-required = Сначала заполните: { $fields }
move-backward = Эта стадия раньше нынешней.
move-back-anyway = Всё равно вернуть назад
bulk-count = выбрано: { "{" }count{ "}" }
bulk-stage = Переместить на...
bulk-assignee = Передать...
bulk-go = Выполнить
bulk-none = Снять выбор
bulk-title = Не все карточки изменены
bulk-done = { $count ->
    [one] Изменена { $count } карточка. Не изменены:
    [few] Изменены { $count } карточки. Не изменены:
   *[other] Изменено { $count } карточек. Не изменены:
}
bulk-item = Карточка
bulk-why-not = Почему
bulk-back = Назад к доске
field-title = Название
field-amount = Сумма
field-contact = Клиент
field-source = Источник
field-stage = Стадия
field-pipeline = Воронка
field-assignee = Ответственный
field-lost-reason = Причина
field-created-at = Создано
field-empty = (пусто)
field-yes = Да
field-no = Нет
