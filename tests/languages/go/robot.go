// Package robot calls every function of the contract, as ../README.md says.
package robot

import (
	"strings"

	"signalbox"
	"signalbox/activities"
	"signalbox/assignment"
	"signalbox/calendar"
	"signalbox/clock"
	"signalbox/contactediting"
	"signalbox/contacts"
	"signalbox/conversationcontrol"
	"signalbox/conversations"
	"signalbox/employees"
	"signalbox/fields"
	"signalbox/itemcreation"
	"signalbox/items"
	"signalbox/messaging"
	"signalbox/notifications"
	"signalbox/outboundhttp"
	"signalbox/random"
	"signalbox/stages"
	"signalbox/state"
	"signalbox/timeline"
	"signalbox/timers"
)

// answers has `ok` or the code of the refusal, for each call.
var answers []string

func done(err error) {
	if err == nil {
		answers = append(answers, "ok")
		return
	}
	answers = append(answers, err.(*signalbox.Failure).Code)
}

func got[T any](answer T, err error) T {
	done(err)
	return answer
}

func free[T any](T) { done(nil) }

// Run does the robot's work once.
func Run(invocation signalbox.Invocation) (signalbox.Outcome, error) {
	script, _ := signalbox.Param[string]("script")
	switch script {
	case "crash":
		panic("as it was told")
	case "refusal":
		_, err := items.Get("deal:999")
		return signalbox.Outcome{}, err
	}
	item := invocation.Item.Some()
	aboutTheRun()
	aboutFields(item)
	aboutItems(item)
	aboutWork(item)
	aboutClients(item, invocation.Cause.MessageReceived().Conversation)
	aboutMemory()
	aboutServices()
	return signalbox.Done("%s", strings.Join(answers, " "))
}

func aboutTheRun() {
	free(clock.Now())
	free(random.Number())
	_, isThere := signalbox.Param[string]("colour")
	free(isThere)
	signalbox.Info("hello")
	done(nil)
}

func aboutFields(item string) {
	got(items.Get(item))
	got(items.Get("deal:999"))
	got(fields.Get(item, []string{"title", "note"}))
	done(fields.Set(item, []signalbox.Field{
		field("note", signalbox.Text("Заметка")),
		field("size", signalbox.Number(3)),
		field("tags", signalbox.Many([]string{"a", "b"})),
		field("at", signalbox.Instant("2026-03-05T09:00:00Z")),
		field("amount", signalbox.Amount(signalbox.Money{Amount: "1500.50", Currency: "RUB"})),
	}))
	got(fields.GetAll(item))
	later := signalbox.Other(signalbox.OtherValue{Kind: "other", Text: "later"})
	done(fields.Set(item, []signalbox.Field{field("note", later)}))
}

func field(key string, value signalbox.FieldValue) signalbox.Field {
	return signalbox.Field{Key: key, Value: signalbox.Some(value)}
}

func aboutItems(item string) {
	got(stages.MissingFields(item, "stage:3"))
	got(stages.Move(item, "stage:3", false))
	got(stages.Move(item, "stage:2", false))
	query := items.ItemQuery{Pipeline: signalbox.Some("pipeline:1"), IsOpen: signalbox.Some(true)}
	got(items.Find(query, signalbox.None[string](), 10))
	done(assignment.Assign(item, "employee:1"))
	done(assignment.AssignFromList(item, []string{"employee:1"}, assignment.DistributionEven, true))
	got(itemcreation.Create(itemcreation.NewItem{
		Pipeline: "pipeline:1",
		Title:    "Ещё одна",
		Assignee: signalbox.Some("employee:1"),
		Amount:   signalbox.Some(signalbox.Money{Amount: "10", Currency: "RUB"}),
		Source:   signalbox.Some("golden"),
		Fields:   []signalbox.Field{field("note", signalbox.Text("b"))},
	}))
	got(itemcreation.Copy(item, "pipeline:1", signalbox.None[string]()))
}

func aboutWork(item string) {
	phoneCall := got(activities.Create(item, activities.NewActivity{
		Kind:      activities.ActivityKindCall,
		Title:     signalbox.Some("Позвонить"),
		Deadline:  signalbox.Some("+1d"),
		Duration:  signalbox.Some(uint32(600)),
		Assignee:  signalbox.Some("employee:1"),
		Reminders: []uint32{10},
	}))
	got(activities.Get(phoneCall))
	got(activities.ListOpen(item))
	done(activities.Reschedule(phoneCall, "+2d"))
	done(activities.Complete(phoneCall))
	task := got(activities.Create(item, activities.NewActivity{Kind: activities.ActivityKindTodo}))
	done(activities.Cancel(task))
	done(timeline.AddComment(item, "Клиент ждёт"))
	got(notifications.Send(notifications.NewNotification{
		To:    []string{"employee:1"},
		Title: "Новый клиент",
		Text:  "Напишите ему",
		Tag:   signalbox.Some("golden"),
	}))
	got(employees.Get("employee:1"))
	got(calendar.IsWorking("2026-03-02T12:00:00Z"))
	got(calendar.AddWorking("2026-03-02T17:00:00Z", 7200))
}

func aboutClients(item, conversation string) {
	olga := got(contactediting.Create(contactediting.NewContact{
		Name:     "Ольга",
		Phones:   []string{"+7 912 345-67-89"},
		Emails:   []string{"olga@example.com"},
		Assignee: signalbox.Some("employee:1"),
	}))
	got(contacts.Get(olga))
	done(contactediting.Update(olga, contactediting.ContactPatch{Name: signalbox.Some("Ольга Петровна")}))
	got(contacts.FindByPhone("8 (912) 345-67-89"))
	got(contacts.FindByEmail("olga@example.com"))
	got(conversations.Get(conversation))
	got(conversations.OfItem(item))
	got(messaging.Reply(conversation, "Здравствуйте!"))
	got(conversations.Messages(conversation, signalbox.None[uint32](), 10))
	done(conversationcontrol.Close(conversation))
}

func aboutMemory() {
	got(state.Get(state.SpaceRobot, "seen"))
	done(state.Set(state.SpaceRobot, "seen", "1"))
	done(state.Set(state.SpaceItem, "step", "greeted"))
	got(state.Get(state.SpaceItem, "step"))
	got(state.Delete(state.SpaceRobot, "seen"))
	done(timers.Set("later", "2026-03-03T09:00:00Z", "again"))
	got(timers.Cancel("later"))
}

func aboutServices() {
	got(outboundhttp.GetAnswer())
	got(outboundhttp.Send(outboundhttp.Request{
		Method: outboundhttp.MethodPost,
		Url:    "https://api.example.com/orders",
		Headers: []outboundhttp.Part{
			{Name: "authorization", Value: "Bearer ", Secret: signalbox.Some("shop")},
		},
		Body:     signalbox.Some(`{"deal":7}`),
		Payload:  "seven",
		Wake:     outboundhttp.WakeAlways,
		Attempts: 3,
	}))
	got(outboundhttp.Send(outboundhttp.Request{
		Method:  outboundhttp.MethodGet,
		Url:     "https://www.example.com/",
		Payload: "hello",
		Wake:    outboundhttp.WakeAlways,
	}))
}
