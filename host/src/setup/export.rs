//! What is set up, as a file that another host, or this one, can take in.
//!
//! Names stand in place of ids. There are no secrets in it: no channels, which hold some, no secrets of the host, no
//! tokens. Of people it has those that robots name.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use signalbox_crm::attachment::{Attachment, ItemQuery, Missed, Moment, Timing};
use signalbox_crm::automation::{AutomationId, in_force, shown_order};
use signalbox_crm::directory::Directory;
use signalbox_crm::ids::{ChannelId, EmployeeId, PipelineId, StageId};
use signalbox_crm::people::Employee;
use signalbox_crm::robot::{Manifest, ParamType};

use super::{AttachmentSetup, CalendarSetup, EmployeeSetup, FieldSetup, PipelineSetup, Setup, StageSetup};

impl Setup {
    /// What is set up: everything, or what one pipeline has and needs.
    pub fn of(directory: &Directory, only: Option<PipelineId>) -> Setup {
        let pipelines = directory.pipelines.keys().copied();
        let pipelines: Vec<PipelineId> = pipelines
            .filter(|id| only.is_none_or(|only| only == *id))
            .collect();
        let general = only.is_none().then_some(AutomationId::General);
        let automations = pipelines
            .iter()
            .copied()
            .map(AutomationId::Pipeline)
            .chain(general);
        let attachments: Vec<Attachment> = automations
            .flat_map(|automation| {
                let list = in_force(directory, automation);
                let order = shown_order(directory, &list);
                order.into_iter().map(move |at| list[at].clone())
            })
            .collect();
        let names = NamesBehind::new(directory, &attachments);
        Setup {
            zone: zone(directory),
            calendar: match only {
                None => company_calendar(directory),
                Some(_) => None,
            },
            extra_calendar: extra_calendars(directory, &pipelines, only.is_none()),
            employee: names.employees(),
            field: fields(directory, &pipelines, &attachments, only.is_none()),
            pipeline: pipelines
                .iter()
                .filter_map(|id| pipeline(directory, *id))
                .collect(),
            channel: Vec::new(),
            secret: Vec::new(),
            attachment: attachments.iter().map(|one| names.attachment(one)).collect(),
        }
    }

    /// The file's text.
    ///
    /// # Errors
    /// A value that TOML cannot write, such as a number of more than 64 bits.
    pub fn to_text(&self) -> anyhow::Result<String> {
        Ok(toml::to_string(self)?)
    }
}

fn zone(directory: &Directory) -> String {
    let work = directory.work_calendar(None).ok();
    let zone = work.and_then(|work| work.zone().iana_name().map(str::to_owned));
    zone.unwrap_or_else(|| "UTC".to_owned())
}

fn company_calendar(directory: &Directory) -> Option<signalbox_crm::calendar::CalendarSpec> {
    let mut all = directory.calendars.values();
    let company = all.find(|(calendar, _)| calendar.is_default)?;
    Some(company.0.spec.clone())
}

fn extra_calendars(directory: &Directory, pipelines: &[PipelineId], all: bool) -> Vec<CalendarSetup> {
    let used: BTreeSet<_> = pipelines
        .iter()
        .filter_map(|id| directory.pipelines.get(id)?.calendar)
        .collect();
    let calendars = directory.calendars.values().map(|(calendar, _)| calendar);
    let extra = calendars.filter(|one| !one.is_default && (all || used.contains(&one.id)));
    let setup = extra.map(|one| CalendarSetup {
        key: one.key.clone(),
        zone: one.spec.zone.clone(),
        weekly: one.spec.weekly.clone(),
        holidays: one.spec.holidays.clone(),
        exceptions: one.spec.exceptions.clone(),
    });
    let mut setup: Vec<CalendarSetup> = setup.collect();
    setup.sort_by(|a, b| a.key.cmp(&b.key));
    setup
}

/// Custom fields: all, or those that the stages and robots of these pipelines name.
fn fields(
    directory: &Directory,
    pipelines: &[PipelineId],
    attachments: &[Attachment],
    all: bool,
) -> Vec<FieldSetup> {
    let mut used: BTreeSet<String> = BTreeSet::new();
    for stage in pipelines.iter().flat_map(|id| directory.stages_of(*id)) {
        used.extend(stage.required_fields.iter().cloned());
    }
    for one in attachments {
        // Whatever is a field's key in it: one too many does no harm.
        let text = serde_json::to_string(one).unwrap_or_default();
        let named = directory.fields.keys().filter(|key| text.contains(key.as_str()));
        used.extend(named.cloned());
    }
    let fields = directory.fields.values();
    let own = fields.filter(|field| all || used.contains(&field.key));
    own.map(|field| FieldSetup {
        key: field.key.clone(),
        title: field.title.clone(),
        field_type: field.field_type,
        options: field.options.clone(),
    })
    .collect()
}

