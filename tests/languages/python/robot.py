"""Calls every function of the contract, as ../README.md says."""

from signalbox import (
    Failure,
    Field,
    FieldValue_Instant,
    FieldValue_Many,
    FieldValue_Money,
    FieldValue_Number,
    FieldValue_Other,
    FieldValue_Text,
    Money,
    OtherValue,
    activities,
    assignment,
    calendar,
    clock,
    contact_editing,
    contacts,
    conversation_control,
    conversations,
    done,
    employees,
    fields,
    item_creation,
    items,
    messaging,
    notifications,
    outbound_http,
    params,
    random,
    stages,
    state,
    timeline,
    timers,
)


def run(invocation):
    script = params.get("script")
    if script == "crash":
        raise TypeError("as it was told")
    if script == "refusal":
        return done(items.get("deal:999").id)

    answers = []

    def call(function, *values):
        try:
            answer = function(*values)
        except Failure as refusal:
            answers.append(refusal.code)
            return None
        answers.append("ok")
        return answer

    item = invocation.item
    conversation = invocation.cause.value.conversation
    call(clock.now)
    call(random.number)
    call(params.get, "colour")
    call(print, "hello")
    call(items.get, item)
    call(items.get, "deal:999")
    call(fields.get, item, ["title", "note"])
    values = [
        Field("note", FieldValue_Text("Заметка")),
        Field("size", FieldValue_Number(3)),
        Field("tags", FieldValue_Many(["a", "b"])),
        Field("at", FieldValue_Instant("2026-03-05T09:00:00Z")),
        Field("amount", FieldValue_Money(Money("1500.50", "RUB"))),
    ]
    call(fields.set, item, values)
    call(fields.get_all, item)
    call(fields.set, item, [Field("note", FieldValue_Other(OtherValue("other", "later")))])
    call(stages.missing_fields, item, "stage:3")
    call(stages.move, item, "stage:3", False)
    call(stages.move, item, "stage:2", False)
    query = items.ItemQuery(
        pipeline="pipeline:1", stage=None, assignee=None, contact=None, is_open=True, entered_before=None
    )
    call(items.find, query, None, 10)
    call(assignment.assign, item, "employee:1")
    call(assignment.assign_from_list, item, ["employee:1"], assignment.Distribution.EVEN, True)
    another = item_creation.NewItem(
        pipeline="pipeline:1",
        stage=None,
        title="Ещё одна",
        assignee="employee:1",
        contact=None,
        amount=Money("10", "RUB"),
        source="golden",
        fields=[Field("note", FieldValue_Text("b"))],
    )
    call(item_creation.create, another)
    call(item_creation.copy, item, "pipeline:1", None)
    planned = activities.NewActivity(
        kind=activities.ActivityKind.CALL,
        title="Позвонить",
        description=None,
        deadline="+1d",
        duration=600,
        assignee="employee:1",
        reminders=[10],
    )
    phone_call = call(activities.create, item, planned)
    call(activities.get, phone_call)
    call(activities.list_open, item)
    call(activities.reschedule, phone_call, "+2d")
    call(activities.complete, phone_call)
    task = call(
        activities.create, item, activities.NewActivity(activities.ActivityKind.TODO, None, None, None, None, None, [])
    )
    call(activities.cancel, task)
    call(timeline.add_comment, item, "Клиент ждёт")
    call(
        notifications.send,
        notifications.NewNotification(to=["employee:1"], title="Новый клиент", text="Напишите ему", tag="golden"),
    )
    call(employees.get, "employee:1")
    call(calendar.is_working, "2026-03-02T12:00:00Z")
    call(calendar.add_working, "2026-03-02T17:00:00Z", 7200)
    olga = call(
        contact_editing.create,
        contact_editing.NewContact("Ольга", ["+7 912 345-67-89"], ["olga@example.com"], "employee:1"),
    )
    call(contacts.get, olga)
    call(contact_editing.update, olga, contact_editing.ContactPatch("Ольга Петровна", None, None, None))
    call(contacts.find_by_phone, "8 (912) 345-67-89")
    call(contacts.find_by_email, "olga@example.com")
    call(conversations.get, conversation)
    call(conversations.of_item, item)
    call(messaging.reply, conversation, "Здравствуйте!")
    call(conversations.messages, conversation, None, 10)
    call(conversation_control.close, conversation)
    call(state.get, state.Space.ROBOT, "seen")
    call(state.set, state.Space.ROBOT, "seen", "1")
    call(state.set, state.Space.ITEM, "step", "greeted")
    call(state.get, state.Space.ITEM, "step")
    call(state.delete, state.Space.ROBOT, "seen")
    call(timers.set, "later", "2026-03-03T09:00:00Z", "again")
    call(timers.cancel, "later")
    call(outbound_http.get_answer)
    call(
        outbound_http.send,
        outbound_http.Request(
            method=outbound_http.Method.POST,
            url="https://api.example.com/orders",
            query=[],
            headers=[outbound_http.Part(name="authorization", value="Bearer ", secret="shop")],
            body='{"deal":7}',
            payload="seven",
            wake=outbound_http.Wake.ALWAYS,
            timeout_s=0,
            attempts=3,
        ),
    )
    call(
        outbound_http.send,
        outbound_http.Request(
            method=outbound_http.Method.GET,
            url="https://www.example.com/",
            query=[],
            headers=[],
            body=None,
            payload="hello",
            wake=outbound_http.Wake.ALWAYS,
            timeout_s=0,
            attempts=0,
        ),
    )
    return done(" ".join(answers))
