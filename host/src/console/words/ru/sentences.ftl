# What the rules and the API say. The key of a sentence is its English template in lower case with hyphens:
# "the title has {count} characters" is `the-title-has-count-characters`. `words/sentences.rs` says why.

a-body-has-no-meaning-with-method = тело не имеет смысла с методом { $method }
a-bulk-change = массового изменения
a-calendar = календаря
a-channel = канала
a-channel-without-a-secret-would-believe-everybody = канал без секрета верил бы любому
a-contact = контакта
a-conversation = диалога
a-date-such-as-2026-03-09 = дата вида «2026-03-09»
a-delivery = отправки
a-dot-before-the-stands-at-an-end-or-next-to-another = точка перед «@» стоит с краю или рядом с другой точкой
a-duration-such-as-4h = длительность вида «4h»
a-filter-s-name-has-1-to-max-characters-not-name = в названии фильтра от 1 до { $max } символов, а указано «{ $name }»
a-kind-of-seconds-s-is-longer-than-max-s =
    { $kind ->
        [call] звонок
        [meeting] встреча
        [todo] дело
        [mail] письмо
       *[other] { $kind }
    } длится { $seconds } с, а допустимо не больше { $max } с
a-list = список
a-message = сообщения
a-notification = уведомления
a-number = число
a-part-of-the-what-has-no-name = часть без имени: { $what }
a-pipeline = воронки
a-pipeline-has-at-most-max-stages = в воронке не больше { $max } стадий
a-reminder-first-minutes-before-more-than-max = напоминание за { $first } мин, а допустимо не больше чем за { $max } мин
a-request = запроса
a-run = запуска
a-schedule = расписание
a-stage = стадия
a-stands-after-a-digit = «+» стоит после цифры
a-start-by-hand = запуск вручную
a-text = текст
a-time-such-as-09-30 = время вида «09:30»
a-timer = таймера
a-token = токена
a-url-of-http-or-https = адрес, который начинается с http:// или https://
a-whole-number-of-32-bits = целое число от −2147483648 до 2147483647
absences = отсутствия
activity-cannot-end-as-open = { $activity }: закончить дело состоянием «открыто» нельзя
activity-is-state-already =
    { $activity }: дело уже { $state ->
        [open] открыто
        [completed] выполнено
        [cancelled] отменено
       *[other] { $state }
    }
activity-working-days-max-is-days-more-than-max =
    срок дел: { $days } { $days ->
        [one] рабочий день
        [few] рабочих дня
       *[many] рабочих дней
    }, а допустимо не больше { $max }
after-is-not-a-cursor-that-this-list-gave = «after» — не метка, которую выдал этот список
amount-is-not-an-amount-such-as-1500-00 = «{ $amount }» — это не сумма вида «1500.00»
an-activity = дела
an-amount = сумма
an-amount-such-as-1500-00-rub = сумма вида «1500.00 RUB»
an-attachment = робота в автоматизации
an-employee = сотрудника
an-event = события
an-inbound-event = входящего события
another-request-had-this-idempotency-key-before = с таким «Idempotency-Key» уже был другой запрос
approve-hosts-label-does-not-ask-for-the-host-host = «{ $label }» не просит доступа к адресу «{ $host }»
approve-label-does-not-ask-for-interface = «{ $label }» не просит разрешения «{ $interface }»
assets-asked-name-does-not-exist = файла «/assets/{ $asked }/{ $name }» нет
attachment-text-in-the-draft-of-automation-does-not-exist = робота «attachment:{ $text }» в черновике «{ $automation }» нет
attachments = роботы в автоматизации
attachments-that-have-not-run-since-the-start-get-count-workers-together-which-are-busy = роботы, которые ещё не запускались после старта, делят { $count } исполнителей, сейчас все заняты
attempt-number-of-id-which-has-count-does-not-exist = попытки { $number } у «{ $id }» нет, всего попыток: { $count }
attempts-max = число попыток
authorization-is-not-bearer-sbx = «Authorization» — не вида «Bearer sbx_...»
backoff-base-s = первая пауза между попытками в секундах
backoff-base-s-is-base-s-more-than-backoff-max-s-which-is-max-s = первая пауза между попытками ({ $base_s } с) больше самой длинной ({ $max_s } с)
backoff-max-s = самая длинная пауза между попытками в секундах
before-before-it-for-what = в очереди перед ним по { $what }: { $before }
body = тело
calendar-calendar-is-the-default-already = основным уже назначен календарь «{ $calendar }»
calendars = календари
change-pipelines-and-attachments = менять воронки и роботов в них
channel-channel-has-no-base-url-so-nothing-can-be-sent = у канала «{ $channel }» нет адреса, поэтому отправить ничего нельзя
channel-key-does-not-exist = канала «{ $key }» нет
channels = каналы
channels-and-secrets-are-set-up-by-themselves-take-them-out-of-the-file = каналы и секреты настраиваются отдельно: уберите их из файла
concurrency-max = одновременные запуски
content-type-is-media-send-application-json = «Content-Type» — «{ $media }», а нужен «application/json»
conversation-is-closed = { $conversation }: диалог закрыт
conversation-is-closed-already = { $conversation }: диалог уже закрыт
count-cards-are-chosen-one-form-changes-max =
    { $count ->
        [one] Выбрана
        [few] Выбраны
       *[many] Выбрано
    } { $count } { $count ->
        [one] карточка
        [few] карточки
       *[many] карточек
    }, а за один раз меняется не больше { $max }