fn pipeline(directory: &Directory, id: PipelineId) -> Option<PipelineSetup> {
    let found = directory.pipelines.get(&id)?;
    let calendar = found.calendar.and_then(|id| directory.calendars.get(&id));
    let stage = |stage: &std::sync::Arc<signalbox_crm::pipeline::Stage>| StageSetup {
        key: stage.key.clone(),
        title: stage.title.clone(),
        kind: stage.kind,
        required_fields: stage.required_fields.clone(),
        requires_reason: stage.requires_reason,
    };
    Some(PipelineSetup {
        key: found.key.clone(),
        title: found.title.clone(),
        kind: found.item_kind,
        activity_working_days_max: found.activity_working_days_max,
        calendar: calendar.map(|(calendar, _)| calendar.key.clone()),
        stage: directory.stages_of(id).into_iter().map(stage).collect(),
    })
}

/// The names behind ids, and the people whom robots name.
struct NamesBehind<'a> {
    directory: &'a Directory,
    people: BTreeMap<EmployeeId, String>,
}

impl<'a> NamesBehind<'a> {
    fn new(directory: &'a Directory, attachments: &[Attachment]) -> Self {
        let mut ids = BTreeSet::new();
        for one in attachments {
            let texts = one.grant_audience.iter().map(String::as_str);
            ids.extend(texts.filter_map(|text| text.parse::<EmployeeId>().ok()));
            let params = one.params.values().flat_map(|value| match value {
                Value::Array(list) => list.iter().collect(),
                one => vec![one],
            });
            let texts = params.filter_map(Value::as_str);
            ids.extend(texts.filter_map(|text| text.parse::<EmployeeId>().ok()));
        }
        let mut people = BTreeMap::new();
        let mut taken = BTreeSet::new();
        for (id, person) in ids
            .iter()
            .filter_map(|id| Some((*id, directory.employees.get(id)?)))
        {
            let mut key = key_of(person);
            while !taken.insert(key.clone()) {
                key.push('+');
            }
            people.insert(id, key);
        }
        NamesBehind { directory, people }
    }

    fn employees(&self) -> Vec<EmployeeSetup> {
        let setup = |(id, key): (&EmployeeId, &String)| {
            let person = self.directory.employees.get(id)?;
            Some(EmployeeSetup {
                key: key.clone(),
                name: person.name.clone(),
                email: person.email.clone(),
                role: person.role,
                head: person.head.and_then(|head| self.people.get(&head).cloned()),
            })
        };
        let mut setup: Vec<EmployeeSetup> = self.people.iter().filter_map(setup).collect();
        setup.sort_by(|a, b| a.key.cmp(&b.key));
        setup
    }

    fn stage(&self, id: StageId) -> String {
        let stage = self.directory.stages.get(&id);
        let pipeline = stage.and_then(|stage| self.directory.pipelines.get(&stage.pipeline));
        match (stage, pipeline) {
            (Some(stage), Some(pipeline)) => format!("{}/{}", pipeline.key, stage.key),
            _ => id.to_string(),
        }
    }

    fn pipeline(&self, id: PipelineId) -> String {
        let found = self.directory.pipelines.get(&id);
        found.map_or_else(|| id.to_string(), |pipeline| pipeline.key.clone())
    }

    fn channel(&self, id: ChannelId) -> String {
        let found = self.directory.channels.get(&id);
        found.map_or_else(|| id.to_string(), |channel| channel.key.clone())
    }

    fn person(&self, text: &str) -> String {
        let known = text.parse().ok().and_then(|id: EmployeeId| self.people.get(&id));
        known.cloned().unwrap_or_else(|| text.to_owned())
    }

