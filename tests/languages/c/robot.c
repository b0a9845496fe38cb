// Calls every function of the contract, as ../README.md says.
#include <string.h>

#include "signalbox.h"

// `ok` or the code of the refusal, for each call.
static char answers[1024];

static void answer(const char *word) {
  if (answers[0]) strlcat(answers, " ", sizeof answers);
  strlcat(answers, word, sizeof answers);
}

// Calls, and goes on whatever the host answers.
#define CALL(call)                             \
  do {                                         \
    sb_refusal error;                          \
    answer((call) ? "ok" : sb_c(error.code)); \
  } while (0)
// A call that refuses nothing.
#define DO(call) ((void)(call), answer("ok"))
#define SOME(value) {true, value}
#define NOTHING {.is_some = false}
#define FIELDS(array) ((sb_fields_list_field_t){array, sizeof(array) / sizeof(array[0])})

static sb_types_field_t text_field(sb_string key, sb_string text) {
  return (sb_types_field_t){key, SOME(((sb_types_field_value_t){SB_TYPES_FIELD_VALUE_TEXT, {.text = text}}))};
}

static void about_fields(sb_string *item) {
  sb_string keys[] = {SB_TEXT("title"), SB_TEXT("note")}, tags[] = {SB_TEXT("a"), SB_TEXT("b")};
  sb_fields_list_field_t found;
  CALL(sb_fields_get(item, &(sb_list_string_t){keys, 2}, &found, &error));
  sb_types_field_t values[] = {
      text_field(SB_TEXT("note"), SB_TEXT("Заметка")),
      {SB_TEXT("size"), SOME(((sb_types_field_value_t){SB_TYPES_FIELD_VALUE_NUMBER, {.number = 3}}))},
      {SB_TEXT("tags"), SOME(((sb_types_field_value_t){SB_TYPES_FIELD_VALUE_MANY, {.many = {tags, 2}}}))},
      {SB_TEXT("at"), SOME(((sb_types_field_value_t){SB_TYPES_FIELD_VALUE_INSTANT,
                                                     {.instant = SB_TEXT("2026-03-05T09:00:00Z")}}))},
      {SB_TEXT("amount"), SOME(((sb_types_field_value_t){SB_TYPES_FIELD_VALUE_MONEY,
                                                         {.money = {SB_TEXT("1500.50"), SB_TEXT("RUB")}}}))},
  };
  CALL(sb_fields_set(item, &FIELDS(values), &error));
  CALL(sb_fields_get_all(item, &found, &error));
  sb_types_field_t other[] = {
      {SB_TEXT("note"), SOME(((sb_types_field_value_t){SB_TYPES_FIELD_VALUE_OTHER,
                                                       {.other = {SB_TEXT("other"), SB_TEXT("later")}}}))},
  };
  CALL(sb_fields_set(item, &FIELDS(other), &error));
}

static void about_items(sb_string *item) {
  sb_list_string_t missing;
  sb_stages_move_result_t moved;
  CALL(sb_stages_missing_fields(item, SB_REF("stage:3"), &missing, &error));
  CALL(sb_stages_move(item, SB_REF("stage:3"), false, &moved, &error));
  CALL(sb_stages_move(item, SB_REF("stage:2"), false, &moved, &error));
  sb_items_item_query_t query = {.pipeline = SOME(SB_TEXT("pipeline:1")), .is_open = SOME(true)};
  sb_items_list_item_t items;
  CALL(sb_items_find(&query, NULL, 10, &items, &error));
  sb_string candidates[] = {SB_TEXT("employee:1")};
  CALL(sb_assignment_assign(item, SB_REF("employee:1"), &error));
  CALL(sb_assignment_assign_from_list(item, &(sb_assignment_list_ref_t){candidates, 1}, SB_ASSIGNMENT_DISTRIBUTION_EVEN,
                                      true, &error));
  sb_types_field_t note[] = {text_field(SB_TEXT("note"), SB_TEXT("b"))};
  sb_item_creation_new_item_t another = {
      .pipeline = SB_TEXT("pipeline:1"),
      .title = SB_TEXT("Ещё одна"),
      .assignee = SOME(SB_TEXT("employee:1")),
      .amount = SOME(((sb_money){SB_TEXT("10"), SB_TEXT("RUB")})),
      .source = SOME(SB_TEXT("golden")),
      .fields = {note, 1},
  };
  sb_string made;
  CALL(sb_item_creation_create(&another, &made, &error));
  CALL(sb_item_creation_copy(item, SB_REF("pipeline:1"), NULL, &made, &error));
}

static void about_work(sb_string *item) {
  uint32_t reminders[] = {10};
  sb_activities_new_activity_t planned = {
      .kind = SB_ACTIVITIES_ACTIVITY_KIND_CALL,
      .title = SOME(SB_TEXT("Позвонить")),
      .deadline = SOME(SB_TEXT("+1d")),
      .duration = SOME(600),
      .assignee = SOME(SB_TEXT("employee:1")),
      .reminders = {reminders, 1},
  };
  sb_string phone_call, task;
  sb_activities_activity_t activity;
  sb_activities_list_activity_t open;
  CALL(sb_activities_create(item, &planned, &phone_call, &error));
  CALL(sb_activities_get(&phone_call, &activity, &error));
  CALL(sb_activities_list_open(item, &open, &error));
  CALL(sb_activities_reschedule(&phone_call, SB_REF("+2d"), &error));
  CALL(sb_activities_complete(&phone_call, &error));
  sb_activities_new_activity_t usual = {.kind = SB_ACTIVITIES_ACTIVITY_KIND_TODO};
  CALL(sb_activities_create(item, &usual, &task, &error));
  CALL(sb_activities_cancel(&task, &error));
  CALL(sb_timeline_add_comment(item, SB_REF("Клиент ждёт"), &error));
  sb_string to[] = {SB_TEXT("employee:1")};
  sb_notifications_new_notification_t notification = {
      .to = {to, 1},
      .title = SB_TEXT("Новый клиент"),
      .text = SB_TEXT("Напишите ему"),
      .tag = SOME(SB_TEXT("golden")),
  };
  sb_notifications_list_ref_t sent;
  CALL(sb_notifications_send(&notification, &sent, &error));
  sb_employees_employee_t employee;
  bool is_working;
  sb_string instant;
  CALL(sb_employees_get(SB_REF("employee:1"), &employee, &error));
  CALL(sb_calendar_is_working(SB_REF("2026-03-02T12:00:00Z"), &is_working, &error));
  CALL(sb_calendar_add_working(SB_REF("2026-03-02T17:00:00Z"), 7200, &instant, &error));
}