count-changes-wait-for-the-database-max-may =
    базу данных { $count ->
        [one] ждёт
        [few] ждут
       *[many] ждут
    } { $count } { $count ->
        [one] изменение
        [few] изменения
       *[many] изменений
    }, а допустимо { $max }
count-fields-more-than-max =
    { $count } { $count ->
        [one] поле
        [few] поля
       *[many] полей
    }, а допустимо не больше { $max }
count-fields-not-1-to-max =
    { $count } { $count ->
        [one] поле
        [few] поля
       *[many] полей
    }, а допустимо от 1 до { $max }
count-hosts-more-than-max =
    { $count } { $count ->
        [one] адрес
        [few] адреса
       *[many] адресов
    }, а допустимо не больше { $max }
count-keys-not-1-to-max =
    { $count } { $count ->
        [one] ключ
        [few] ключа
       *[many] ключей
    }, а допустимо от 1 до { $max }
count-recipients-more-than-max =
    { $count } { $count ->
        [one] получатель
        [few] получателя
       *[many] получателей
    }, а допустимо не больше { $max }
count-reminders-more-than-max =
    { $count } { $count ->
        [one] напоминание
        [few] напоминания
       *[many] напоминаний
    }, а допустимо не больше { $max }
count-robots-are-to-be-started-not-1-to-max =
    { $count } { $count ->
        [one] робот
        [few] робота
       *[many] роботов
    } для запуска, а допустимо от 1 до { $max }
count-runs-and-messages-wait-max-may = запусков и сообщений в очереди: { $count }, а допустимо { $max }
count-values-more-than-max =
    { $count } { $count ->
        [one] значение
        [few] значения
       *[many] значений
    }, а допустимо не больше { $max }
count-what-more-than-max = { $what }: { $count }, а допустимо не больше { $max }
currency-is-not-a-currency-code-such-as-rub = «{ $currency }» — это не код валюты вида «RUB»
date-and-time = дата и время
date-is-given-twice-a-date-is-either-one-holiday-or-one-working-exception = «{ $date }» указана дважды: дата — либо один праздник, либо один рабочий день
date-is-not-a-date-such-as-2026-11-04 = «{ $date }» — это не дата вида «2026-11-04»
day-lies-too-far-away = «{ $day }» — слишком далёкий день
day-of-month = день месяца
day-of-week = день недели
days-is-not-a-day-of-the-week-or-a-range-of-them-use-mon-tue-wed-thu-fri-sat-sun-mon-fri = «{ $days }» — это не день недели и не промежуток между днями; пишите mon, tue, wed, thu, fri, sat, sun, mon-fri
deadline-after-now-lies-beyond-the-last-instant = срок «{ $deadline }» от { $now } лежит дальше последнего возможного времени
draft-of-automation-does-not-exist = черновика «{ $automation }» нет
e-mail = e-mail
employee-does-not-work-here-any-more = { $employee }: сотрудник больше не работает
employee-name-would-lead-himself = { $employee } ({ $name }) оказался бы своим же руководителем
employees = сотрудники
english-title = название на английском
entry-has-no-days-or-no-hours = в «{ $entry }» нет дней или часов
expression-does-not-occur-for-years-years-or-more =
    «{ $expression }» не наступит ближайшие { $years } { $years ->
        [one] год
        [few] года
       *[many] лет
    } или дольше
expression-has-count-fields-not-5-minute-hour-day-of-month-month-day-of-week-or-6-seconds-first =
    в «{ $expression }» { $count } { $count ->
        [one] поле
        [few] поля
       *[many] полей
    }, а нужно 5 (минута, час, день месяца, месяц, день недели) или 6 (сначала секунды)
field-core-cannot-be-set-like-this = поле «{ $core }» так изменить нельзя
field-field-a-select-has-options-and-no-other-field-does = поле «{ $field }»: варианты есть у списка, и только у него
field-field-holds-no-instant = в поле «{ $field }» не дата
field-field-holds-values-of-type-kind =
    в поле «{ $field }» уже хранится { $kind ->
        [Text] текст
        [Number] число
        [Flag] да или нет
        [Instant] дата и время
        [Money] сумма
        [Select] вариант из списка
        [Many] список
        [File] файл
       *[other] { $kind }
    }
field-key-is-a-kind-and-cannot-be-shown =
    в поле «{ $key }» { $kind ->
        [Text] текст
        [Number] число
        [Flag] да или нет
        [Instant] дата и время
        [Money] сумма
        [Select] вариант из списка
        [Many] список
        [File] файл
       *[other] { $kind }
    }, а «{ $shown }» не подходит