    fn attachment(&self, one: &Attachment) -> AttachmentSetup {
        let version = self.directory.robots.get(&one.digest);
        let manifest = version.map(|version| &version.manifest);
        let asked = manifest.into_iter().flat_map(|manifest| &manifest.permission);
        let withheld = asked.map(|permission| permission.interface.clone());
        let usual_hosts = manifest.map(Manifest::http_hosts_named).unwrap_or_default();
        let mut setup = AttachmentSetup {
            title: one.title.clone(),
            robot: one.robot.clone(),
            version: manifest.map(|manifest| manifest.version.clone()),
            digest: Some(one.digest.clone()),
            stage: None,
            event: None,
            pipeline: None,
            channel: None,
            fields: Vec::new(),
            schedule: None,
            zone: None,
            spread: None,
            items_max: None,
            manual: false,
            delay: None,
            delay_working: false,
            relative_to: None,
            offset: None,
            at: None,
            window: one.window,
            condition: one.condition.clone(),
            mode: one.mode,
            cancel_on: one.cancel_on,
            repeat: one.repeat,
            missed: one.missed,
            missed_within: match one.missed {
                Missed::IfWithin => Some(format!("{}s", one.missed_within_s)),
                Missed::RunNow | Missed::Skip => None,
            },
            on_error: one.on_error,
            attempts_max: one.attempts_max,
            backoff_base_s: one.backoff_base_s,
            backoff_max_s: one.backoff_max_s,
            concurrency_max: one.concurrency_max,
            rate_per_minute: one.rate_per_minute,
            overrides_required_fields: one.overrides_required_fields,
            scope: one.scope,
            withhold: withheld
                .filter(|interface| !one.grants.contains(interface))
                .collect(),
            http_hosts: (one.http_hosts != usual_hosts).then(|| one.http_hosts.clone()),
            grant_fields: one.grant_fields.clone(),
            grant_audience: one.grant_audience.iter().map(|word| self.person(word)).collect(),
            enabled: one.is_enabled,
            params: self.params(manifest, one),
        };
        self.moment(&one.moment, &mut setup);
        timing(&one.timing, &mut setup);
        setup
    }

    fn moment(&self, moment: &Moment, setup: &mut AttachmentSetup) {
        match moment {
            Moment::Stage { stage } => setup.stage = Some(self.stage(*stage)),
            Moment::Event {
                event,
                pipeline,
                stage,
                channel,
                fields,
            } => {
                setup.event = Some(*event);
                setup.pipeline = pipeline.map(|id| self.pipeline(id));
                setup.stage = stage.map(|id| self.stage(id));
                setup.channel = channel.map(|id| self.channel(id));
                setup.fields.clone_from(fields);
            }
            Moment::Schedule { cron, zone, items } => {
                setup.schedule = Some(cron.clone());
                setup.zone = Some(zone.clone());
                if let Some(ItemQuery {
                    pipeline,
                    stage,
                    max,
                    spread_s,
                }) = items
                {
                    setup.pipeline = Some(self.pipeline(*pipeline));
                    setup.stage = stage.map(|id| self.stage(id));
                    setup.items_max = (*max != 1000).then_some(*max);
                    setup.spread = (*spread_s > 0).then(|| format!("{spread_s}s"));
                }
            }
            Moment::Manual => setup.manual = true,
        }
    }

    fn params(&self, manifest: Option<&Manifest>, one: &Attachment) -> BTreeMap<String, Value> {
        let given = one.params.iter().filter(|(_, value)| !value.is_null());
        let named = given.map(|(key, value)| {
            let param = manifest.and_then(|manifest| manifest.param(key));
            let name = |value: &Value| self.param(param.map(|param| param.param_type), value);
            let value = match value {
                Value::Array(list) => list.iter().map(name).collect(),
                one => name(one),
            };
            (key.clone(), value)
        });
        named.collect()
    }

    fn param(&self, param_type: Option<ParamType>, value: &Value) -> Value {
        let Some(text) = value.as_str() else {
            return value.clone();
        };
        let name = match param_type {
            Some(ParamType::User | ParamType::Users) => self.person(text),
            Some(ParamType::Stage) => text.parse().map_or(text.to_owned(), |id| self.stage(id)),
            Some(ParamType::Pipeline) => text.parse().map_or(text.to_owned(), |id| self.pipeline(id)),
            Some(ParamType::Channel) => text.parse().map_or(text.to_owned(), |id| self.channel(id)),
            _ => text.to_owned(),
        };
        Value::String(name)
    }
}

fn timing(timing: &Timing, setup: &mut AttachmentSetup) {
    match timing {
        Timing::Now => {}
        Timing::Delay { seconds, working } => {
            setup.delay = Some(format!("{seconds}s"));
            setup.delay_working = *working;
        }
        Timing::Relative { field, offset_s } => {
            setup.relative_to = Some(field.clone());
            setup.offset = Some(format!("{offset_s}s"));
        }
        Timing::At { at } => setup.at = Some(*at),
    }
}

/// How a file names a person: by e-mail address, else by name. A colon would make an id of it.
fn key_of(person: &Employee) -> String {
    let key = person.email.as_ref().unwrap_or(&person.name);
    key.replace(':', " ")
}
