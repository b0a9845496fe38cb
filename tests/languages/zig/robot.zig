//! Calls every function of the contract, as ../README.md says.

const std = @import("std");
const sb = @import("signalbox");
const c = sb.c;

/// `ok` or the code of the refusal, for each call.
var answers: std.ArrayList(u8) = .empty;

fn answer(word: []const u8) void {
    if (answers.items.len > 0) answers.append(std.heap.wasm_allocator, ' ') catch @trap();
    answers.appendSlice(std.heap.wasm_allocator, word) catch @trap();
}

/// What a call answers; nothing of it where it was refused.
fn got(result: anytype) @typeInfo(@TypeOf(result)).error_union.payload {
    if (result) |value| {
        answer("ok");
        return value;
    } else |_| {
        answer(sb.slice(sb.refusal.code));
        return std.mem.zeroes(@typeInfo(@TypeOf(result)).error_union.payload);
    }
}

fn done(result: error{Refused}!void) void {
    got(result);
}

/// A place for an argument.
fn ref(text: []const u8) *sb.String {
    const place = std.heap.wasm_allocator.create(sb.String) catch @trap();
    place.* = sb.string(text);
    return place;
}

fn field(key: []const u8, tag: u8, value: @FieldType(sb.FieldValue, "val")) sb.Field {
    return .{ .key = sb.string(key), .value = .{ .is_some = true, .val = .{ .tag = tag, .val = value } } };
}

fn money(amount: []const u8) sb.Money {
    return .{ .amount = sb.string(amount), .currency = sb.string("RUB") };
}

pub fn run(invocation: *sb.Invocation) !sb.Outcome {
    const script = sb.slice(sb.param("script", .text) orelse .{});
    if (std.mem.eql(u8, script, "crash")) sb.panic(@src(), "as it was told", .{});
    if (std.mem.eql(u8, script, "refusal")) {
        const item = try sb.call(c.sb_items_get, .{ref("deal:999")});
        return sb.done("{s}", .{sb.slice(item.id)});
    }
    const item = &invocation.item.val;
    aboutTheRun();
    aboutFields(item);
    aboutItems(item);
    aboutWork(item);
    aboutClients(item, &invocation.cause.val.message_received.conversation);
    aboutMemory();
    aboutServices();
    return sb.done("{s}", .{answers.items});
}

fn aboutTheRun() void {
    var now: sb.String = .{};
    c.sb_clock_now(&now);
    answer("ok");
    _ = c.sb_random_number();
    answer("ok");
    _ = sb.param("colour", .text);
    answer("ok");
    sb.log(.info, "hello", .{});
    answer("ok");
}

fn aboutFields(item: *sb.String) void {
    _ = got(sb.call(c.sb_items_get, .{item}));
    _ = got(sb.call(c.sb_items_get, .{ref("deal:999")}));
    var keys = [_]sb.String{ sb.string("title"), sb.string("note") };
    var key_list: c.sb_list_string_t = .{ .ptr = &keys, .len = keys.len };
    _ = got(sb.call(c.sb_fields_get, .{ item, &key_list }));
    var tags = [_]sb.String{ sb.string("a"), sb.string("b") };
    var values = [_]sb.Field{
        field("note", c.SB_TYPES_FIELD_VALUE_TEXT, .{ .text = sb.string("Заметка") }),
        field("size", c.SB_TYPES_FIELD_VALUE_NUMBER, .{ .number = 3 }),
        field("tags", c.SB_TYPES_FIELD_VALUE_MANY, .{ .many = .{ .ptr = &tags, .len = tags.len } }),
        field("at", c.SB_TYPES_FIELD_VALUE_INSTANT, .{ .instant = sb.string("2026-03-05T09:00:00Z") }),
        field("amount", c.SB_TYPES_FIELD_VALUE_MONEY, .{ .money = money("1500.50") }),
    };
    var list: c.sb_fields_list_field_t = .{ .ptr = &values, .len = values.len };
    done(sb.call(c.sb_fields_set, .{ item, &list }));
    _ = got(sb.call(c.sb_fields_get_all, .{item}));
    const later: c.sb_types_other_value_t = .{ .kind = sb.string("other"), .text = sb.string("later") };
    values[0] = field("note", c.SB_TYPES_FIELD_VALUE_OTHER, .{ .other = later });
    list.len = 1;
    done(sb.call(c.sb_fields_set, .{ item, &list }));
}