field-key-is-given-twice = поле «{ $key }» указано дважды
field-key-is-not-granted-to-attachment-which-has-granted = поле «{ $key }» не разрешено для { $attachment }; разрешены { $granted }
field-key-is-wanted-and-cannot-be-shown = в поле «{ $key }» { $wanted }, а «{ $shown }» не подходит
fields = поля
first-next = { $first }; { $next }
from-is-the-automation-of-this-draft-copy-its-entries-one-by-one = { $from } — автоматизация этого же черновика: копируйте роботов по одному
give-one-of-phone-email-and-name = укажите что-то одно: «phone», «email» или «name»
grant-audience = получатели
grant-audience-word-is-neither-an-employee-nor-assignee-or-head = «{ $word }» — не сотрудник и не «{ $assignee }» или «{ $head }»
grant-fields = разрешённые поля
grant-fields-there-is-no-field-key = среди разрешённых полей указано «{ $key }», а такого поля нет
groups-of-the-condition = группы условия
headers = заголовки
hour = час
hours-is-not-an-interval-of-hours-such-as-09-00-18-00-or-22-00-06-00 = «{ $hours }» — это не промежуток вида «09:00-18:00» или «22:00-06:00»
id-does-not-exist = «{ $id }» не существует
id-has-not-run-there-is-nothing-to-repeat = { $id }: запуска ещё не было, повторять нечего
id-in-the-draft-of-automation-does-not-exist = «{ $id }» в черновике «{ $automation }» не существует
id-is-for-employee = { $id } — для другого сотрудника ({ $employee })
id-is-pending-and-cannot-be-retried = { $id } ещё ждёт, повторить нельзя
id-is-stands-and-cannot-be-cancelled =
    { $id } в состоянии «{ $stands ->
        [available] ждёт своей очереди
        [scheduled] ждёт своего времени
        [running] выполняется
        [retryable] будет повторён
        [completed] выполнен
        [cancelled] отменён
        [discarded] не удался
        [open] идёт
        [done] выполнено
        [received] получено
        [processed] обработано
        [ignored] пропущено
        [failed] не удалось
       *[other] { $stands }
    }», отменить нельзя
id-is-stands-and-cannot-be-retried =
    { $id } в состоянии «{ $stands ->
        [available] ждёт своей очереди
        [scheduled] ждёт своего времени
        [running] выполняется
        [retryable] будет повторён
        [completed] выполнен
        [cancelled] отменён
        [discarded] не удался
        [open] идёт
        [done] выполнено
        [received] получено
        [processed] обработано
        [ignored] пропущено
        [failed] не удалось
       *[other] { $stands }
    }», повторить нельзя
id-is-stands-and-cannot-be-word =
    { $id } в состоянии «{ $stands ->
        [available] ждёт своей очереди
        [scheduled] ждёт своего времени
        [running] выполняется
        [retryable] будет повторён
        [completed] выполнен
        [cancelled] отменён
        [discarded] не удался
        [open] идёт
        [done] выполнено
        [received] получено
        [processed] обработано
        [ignored] пропущено
        [failed] не удалось
       *[other] { $stands }
    }», { $word ->
        [cancelled] отменить
        [retried] повторить
       *[other] { $word }
    } нельзя
id-is-state-and-cannot-be-retried =
    { $id } в состоянии «{ $state ->
        [pending] ждёт отправки
        [sent] отправлено
        [dead] не отправлено
       *[other] { $state }
    }», повторить нельзя
id-person-does-not-work-here-any-more = { $person } ({ $id }) больше не работает
id-runs-count-at-a-time-which-is-its-limit = { $id } уже исполняется { $count } раз одновременно, это предел
id-title-belongs-to-no-stage-of-pipeline = { $id } («{ $title }») не относится ни к одной стадии воронки { $pipeline }
id-title-is-switched-off = { $id } («{ $title }») выключен
id-was-not-in-force-when-the-draft-began = { $id } не действовал, когда черновик начат
idempotency-key-is-there-more-than-once = «Idempotency-Key» указан больше одного раза
idempotency-key-must-have-1-to-max-ascii-characters = в «Idempotency-Key» должно быть от 1 до { $max } символов ASCII
install-robots = устанавливать роботов
interface-for-person-is-not-granted-to-attachment-whose-audience-is-audience = «{ $interface }» для { $person } не разрешён для { $attachment }; разрешённые получатели: { $audience }
it-has-a-fragment-which-never-leaves = в нём есть часть после «#», которая никуда не отправляется
it-has-a-space-or-a-sign-that-is-not-accepted-before-the = перед «@» пробел или недопустимый знак
it-has-letters = в нём буквы
it-has-more-than-18-digits = в нём больше 18 цифр
it-has-more-than-64-characters = в нём больше 64 символов
it-has-no = в нём нет «@»
it-has-no-digits = в нём нет цифр
it-holds-a-name-or-a-password-name-a-secret-in-a-header = в нём имя или пароль; укажите секрет в заголовке
it-is-too-long = он слишком длинный
item-has-had-no-kind-to-try-the-robot-on = у { $item } ещё не было события «{ $kind }», на котором можно попробовать робота
item-has-more-than-max-fields =
    у { $item } больше { $max } { $max ->
        [one] поля
        [few] полей
       *[many] полей
    }
