//! `signalbox attach`: a robot, a moment, and how to run it.

use anyhow::Context;
use serde_json::{Map, Value, json};
use signalbox_crm::robot::Manifest;

use super::client::Client;
use super::output::field;
use super::params::Names;
use super::robot::ROBOTS_MAX;
use super::{Answer, Exit, Failure, Globals};

/// Attaches a robot to a moment
///
/// Exactly one of --stage, --event, --schedule and --manual says when it starts. The robot gets every permission that
/// its manifest asks for, except those that are withheld. Names are looked up at the host: stages as PIPELINE/STAGE,
/// people by e-mail address, pipelines and channels by key; ids such as `stage:3` are taken as they are.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  signalbox attach --robot notify --stage sales/won --param title='Won: {=Document:TITLE}'
  signalbox attach --robot create-activity --stage sales/new --delay 4h --working
  signalbox attach --robot auto-reply --event message-received --param text='We will call.'
  signalbox attach --robot notify --schedule '0 9 * * Mon' --zone Europe/Moscow \\
      --param to=anna@example.com --param title='A new week'
  signalbox attach --robot reassign --manual --param employee=anna@example.com")]
#[command(group = clap::ArgGroup::new("moment").required(true).args(["stage", "event", "schedule", "manual"]))]
pub(super) struct Args {
    /// The robot's id, such as `notify`, or the digest of one version
    #[arg(long)]
    robot: String,
    /// Starts when an item enters this stage
    #[arg(long, value_name = "PIPELINE/STAGE")]
    stage: Option<String>,
    /// Starts when this happens, such as `message-received` or `activity-overdue`
    #[arg(long, value_name = "KIND")]
    event: Option<String>,
    /// Starts when this cron expression ticks; weekdays by name
    #[arg(long, value_name = "CRON", requires = "zone")]
    schedule: Option<String>,
    /// Starts only by hand
    #[arg(long)]
    manual: bool,
    /// With --schedule: the IANA time zone in which the expression is meant
    #[arg(long, requires = "schedule")]
    zone: Option<String>,
    /// With --event: only for items of this pipeline. With --schedule: once for each open item of it
    #[arg(long, value_name = "PIPELINE", conflicts_with_all = ["stage", "manual"])]
    pipeline: Option<String>,
    /// With --schedule and --pipeline: the runs of a tick begin within this time and not all at once: `30m`, `1h`
    #[arg(long, value_name = "DURATION", requires_all = ["schedule", "pipeline"])]
    spread: Option<String>,
    /// With --event: only for this channel
    #[arg(long, value_name = "CHANNEL", requires = "event")]
    channel: Option<String>,
    /// Waits so long after the moment: `90s`, `30m`, `4h`, `2d`
    #[arg(long, value_name = "DURATION")]
    delay: Option<String>,
    /// Counts the delay in working time
    #[arg(long, requires = "delay")]
    working: bool,
    /// Runs in working time only; outside it waits
    #[arg(long)]
    in_working_time: bool,
    /// What happens to a tick or an instant that passed while the host was down: `run-now`, `skip` or `if-within`;
    /// `run-now` without it
    #[arg(long, value_name = "POLICY")]
    missed: Option<String>,
    /// With --missed if-within: how late it may run: `15m`, `6h`
    #[arg(long, value_name = "DURATION", requires = "missed")]
    missed_within: Option<String>,
    /// Attempts before a run is discarded: 1 to 25; 4 without it
    #[arg(long, value_name = "COUNT")]
    attempts: Option<u32>,
    /// The longest pause after the first attempt, which doubles with each one: `10s`, `5m`; 1s without it
    #[arg(long, value_name = "DURATION")]
    backoff: Option<String>,
    /// The longest pause at all, up to `1d`; 1h without it
    #[arg(long, value_name = "DURATION")]
    backoff_max: Option<String>,
    /// Runs of it that are executed at the same time: 1 to 1000; no limit of its own without it
    #[arg(long, value_name = "COUNT")]
    concurrency: Option<u32>,
    /// Runs of it that start in a minute, evenly spread: 1 to 60000; more wait for their turn; no limit without it
    #[arg(long, value_name = "COUNT")]
    per_minute: Option<u32>,
    /// What the robot may touch besides the item that started it: item, pipeline or all
    #[arg(long, value_name = "SCOPE")]
    scope: Option<String>,
    /// A permission that is not granted although the robot asks for it; repeatable
    #[arg(long, value_name = "INTERFACE")]
    withhold: Vec<String>,
    /// A host that its requests may reach, such as `api.example.com`, `*.example.com`, `http://erp.local:8080`;
    /// repeatable; those that the robot names without it
    #[arg(long = "http-host", value_name = "HOST")]
    http_hosts: Vec<String>,
    /// The only fields that the robot may read and write; repeatable; all without it
    #[arg(long, value_name = "KEY")]
    grant_field: Vec<String>,
    /// The only people whom it may notify, put in charge or give activities: an e-mail address, `role:assignee` or
    /// `role:head`; repeatable; anybody without it
    #[arg(long, value_name = "WHO")]
    grant_audience: Vec<String>,
    /// A parameter of the robot; JSON is allowed; repeatable
    #[arg(long = "param", value_name = "KEY=VALUE")]
    params: Vec<String>,
    /// How admins see it; the robot's name without it
    #[arg(long)]
    title: Option<String>,
}

