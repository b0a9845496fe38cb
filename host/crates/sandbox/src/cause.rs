//! Why a robot runs, as the contract says it.

use signalbox_crm::event::Fact;
use signalbox_crm::ids::ItemId;

use crate::bindings::types;
use crate::invocation::Invocation;

/// The argument of the robot's `run`.
pub(crate) fn invocation(invocation: Invocation) -> types::Invocation {
    types::Invocation {
        run: invocation.run.to_string(),
        attachment: invocation.attachment.to_string(),
        attempt: invocation.attempt,
        item: invocation.item.map(|item| item.to_string()),
        event: invocation.event.to_string(),
        happened_at: invocation.happened_at.to_string(),
        cause: cause(invocation.cause, invocation.item),
    }
}

/// The kinds that the contract knows keep their records; all others arrive as names and values.
fn cause(fact: Fact, item: Option<ItemId>) -> types::Cause {
    let name = fact.kind().as_str();
    let fields = match fact {
        Fact::StageEntered {
            pipeline,
            stage,
            from,
        } => {
            return types::Cause::StageEntered(types::StageEntered {
                // An item enters a stage: the event has one.
                item: item.map(|item| item.to_string()).unwrap_or_default(),
                pipeline: pipeline.to_string(),
                stage: stage.to_string(),
                from_stage: from.map(|stage| stage.to_string()),
            });
        }
        Fact::TimerFired {
            key, payload, due_at, ..
        } => {
            return types::Cause::Timer(types::TimerFired {
                key,
                payload,
                due_at: due_at.to_string(),
            });
        }
        // Its run is cancelled when it is made.
        Fact::ScheduleMissed {
            first_at, last_at, ..
        } => Fields::default()
            .with("first-at", first_at)
            .with("last-at", last_at),
        Fact::ScheduleTicked { due_at, .. } => {
            return types::Cause::Schedule(types::ScheduleTicked {
                due_at: due_at.to_string(),
            });
        }
        Fact::MessageReceived {
            conversation,
            message,
            channel,
            contact,
            text,
            is_first,
            sent_at,
        } => {
            return types::Cause::MessageReceived(types::MessageReceived {
                conversation: conversation.to_string(),
                message: message.to_string(),
                channel: channel.to_string(),
                contact: contact.map(|contact| contact.to_string()),
                text,
                is_first,
                sent_at: sent_at.to_string(),
            });
        }
        Fact::ManualRun { by, .. } | Fact::BulkRun { by, .. } => {
            return types::Cause::Manual(types::ManualRun {
                by: by.map(|employee| employee.to_string()),
            });
        }
        Fact::ItemCreated { source } => Fields::default().maybe("source", source),
        Fact::ItemChanged { fields } => Fields::default().with("fields", fields.join(",")),
        Fact::ItemAssigned { from, to } => Fields::default().maybe("from", from).with("to", to),
        Fact::ActivityCreated {
            activity,
            activity_kind,
        }
        | Fact::ActivityCompleted {
            activity,
            activity_kind,
        } => Fields::default()
            .with("activity", activity)
            .with("activity-kind", activity_kind.as_str()),
        Fact::ActivityReminderDue { activity, minutes } => Fields::default()
            .with("activity", activity)
            .with("minutes", minutes),
        Fact::ActivityOverdue { activity } => Fields::default().with("activity", activity),
        Fact::MessageEdited {
            conversation,
            message,
            text,
        } => Fields::default()
            .with("conversation", conversation)
            .with("message", message)
            .with("text", text),
        Fact::ConversationOpened {
            conversation,
            channel,
        } => Fields::default()
            .with("conversation", conversation)
            .with("channel", channel),
        Fact::ConversationClosed { conversation } => Fields::default().with("conversation", conversation),
        Fact::HttpResponse { request, status, .. } => {
            Fields::default().with("request", request).maybe("status", status)
        }
        Fact::DeliveryFailed { delivery, error } => {
            Fields::default().with("delivery", delivery).with("error", error)
        }
    };
    types::Cause::Other(types::OtherCause {
        name: name.to_owned(),
        fields: fields.0,
    })
}

/// Names and values.
#[derive(Default)]
struct Fields(Vec<(String, String)>);

impl Fields {
    fn with(mut self, name: &str, value: impl ToString) -> Self {
        self.0.push((name.to_owned(), value.to_string()));
        self
    }

    fn maybe(self, name: &str, value: Option<impl ToString>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }
}

#[cfg(test)]
mod tests {
    use signalbox_crm::activity::ActivityKind;
    use signalbox_crm::ids::{ActivityId, EmployeeId, ItemKind, PipelineId, StageId};

    use super::*;

    #[test]
    fn stage_entry_names_its_item() {
        let item = ItemId {
            kind: ItemKind::Deal,
            number: 17,
        };
        let fact = Fact::StageEntered {
            pipeline: PipelineId(1),
            stage: StageId(2),
            from: None,
        };
        let expected = types::StageEntered {
            item: "deal:17".into(),
            pipeline: "pipeline:1".into(),
            stage: "stage:2".into(),
            from_stage: None,
        };
        assert_eq!(cause(fact, Some(item)), types::Cause::StageEntered(expected));
    }

    #[test]
    fn kind_without_a_record_arrives_with_names_and_values() {
        let created = Fact::ActivityCreated {
            activity: ActivityId(4),
            activity_kind: ActivityKind::Call,
        };
        let assigned = Fact::ItemAssigned {
            from: None,
            to: EmployeeId(3),
        };
        for (fact, name, expected) in [
            (
                created,
                "activity-created",
                vec![("activity", "activity:4"), ("activity-kind", "call")],
            ),
            (assigned, "item-assigned", vec![("to", "employee:3")]),
        ] {
            let types::Cause::Other(other) = cause(fact, None) else {
                panic!("{name} has a record");
            };
            let fields: Vec<(&str, &str)> = other
                .fields
                .iter()
                .map(|(k, v)| (k.as_str(), v.as_str()))
                .collect();
            assert_eq!((other.name.as_str(), fields), (name, expected));
        }
    }
}