items-max = число карточек за раз
items-spread-s = время, на которое распределены запуски, в секундах
its-domain-is-not-one = после «@» не домен
its-moment-belongs-to-is-not-to-to = его момент относится к «{ $is }», а не к «{ $to }»
its-scheme-is-neither-https-nor-http = он начинается не с https:// и не с http://
key = ключ
limit-is-limit-not-1-to-max = «limit» — { $limit }, а допустимо от 1 до { $max }
make-another-calendar-the-default-instead = вместо этого назначьте основным другой календарь
manage-people-channels-tokens-failed-runs-and-bulk-changes = управлять сотрудниками, каналами, токенами, неудачными запусками и массовыми изменениями
max-bulk-changes-are-open-and-more-are-not-possible =
    уже { $max ->
        [one] идёт
        [few] идут
       *[many] идёт
    } { $max } { $max ->
        [one] массовое изменение
        [few] массовых изменения
       *[many] массовых изменений
    }, больше нельзя
max-robots-are-tried-at-the-moment-try-again =
    сейчас { $max ->
        [one] пробуется
        [few] пробуются
       *[many] пробуются
    } { $max } { $max ->
        [one] робот
        [few] робота
       *[many] роботов
    }: попробуйте ещё раз
minute = минута
missed-within-s = время, за которое пропущенное ещё запускается, в секундах
month = месяц
more-than-64-bytes-are-before-the = перед «@» больше 64 байт
more-than-max-characters =
    больше { $max } { $max ->
        [one] символа
        [few] символов
       *[many] символов
    }
more-than-max-filters-are-saved =
    сохранить можно не больше { $max } { $max ->
        [one] фильтра
        [few] фильтров
       *[many] фильтров
    }
more-than-max-phones-e-mails-and-accounts = телефонов, адресов и учётных записей больше { $max }
name = имя
name-is-no-name-of-1-to-max-lower-case-letters-digits-and = «{ $name }» — не имя: нужно от 1 до { $max } строчных латинских букв, цифр, «-» и «_»
name-is-no-name-of-a-header = «{ $name }» — не имя заголовка
name-is-no-topic = «{ $name }» — не тема
name-of-a-part = имя части
names-no-host-the-admin-names-each = «*» не называет адреса: администратор указывает каждый
no-room-is-left-for-the-database = для базы данных не осталось места
no-version-of-robot-robot-has-the-digest-digest = у робота «{ $robot }» нет версии с отпечатком «{ $digest }»
no-version-of-robot-robot-has-the-digest-digest-signalbox-robot-list-all-lists-them = у робота «{ $robot }» нет версии с отпечатком «{ $digest }»; все версии показывает «signalbox robot list --all»
nobody-here-is-names-an-admin-adds-people-or-imports-the-file = здесь нет таких людей: { $names }; администратор добавит их или сам загрузит файл
nobody-in-the-list-can-take-item = никто из списка не может взять { $item }
nobody-is-behind-to = за { $to } никого нет
nobody-is-signed-in = никто не вошёл
none = ничего
nothing-is-before-the = перед «@» ничего нет
number = число
one-of-keys = одно из: { $keys }
one-other = { $one }, { $other }
options = варианты
origin-is-not-among-the-hosts-of-whose = { $origin } нет среди адресов { $whose }
other-events = другие события
other-is-neither-an-employee-nor-role-assignee-or-role-head = «{ $other }» — не сотрудник и не «role:assignee» или «role:head»
other-is-no-state-of-activities = «{ $other }» — не состояние дел
other-is-nothing-to-do = «{ $other }» — такого действия нет
other-robots-are-being-compiled-install-this-one-later = сейчас устанавливаются другие роботы; установите этого позже
others-change-the-same-things-all-the-time-try-again = другие всё время меняют то же самое: попробуйте ещё раз
others-have-changed-key-of-title-too-the-draft-keeps-its-own = другие тоже изменили «{ $title }» ({ $key }); в черновике осталось своё
others-have-changed-title-which-the-draft-removes = другие изменили «{ $title }», а черновик его удаляет
others-have-removed-title-which-the-draft-changes-it-is-new-now = другие удалили «{ $title }», а черновик его меняет: теперь это новый робот
param-is-required = «{ $param }»: нужно заполнить
param-why = «{ $param }»: { $why }
parameter-param-why = параметр «{ $param }»: { $why }
parts-of-the-query = части запроса
path-does-not-take-method = «{ $path }» не принимает метод { $method }
path-is-no-page-of-the-console = «{ $path }» — не страница консоли
path-why = «{ $path }»: { $why }
payload = данные
per-second-is-per-second-and-1-to-1000-is-possible = сообщений в секунду: { $per_second }, а допустимо от 1 до 1000
pipeline-has-max-stages-already =
    в воронке «{ $pipeline }» уже { $max } { $max ->
        [one] стадия
        [few] стадии
       *[many] стадий
    }
