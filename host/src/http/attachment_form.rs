//! Attachments as the API reads and shows them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use signalbox_crm::attachment::{
    Attachment, CancelOn, Missed, Mode, Moment, OnError, Repeat, Scope, Timing, Window, attempts_max,
    backoff_base_s, backoff_max_s,
};
use signalbox_crm::condition::Condition;
use signalbox_crm::directory::Directory;
use signalbox_crm::ids::AttachmentId;
use signalbox_crm::rejection::{Code, Rejection};
use utoipa::ToSchema;

use super::setup::set;
use crate::automation::RobotFacts;
use signalbox_crm::said;

/// A robot attached to a moment.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AttachmentView {
    /// The attachment with all its fields.
    #[serde(flatten)]
    #[schema(value_type = Object)]
    attachment: Attachment,
    /// What its robot says.
    #[serde(flatten)]
    robot_facts: RobotFacts,
}

impl AttachmentView {
    /// The attachment with what its robot says.
    pub(super) fn new(directory: &Directory, attachment: Attachment) -> Self {
        AttachmentView {
            robot_facts: RobotFacts::of(directory, &attachment),
            attachment,
        }
    }
}

/// A new attachment.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AttachmentNew {
    title: String,
    /// The robot's id, such as `notify`.
    robot: String,
    /// The version; the current one without it.
    digest: Option<String>,
    /// `{"kind": "stage", "stage": "stage:1"}`, or of the kind `event`, `schedule` or `manual`.
    #[schema(value_type = Object)]
    moment: Moment,
    /// `{"kind": "delay", "seconds": 60}`, or of the kind `now`, `relative` or `at`.
    #[serde(default)]
    #[schema(value_type = Object)]
    timing: Timing,
    /// `any` or `working`.
    #[serde(default)]
    #[schema(value_type = String)]
    window: Window,
    /// `{"any": [[{"field", "op", "value"}]]}`.
    #[serde(default)]
    #[schema(value_type = Object)]
    condition: Condition,
    /// `parallel` or `after-previous`.
    #[serde(default)]
    #[schema(value_type = String)]
    mode: Mode,
    /// `leave-stage`, `leave-pipeline`, `closed` or `never`.
    #[serde(default)]
    #[schema(value_type = String)]
    cancel_on: CancelOn,
    /// `every-entry` or `once-per-item`.
    #[serde(default)]
    #[schema(value_type = String)]
    repeat: Repeat,
    /// `run-now`, `skip` or `if-within`: what happens to an instant or a tick that has passed.
    #[serde(default)]
    #[schema(value_type = String)]
    missed: Missed,
    /// With `if-within`: how late it may run, in seconds: 1 to 31,622,400.
    #[serde(default)]
    missed_within_s: u32,
    /// `stop-chain` or `continue`.
    #[serde(default)]
    #[schema(value_type = String)]
    on_error: OnError,
    /// Attempts before a run is discarded: 1 to 25.
    #[serde(default = "attempts_max")]
    attempts_max: u32,
    /// The longest wait after the first attempt, in seconds: 1 to 86,400. It doubles with each attempt.
    #[serde(default = "backoff_base_s")]
    backoff_base_s: u32,
    /// The longest wait at all, in seconds: `backoff_base_s` to 86,400.
    #[serde(default = "backoff_max_s")]
    backoff_max_s: u32,
    /// Its runs that are executed at the same time: 1 to 1,000; 0: no limit of its own.
    #[serde(default)]
    concurrency_max: u32,
    /// Its runs that start in a minute, evenly spread: 1 to 60,000; 0: no limit. More wait.
    #[serde(default)]
    rate_per_minute: u32,
    #[serde(default)]
    overrides_required_fields: bool,
    /// `item`, `pipeline` or `all`.
    #[serde(default)]
    #[schema(value_type = String)]
    scope: Scope,
    /// Interfaces; all that the robot asks for without it.
    grants: Option<Vec<String>>,
    /// Hosts that its requests may reach, such as `api.example.com`; those that the robot names without it.
    http_hosts: Option<Vec<String>>,
    /// The only fields that the robot may read and write through `fields`; all without it.
    #[serde(default)]
    grant_fields: Vec<String>,
    /// The only people whom it may notify, put in charge or give activities: `employee:3`, `role:assignee`,
    /// `role:head`; anybody without it.
    #[serde(default)]
    grant_audience: Vec<String>,
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, Object>)]
    params: BTreeMap<String, Value>,
    #[serde(default)]
    sort: i32,
    /// On without it.
    is_enabled: Option<bool>,
}

