//! Robots: what a component says about itself in its manifest.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::value::LocalText;
use crate::web_host::WebHost;

/// The kind of a moment that a robot can be attached to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CauseKind {
    /// An item enters a stage.
    StageEntered,
    /// The robot's own wake-ups.
    Timer,
    /// A cron expression.
    Schedule,
    /// A client's message.
    MessageReceived,
    /// By hand.
    Manual,
    /// Any other event.
    Event,
}

/// One interface that the robot asks for, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Permission {
    /// The interface of `signalbox:robot`, for example `notifications`.
    pub interface: String,
    /// Why, for the admin.
    pub reason: LocalText,
}

/// The type of a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(
    missing_docs,
    reason = "the words are the documentation; `sdk/ROBOT_TOML.md` has the details"
)]
pub enum ParamType {
    Bool,
    Date,
    Datetime,
    Double,
    File,
    Int,
    Select,
    String,
    Text,
    User,
    Money,
    Duration,
    Deadline,
    Time,
    Stage,
    Pipeline,
    Field,
    Queue,
    Users,
    Channel,
    Template,
    Url,
    Secret,
    Phone,
    Email,
}

/// Whether placeholders in a parameter are expanded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Placeholders {
    /// The text is used as it is.
    #[default]
    None,
    /// Placeholders inside a text.
    Text,
}

/// A choice of a `select`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ParamOption {
    /// What the robot gets.
    pub key: String,
    /// What the admin sees.
    pub title: LocalText,
}

/// A parameter of the admin's form.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Param {
    /// Unique in the manifest.
    pub key: String,
    /// The type.
    #[serde(rename = "type")]
    pub param_type: ParamType,
    /// The label.
    pub title: LocalText,
    /// More words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<LocalText>,
    /// Must have a value.
    #[serde(default)]
    pub required: bool,
    /// Holds several values.
    #[serde(default)]
    pub multiple: bool,
    /// Used where the admin gave nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<serde_json::Value>,
    /// The choices of a `select`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<ParamOption>,
    /// Whether placeholders are expanded.
    #[serde(default)]
    pub placeholders: Placeholders,
}

/// The limit of a manifest for runs of the robot that are executed at the same time, over all its attachments.
pub const CONCURRENCY: &str = "concurrency";

/// What a robot says about itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The version of `signalbox:robot` that it was written for: `0.1`.
    pub contract: String,
    /// Unique among robots: lower-case letters, digits and hyphens.
    pub id: String,
    /// Semantic version of the robot.
    pub version: String,
    /// As admins see it.
    pub name: LocalText,
    /// What it does.
    pub description: LocalText,
    /// The group of the catalogue.
    pub group: String,
    /// What it can be attached to.
    pub causes: Vec<CauseKind>,
    /// What it asks for.
    #[serde(default)]
    pub permission: Vec<Permission>,
    /// The hosts of the web that it wants to reach; `*` for those that the admin names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub http_hosts: Vec<String>,
    /// Its form.
    #[serde(default)]
    pub param: Vec<Param>,
    /// Limits that it wishes for; never above the host's.
    #[serde(default)]
    pub limits: BTreeMap<String, u64>,
}

impl Manifest {
    /// `notify@1.0.0`.
    pub fn label(&self) -> String {
        format!("{}@{}", self.id, self.version)
    }

    /// The hosts that an attachment gets unless its admin says otherwise: those that the robot names.
    pub fn http_hosts_named(&self) -> Vec<String> {
        let is_named = |host: &&String| host.parse().is_ok_and(|host: WebHost| !host.is_any());
        self.http_hosts.iter().filter(is_named).cloned().collect()
    }

    /// The parameter with this key.
    pub fn param(&self, key: &str) -> Option<&Param> {
        self.param.iter().find(|p| p.key == key)
    }
}