pipeline-has-no-stage = в воронке «{ $pipeline }» нет стадий
pipeline-pipeline-has-no-stage = в воронке «{ $pipeline }» нет стадий
pipeline-pipeline-holds-items-of-kind-kind =
    в воронке «{ $pipeline }» — { $kind ->
        [lead] лиды
        [deal] сделки
       *[other] { $kind }
    }
pipeline-pipeline-holds-items-of-kind-kind-and-item-is-none =
    в воронке «{ $pipeline }» — { $kind ->
        [lead] лиды
        [deal] сделки
       *[other] { $kind }
    }, а { $item } не из них
pipelines = воронки
query = запрос
rate-per-minute = запусков в минуту
read = читать
read-about-clients = читать о клиентах
reason = причина
required-fields = обязательные поля
robot-digest-does-not-exist = робота «{ $digest }» нет
robot-id-does-not-exist = робота «{ $id }» нет
robot-id-with-the-digest-digest-does-not-exist = робота «{ $id }» с отпечатком «{ $digest }» нет
robot-name-does-not-exist = робота «{ $name }» нет
robot-robot-cannot-be-attached-to-word-it-takes-known = робот «{ $robot }» не запускается так: { $word }; ему подходит { $known }
robot-robot-does-not-ask-for-grant = робот «{ $robot }» не просит разрешения «{ $grant }»
robot-robot-has-no-parameter-key-it-has-known = у робота «{ $robot }» нет параметра «{ $key }»; есть: { $known }
robot-robot-is-not-installed = робот «{ $robot }» не установлен
robot-robot-runs-count-at-a-time-which-is-its-limit = робот `{ $robot }` уже исполняется { $count } раз одновременно, это его предел
robot-robot-runs-for-an-item-say-which = робот «{ $robot }» работает с карточкой: укажите, с какой
robot-robot-with-the-digest-digest-is-not-installed = робот «{ $robot }» с отпечатком «{ $digest }» не установлен
robots = роботы
robots-that-belong-to-no-pipeline-have-no-stage-in-which-items-could-stand = у роботов без воронки нет стадии, на которой могли бы стоять карточки
robots-that-compute-long-get-count-workers-together-which-are-busy = роботы с долгими вычислениями делят { $count } исполнителей, сейчас все заняты
russian-title = название на русском
second = секунда
secret-name-does-not-exist = секрета «{ $name }» нет
secret-name-is-a-parameter-of-user = секрет «{ $name }» — параметр робота { $user }
secret-name-needs-the-hosts-to-which-it-may-go-and-is-none = секрету «{ $name }» нужны адреса, на которые он может уйти; «*» не подходит
secrets = секреты
shown-is-not-a-key-1-to-max-lower-case-letters-digits-and-hyphens = «{ $shown }» — не ключ: нужно от 1 до { $max } строчных латинских букв, цифр и дефисов
shown-is-not-what = «{ $shown }» — это не { $what }
signature-is-not-the-file-of-a-signature-in-base64 = в «{ $signature }» не файл подписи в base64
source = источник
stage-stage-cannot-move-from-from-to-pipeline-pipeline = стадию «{ $stage }» нельзя перенести из { $from } в воронку «{ $pipeline }»
stage-stage-does-not-belong-to-automation = стадия «{ $stage }» не относится к { $automation }
stage-stage-does-not-belong-to-pipeline = стадия «{ $stage }» не относится к { $pipeline }
stage-stage-does-not-belong-to-pipeline-pipeline = стадия «{ $stage }» не относится к воронке «{ $pipeline }»
stage-stage-has-no-counterpart-in-to = для стадии «{ $stage }» нет пары в «{ $to }»
stage-stage-is-not-lost-and-cannot-require-a-reason = стадия «{ $stage }» — не проигрыш, и причину требовать не может
stage-stage-lies-before-from-and-the-move-may-not-go-back = стадия «{ $stage }» стоит раньше «{ $from }», а двигать назад нельзя
stage-stage-needs-these-fields-of-item-missing = для стадии «{ $stage }» в { $item } нужно заполнить: { $missing }
stage-theirs-became-stage-ours = стадия «{ $theirs }» стала стадией «{ $ours }»
stages-stage-stage-does-not-belong-to-automation = стадия «{ $stage }» не относится к { $automation }
state-is-word-not-discarded-or-cancelled = «state» — «{ $word }», а допустимо «discarded» или «cancelled»
tag = метка
tests-in-a-group-of-the-condition = проверки в группе условия
text = текст
text-cannot-be-rounded-to-use-1h-2h-3h-4h-6h-8h-12h-1m-5m-10m-15m-20m-or-30m = до «{ $text }» не округлить: пишите 1h, 2h, 3h, 4h, 6h, 8h, 12h, 1m, 5m, 10m, 15m, 20m или 30m
text-is-no-card = «{ $text }» — не карточка
text-is-no-date = «{ $text }» — не дата
text-is-no-employee = «{ $text }» — не сотрудник
text-is-no-host-such-as-api-example-com-example-com-api-example-com-8443-or-http-crm-local = «{ $text }» — не адрес вида «api.example.com», «*.example.com», «api.example.com:8443» или «http://crm.local»
text-is-no-number = «{ $text }» — не число
text-is-no-url-for-a-request-why = «{ $text }» — не адрес для запроса: { $why }
text-is-no-value-of-field = «{ $text }» не подходит для «{ $field }»
text-is-not-a-deadline-use-3d-4h-30m-2wd-1wd-10-00-3d-round-1h-today-18-00-tomorrow-10-00-or-an-instant-such-as-2026-03-09t14-20-00z = «{ $text }» — не срок: пишите «+3d», «+4h», «+30m», «+2wd», «+1wd 10:00», «+3d round 1h», «today 18:00», «tomorrow 10:00» или время вида «2026-03-09T14:20:00Z»
text-is-not-a-phone-number-reason = «{ $text }» — это не телефон: { $reason }
text-is-not-a-tax-number-10-or-12-digits-of-which-the-first-two-are-a-region-from-01-on = «{ $text }» — это не ИНН: нужно 10 или 12 цифр, первые две — регион, начиная с 01
text-is-not-a-version-such-as-3 = «{ $text }» — это не версия вида «"3"»
text-is-not-an-amount-such-as-1500-00-rub = «{ $text }» — это не сумма вида «1500.00 RUB»
text-is-not-an-e-mail-address-reason = «{ $text }» — это не адрес почты: { $reason }
text-is-not-an-rfc-3339-instant-such-as-2026-03-09t14-20-00z = «{ $text }» — это не время вида «2026-03-09T14:20:00Z»
text-lies-more-than-max-days-ahead =
    «{ $text }» — дальше чем через { $max } { $max ->
        [one] день
        [few] дня
       *[many] дней
    }
