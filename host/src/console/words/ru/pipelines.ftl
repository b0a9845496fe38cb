settings-pipelines = Воронки
settings-fields = Поля
setup-title = Название
setup-title-ru = Название по-русски
setup-title-en = Название по-английски
setup-key = Ключ
setup-key-made = Ключ для команд и файлов (пустой образуется из названия)
pipelines-none = Воронок ещё нет. Создайте первую: в ней живут лиды и сделки, с ней работают роботы.
pipelines-kind = Что в ней
pipelines-of-deal = Сделки
pipelines-of-lead = Лиды
pipelines-stages = Стадии
pipelines-goto = Перейти
pipelines-new = Новая воронка
pipelines-stages-about = Одна стадия в строке: по-русски и по-английски через | или один текст для обоих языков. Потом всё можно изменить.
pipelines-lines-open = Стадии в работе
pipelines-lines-won = Успешное завершение
pipelines-lines-lost = Неудачное завершение
pipelines-about = Воронка
pipelines-days = Срок дела: не позже стольких рабочих дней после последнего контакта
stage-new = Новая стадия
stage-new-go = Добавить стадию
stage-kind = Что она значит
stage-kind-open = в работе
stage-kind-won = успех
stage-kind-lost = неудача
stage-asks = { $count ->
    [0] Обязательных полей нет
    [one] { $count } обязательное поле
    [few] { $count } обязательных поля
   *[other] { $count } обязательных полей
}
stage-reason = Спрашивать причину
stage-save-named = Сохранить: { $title }
fields-about = Поля, которые есть у каждого лида и каждой сделки, кроме системных.
fields-type = Тип
fields-type-text = текст
fields-type-number = число
fields-type-flag = да или нет
fields-type-instant = дата и время
fields-type-money = сумма
fields-type-select = из списка
fields-type-file = файл
fields-type-many = несколько текстов
fields-options = Варианты
fields-options-lines = Варианты, по одному в строке (строчные латинские буквы, цифры, дефис), если это список
fields-new = Новое поле
fields-new-go = Добавить поле
