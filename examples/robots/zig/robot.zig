//! Tells the person in charge of a deal above a threshold, and leaves a comment.

const sb = @import("signalbox");

pub fn run(invocation: *sb.Invocation) !sb.Outcome {
    const threshold = sb.param("threshold", .money) orelse
        return sb.fail("missing-param", "parameter `threshold` is missing", .{});
    var item = try sb.call(sb.c.sb_items_get, .{&invocation.item.val});
    const id = sb.slice(item.id);
    if (!item.amount.is_some) return sb.skipped("{s} has no amount", .{id});
    const amount = item.amount.val;
    const currencies = .{ id, sb.slice(amount.currency), sb.slice(threshold.currency) };
    if (!sb.equal(amount.currency, threshold.currency)) {
        return sb.fail("other-currency", "{s} is in {s}, the threshold in {s}", currencies);
    }
    if (try sb.hundredths(amount) <= try sb.hundredths(threshold)) {
        return sb.skipped("{s} is not above {s}", .{ id, sb.slice(threshold.amount) });
    }

    const text = sb.text("{s} {s}", .{ sb.slice(amount.amount), sb.slice(amount.currency) });
    sb.log(.info, "{s} is above {s}", .{ id, sb.slice(threshold.amount) });
    var to = [_]sb.String{sb.string("role:assignee")};
    var notification: sb.c.sb_notifications_new_notification_t = .{
        .to = .{ .ptr = &to, .len = to.len },
        .title = sb.text("Large deal: {s}", .{sb.slice(item.title)}),
        .text = text,
    };
    _ = try sb.call(sb.c.sb_notifications_send, .{&notification});
    var comment = sb.text("Large deal: {s}", .{sb.slice(text)});
    try sb.call(sb.c.sb_timeline_add_comment, .{ &item.id, &comment });
    return sb.done("told of {s}", .{id});
}