fn aboutItems(item: *sb.String) void {
    _ = got(sb.call(c.sb_stages_missing_fields, .{ item, ref("stage:3") }));
    _ = got(sb.call(c.sb_stages_move, .{ item, ref("stage:3"), false }));
    _ = got(sb.call(c.sb_stages_move, .{ item, ref("stage:2"), false }));
    var query: c.sb_items_item_query_t = .{
        .pipeline = .{ .is_some = true, .val = sb.string("pipeline:1") },
        .is_open = .{ .is_some = true, .val = true },
    };
    _ = got(sb.call(c.sb_items_find, .{ &query, null, 10 }));
    done(sb.call(c.sb_assignment_assign, .{ item, ref("employee:1") }));
    var candidates: c.sb_assignment_list_ref_t = .{ .ptr = ref("employee:1"), .len = 1 };
    const even = c.SB_ASSIGNMENT_DISTRIBUTION_EVEN;
    done(sb.call(c.sb_assignment_assign_from_list, .{ item, &candidates, even, true }));
    var note = field("note", c.SB_TYPES_FIELD_VALUE_TEXT, .{ .text = sb.string("b") });
    var another: c.sb_item_creation_new_item_t = .{
        .pipeline = sb.string("pipeline:1"),
        .title = sb.string("Ещё одна"),
        .assignee = .{ .is_some = true, .val = sb.string("employee:1") },
        .amount = .{ .is_some = true, .val = money("10") },
        .source = .{ .is_some = true, .val = sb.string("golden") },
        .fields = .{ .ptr = &note, .len = 1 },
    };
    _ = got(sb.call(c.sb_item_creation_create, .{&another}));
    _ = got(sb.call(c.sb_item_creation_copy, .{ item, ref("pipeline:1"), null }));
}

fn aboutWork(item: *sb.String) void {
    var reminder: u32 = 10;
    var planned: c.sb_activities_new_activity_t = .{
        .kind = c.SB_ACTIVITIES_ACTIVITY_KIND_CALL,
        .title = .{ .is_some = true, .val = sb.string("Позвонить") },
        .deadline = .{ .is_some = true, .val = sb.string("+1d") },
        .duration = .{ .is_some = true, .val = 600 },
        .assignee = .{ .is_some = true, .val = sb.string("employee:1") },
        .reminders = .{ .ptr = &reminder, .len = 1 },
    };
    var phone_call = got(sb.call(c.sb_activities_create, .{ item, &planned }));
    _ = got(sb.call(c.sb_activities_get, .{&phone_call}));
    _ = got(sb.call(c.sb_activities_list_open, .{item}));
    done(sb.call(c.sb_activities_reschedule, .{ &phone_call, ref("+2d") }));
    done(sb.call(c.sb_activities_complete, .{&phone_call}));
    var usual: c.sb_activities_new_activity_t = .{ .kind = c.SB_ACTIVITIES_ACTIVITY_KIND_TODO };
    var task = got(sb.call(c.sb_activities_create, .{ item, &usual }));
    done(sb.call(c.sb_activities_cancel, .{&task}));
    done(sb.call(c.sb_timeline_add_comment, .{ item, ref("Клиент ждёт") }));
    var notification: c.sb_notifications_new_notification_t = .{
        .to = .{ .ptr = ref("employee:1"), .len = 1 },
        .title = sb.string("Новый клиент"),
        .text = sb.string("Напишите ему"),
        .tag = .{ .is_some = true, .val = sb.string("golden") },
    };
    _ = got(sb.call(c.sb_notifications_send, .{&notification}));
    _ = got(sb.call(c.sb_employees_get, .{ref("employee:1")}));
    _ = got(sb.call(c.sb_calendar_is_working, .{ref("2026-03-02T12:00:00Z")}));
    _ = got(sb.call(c.sb_calendar_add_working, .{ ref("2026-03-02T17:00:00Z"), 7200 }));
}

