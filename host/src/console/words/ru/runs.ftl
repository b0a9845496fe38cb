runs-pause = Остановить обновление
runs-resume = Обновлять дальше
runs-held = Обновление остановлено. Новые запуски появятся, когда вы продолжите.
runs-at = Время
runs-what = Робот
runs-item = Карточка
runs-cause = Причина запуска
runs-state = Состояние
runs-reason = Пояснение
runs-robot = Компонент
runs-attachment = Настроенный робот
runs-code = Код ошибки
runs-from = Завершены с
runs-until = Завершены по
runs-any = Любые
runs-attempts = Попытки
runs-took = Длительность
runs-ms = { $count } мс
runs-seconds = { $count } с
runs-count = Запусков
runs-none = Роботы ещё ни разу не запускались.
runs-none-next = Настроить роботов
runs-none-fit = Под этот фильтр не подходит ни один запуск.
runs-retried = { $count ->
    [one] { $count } запуск будет выполнен ещё раз.
    [few] { $count } запуска будут выполнены ещё раз.
   *[other] { $count } запусков будут выполнены ещё раз.
}
runs-retry-all = Повторить все подходящие...
runs-retry-title = Повторить запуски
runs-retry-count = { $count ->
    [one] Под фильтр подходит { $count } запуск.
    [few] Под фильтр подходят { $count } запуска.
   *[other] Под фильтр подходят { $count } запусков.
}
runs-retry-more = Их больше, чем можно посчитать сразу: повторены будут все по порядку.
runs-retry-note = Они выполнятся сразу, в том порядке, в котором были созданы, и снова получат все свои попытки.
runs-retry-go = { $count ->
    [one] Повторить { $count } запуск
    [few] Повторить { $count } запуска
   *[other] Повторить { $count } запусков
}
runs-retry-not = Назад к журналу
run-by-hand = Вручную: { $who }
run-timeline = Ход
run-input = Что получил робот
run-made = Запуск создан
run-due = Назначенное время
run-next = Следующая попытка
run-after = После запуска
run-attempt = Попытка { $number }
run-no-attempt = Робот ещё не выполнялся.
run-event = Событие
run-caused-by = Вызвано запуском
run-retry = Выполнить ещё раз
run-cancel = Отменить
run-cancel-sure = Отменить этот запуск?
run-file = Скачать файл запуска
run-of-item = Запуски этой карточки
run-of-attachment = Запуски этого робота
run-verdict-done = выполнено
run-verdict-skipped = делать было нечего
run-verdict-failed = ошибка
run-fuel = Топливо
run-memory = Память
run-denied = Роботу не хватило разрешений:
run-effects = Что изменилось
run-no-effect = Ничего не изменилось.
run-calls = { $count ->
    [one] { $count } обращение к системе
    [few] { $count } обращения к системе
   *[other] { $count } обращений к системе
}
run-calls-more = { $count ->
    [one] Ещё { $count } обращение есть в файле запуска.
    [few] Ещё { $count } обращения есть в файле запуска.
   *[other] Ещё { $count } обращений есть в файле запуска.
}
run-call-args = Аргументы
run-call-answer = Ответ
run-call-ok = принято
run-call-open = запуск прервался во время этого обращения
run-call-read = чтение
run-call-changed = изменение
run-call-refused = отказано
run-requests = Запросы к внешним сервисам
run-request = Запрос
run-request-answer = Ответ
request-state-pending = отправляется
request-state-answered = получен ответ
request-state-dead = не доставлен
run-cause-item-created = создана карточка
run-cause-stage-entered = карточка перешла на стадию
run-cause-item-changed = изменены поля
run-cause-item-assigned = сменился ответственный
run-cause-activity-created = запланировано дело
run-cause-activity-completed = дело сделано
run-cause-activity-reminder-due = пришло время напоминания о деле
run-cause-activity-overdue = дело просрочено
run-cause-message-received = клиент написал
run-cause-message-edited = клиент изменил сообщение
run-cause-conversation-opened = началась переписка
run-cause-conversation-closed = переписка закрыта
run-cause-delivery-failed = сообщение не доставлено
run-cause-http-response = ответ внешнего сервиса
run-cause-timer-fired = сработал таймер робота
run-cause-schedule-ticked = по расписанию
run-cause-schedule-missed = расписание пропущено
run-cause-manual-run = запущен вручную
run-cause-bulk-run = массовый запуск
run-fact-source = Источник
run-fact-pipeline = Воронка
run-fact-stage = Стадия
run-fact-from = Было
run-fact-to = Стало
run-fact-fields = Поля
run-fact-activity = Дело
run-fact-activity-kind = Вид дела
run-fact-minutes = За сколько минут
run-fact-conversation = Переписка
run-fact-message = Сообщение
run-fact-channel = Канал
run-fact-contact = Клиент
run-fact-text = Текст
run-fact-is-first = Первое в переписке
run-fact-sent-at = Отправлено
run-fact-delivery = Отправка
run-fact-error = Ошибка
run-fact-attachment = Робот
run-fact-request = Запрос
run-fact-stage-entry = Номер входа на стадию
run-fact-status = Код ответа
run-fact-key = Ключ
run-fact-payload = Данные
run-fact-due-at = Назначено на
run-fact-first-at = Первый пропуск
run-fact-last-at = Последний пропуск
run-fact-why = Почему
run-fact-by = Кто
run-fact-bulk = Массовое действие
effect-changed = изменено
effect-notified = уведомление
effect-commented = заметка
effect-replied = сообщение клиенту
effect-assigned-from-list = назначен по очереди
effect-requested = запрос
effect-remembered = запомнено
effect-forgotten = забыто
effect-wake-up-set = поставлен таймер
effect-wake-up-cancelled = снят таймер
runs-since = Завершены за
runs-since-1h = час
runs-since-24h = сутки
runs-since-7d = 7 дней
run-deliveries = Сообщения клиенту
run-delivery = Текст
delivery-state-pending = ждёт отправки
delivery-state-delivered = отправлено
delivery-state-dead = не отправлено
