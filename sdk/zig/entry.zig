//! What the host calls.

const robot = @import("robot");
const sb = @import("signalbox");

pub const panic = sb.Panic;

export fn exports_sb_entry_run(invocation: *sb.Invocation, outcome: *sb.Outcome, failure: *sb.Failure) bool {
    return sb.settle(robot.run(invocation), outcome, failure);
}
