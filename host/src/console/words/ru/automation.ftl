automation-general = Без воронки
automation-intro = Роботы и триггеры каждой воронки. Изменения собираются в черновик и вступают в силу, когда его публикуют.
automation-title = Автоматизация: { $name }
automation-more = Переходы
automation-add = Добавить робота
automation-add-here = + Добавить робота
automation-add-trigger = + Добавить триггер
automation-all-pipelines = Все воронки
automation-board = Доска
automation-file = Файлом
automation-has-draft = Есть черновик
automation-entries = { $count ->
    [one] { $count } робот
    [few] { $count } робота
   *[other] { $count } роботов
}
automation-triggers = Триггеры
automation-triggers-any = Триггеры на любой стадии
automation-robots = Роботы
automation-schedules = По расписанию
automation-manual = Запускаются вручную
automation-no-robots = Роботов нет
automation-copy-from = Скопировать роботов из другой воронки
automation-copy-from-help = Копии попадут в черновик. Стадии сопоставляются по ключу, затем по месту.
automation-copy-from-go = Скопировать всех
automation-notes = Сделано, но обратите внимание:
automation-rules = Как работают роботы
rule-already-there = Робот не запускается для сделок и лидов, которые уже стоят на стадии, когда его добавили.
rule-leaving = Уход со стадии останавливает роботов, которые ещё ждут.
rule-at-once = Роботы стадии запускаются все сразу, кроме тех, у которых указано «после предыдущего».
rule-timing = Сначала наступает время запуска, потом проверяется условие.
moment-stage = При входе на стадию «{ $stage }»
moment-in-stage = на стадии «{ $stage }»
moment-schedule = Расписание { $cron } ({ $zone })
moment-each-item = для каждого открытого элемента
moment-manual = Вручную
event-item-created = Создан элемент
event-stage-entered = Элемент перешёл на стадию
event-item-changed = Изменено поле
event-item-assigned = Сменился ответственный
event-message-received = Клиент написал
event-message-edited = Клиент изменил сообщение
event-conversation-opened = Открыт диалог
event-conversation-closed = Закрыт диалог
event-delivery-failed = Сообщение не доставлено
event-activity-created = Запланировано дело
event-activity-completed = Дело выполнено
event-activity-reminder-due = Наступило напоминание о деле
event-activity-overdue = Дело просрочено
span-s = { $count ->
    [one] { $count } секунду
    [few] { $count } секунды
   *[other] { $count } секунд
}
span-m = { $count ->
    [one] { $count } минуту
    [few] { $count } минуты
   *[other] { $count } минут
}
span-h = { $count ->
    [one] { $count } час
    [few] { $count } часа
   *[other] { $count } часов
}
span-d = { $count ->
    [one] { $count } день
    [few] { $count } дня
   *[other] { $count } дней
}
timing-now = сразу
timing-delay = через { $span }
timing-delay-working = через { $span } рабочего времени
timing-at-field = в момент «{ $field }»
timing-before = за { $span } до «{ $field }»
timing-after = через { $span } после «{ $field }»
timing-at = { $at }
timing-after-previous = после предыдущего
timing-in-working = только в рабочее время
condition-if = Если:
condition-and = и
condition-or = или
op-eq = равно
op-ne = не равно
op-gt = больше
op-ge = не меньше
op-lt = меньше
op-le = не больше
op-in = одно из
op-contains = содержит
op-empty = не заполнено
op-filled = заполнено
role-assignee = ответственный
role-head = руководитель ответственного
field-last-contact-at = Последний контакт
field-stage-entered-at = Перешёл на стадию
entry-up = Выше: { $title }
entry-down = Ниже: { $title }
entry-switch-off = Выключить
entry-switch-off-named = Выключить: { $title }
entry-switch-on = Включить
entry-switch-on-named = Включить: { $title }
entry-more = Ещё
entry-more-named = Ещё действия: { $title }
entry-move = Переместить
entry-copy = Скопировать
entry-remove = Убрать
entry-restore = Вернуть как было
entry-added = Новый
entry-changed = Изменён
entry-moved = Перемещён
entry-off = Выключен
entry-robot-missing = Робот не установлен
entry-broken = Не может работать
entry-unfinished = Не настроен
entry-not-granted = Не все разрешения выданы
entry-outdated = Есть новая версия
difference-added = Добавлен
difference-changed = Изменён
difference-moved = Перемещён
difference-removed = Убран
difference-place = «{ $from }», место { $from_place } → «{ $to }», место { $to_place }
column-events = триггеры
column-schedules = расписания
column-manual = ручные
value-none = ничего
entry-field-title = Название
entry-field-robot = Робот
entry-field-digest = Версия робота
entry-field-moment = Когда
entry-field-timing = Время запуска
entry-field-window = Окно
entry-field-condition = Условие
entry-field-mode = Порядок
entry-field-cancel-on = Отмена
entry-field-repeat = Повтор
entry-field-missed = Если время прошло
entry-field-missed-within-s = Допустимое опоздание, секунд
entry-field-on-error = После ошибки
entry-field-attempts-max = Попыток
entry-field-backoff-base-s = Первая пауза, секунд
entry-field-backoff-max-s = Наибольшая пауза, секунд
entry-field-concurrency-max = Одновременно
entry-field-rate-per-minute = Запусков в минуту
entry-field-overrides-required-fields = Не требовать обязательных полей
entry-field-scope = К чему есть доступ
entry-field-grants = Разрешения
entry-field-http-hosts = Адреса в интернете
entry-field-grant-fields = Доступные поля
entry-field-grant-audience = Кого можно уведомлять
entry-field-is-enabled = Включён
draft-label = Черновик
draft-changes = { $count ->
    [0] В черновике нет изменений
    [one] { $count } изменение не опубликовано
    [few] { $count } изменения не опубликованы
   *[other] { $count } изменений не опубликовано
}
draft-difference = Что изменится
draft-removed = Убран: { $title }
draft-stale = Пока вы готовили черновик, действующие роботы изменились. Сначала возьмите эти изменения в черновик.
draft-rebase = Взять изменения
draft-unfinished = Черновик нельзя опубликовать, пока не настроено:
draft-comment = Зачем это изменение
draft-publish = Опубликовать
draft-discard = Отменить черновик
draft-discard-sure = Все неопубликованные изменения пропадут. Отменить черновик?
draft-changed-meanwhile = Черновик тем временем изменили. Перед вами его нынешний вид: посмотрите и повторите.
draft-published = Опубликовано: теперь роботы работают так.
draft-discarded = Черновик отменён.
draft-rebased = Изменения других взяты в черновик.
catalogue-title = Добавить робота: { $name }
catalogue-done = Готово
catalogue-added = Добавлен: { $title }.
catalogue-configure = Настроить
catalogue-when = Когда запускать
catalogue-event = Событие
catalogue-find = Найти робота
catalogue-nothing = Таких роботов нет
catalogue-install = Установить робота
catalogue-bundled = встроенный
catalogue-installed = установленный
catalogue-add = Добавить
catalogue-add-named = Добавить: { $name }
catalogue-to-stage = на стадию «{ $stage }»
catalogue-does-not-fit = Так этот робот не запускается.
when-stage = При входе на стадию
when-event = По событию (триггер)
when-schedule = По расписанию
when-manual = Вручную
group-employee-alerts = Информирование сотрудников
group-employee-monitoring = Контроль сотрудников
group-customer-communication = Коммуникация с клиентом
group-customer-information = Данные о клиентах
group-item-management = Управление элементами
group-repeat-sales = Повторные продажи
group-payment = Оплата товаров и услуг
group-documents = Документы
group-workflow-automation = Автоматизация рабочих мест
group-advertising = Реклама
group-other = Другие
interface-activities = планирует дела
interface-assignment = меняет ответственного
interface-calendar = знает рабочее время
interface-contact-editing = меняет данные клиентов
interface-contacts = видит клиентов
interface-conversation-control = управляет диалогами
interface-conversations = читает диалоги
interface-employees = видит сотрудников
interface-fields = читает и меняет поля
interface-item-creation = создаёт сделки и лиды
interface-items = видит сделки и лиды
interface-messaging = пишет клиентам
interface-notifications = уведомляет сотрудников
interface-outbound-http = обращается в интернет
interface-stages = меняет стадию
interface-state = помнит своё
interface-timeline = пишет в историю
interface-timers = ставит себе напоминания
draft-saved = Сохранено в черновике. Чтобы изменения заработали, опубликуйте его.
form-save = Сохранить в черновике
form-back = К роботам
form-wrong = Исправьте:
form-required = Обязательное поле
form-required-mark = обязательно
form-number = Здесь нужно целое число
form-instant = Здесь нужны дата и время
form-choice = Такого варианта нет
form-choose = (выберите)
form-saved-unfinished = Сохранено в черновике, но робот ещё не настроен до конца.
form-robot-missing = Версия робота «{ $robot }», которой пользуется эта настройка, больше не установлена. Её параметры сохранены.
form-params = Что делает робот
form-no-params = У робота нет параметров.
form-unknown = Параметры, которых в этой версии робота больше нет
form-drop = Убрать
form-placeholders = Вставить данные сделки или клиента в текст
form-placeholders-help = Нажмите, и вставка появится там, где был курсор. Без JavaScript скопируйте её в текст.
placeholder-id = Номер
placeholder-contact = Имя клиента
placeholder-responsible = Имя ответственного
placeholder-text = Текст сообщения
placeholder-now = Время запуска
hint-duration = Например: 90s, 30m, 4h, 2d.
hint-money = Например: 1500.00 RUB.
hint-deadline = Например: +3d, +4h, +2wd, tomorrow 10:00.
hint-lines = По одному в строке.
form-channel = Канал
form-fields = Какие поля (ни одного: любые)
form-cron = Расписание (cron)
form-cron-help = Минуты, часы, день, месяц, день недели. Например: 0 9 * * Mon-Fri, то есть по будням в 9:00.
form-zone = Часовой пояс
form-items-stage = Для открытых элементов на стадии
form-items-max = Не больше элементов за раз
form-items-spread = Распределить запуски на столько секунд
form-run = Запустить
choice-timing-now = Сразу
choice-timing-delay = Через время
choice-timing-relative = До или после даты из поля
choice-timing-at = В назначенный момент
form-count = Сколько
form-unit = Единица
choice-unit-s = секунд
choice-unit-m = минут
choice-unit-h = часов
choice-unit-d = дней
form-working = только рабочее время
form-side = Когда
choice-side-before = до
choice-side-after = после
form-field = Поле
form-op = Сравнение
form-value = Значение
form-at = Дата и время
choice-window-any = В любое время
choice-window-working = Только в рабочее время
choice-mode-parallel = Не ждать других
choice-mode-after-previous = После предыдущего
form-condition-none = Без условия: запускается всегда.
form-condition-all = Все эти условия верны:
form-condition-or = или
form-condition-add = Добавить условие
form-condition-add-group = Добавить группу «или»
form-condition-drop = Убрать
form-no-permissions = Робот не просит разрешений.
form-narrow = Отметьте, чем ограничить. Ничего не отмечено: без ограничений.
form-more = Повтор, отмена, ошибки, ограничения
choice-cancel-on-leave-stage = Элемент ушёл со стадии
choice-cancel-on-leave-pipeline = Элемент ушёл из воронки
choice-cancel-on-closed = Элемент закрыт
choice-cancel-on-never = Ничто не отменяет
choice-repeat-every-entry = При каждом входе на стадию
choice-repeat-once-per-item = Один раз для элемента
choice-missed-run-now = Запустить сейчас
choice-missed-skip = Не запускать
choice-missed-if-within = Запустить, если опоздание невелико
choice-on-error-stop-chain = Следующие за ним не запускаются
choice-on-error-continue = Следующие за ним запускаются
choice-scope-item = Только этот элемент
choice-scope-pipeline = Элементы воронки
choice-scope-all = Все элементы
form-newer = Перейти на версию { $robot }
history-link = История
history-title = История: { $name }
history-empty = Здесь ещё ничего не публиковали.
history-empty-next = Добавить роботов
history-number = Версия
history-when = Когда
history-who = Кто
history-what = Что
history-ways = Действия
history-in-force = действует
history-direct = изменено напрямую
history-counts = добавлено { $added }, изменено { $changed }, убрано { $removed }
history-compare = Что изменилось
history-compare-now = Сравнить с действующей
history-restore = Вернуть
history-restore-sure = Неопубликованные изменения черновика пропадут. Вернуть эту версию в черновик?
history-restored = Черновик теперь такой, как та версия. Проверьте и опубликуйте его.
history-difference = От версии { $from } к версии { $to }
history-same = Отличий нет.
here-title = { $count ->
    [one] Запустить новых роботов для { $count } элемента, который уже здесь?
    [few] Запустить новых роботов для { $count } элементов, которые уже здесь?
   *[other] Запустить новых роботов для { $count } элементов, которые уже здесь?
}
here-runs = { $count ->
    [one] Будет { $count } запуск.
    [few] Будет { $count } запуска.
   *[other] Будет { $count } запусков.
}
here-conditions = Условия проверяются при каждом запуске.
here-go = Запустить
here-no = Не запускать
here-started = Роботы запускаются для тех, кто уже здесь.
try-title = Проверить на сделке
try-help = Покажет, что сделал бы робот с тем, что сейчас в форме. Ничего не сохраняется и не отправляется.
try-item = Номер сделки или лида
try-regardless = Выполнить, даже если он не запустился бы
try-go = Проверить
try-starts = Робот запустился бы
try-starts-not = Робот не запустился бы
try-nothing-stored = Это проверка: ничего не сохранено и не отправлено.
try-due = Время запуска:
try-done = Робот сделал бы своё дело
try-skipped = Роботу нечего было бы делать
try-failed = Робот завершился бы ошибкой
try-effects = Что изменится
try-effects-none = Ничего.
try-then = Что запустится после этого
try-cancels = Отменится: { $title }
try-denied = Отказано: { $what }
try-calls = Обращения робота и ответы
try-logs = Журнал робота
try-effect-changed = Изменится
try-effect-notified = Получит уведомление
try-effect-assigned-from-list = Получит ответственного из списка
try-effect-commented = Появится комментарий
try-effect-replied = Уйдёт ответ клиенту
try-effect-requested = Уйдёт запрос
try-effect-remembered = Робот запомнит
try-effect-forgotten = Робот забудет
try-effect-wake-up-set = Робот поставит напоминание себе
try-effect-wake-up-cancelled = Робот снимет напоминание себе
fared-completed = { $count } успешно за сутки
fared-discarded = { $count } с ошибкой за сутки
fared-scheduled = { $count ->
    [one] { $count } ждёт
   *[other] { $count } ждут
}
fared-retryable = { $count ->
    [one] { $count } повторится
   *[other] { $count } повторятся
}
designer-card = робот
designer-lifted = { "{" }title{ "}" }: поднят. Стрелки выбирают стадию и место, пробел опускает, Esc отменяет.
designer-dropped = { "{" }title{ "}" }: в черновике на стадии { "{" }stage{ "}" }
designer-cancelled = { "{" }title{ "}" }: остался на месте