the-absence-from-from-ends-at-until = отсутствие с { $from } кончается { $until }
the-answer-lies-more-than-max-days-after-start =
    ответ лежит дальше чем через { $max } { $max ->
        [one] день
        [few] дня
       *[many] дней
    } после { $start }
the-body-cannot-be-read-why = тело запроса не читается: { $why }
the-body-did-not-arrive-within-seconds-seconds =
    тело запроса не пришло за { $seconds } { $seconds ->
        [one] секунду
        [few] секунды
       *[many] секунд
    }
the-body-has-a-nul-character-which-no-text-may-have = в теле запроса символ NUL, которого в тексте быть не может
the-body-is-larger-than-this-route-takes = тело запроса больше, чем здесь принимается
the-body-is-not-a-json-object = тело запроса — не объект JSON
the-body-is-not-json-why = тело запроса — не JSON: { $why }
the-calendar-has-no-working-day-within-max-days-after-after =
    в календаре нет рабочего дня за { $max } { $max ->
        [one] день
        [few] дня
       *[many] дней
    } после { $after }
the-change-may-or-may-not-be-stored-read-before-trying-again = изменение могло сохраниться, а могло и нет: проверьте, прежде чем повторять
the-comment-has-count-characters-more-than-max =
    в комментарии { $count } { $count ->
        [one] символ
        [few] символа
       *[many] символов
    }, а допустимо не больше { $max }
the-core = система
the-database-cannot-be-reached-now = база данных сейчас недоступна
the-database-could-not-be-reached-meanwhile = база данных была недоступна
the-deadline-at-is-later-than-last-days-working-days-after-the-last-contact-contact =
    срок { $at } позже, чем { $last }: { $days } { $days ->
        [one] рабочий день
        [few] рабочих дня
       *[many] рабочих дней
    } после последнего контакта { $contact }
the-deadline-at-lies-before-now-now = срок { $at } уже прошёл: сейчас { $now }
the-delay-in-seconds = задержка в секундах
the-description-has-more-than-max-characters =
    в описании больше { $max } { $max ->
        [one] символа
        [few] символов
       *[many] символов
    }
the-digest-digest-is-a-version-of-robot-other-not-of-robot = отпечаток «{ $digest }» — версия робота «{ $other }», а не «{ $robot }»
the-draft-has-count-bytes-more-than-max =
    в черновике { $count } { $count ->
        [one] байт
        [few] байта
       *[many] байт
    }, а допустимо не больше { $max }
the-draft-has-count-entries-more-than-max =
    в черновике { $count } { $count ->
        [one] робот
        [few] робота
       *[many] роботов
    }, а допустимо не больше { $max }
the-draft-of-automation-changes-nothing = черновик { $automation } ничего не меняет
the-event-event-has-no-channel-so-id-would-never-match = у события «{ $event }» нет канала, поэтому { $id } никогда не подойдёт
the-event-event-has-no-fields-use-item-changed = у события «{ $event }» нет полей: нужно «item-changed»
the-event-event-starts-its-own-attachment-only = событие «{ $event }» запускает только своего робота
the-field-key-exists-already = поле «{ $key }» уже есть
the-file-has-a-nul-character = в файле символ NUL
the-file-is-not-utf-8-error = файл не в кодировке UTF-8: { $error }
the-file-is-too-large-a-robot-has-at-most-max-bytes =
    файл слишком велик: робот занимает не больше { $max } { $max ->
        [one] байта
        [few] байт
       *[many] байт
    }