impl Args {
    pub(super) async fn run(self, globals: &Globals) -> Result<Answer, Failure> {
        let timing = self.timing()?;
        let backoff = self.backoff()?;
        let client = globals.client()?;
        let names = Names::new(&client);
        let (digest, manifest) = self.robot(&client).await?;
        let mut body = Map::new();
        body.insert(
            "title".to_owned(),
            self.title
                .clone()
                .unwrap_or_else(|| manifest.name.en.clone())
                .into(),
        );
        body.insert("robot".to_owned(), manifest.id.clone().into());
        body.insert("digest".to_owned(), digest.into());
        body.insert("moment".to_owned(), self.moment(&names).await?);
        body.insert("timing".to_owned(), timing);
        body.insert("grants".to_owned(), self.grants(&manifest)?);
        body.insert(
            "params".to_owned(),
            names.params(&manifest, &self.params).await?.into(),
        );
        if !self.http_hosts.is_empty() {
            body.insert("http_hosts".to_owned(), self.http_hosts.clone().into());
        }
        body.insert("grant_fields".to_owned(), self.grant_field.clone().into());
        body.insert("grant_audience".to_owned(), self.audience(&names).await?);
        if self.in_working_time {
            body.insert("window".to_owned(), "working".into());
        }
        if let Some(missed) = &self.missed {
            body.insert("missed".to_owned(), missed.clone().into());
        }
        if let Some(text) = &self.missed_within {
            let seconds = duration("--missed-within", text)?;
            body.insert("missed_within_s".to_owned(), seconds.into());
        }
        if let Some(scope) = &self.scope {
            body.insert("scope".to_owned(), scope.clone().into());
        }
        let counts = [
            ("attempts_max", self.attempts),
            ("concurrency_max", self.concurrency),
            ("rate_per_minute", self.per_minute),
        ];
        let counts = counts.into_iter().filter_map(|(key, count)| Some((key, count?)));
        body.extend(counts.map(|(key, count)| (key.to_owned(), count.into())));
        body.extend(backoff);
        let made = client.post("/attachments", &Value::Object(body)).await?.body;
        let text = text(&made) + &self.next(&field(&made, "id"));
        Ok(Answer::new("signalbox.attach/1", text).with("attachment", made))
    }

    /// What starts it, and where its runs are.
    fn next(&self, id: &str) -> String {
        let mut text = String::new();
        if let Some(stage) = &self.stage
            && let Some((pipeline, _)) = stage.split_once('/')
        {
            text = format!(
                "it starts when an item enters {stage} from now on; for those that are there:\n  \
                 signalbox bulk run --attachment {id} --pipeline {pipeline} --from {stage} --wait\n"
            );
        }
        text + &format!("its runs:\n  signalbox run list --attachment {id}\n")
    }

    /// The robot's current version, or the one with this digest.
    async fn robot(&self, client: &Client) -> Result<(String, Manifest), Failure> {
        let robots = client.list("/robots", &[], ROBOTS_MAX).await?;
        let is_it = |robot: &&Value| {
            let is_current = robot["manifest"]["id"] == self.robot.as_str() && robot["is_current"] == true;
            is_current || robot["digest"] == self.robot.as_str()
        };
        let Some(found) = robots.iter().find(is_it) else {
            let mut known: Vec<String> = robots.iter().map(|robot| field(robot, "manifest.id")).collect();
            known.sort();
            known.dedup();
            let message = format!("there is no robot `{}`; known: {}", self.robot, known.join(", "));
            return Err(Failure::say(Exit::NotFound, message));
        };
        let manifest = serde_json::from_value(found["manifest"].clone()).with_context(|| {
            format!(
                "the manifest of `{}` is not one that this program knows",
                self.robot
            )
        })?;
        Ok((field(found, "digest"), manifest))
    }

