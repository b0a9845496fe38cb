//! Attachments of a set-up file.

use std::collections::BTreeMap;

use anyhow::{anyhow, bail};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use signalbox_crm::attaching::check_attachment;
use signalbox_crm::attachment::{
    Attachment, CancelOn, ItemQuery, Missed, Mode, Moment, OnError, Repeat, Scope, Timing, Window,
    attempts_max, backoff_base_s, backoff_max_s,
};
use signalbox_crm::condition::Condition;
use signalbox_crm::directory::{Directory, DirectoryChange, RobotVersion};
use signalbox_crm::event::FactKind;
use signalbox_crm::ids::{AttachmentId, IdKind};
use signalbox_crm::params::seconds;
use signalbox_crm::robot::{Manifest, ParamType};
use signalbox_crm::time::Timestamp;

use super::{Names, StagedDirectory, is_default};
use crate::engine::draft::Draft;

/// An attachment. Exactly one of `stage`, `event`, `schedule` and `manual` says when it starts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AttachmentSetup {
    /// As admins see it.
    pub title: String,
    /// The robot's id.
    pub robot: String,
    /// The version of the robot, for people; the current one without `digest`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub version: Option<String>,
    /// The digest of the version that runs.
    #[serde(default, skip_serializing_if = "is_default")]
    pub digest: Option<String>,
    /// `pipeline/stage`: when an item enters it. With `event` or `schedule`: only items that stand in it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub stage: Option<String>,
    /// When this happens.
    #[serde(default, skip_serializing_if = "is_default")]
    pub event: Option<FactKind>,
    /// With `event`: the pipeline of the item. With `schedule`: visits the open items of this pipeline.
    #[serde(default, skip_serializing_if = "is_default")]
    pub pipeline: Option<String>,
    /// With `event`: only through this channel.
    #[serde(default, skip_serializing_if = "is_default")]
    pub channel: Option<String>,
    /// With `event = "item-changed"`: only when one of these changed.
    #[serde(default, skip_serializing_if = "is_default")]
    pub fields: Vec<String>,
    /// A cron expression.
    #[serde(default, skip_serializing_if = "is_default")]
    pub schedule: Option<String>,
    /// With `schedule`: the zone; the company's without it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub zone: Option<String>,
    /// With `schedule` and `pipeline`: the runs of a tick begin within this time.
    #[serde(default, skip_serializing_if = "is_default")]
    pub spread: Option<String>,
    /// With `schedule` and `pipeline`: at most so many items a tick; 1,000 without it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub items_max: Option<u32>,
    /// Only by hand.
    #[serde(default, skip_serializing_if = "is_default")]
    pub manual: bool,
    /// A duration such as `4h`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub delay: Option<String>,
    /// Counts the delay in working time.
    #[serde(default, skip_serializing_if = "is_default")]
    pub delay_working: bool,
    /// A date field; with `offset` before (`-24h`) or after it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub relative_to: Option<String>,
    /// With `relative_to`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub offset: Option<String>,
    /// Runs at this instant.
    #[serde(default, skip_serializing_if = "is_default")]
    pub at: Option<Timestamp>,
    /// When it may run.
    #[serde(default, skip_serializing_if = "is_default")]
    pub window: Window,
    /// Whether it runs.
    #[serde(default, skip_serializing_if = "is_default")]
    pub condition: Condition,
    /// How it follows the one before it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub mode: Mode,
    /// What cancels it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub cancel_on: CancelOn,
    /// What a second entry does.
    #[serde(default, skip_serializing_if = "is_default")]
    pub repeat: Repeat,
    /// What happens to a passed instant.
    #[serde(default, skip_serializing_if = "is_default")]
    pub missed: Missed,
    /// With `missed = "if-within"`: a duration such as `6h`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub missed_within: Option<String>,
    /// What a failure does to the chain.
    #[serde(default, skip_serializing_if = "is_default")]
    pub on_error: OnError,
    /// Attempts before the run is discarded.
    #[serde(default = "attempts_max", skip_serializing_if = "is_attempts_max")]
    pub attempts_max: u32,
    /// The longest wait after the first attempt, in seconds; it doubles with each attempt.
    #[serde(default = "backoff_base_s", skip_serializing_if = "is_backoff_base_s")]
    pub backoff_base_s: u32,
    /// The longest wait at all, in seconds.
    #[serde(default = "backoff_max_s", skip_serializing_if = "is_backoff_max_s")]
    pub backoff_max_s: u32,
    /// Its runs that are executed at the same time; 0: no limit of its own.
    #[serde(default, skip_serializing_if = "is_default")]
    pub concurrency_max: u32,
    /// Its runs that start in a minute; 0: no limit.
    #[serde(default, skip_serializing_if = "is_default")]
    pub rate_per_minute: u32,
    /// Moves although required fields are empty.
    #[serde(default, skip_serializing_if = "is_default")]
    pub overrides_required_fields: bool,
    /// What it may touch.
    #[serde(default, skip_serializing_if = "is_default")]
    pub scope: Scope,
    /// Interfaces that are not granted although the robot asks for them.
    #[serde(default, skip_serializing_if = "is_default")]
    pub withhold: Vec<String>,
    /// Hosts that its requests may reach; those that the robot names without it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub http_hosts: Option<Vec<String>>,
    /// The only fields that the robot may read and write.
    #[serde(default, skip_serializing_if = "is_default")]
    pub grant_fields: Vec<String>,
    /// The only people whom it may notify, put in charge or give activities: names, and roles.
    #[serde(default, skip_serializing_if = "is_default")]
    pub grant_audience: Vec<String>,
    /// Whether it starts at all.
    #[serde(default = "on", skip_serializing_if = "is_on")]
    pub enabled: bool,
    /// The robot's parameters, with names instead of ids.
    #[serde(default, skip_serializing_if = "is_default")]
    pub params: BTreeMap<String, Value>,
}