the-form-is-larger-than-this-page-takes = отправлено больше, чем принимает эта страница
the-form-names-no-lead-or-deal = в форме не указан лид или сделка
the-header-name-holds-more-than-visible-ascii-encode-the-value = в заголовке «{ $name }» не только видимые символы ASCII: закодируйте значение
the-header-name-is-set-by-the-host-only = заголовок «{ $name }» ставит только сам сервер
the-host-failed-its-log-says-why = сервер не справился; причина — в его журнале
the-host-is-shutting-down = сервер останавливается
the-key-has-count-bytes-not-1-to-max =
    в ключе { $count } { $count ->
        [one] байт
        [few] байта
       *[many] байт
    }, а допустимо от 1 до { $max }
the-list-has-count-people-not-1-to-max =
    в списке { $count } { $count ->
        [one] человек
        [few] человека
       *[many] человек
    }, а допустимо от 1 до { $max }
the-memory-of-owner-would-have-keys-keys-and-bytes-bytes-more-than-keys-max-or-bytes-max = память { $owner }: ключей стало бы { $keys }, байт — { $bytes }, а допустимо не больше { $keys_max } и { $bytes_max }
the-moment-belongs-to-is-and-this-is-the-automation-of-wanted = момент относится к «{ $is }», а это автоматизация «{ $wanted }»
the-number-of-attempts = число попыток
the-offset-is-offset-s-s-more-than-max-s = сдвиг — { $offset_s } с, а допустимо не больше { $max } с
the-password-has-count-characters-it-needs-min-at-least =
    в пароле { $count } { $count ->
        [one] символ
        [few] символа
       *[many] символов
    }, а нужно не меньше { $min }
the-password-has-more-than-max-bytes =
    в пароле больше { $max } { $max ->
        [one] байта
        [few] байт
       *[many] байт
    }
the-password-is-the-person-s-own-name-or-address = пароль совпадает с именем или адресом
the-password-repeats-one-character = в пароле повторяется один символ
the-query-names-no-pipeline-stage-assignee-or-contact = в запросе нет ни воронки, ни стадии, ни ответственного, ни контакта
the-request-comes-from-another-site-or-does-not-say-where-from = запрос пришёл с другого сайта или не говорит откуда
the-request-has-no-authorization-bearer-sbx = в запросе нет «Authorization: Bearer sbx_...»
the-request-needs-if-match-with-the-version-that-it-is-based-on-such-as-3 = запросу нужен «If-Match» с версией, на которой он основан, вида «"3"»
the-robot-does-not-ask-for-the-host-host = робот не просит доступа к адресу «{ $host }»
the-robot-is-not-signed-and-this-host-installs-signed-ones-only = робот не подписан, а этот сервер устанавливает только подписанных
the-role-role-may-not-what =
    роль «{ $role ->
        [admin] администратор
        [automation-editor] редактор автоматизации
        [operator] оператор
        [auditor] аудитор
        [integrator] интегратор
       *[other] { $role }
    }» не позволяет { $what }
the-schedule-has-count-bytes-at-most-max-are-accepted =
    в расписании { $count } { $count ->
        [one] байт
        [few] байта
       *[many] байт
    }, а допустимо не больше { $max }
the-schedule-has-no-query-of-items-its-robot-runs-without-an-item = у расписания нет отбора карточек: его робот работает без карточки
the-set-up-has-no-file-why = настройки нельзя записать в файл: { $why }
the-text-has-count-bytes-more-than-max =
    в тексте { $count } { $count ->
        [one] байт
        [few] байта
       *[many] байт
    }, а допустимо не больше { $max }
the-text-has-count-characters-not-1-to-max =
    в тексте { $count } { $count ->
        [one] символ
        [few] символа
       *[many] символов
    }, а допустимо от 1 до { $max }
the-text-has-count-characters-not-1-to-max-or-only-blanks =
    в тексте { $count } { $count ->
        [one] символ
        [few] символа
       *[many] символов
    } или одни пробелы, а допустимо от 1 до { $max }
the-time-out-in-seconds = время ожидания в секундах
the-title-has-count-characters-more-than-max =
    в названии { $count } { $count ->
        [one] символ
        [few] символа
       *[many] символов
    }, а допустимо не больше { $max }
the-title-is-empty = название не заполнено
the-token-has-expired = срок действия токена вышел
the-token-has-no-employee-name-one = у токена нет сотрудника: укажите его
the-token-is-not-known = такого токена нет
the-token-s-employee-does-not-work-here-any-more = сотрудник, которому принадлежит токен, больше не работает
the-token-was-revoked = токен отозван
the-token-would-have-expired-already = срок действия токена уже вышел бы
the-value-of-name-has-size-bytes-not-min-to-max =
    в значении «{ $name }» { $size } { $size ->
        [one] байт
        [few] байта
       *[many] байт
    }, а допустимо от { $min } до { $max }
