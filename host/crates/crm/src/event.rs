//! Events: the whole list of what can start a robot. An event is a fact, past tense, and never changes.

use serde::{Deserialize, Serialize};

use crate::activity::ActivityKind;
use crate::ids::{
    ActivityId, AttachmentId, BulkId, ChannelId, ContactId, ConversationId, DeliveryId, EmployeeId, EventId,
    ItemId, MessageId, PipelineId, RequestId, RunId, StageId,
};
use crate::time::Timestamp;

/// What happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", rename_all_fields = "kebab-case", tag = "kind")]
pub enum Fact {
    /// An item came into being.
    ItemCreated {
        /// Where it came from.
        source: Option<String>,
    },
    /// An item entered a stage.
    StageEntered {
        /// Its pipeline.
        pipeline: PipelineId,
        /// The stage.
        stage: StageId,
        /// The stage that it left; none when it was created here.
        from: Option<StageId>,
    },
    /// Fields of an item changed.
    ItemChanged {
        /// Their keys.
        fields: Vec<String>,
    },
    /// Somebody else is in charge of an item.
    ItemAssigned {
        /// Before.
        from: Option<EmployeeId>,
        /// Now.
        to: EmployeeId,
    },
    /// An activity was planned.
    ActivityCreated {
        /// The activity.
        activity: ActivityId,
        /// Its kind.
        activity_kind: ActivityKind,
    },
    /// An activity was done.
    ActivityCompleted {
        /// The activity.
        activity: ActivityId,
        /// Its kind.
        activity_kind: ActivityKind,
    },
    /// A reminder of an activity is due.
    ActivityReminderDue {
        /// The activity.
        activity: ActivityId,
        /// Minutes before the deadline.
        minutes: u32,
    },
    /// The deadline of an open activity has passed.
    ActivityOverdue {
        /// The activity.
        activity: ActivityId,
    },
    /// A client wrote.
    MessageReceived {
        /// The conversation.
        conversation: ConversationId,
        /// The message.
        message: MessageId,
        /// The channel.
        channel: ChannelId,
        /// The client.
        contact: Option<ContactId>,
        /// What was written; hostile until proven otherwise.
        text: String,
        /// Whether it is the first message of its conversation.
        is_first: bool,
        /// When the client sent it.
        sent_at: Timestamp,
    },
    /// A client changed a message.
    MessageEdited {
        /// The conversation.
        conversation: ConversationId,
        /// The message.
        message: MessageId,
        /// The new text.
        text: String,
    },
    /// A conversation began.
    ConversationOpened {
        /// The conversation.
        conversation: ConversationId,
        /// The channel.
        channel: ChannelId,
    },
    /// A conversation was ended.
    ConversationClosed {
        /// The conversation.
        conversation: ConversationId,
    },
    /// Something could not be delivered, for good.
    DeliveryFailed {
        /// The delivery.
        delivery: DeliveryId,
        /// Why.
        error: String,
    },
    /// A service outside answered a robot's request, or never did. Starts the attachment that asked, nothing else.
    HttpResponse {
        /// Whose request.
        attachment: AttachmentId,
        /// The request.
        request: RequestId,
        /// The item's stage entry when the robot asked.
        stage_entry: Option<i64>,
        /// The status; none when no answer came.
        status: Option<u16>,
    },
    /// A wake-up that a robot asked for is due. Starts the attachment that asked, nothing else.
    TimerFired {
        /// Whose wake-up.
        attachment: AttachmentId,
        /// The key that the robot gave.
        key: String,
        /// The payload that the robot gave.
        payload: String,
        /// When it was due.
        due_at: Timestamp,
    },
    /// A schedule ticked. Starts the attachment of the schedule, nothing else.
    ScheduleTicked {
        /// Whose schedule.
        attachment: AttachmentId,
        /// The instant for which the tick was planned.
        due_at: Timestamp,
    },
    /// Ticks of a schedule passed without a run. Starts nothing: its run is cancelled, and says why.
    ScheduleMissed {
        /// Whose schedule.
        attachment: AttachmentId,
        /// The first of the ticks.
        first_at: Timestamp,
        /// The last of them.
        last_at: Timestamp,
        /// What was missed and why nothing makes up for it, in words.
        why: String,
    },
    /// A person started a robot by hand. Starts that attachment, nothing else.
    ManualRun {
        /// Which attachment.
        attachment: AttachmentId,
        /// Who.
        by: Option<EmployeeId>,
    },
    /// A bulk change started a robot. Starts that attachment, nothing else.
    BulkRun {
        /// Which attachment.
        attachment: AttachmentId,
        /// Who asked for it.
        by: Option<EmployeeId>,
        /// The bulk change.
        bulk: BulkId,
    },
}

