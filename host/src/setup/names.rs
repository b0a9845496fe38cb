//! The ids behind the names of a set-up file.

use std::collections::BTreeMap;

use anyhow::anyhow;
use signalbox_crm::directory::Directory;
use signalbox_crm::ids::{AttachmentId, ChannelId, EmployeeId, PipelineId, StageId};

/// The ids behind the names of a set-up file.
#[derive(Debug, Clone, Default)]
pub struct Names {
    /// By key.
    pub employees: BTreeMap<String, EmployeeId>,
    /// By key.
    pub pipelines: BTreeMap<String, PipelineId>,
    /// By `pipeline/stage`.
    pub stages: BTreeMap<String, StageId>,
    /// By key.
    pub channels: BTreeMap<String, ChannelId>,
    /// By title.
    pub attachments: BTreeMap<String, AttachmentId>,
}

fn find<T: Copy>(map: &BTreeMap<String, T>, kind: &str, name: &str) -> anyhow::Result<T> {
    map.get(name).copied().ok_or_else(|| {
        let known: Vec<&str> = map.keys().map(String::as_str).take(20).collect();
        anyhow!("there is no {kind} `{name}`; known: {}", known.join(", "))
    })
}

impl Names {
    /// The names of what is stored: pipelines, stages and channels by key, people by e-mail.
    pub fn of(directory: &Directory) -> Names {
        let mut names = Names::default();
        for person in directory.employees.values() {
            if let Some(email) = &person.email {
                names.employees.insert(email.clone(), person.id);
            }
        }
        for pipeline in directory.pipelines.values() {
            names.pipelines.insert(pipeline.key.clone(), pipeline.id);
            for stage in directory.stages_of(pipeline.id) {
                names
                    .stages
                    .insert(format!("{}/{}", pipeline.key, stage.key), stage.id);
            }
        }
        for channel in directory.channels.values() {
            names.channels.insert(channel.key.clone(), channel.id);
        }
        for attachment in directory.attachments.values() {
            names.attachments.insert(attachment.title.clone(), attachment.id);
        }
        names
    }

    /// The employee with this key.
    ///
    /// # Errors
    /// Unknown: the message lists those that are known. Likewise below.
    pub fn employee(&self, name: &str) -> anyhow::Result<EmployeeId> {
        find(&self.employees, "employee", name)
    }

    /// The pipeline with this key.
    ///
    /// # Errors
    /// Unknown.
    pub fn pipeline(&self, name: &str) -> anyhow::Result<PipelineId> {
        find(&self.pipelines, "pipeline", name)
    }

    /// The stage `pipeline/stage`.
    ///
    /// # Errors
    /// Unknown.
    pub fn stage(&self, name: &str) -> anyhow::Result<StageId> {
        find(&self.stages, "stage", name)
    }

    /// The channel with this key.
    ///
    /// # Errors
    /// Unknown.
    pub fn channel(&self, name: &str) -> anyhow::Result<ChannelId> {
        find(&self.channels, "channel", name)
    }
}