the-value-of-name-holds-more-than-visible-ascii-or-begins-or-ends-with-a-space = в значении «{ $name }» не только видимые символы ASCII, или с краю стоит пробел
the-webhook-is-not-stored-send-it-again = вызов не сохранён: отправьте его ещё раз
the-what-has-count-bytes-more-than-max =
    { $what }: { $count } { $count ->
        [one] байт
        [few] байта
       *[many] байт
    }, а допустимо не больше { $max }
the-what-has-count-characters-more-than-max =
    { $what }: { $count } { $count ->
        [one] символ
        [few] символа
       *[many] символов
    }, а допустимо не больше { $max }
the-what-has-count-characters-not-1-to-max =
    { $what }: { $count } { $count ->
        [one] символ
        [few] символа
       *[many] символов
    }, а допустимо от 1 до { $max }
the-what-has-count-characters-not-min-to-max =
    { $what }: { $count } { $count ->
        [one] символ
        [few] символа
       *[many] символов
    }, а допустимо от { $min } до { $max }
the-what-holds-u-0000 = { $what }: есть символ U+0000
the-what-value-is-taken-by-by-already = { $what } «{ $value }» уже занят: { $by }
there-are-count-what-and-more-are-not-possible = { $what }: уже { $count }, больше нельзя
there-is-a-draft-of-name-by-by-publish-or-discard-it-or-ask-to-replace-it = есть черновик «{ $name }» ({ $by }): опубликуйте или удалите его, или попросите заменить
there-is-a-filter-name-already = фильтр «{ $name }» уже есть
there-is-no-field-key = поля «{ $key }» нет
there-is-no-secret-name = секрета «{ $name }» нет
there-is-no-secret-name-yet-a-new-one-needs-its-what =
    секрета «{ $name }» ещё нет: для нового нужно указать { $what ->
        [value] значение
        [hosts] адреса
       *[other] { $what }
    }
there-would-be-count-attachments-more-than-max =
    стало бы { $count } { $count ->
        [one] робот
        [few] робота
       *[many] роботов
    }, а допустимо не больше { $max }
title = название
title-belongs-to-no-item-and-so-to-no-stage = «{ $title }» не связан с карточкой, а значит, и со стадией
title-cannot-be-copied-why = «{ $title }» нельзя скопировать: { $why }
title-still-names-stage-stage-in-key = в «{ $title }» по-прежнему указана стадия «{ $stage }», параметр «{ $key }»
title-was-not-copied-why = «{ $title }» не скопирован: { $why }
tokens = токены
too-many-connections-try-again = слишком много соединений: попробуйте ещё раз
true-or-false = «да» или «нет»
try-robots-out = пробовать роботов
typed-is-no-date-and-time = «{ $typed }» — не дата и время
typed-is-no-what = «{ $typed }» — не { $what }
url = адрес
value-in-the-day-of-week-counts-from-sunday-or-from-monday-depending-on-the-program-use-sun-mon-tue-wed-thu-fri-sat-as-in-mon-fri = «{ $value }» в дне недели одни программы считают с воскресенья, другие с понедельника: пишите sun, mon, tue, wed, thu, fri, sat, например «mon-fri»
value-is-no-day-such-as-2026-03-02 = «{ $value }» — не день вида 2026-03-02
value-is-no-time-such-as-24h = «{ $value }» — не время вида 24h
value-is-not-accepted-as-the-field-use-accepted-lists-a-b-ranges-a-b-with-a-before-b-steps-n = «{ $value }» не подходит, { $field }: пишите { $accepted }, «*», списки «a,b», промежутки «a-b», где a раньше b, шаги «*/n»
value-is-not-the-id-of-expected-such-as-example = «{ $value }» — не номер { $expected } вида «{ $example }»
value-of-name = значение «{ $name }»
version-number-of-id-does-not-exist = версии { $number } у «{ $id }» нет
waits-for-its-turn-at-a-worker = ждёт очереди на исполнение
what-does-not-exist = «{ $what }» не существует
what-has-count-entries-at-most-max-are-accepted =
    «{ $what }»: { $count } { $count ->
        [one] строка
        [few] строки
       *[many] строк
    }, а допустимо не больше { $max }
what-has-count-entries-more-than-max = { $what }: { $count }, а допустимо не больше { $max }
what-has-version-present-not-asked = у «{ $what }» уже версия { $present }, а не { $asked }
what-is-value-not-0-to-max = { $what }: { $value }, а допустимо от 0 до { $max }
what-is-value-not-1-to-max = { $what }: { $value }, а допустимо от 1 до { $max }
what-is-value-not-1-to-max-or-0-for-none = { $what }: { $value }, а допустимо от 1 до { $max } или 0, если не нужно
what-was-lost-on-the-way = { $what }: данные потерялись по дороге
why-try-again = { $why }: попробуйте ещё раз
without-calendar-there-is-no-default-calendar = без «{ $calendar }» не останется основного календаря
words = { $words }
work-with-items-and-clients = работать с карточками и клиентами
zone-is-not-the-iana-name-of-a-time-zone-such-as-europe-moscow = «{ $zone }» — это не часовой пояс вида «Europe/Moscow»