fn aboutClients(item: *sb.String, conversation: *sb.String) void {
    var client: c.sb_contact_editing_new_contact_t = .{
        .name = sb.string("Ольга"),
        .phones = .{ .ptr = ref("+7 912 345-67-89"), .len = 1 },
        .emails = .{ .ptr = ref("olga@example.com"), .len = 1 },
        .assignee = .{ .is_some = true, .val = sb.string("employee:1") },
    };
    var patch: c.sb_contact_editing_contact_patch_t = .{
        .name = .{ .is_some = true, .val = sb.string("Ольга Петровна") },
    };
    var olga = got(sb.call(c.sb_contact_editing_create, .{&client}));
    _ = got(sb.call(c.sb_contacts_get, .{&olga}));
    done(sb.call(c.sb_contact_editing_update, .{ &olga, &patch }));
    _ = got(sb.call(c.sb_contacts_find_by_phone, .{ref("8 (912) 345-67-89")}));
    _ = got(sb.call(c.sb_contacts_find_by_email, .{ref("olga@example.com")}));
    _ = got(sb.call(c.sb_conversations_get, .{conversation}));
    _ = got(sb.call(c.sb_conversations_of_item, .{item}));
    _ = got(sb.call(c.sb_messaging_reply, .{ conversation, ref("Здравствуйте!") }));
    _ = got(sb.call(c.sb_conversations_messages, .{ conversation, null, 10 }));
    done(sb.call(c.sb_conversation_control_close, .{conversation}));
}

fn aboutMemory() void {
    const robot = c.SB_STATE_SPACE_ROBOT;
    const item = c.SB_STATE_SPACE_ITEM;
    _ = got(sb.call(c.sb_state_get, .{ robot, ref("seen") }));
    done(sb.call(c.sb_state_set, .{ robot, ref("seen"), ref("1") }));
    done(sb.call(c.sb_state_set, .{ item, ref("step"), ref("greeted") }));
    _ = got(sb.call(c.sb_state_get, .{ item, ref("step") }));
    _ = got(sb.call(c.sb_state_delete, .{ robot, ref("seen") }));
    done(sb.call(c.sb_timers_set, .{ ref("later"), ref("2026-03-03T09:00:00Z"), ref("again") }));
    _ = got(sb.call(c.sb_timers_cancel, .{ref("later")}));
}

fn aboutServices() void {
    _ = got(sb.call(c.sb_outbound_http_get_answer, .{}));
    var header: c.sb_outbound_http_part_t = .{
        .name = sb.string("authorization"),
        .value = sb.string("Bearer "),
        .secret = .{ .is_some = true, .val = sb.string("shop") },
    };
    var order: c.sb_outbound_http_request_t = .{
        .method = c.SB_OUTBOUND_HTTP_METHOD_POST,
        .url = sb.string("https://api.example.com/orders"),
        .headers = .{ .ptr = &header, .len = 1 },
        .body = .{ .is_some = true, .val = sb.string("{\"deal\":7}") },
        .payload = sb.string("seven"),
        .wake = c.SB_OUTBOUND_HTTP_WAKE_ALWAYS,
        .attempts = 3,
    };
    _ = got(sb.call(c.sb_outbound_http_send, .{&order}));
    var page: c.sb_outbound_http_request_t = .{
        .method = c.SB_OUTBOUND_HTTP_METHOD_GET,
        .url = sb.string("https://www.example.com/"),
        .payload = sb.string("hello"),
        .wake = c.SB_OUTBOUND_HTTP_WAKE_ALWAYS,
    };
    _ = got(sb.call(c.sb_outbound_http_send, .{&page}));
}