static void about_clients(sb_string *item, sb_string *conversation) {
  sb_string phones[] = {SB_TEXT("+7 912 345-67-89")}, emails[] = {SB_TEXT("olga@example.com")};
  sb_contact_editing_new_contact_t client = {
      .name = SB_TEXT("Ольга"), .phones = {phones, 1}, .emails = {emails, 1}, .assignee = SOME(SB_TEXT("employee:1"))};
  sb_contact_editing_contact_patch_t patch = {.name = SOME(SB_TEXT("Ольга Петровна"))};
  sb_string olga, reply;
  sb_contacts_contact_t contact;
  sb_contacts_list_contact_t contacts;
  CALL(sb_contact_editing_create(&client, &olga, &error));
  CALL(sb_contacts_get(&olga, &contact, &error));
  CALL(sb_contact_editing_update(&olga, &patch, &error));
  CALL(sb_contacts_find_by_phone(SB_REF("8 (912) 345-67-89"), &contacts, &error));
  CALL(sb_contacts_find_by_email(SB_REF("olga@example.com"), &contacts, &error));
  sb_conversations_conversation_t talk;
  sb_conversations_list_conversation_t talks;
  sb_conversations_list_message_t messages;
  CALL(sb_conversations_get(conversation, &talk, &error));
  CALL(sb_conversations_of_item(item, &talks, &error));
  CALL(sb_messaging_reply(conversation, SB_REF("Здравствуйте!"), &reply, &error));
  CALL(sb_conversations_messages(conversation, NULL, 10, &messages, &error));
  CALL(sb_conversation_control_close(conversation, &error));
}

static void about_memory(void) {
  sb_option_string_t value;
  bool was_there;
  CALL(sb_state_get(SB_STATE_SPACE_ROBOT, SB_REF("seen"), &value, &error));
  CALL(sb_state_set(SB_STATE_SPACE_ROBOT, SB_REF("seen"), SB_REF("1"), &error));
  CALL(sb_state_set(SB_STATE_SPACE_ITEM, SB_REF("step"), SB_REF("greeted"), &error));
  CALL(sb_state_get(SB_STATE_SPACE_ITEM, SB_REF("step"), &value, &error));
  CALL(sb_state_delete(SB_STATE_SPACE_ROBOT, SB_REF("seen"), &was_there, &error));
  CALL(sb_timers_set(SB_REF("later"), SB_REF("2026-03-03T09:00:00Z"), SB_REF("again"), &error));
  CALL(sb_timers_cancel(SB_REF("later"), &was_there, &error));
}

static void about_services(void) {
  sb_outbound_http_option_answer_t came;
  CALL(sb_outbound_http_get_answer(&came, &error));
  sb_outbound_http_part_t headers[] = {
      {.name = SB_TEXT("authorization"), .value = SB_TEXT("Bearer "), .secret = SOME(SB_TEXT("shop"))}};
  sb_outbound_http_request_t order = {
      .method = SB_OUTBOUND_HTTP_METHOD_POST,
      .url = SB_TEXT("https://api.example.com/orders"),
      .headers = {headers, 1},
      .body = SOME(SB_TEXT("{\"deal\":7}")),
      .payload = SB_TEXT("seven"),
      .wake = SB_OUTBOUND_HTTP_WAKE_ALWAYS,
      .attempts = 3,
  };
  sb_outbound_http_request_t page = {
      .method = SB_OUTBOUND_HTTP_METHOD_GET,
      .url = SB_TEXT("https://www.example.com/"),
      .payload = SB_TEXT("hello"),
      .wake = SB_OUTBOUND_HTTP_WAKE_ALWAYS,
  };
  sb_string request;
  CALL(sb_outbound_http_send(&order, &request, &error));
  CALL(sb_outbound_http_send(&page, &request, &error));
}

sb_result sb_run(sb_invocation *invocation) {
  sb_string script = {};
  sb_param_text("script", &script);
  sb_item item;
  if (sb_equal(script, SB_TEXT("crash"))) SB_PANIC("as it was told");
  if (sb_equal(script, SB_TEXT("refusal"))) {
    SB_TRY(sb_items_get(SB_REF("deal:999"), &item, &sb_error));
    return sb_done("%s", sb_c(item.id));
  }
  sb_string *id = &invocation->item.val, now;
  sb_value colour;
  DO(sb_clock_now(&now));
  DO(sb_random_number());
  DO(sb_param("colour", &colour));
  DO(sb_log_info("hello"));
  CALL(sb_items_get(id, &item, &error));
  CALL(sb_items_get(SB_REF("deal:999"), &item, &error));
  about_fields(id);
  about_items(id);
  about_work(id);
  about_clients(id, &invocation->cause.val.message_received.conversation);
  about_memory();
  about_services();
  return sb_done("%s", answers);
}