    async fn moment(&self, names: &Names<'_>) -> Result<Value, Failure> {
        let pipeline = match &self.pipeline {
            Some(name) => Some(names.pipeline(name).await?),
            None => None,
        };
        if let Some(stage) = &self.stage {
            return Ok(json!({ "kind": "stage", "stage": names.stage(stage).await? }));
        }
        if let Some(event) = &self.event {
            let mut moment = json!({ "kind": "event", "event": event });
            if let Some(pipeline) = pipeline {
                moment["pipeline"] = pipeline.into();
            }
            if let Some(channel) = &self.channel {
                moment["channel"] = names.channel(channel).await?.into();
            }
            return Ok(moment);
        }
        if let Some(cron) = &self.schedule {
            let mut moment = json!({ "kind": "schedule", "cron": cron, "zone": self.zone });
            if let Some(pipeline) = pipeline {
                moment["items"] = json!({ "pipeline": pipeline });
                if let Some(text) = &self.spread {
                    moment["items"]["spread-s"] = duration("--spread", text)?.into();
                }
            }
            return Ok(moment);
        }
        Ok(json!({ "kind": "manual" }))
    }

    fn timing(&self) -> Result<Value, Failure> {
        let Some(text) = &self.delay else {
            return Ok(json!({ "kind": "now" }));
        };
        let seconds = duration("--delay", text)?;
        Ok(json!({ "kind": "delay", "seconds": seconds, "working": self.working }))
    }

    /// The pauses between attempts, where they are not the host's.
    fn backoff(&self) -> Result<Map<String, Value>, Failure> {
        let asked = [
            ("backoff_base_s", "--backoff", &self.backoff),
            ("backoff_max_s", "--backoff-max", &self.backoff_max),
        ];
        let mut body = Map::new();
        for (key, option, text) in asked {
            if let Some(text) = text {
                body.insert(key.to_owned(), duration(option, text)?.into());
            }
        }
        Ok(body)
    }

    /// Ids of people, and roles as they are.
    async fn audience(&self, names: &Names<'_>) -> Result<Value, Failure> {
        let mut ids = Vec::with_capacity(self.grant_audience.len());
        for who in &self.grant_audience {
            ids.push(match who.starts_with("role:") {
                true => who.clone(),
                false => names.employee(who).await?,
            });
        }
        Ok(ids.into())
    }

    /// What the manifest asks for, without what is withheld.
    fn grants(&self, manifest: &Manifest) -> Result<Value, Failure> {
        let asked: Vec<&str> = manifest
            .permission
            .iter()
            .map(|asked| asked.interface.as_str())
            .collect();
        if let Some(idle) = self
            .withhold
            .iter()
            .find(|interface| !asked.contains(&interface.as_str()))
        {
            let message = format!("--withhold: robot `{}` does not ask for `{idle}`", manifest.id);
            return Err(Failure::say(Exit::Usage, message));
        }
        let granted = asked
            .into_iter()
            .filter(|interface| !self.withhold.iter().any(|withheld| withheld == interface));
        Ok(granted.collect::<Vec<_>>().into())
    }
}

/// Seconds of a duration that is not nothing.
pub(super) fn duration(option: &str, text: &str) -> Result<u32, Failure> {
    let seconds = signalbox_crm::params::seconds(&Value::String(text.to_owned()));
    seconds.filter(|seconds| *seconds > 0).ok_or_else(|| {
        let message = format!("{option}: `{text}` is not a duration such as `90s`, `30m`, `4h`, `2d`");
        Failure::say(Exit::Usage, message)
    })
}

fn text(made: &Value) -> String {
    let fields = [
        "title",
        "robot",
        "moment",
        "timing",
        "scope",
        "grants",
        "http_hosts",
        "grant_fields",
        "grant_audience",
        "params",
        "version",
    ];
    let is_said = |value: &Value| !value.is_null() && value.as_array().is_none_or(|list| !list.is_empty());
    let lines = fields
        .into_iter()
        .filter(|key| made.get(key).is_some_and(is_said));
    let lines = lines.map(|key| format!("{key:<14} {}\n", field(made, key)));
    format!("{}\n{}", field(made, "id"), lines.collect::<String>())
}
