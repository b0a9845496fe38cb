//! The Signalbox SDK for Zig.
//!
//! A robot is a file `robot.zig` with `pub fn run(invocation: *sb.Invocation) !sb.Outcome`.
//! It calls the contract by `sb.call(sb.c.sb_items_get, .{&id})`, which gives back what the function answers; a refusal
//! is the error `Refused`, and ends the run with the refusal's code where `run` returns it.
//! An instance lives for one run, so nothing has to be freed.

const std = @import("std");

/// The contract: `sb_<interface>_<function>`, and records such as `sb_notifications_new_notification_t`.
pub const c = @import("contract");

pub const String = c.sb_string_t;
pub const Invocation = c.exports_sb_entry_invocation_t;
pub const Outcome = c.exports_sb_entry_outcome_t;
pub const Failure = c.exports_sb_entry_failure_t;
pub const Refusal = c.sb_types_error_t;
pub const Item = c.sb_types_item_t;
pub const Money = c.sb_types_money_t;
pub const Field = c.sb_types_field_t;
pub const FieldValue = c.sb_types_field_value_t;

/// A call was refused, and `refusal` says why; or the robot gave up with `fail`.
pub const Error = error{ Refused, Failed };

/// The refusal of the last call that was refused.
pub var refusal: Refusal = .{};
/// What `fail` was given.
var failure: Failure = .{};

/// Calls a function of the contract; the answer is what it gives back besides the refusal.
pub fn call(function: anytype, arguments: anytype) error{Refused}!Answer(@TypeOf(function), arguments.len) {
    var answer: Answer(@TypeOf(function), arguments.len) = undefined;
    const places = if (@TypeOf(answer) == void) .{&refusal} else .{ &answer, &refusal };
    return if (@call(.auto, function, arguments ++ places)) answer else error.Refused;
}

/// Functions take the arguments, a place for the answer where there is one, and a place for the refusal.
fn Answer(Function: type, argument_count: usize) type {
    const parameters = @typeInfo(Function).@"fn".param_types;
    if (parameters.len == argument_count + 1) return void;
    return @typeInfo(parameters[argument_count].?).pointer.child;
}

/// Ends the run: it did its work; the text says what, for the journal.
pub fn done(comptime format: []const u8, words: anytype) Outcome {
    return .{ .tag = c.SB_TYPES_OUTCOME_DONE, .val = .{ .done = text(format, words) } };
}

/// Ends the run: there was nothing to do; the text says why. Staged changes are stored all the same.
pub fn skipped(comptime format: []const u8, words: anytype) Outcome {
    return .{ .tag = c.SB_TYPES_OUTCOME_SKIPPED, .val = .{ .skipped = text(format, words) } };
}

/// Ends the run badly, with a code of the robot's own: `return sb.fail("no-recipient", "...", .{})`.
pub fn fail(code: []const u8, comptime format: []const u8, words: anytype) error{Failed} {
    failure = .{ .code = text("{s}", .{code}), .message = text(format, words) };
    return error.Failed;
}

/// Adds a line to the run's journal. Never write phones, e-mails or message texts there.
pub fn log(level: enum(u8) { debug, info, warn, @"error" }, comptime format: []const u8, words: anytype) void {
    var line = text(format, words);
    c.sb_log_log(@backingInt(level), &line);
}

/// Ends the run at once, with a message and its place: `sb.panic(@src(), "...", .{})`.
pub fn panic(place: std.builtin.SourceLocation, comptime format: []const u8, words: anytype) noreturn {
    panicked(text(format ++ " at {s}:{d}", words ++ .{ place.file, place.line }));
}

fn panicked(message: String) noreturn {
    var said = message;
    c.sb_log_panicked(&said);
    @trap();
}

/// A string of the contract, and one of Zig.
pub fn string(from: []const u8) String {
    return .{ .ptr = @constCast(from.ptr), .len = from.len };
}

pub fn slice(from: String) []const u8 {
    return if (from.len == 0) "" else from.ptr[0..from.len];
}

/// A string of the contract, with the arguments of `std.fmt`. What a run ends with must be made by it: the generated code
/// gives it back to the allocator of C.
pub fn text(comptime format: []const u8, words: anytype) String {
    return string(std.fmt.allocPrint(std.heap.c_allocator, format, words) catch @trap());
}

pub fn equal(left: String, right: String) bool {
    return std.mem.eql(u8, slice(left), slice(right));
}

/// The value that the admin gave; none when there is none, or one of another type.
pub fn param(key: []const u8, comptime kind: enum { flag, whole, text, money }) ?@FieldType(Value, @tagName(kind)) {
    var found: c.sb_types_param_value_t = .{};
    var name = string(key);
    const tag = switch (kind) {
        .flag => c.SB_TYPES_PARAM_VALUE_FLAG,
        .whole => c.SB_TYPES_PARAM_VALUE_WHOLE,
        .text => c.SB_TYPES_PARAM_VALUE_TEXT,
        .money => c.SB_TYPES_PARAM_VALUE_MONEY,
    };
    if (!c.sb_params_get(&name, &found) or found.tag != tag) return null;
    return @field(found.val, @tagName(kind));
}

const Value = @FieldType(c.sb_types_param_value_t, "val");

/// An amount in hundredths of its currency: exact, which floating point is not.
pub fn hundredths(money: Money) error{Failed}!i64 {
    return exact(slice(money.amount)) catch fail("invalid-amount", "`{s}` is no amount", .{slice(money.amount)});
}

fn exact(amount: []const u8) !i64 {
    const point = std.mem.indexOfScalar(u8, amount, '.') orelse amount.len;
    const decimals = if (point < amount.len) amount[point + 1 ..] else "0";
    if (decimals.len == 0 or decimals.len > 2) return error.NoAmount;
    for (decimals) |digit| if (!std.ascii.isDigit(digit)) return error.NoAmount;
    const whole = try std.math.mul(i64, try std.fmt.parseInt(i64, amount[0..point], 10), 100);
    const part = try std.fmt.parseInt(i64, decimals, 10) * @as(i64, if (decimals.len == 1) 10 else 1);
    return if (amount[0] == '-') try std.math.sub(i64, whole, part) else try std.math.add(i64, whole, part);
}

/// What `run` came to, for the host.
pub fn settle(result: anyerror!Outcome, outcome: *Outcome, failed: *Failure) bool {
    outcome.* = result catch |err| {
        failed.* = switch (err) {
            error.Refused => .{ .code = refusal.code, .message = refusal.message, .retryable = refusal.retryable },
            error.Failed => failure,
            else => .{ .code = text("exception", .{}), .message = text("error.{s}", .{@errorName(err)}) },
        };
        return false;
    };
    return true;
}

/// A panic of Zig's own, such as an index out of bounds, tells its message.
pub const Panic = std.debug.FullPanic(struct {
    fn tell(message: []const u8, _: ?usize) noreturn {
        panicked(string(message));
    }
}.tell);
