explain-title = Почему?
explain-heading = «{ $robot }» и «{ $item }»
explain-reasons = Причины по порядку
explain-runs = Запуски этого робота для карточки
explain-back = Назад к карточке
explain-why = Почему?
standing-ran = выполнен
standing-failed = запускался, но не выполнил
standing-waits = ждёт
standing-did-not-start = не запускался
standing-until = До:
bearing-for = за запуск
bearing-against = против запуска
bearing-waits = откладывает запуск
bearing-assumed = предположение
point-attachment-on = Робот включён.
point-attachment-off = Робот выключен.
point-in-stage = Карточка стоит на стадии «{ $stage }» с { $since }.
point-enters-stage = Карточка стоит на стадии «{ $stands_in }»; считаем, что она сейчас переходит на стадию «{ $stage }».
point-cannot-enter-stage = Правило не пускает карточку на стадию «{ $stage }»: { $message }.
point-event-happened = Произошло событие: { $kind } ({ $at }).
point-event-assumed = Считаем, что событие происходит сейчас: { $kind }.
point-moment-does-not-fit = Фильтр робота не пропускает это событие: { $kind }.
point-schedule-fits = Карточка подходит под расписание { $next_at ->
    [none] робота.
   *[other] робота; следующий раз { $next_at }.
}
point-schedule-does-not-fit = Карточка не подходит под расписание робота.
point-by-hand = Робота запускает сотрудник.
point-at-once = Робот запускается сразу.
point-delayed = Робот ждёт своего времени: { $due_at }.
point-waits-for-field = Поле с датой «{ $field }» пусто: робот ждёт, пока его заполнят.
point-after-previous = Робот запускается после другого: «{ $title }».
point-never-starts = Запуска не будет: { $reason }.
point-window-open = По времени запуск разрешён.
point-window-closed = Сейчас нерабочее время: ждёт до { $until }.
point-unconditional = Условия нет.
point-test-true = Верно: «{ $field }» { $op } { $wanted } (сейчас: { $found ->
    [none] пусто
   *[other] { $found }
}).
point-test-false = Неверно: «{ $field }» { $op } { $wanted } (сейчас: { $found ->
    [none] пусто
   *[other] { $found }
}).
point-condition-true = Условие выполнено.
point-condition-false = Условие не выполнено.
point-first-for-item = Робот запускается один раз для карточки и ещё не запускался.
point-already-ran = Робот запускается один раз для карточки и уже запускался.
point-rate-free = Запусков в минуту не больше { $per_minute }: место есть.
point-rate-limited = Запусков в минуту не больше { $per_minute }: ждёт до { $until }.
point-robot-pauses = Робот ошибся на многих карточках и приостановлен до { $until }.
point-robot-missing = Эта версия робота не установлена.
point-entered-stage = Карточка перешла на стадию «{ $stage }» ({ $at }).
point-never-entered = Карточка не была на стадии «{ $stage }»; она стоит на стадии «{ $stands_in }».
point-event-never-happened = Такого с карточкой не происходило: { $kind }.
point-before-attached = Это было { $at }, а робота настроили { $attached_at }: для прошедшего роботы не запускаются.
point-was-off = Тогда, { $at }, робот был выключен.
point-no-run-known = { $at ->
    [none] Для этой карточки робота ничто не запускало.
   *[other] Запуска нет, и записей о причине не осталось ({ $at }).
}
point-run-completed = Робот сделал свою работу ({ $at }): { $summary }.
point-run-skipped = Роботу нечего было делать ({ $at }): { $summary }.
point-run-denied = Роботу не хватило разрешения: { $what }.
point-run-executes = Робот выполняется сейчас.
point-run-ready = Робот сейчас запустится.
point-run-waits = Запуск ждёт: { $reason }{ $until ->
    [none] .
   *[other] , до { $until }.
}
point-run-failed = Робот ошибся в попытке { $attempt } ({ $code }: { $message }) и будет повторён { $until ->
    [none] позже.
   *[other] { $until }.
}
point-run-cancelled = Запуск отменён { $at }: { $reason }{ $by ->
    [none] .
   *[other] . Карточку переместил(а) { $by }: с «{ $from }» на «{ $to }».
}
point-run-discarded = Робот не выполнил работу ({ $at }): { $reason }{ $code ->
    [none] .
   *[other] . Последняя ошибка: { $code }, { $message }.
}
trial-title = Что робот сделал бы сейчас
trial-note = Это проба: ничего не изменено и не отправлено.
trial-go = Что он сделал бы сейчас?
trial-starts = Робот запустился бы
trial-starts-not = Робот не запустился бы
trial-regardless = Всё равно показать, что он сделал бы
trial-effects = Что изменилось бы
trial-no-effect = Ничего не изменилось бы.
trial-follows = Затем запустились бы
trial-cancels = Были бы отменены