impl AttachmentNew {
    /// The attachment, with the current version and all its permissions where nothing else is said.
    ///
    /// # Errors
    /// `not-found` when the robot or the version is not installed.
    pub(super) fn attachment(
        &self,
        id: AttachmentId,
        directory: &Directory,
    ) -> Result<Attachment, Rejection> {
        let version = match &self.digest {
            Some(digest) => directory.robots.get(digest),
            None => directory.current_robot(&self.robot),
        };
        let version = version.ok_or_else(|| self.not_installed())?;
        let asked = version
            .manifest
            .permission
            .iter()
            .map(|permission| permission.interface.clone());
        Ok(Attachment {
            id,
            title: self.title.clone(),
            robot: self.robot.clone(),
            digest: version.digest.clone(),
            moment: self.moment.clone(),
            timing: self.timing.clone(),
            window: self.window,
            condition: self.condition.clone(),
            mode: self.mode,
            cancel_on: self.cancel_on,
            repeat: self.repeat,
            missed: self.missed,
            missed_within_s: self.missed_within_s,
            on_error: self.on_error,
            attempts_max: self.attempts_max,
            backoff_base_s: self.backoff_base_s,
            backoff_max_s: self.backoff_max_s,
            concurrency_max: self.concurrency_max,
            rate_per_minute: self.rate_per_minute,
            overrides_required_fields: self.overrides_required_fields,
            scope: self.scope,
            grants: self.grants.clone().unwrap_or_else(|| asked.collect()),
            http_hosts: self
                .http_hosts
                .clone()
                .unwrap_or_else(|| version.manifest.http_hosts_named()),
            grant_fields: self.grant_fields.clone(),
            grant_audience: self.grant_audience.clone(),
            params: self.params.clone(),
            sort: self.sort,
            is_enabled: self.is_enabled.unwrap_or(true),
            version: 1,
        })
    }
}

impl AttachmentNew {
    fn not_installed(&self) -> Rejection {
        let robot = &self.robot;
        let message = match &self.digest {
            Some(digest) => said!(
                "no version of robot `{robot}` has the digest `{digest}`; `signalbox robot list --all` lists them",
                robot,
                digest
            ),
            None => said!("robot `{robot}` is not installed", robot),
        };
        Rejection::new(Code::NotFound, message)
    }
}

macro_rules! change {
    ($($(#[$meta:meta])* $name:ident: $type:ty,)*) => {
        /// New values for some fields; what is absent stays. The robot stays the same; its version may change.
        #[derive(Debug, Deserialize, ToSchema)]
        #[serde(deny_unknown_fields)]
        pub(super) struct AttachmentChange {
            $($(#[$meta])* $name: Option<$type>,)*
        }

        impl AttachmentChange {
            /// Takes the new values over.
            pub(super) fn apply(&self, attachment: &mut Attachment) {
                $(set(&mut attachment.$name, self.$name.as_ref());)*
            }
        }
    };
}

change! {
    title: String,
    digest: String,
    #[schema(value_type = Option<Object>)]
    moment: Moment,
    #[schema(value_type = Option<Object>)]
    timing: Timing,
    #[schema(value_type = Option<String>)]
    window: Window,
    #[schema(value_type = Option<Object>)]
    condition: Condition,
    #[schema(value_type = Option<String>)]
    mode: Mode,
    #[schema(value_type = Option<String>)]
    cancel_on: CancelOn,
    #[schema(value_type = Option<String>)]
    repeat: Repeat,
    #[schema(value_type = Option<String>)]
    missed: Missed,
    missed_within_s: u32,
    #[schema(value_type = Option<String>)]
    on_error: OnError,
    attempts_max: u32,
    backoff_base_s: u32,
    backoff_max_s: u32,
    concurrency_max: u32,
    rate_per_minute: u32,
    overrides_required_fields: bool,
    #[schema(value_type = Option<String>)]
    scope: Scope,
    grants: Vec<String>,
    http_hosts: Vec<String>,
    /// Empty: all fields.
    grant_fields: Vec<String>,
    /// Empty: anybody.
    grant_audience: Vec<String>,
    #[schema(value_type = Option<BTreeMap<String, Object>>)]
    params: BTreeMap<String, Value>,
    sort: i32,
    is_enabled: bool,
}