fn on() -> bool {
    true
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_on(value: &bool) -> bool {
    *value
}

macro_rules! is_usual {
    ($($name:ident, $usual:ident;)*) => {$(
        #[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
        fn $name(value: &u32) -> bool {
            *value == $usual()
        }
    )*};
}

is_usual! {
    is_attempts_max, attempts_max;
    is_backoff_base_s, backoff_base_s;
    is_backoff_max_s, backoff_max_s;
}

impl AttachmentSetup {
    pub(super) fn stage_one(
        &self,
        draft: &Draft,
        staged: &mut StagedDirectory,
        names: &mut Names,
        place: usize,
    ) -> anyhow::Result<()> {
        let version = match &self.digest {
            Some(digest) => staged.directory.robots.get(digest),
            None => staged.directory.current_robot(&self.robot),
        };
        let Some(version) = version.cloned() else {
            let of = self
                .digest
                .iter()
                .map(|digest| format!(" with the digest `{digest}`"));
            bail!(
                "robot `{}`{} is not installed",
                self.robot,
                of.collect::<String>()
            );
        };
        let id = AttachmentId(draft.new_id(IdKind::Attachment));
        let params = resolve_names(&version.manifest, &self.params, names)?;
        let attachment = Attachment {
            grant_audience: self.audience(names)?,
            params,
            sort: i32::try_from(place).unwrap_or(i32::MAX),
            version: 1,
            ..self.plain(id, &staged.directory, &version, names)?
        };
        check_attachment(&attachment, &staged.directory)?;
        names.attachments.insert(self.title.clone(), attachment.id);
        staged.add(DirectoryChange::Attachment(attachment))
    }

    /// The attachment without what may hold names of people.
    pub(super) fn plain(
        &self,
        id: AttachmentId,
        directory: &Directory,
        version: &RobotVersion,
        names: &Names,
    ) -> anyhow::Result<Attachment> {
        let zone = directory.work_calendar(None)?.zone().iana_name();
        let zone = zone.unwrap_or("UTC").to_owned();
        let asked = version.manifest.permission.iter();
        let asked = asked.map(|permission| permission.interface.clone());
        Ok(Attachment {
            id,
            title: self.title.clone(),
            robot: self.robot.clone(),
            digest: version.digest.clone(),
            moment: self.moment(names, &zone)?,
            timing: self.timing()?,
            window: self.window,
            condition: self.condition.clone(),
            mode: self.mode,
            cancel_on: self.cancel_on,
            repeat: self.repeat,
            missed: self.missed,
            missed_within_s: self.missed_within_s()?,
            on_error: self.on_error,
            attempts_max: self.attempts_max,
            backoff_base_s: self.backoff_base_s,
            backoff_max_s: self.backoff_max_s,
            concurrency_max: self.concurrency_max,
            rate_per_minute: self.rate_per_minute,
            overrides_required_fields: self.overrides_required_fields,
            scope: self.scope,
            grants: asked
                .filter(|interface| !self.withhold.contains(interface))
                .collect(),
            http_hosts: self
                .http_hosts
                .clone()
                .unwrap_or_else(|| version.manifest.http_hosts_named()),
            grant_fields: self.grant_fields.clone(),
            grant_audience: Vec::new(),
            params: BTreeMap::new(),
            sort: 0,
            is_enabled: self.enabled,
            version: 0,
        })
    }

    /// Ids and roles stay as they are.
    fn audience(&self, names: &Names) -> anyhow::Result<Vec<String>> {
        let id = |word: &String| match word.contains(':') {
            true => Ok(word.clone()),
            false => names.employee(word).map(|id| id.to_string()),
        };
        self.grant_audience.iter().map(id).collect()
    }

    fn moment(&self, names: &Names, zone: &str) -> anyhow::Result<Moment> {
        let stage = self.stage.as_deref().map(|name| names.stage(name)).transpose()?;
        let pipeline = self
            .pipeline
            .as_deref()
            .map(|name| names.pipeline(name))
            .transpose()?;
        let channel = self
            .channel
            .as_deref()
            .map(|name| names.channel(name))
            .transpose()?;
        let spread_s = self.spread_s()?;
        match (self.event, &self.schedule, self.manual, stage) {
            (Some(event), None, false, stage) => Ok(Moment::Event {
                event,
                pipeline,
                stage,
                channel,
                fields: self.fields.clone(),
            }),
            (None, Some(cron), false, stage) => Ok(Moment::Schedule {
                cron: cron.clone(),
                zone: self.zone.clone().unwrap_or_else(|| zone.to_owned()),
                items: pipeline.map(|pipeline| ItemQuery {
                    pipeline,
                    stage,
                    max: self.items_max.unwrap_or(1000),
                    spread_s,
                }),
            }),
            (None, None, true, None) => Ok(Moment::Manual),
            (None, None, false, Some(stage)) => Ok(Moment::Stage { stage }),
            _ => bail!("exactly one of `stage`, `event`, `schedule` and `manual` says when it starts"),
        }
    }

    fn spread_s(&self) -> anyhow::Result<u32> {
        let Some(text) = &self.spread else { return Ok(0) };
        if self.schedule.is_none() || self.pipeline.is_none() {
            bail!("`spread` needs `schedule` and `pipeline`");
        }
        let seconds = seconds(&Value::String(text.clone()));
        seconds.ok_or_else(|| anyhow!("`{text}` is not a duration such as `30m`"))
    }

    fn missed_within_s(&self) -> anyhow::Result<u32> {
        let Some(text) = &self.missed_within else {
            return Ok(0);
        };
        if self.missed != Missed::IfWithin {
            bail!("`missed_within` needs `missed = \"if-within\"`");
        }
        let seconds = seconds(&Value::String(text.clone()));
        seconds.ok_or_else(|| anyhow!("`{text}` is not a duration such as `6h`"))
    }

    fn timing(&self) -> anyhow::Result<Timing> {
        if let Some(at) = self.at {
            if self.delay.is_some() || self.relative_to.is_some() {
                bail!("`at` excludes `delay` and `relative_to`");
            }
            return Ok(Timing::At { at });
        }
        match (&self.delay, &self.relative_to) {
            (None, None) => Ok(Timing::Now),
            (Some(delay), None) => {
                let seconds = seconds(&Value::String(delay.clone()));
                let seconds = seconds.ok_or_else(|| anyhow!("`{delay}` is not a delay such as `4h`"))?;
                Ok(Timing::Delay {
                    seconds,
                    working: self.delay_working,
                })
            }
            (None, Some(field)) => {
                let text = self.offset.as_deref().unwrap_or("0s");
                let (sign, digits) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
                let seconds = seconds(&Value::String(digits.to_owned()));
                let seconds = seconds.ok_or_else(|| anyhow!("`{text}` is not an offset such as `-24h`"))?;
                Ok(Timing::Relative {
                    field: field.clone(),
                    offset_s: sign * i64::from(seconds),
                })
            }
            (Some(_), Some(_)) => bail!("`delay` and `relative_to` exclude each other"),
        }
    }
}

/// Replaces names by ids in the parameters that are references; ids and roles stay as they are.
fn resolve_names(
    manifest: &Manifest,
    params: &BTreeMap<String, Value>,
    names: &Names,
) -> anyhow::Result<BTreeMap<String, Value>> {
    let mut resolved = BTreeMap::new();
    for (key, value) in params {
        let param_type = manifest.param(key).map(|param| param.param_type);
        let value = match value {
            Value::Array(many) => {
                let each = many.iter().map(|one| resolve_name(param_type, one, names));
                Value::Array(each.collect::<anyhow::Result<_>>()?)
            }
            one => resolve_name(param_type, one, names)?,
        };
        resolved.insert(key.clone(), value);
    }
    Ok(resolved)
}

/// As `resolve_names`, where names that nobody has stay names: the parameter is wrong then, and can be seen.
pub(super) fn resolve_known_names(
    manifest: &Manifest,
    params: &BTreeMap<String, Value>,
    names: &Names,
) -> BTreeMap<String, Value> {
    let known = |(key, value): (&String, &Value)| {
        let one = BTreeMap::from([(key.clone(), value.clone())]);
        let resolved = resolve_names(manifest, &one, names).unwrap_or(one);
        resolved.into_iter().next()
    };
    params.iter().filter_map(known).collect()
}

fn resolve_name(param_type: Option<ParamType>, value: &Value, names: &Names) -> anyhow::Result<Value> {
    let Some(name) = value.as_str().filter(|text| !text.contains(':')) else {
        return Ok(value.clone());
    };
    let id = match param_type {
        Some(ParamType::User | ParamType::Users) => names.employee(name)?.to_string(),
        Some(ParamType::Stage) => names.stage(name)?.to_string(),
        Some(ParamType::Pipeline) => names.pipeline(name)?.to_string(),
        Some(ParamType::Channel) => names.channel(name)?.to_string(),
        _ => name.to_owned(),
    };
    Ok(Value::String(id))
}