/// The kind of an event, for filters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(
    missing_docs,
    reason = "one case for each case of `Fact`, which documents them"
)]
pub enum FactKind {
    ItemCreated,
    StageEntered,
    ItemChanged,
    ItemAssigned,
    ActivityCreated,
    ActivityCompleted,
    ActivityReminderDue,
    ActivityOverdue,
    MessageReceived,
    MessageEdited,
    ConversationOpened,
    ConversationClosed,
    DeliveryFailed,
    HttpResponse,
    TimerFired,
    ScheduleTicked,
    ScheduleMissed,
    ManualRun,
    BulkRun,
}

impl FactKind {
    /// The word used in files, in the API and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            FactKind::ItemCreated => "item-created",
            FactKind::StageEntered => "stage-entered",
            FactKind::ItemChanged => "item-changed",
            FactKind::ItemAssigned => "item-assigned",
            FactKind::ActivityCreated => "activity-created",
            FactKind::ActivityCompleted => "activity-completed",
            FactKind::ActivityReminderDue => "activity-reminder-due",
            FactKind::ActivityOverdue => "activity-overdue",
            FactKind::MessageReceived => "message-received",
            FactKind::MessageEdited => "message-edited",
            FactKind::ConversationOpened => "conversation-opened",
            FactKind::ConversationClosed => "conversation-closed",
            FactKind::DeliveryFailed => "delivery-failed",
            FactKind::HttpResponse => "http-response",
            FactKind::TimerFired => "timer-fired",
            FactKind::ScheduleTicked => "schedule-ticked",
            FactKind::ScheduleMissed => "schedule-missed",
            FactKind::ManualRun => "manual-run",
            FactKind::BulkRun => "bulk-run",
        }
    }
}

impl Fact {
    /// The kind, for filters.
    pub fn kind(&self) -> FactKind {
        match self {
            Fact::ItemCreated { .. } => FactKind::ItemCreated,
            Fact::StageEntered { .. } => FactKind::StageEntered,
            Fact::ItemChanged { .. } => FactKind::ItemChanged,
            Fact::ItemAssigned { .. } => FactKind::ItemAssigned,
            Fact::ActivityCreated { .. } => FactKind::ActivityCreated,
            Fact::ActivityCompleted { .. } => FactKind::ActivityCompleted,
            Fact::ActivityReminderDue { .. } => FactKind::ActivityReminderDue,
            Fact::ActivityOverdue { .. } => FactKind::ActivityOverdue,
            Fact::MessageReceived { .. } => FactKind::MessageReceived,
            Fact::MessageEdited { .. } => FactKind::MessageEdited,
            Fact::ConversationOpened { .. } => FactKind::ConversationOpened,
            Fact::ConversationClosed { .. } => FactKind::ConversationClosed,
            Fact::DeliveryFailed { .. } => FactKind::DeliveryFailed,
            Fact::HttpResponse { .. } => FactKind::HttpResponse,
            Fact::TimerFired { .. } => FactKind::TimerFired,
            Fact::ScheduleTicked { .. } => FactKind::ScheduleTicked,
            Fact::ScheduleMissed { .. } => FactKind::ScheduleMissed,
            Fact::ManualRun { .. } => FactKind::ManualRun,
            Fact::BulkRun { .. } => FactKind::BulkRun,
        }
    }
}

impl Fact {
    /// The channel that the fact came through.
    pub fn channel(&self) -> Option<ChannelId> {
        match self {
            Fact::MessageReceived { channel, .. } | Fact::ConversationOpened { channel, .. } => {
                Some(*channel)
            }
            _ => None,
        }
    }
}

/// Where an event comes from: the chain that the loop guard follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin {
    /// The first event of the chain; none for the first itself.
    pub root: Option<EventId>,
    /// How many runs lie between the first event and this one.
    pub depth: u32,
    /// The run that made it.
    pub run: Option<RunId>,
}

impl Origin {
    /// Made by a person, a client or the clock.
    pub const OUTSIDE: Origin = Origin {
        root: None,
        depth: 0,
        run: None,
    };
}

/// A fact that happened, with its place in the chain of causes.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// The id; grows in commit order.
    pub id: EventId,
    /// What happened.
    pub fact: Fact,
    /// The item concerned.
    pub item: Option<ItemId>,
    /// The first event of the chain; itself for the first.
    pub root: EventId,
    /// How many runs lie between the first event and this one.
    pub depth: u32,
    /// The run that made it.
    pub caused_by: Option<RunId>,
    /// When.
    pub at: Timestamp,
}
