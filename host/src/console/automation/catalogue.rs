//! The catalogue: robots by group, each with a button that adds it. Several are added first and configured later.

use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use serde_json::{Value, json};
use signalbox_crm::automation::AutomationId;
use signalbox_crm::directory::RobotVersion;
use signalbox_crm::event::FactKind;
use signalbox_crm::ids::StageId;
use signalbox_crm::robot::CauseKind;

use super::acting::ask_edit;
use super::publishing::told;
use super::wording::{EVENTS, event_of, stage_title};
use super::{chosen, draft_of, path_of, title_of};
use crate::automation::DraftView;
use crate::console::asking::Refused;
use crate::console::form::Form;
use crate::console::page::{Page, Section};
use crate::console::visitor::{Allowed, Visitor};
use crate::engine::changes::Topic;
use crate::http::caller::Configure;
use crate::http::problem::Problem;

/// The groups, in the order in which people look through them.
const GROUPS: [&str; 11] = [
    "employee-alerts",
    "employee-monitoring",
    "customer-communication",
    "customer-information",
    "item-management",
    "repeat-sales",
    "payment",
    "documents",
    "workflow-automation",
    "advertising",
    "other",
];
/// Every working day in the morning: what a new schedule begins with.
const FIRST_CRON: &str = "0 9 * * Mon-Fri";

/// When the robot that is added shall start.
struct When {
    word: &'static str,
    stage: Option<StageId>,
    event: FactKind,
}

impl When {
    /// What the address or the form says; what makes no sense becomes the nearest that does.
    fn of(form: &Form, id: AutomationId, visitor: &Visitor) -> When {
        let stage = form.filled("stage").and_then(|text| text.parse().ok());
        let own = match id {
            AutomationId::Pipeline(pipeline) => visitor.directory.stages_of(pipeline),
            AutomationId::General => Vec::new(),
        };
        let stage = stage.filter(|stage| own.iter().any(|known| known.id == *stage));
        let asked = form.filled("when");
        let word = ["stage", "event", "schedule", "manual"]
            .into_iter()
            .find(|word| asked == Some(*word));
        let first = if own.is_empty() { "manual" } else { "stage" };
        let word = word
            .filter(|word| {
                if own.is_empty() {
                    *word != "stage"
                } else {
                    *word != "manual"
                }
            })
            .unwrap_or(first);
        When {
            word,
            stage: match word {
                "stage" => stage.or_else(|| own.first().map(|stage| stage.id)),
                _ => stage,
            },
            event: form
                .filled("event")
                .and_then(event_of)
                .unwrap_or(FactKind::MessageReceived),
        }
    }

    fn cause(&self) -> CauseKind {
        match (self.word, self.event) {
            ("stage", _) => CauseKind::StageEntered,
            ("schedule", _) => CauseKind::Schedule,
            ("manual", _) => CauseKind::Manual,
            (_, FactKind::MessageReceived) => CauseKind::MessageReceived,
            _ => CauseKind::Event,
        }
    }

    /// The moment as the API takes it.
    fn moment(&self, id: AutomationId, visitor: &Visitor) -> Value {
        let pipeline = match id {
            AutomationId::Pipeline(pipeline) => Some(pipeline),
            AutomationId::General => None,
        };
        match self.word {
            "stage" => json!({"kind": "stage", "stage": self.stage}),
            "manual" => json!({"kind": "manual"}),
            "schedule" => {
                let mut moment = json!({
                    "kind": "schedule", "cron": FIRST_CRON, "zone": visitor.zone.iana_name().unwrap_or("UTC"),
                });
                if let Some(pipeline) = pipeline {
                    moment["items"] = json!({"pipeline": pipeline, "stage": self.stage});
                }
                moment
            }
            _ => {
                let mut moment = json!({"kind": "event", "event": self.event.as_str()});
                if let Some(pipeline) = pipeline {
                    moment["pipeline"] = json!(pipeline);
                }
                if let Some(stage) = self.stage {
                    moment["stage"] = json!(stage);
                }
                moment
            }
        }
    }

    fn query(&self) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.append_pair("when", self.word);
        if let Some(stage) = self.stage {
            query.append_pair("stage", &stage.to_string());
        }
        if self.word == "event" {
            query.append_pair("event", self.event.as_str());
        }
        query.finish()
    }
}

pub(super) async fn page(
    visitor: Allowed<Configure>,
    Path(id): Path<String>,
    form: Form,
) -> Result<Response, Problem> {
    let id = chosen(&visitor, &id)?;
    let draft = draft_of(&visitor, id)?;
    let added = form.filled("added").map(|number| format!("attachment:{number}"));
    let added = draft
        .entries
        .iter()
        .find(|entry| Some(entry.attachment.id.to_string()) == added);
    let notice = match added {
        None => html! {},
        Some(entry) => html! {
            div.notice.notice-good role="status" {
                (visitor.words.f("catalogue-added", &[("title", entry.attachment.title.as_str().into())])) " "
                a href={ (path_of(id)) "/entries/" (entry.attachment.id.0) } { (visitor.words.t("catalogue-configure")) }
            }
        },
    };
    Ok(draw(&visitor, &draft, &form, &notice).into_response())
}

fn draw<'v>(visitor: &'v Visitor, draft: &DraftView, form: &Form, notice: &Markup) -> Page<'v> {
    let (words, id) = (visitor.words, draft.automation);
    let when = When::of(form, id, visitor);
    let wanted = form.filled("q").unwrap_or_default().to_lowercase();
    let mut robots: Vec<&RobotVersion> = visitor
        .directory
        .robots
        .values()
        .filter(|version| version.is_current)
        .map(|version| version.as_ref())
        .collect();
    robots.sort_by_key(|version| words.of(&version.manifest.name).to_lowercase());
    let is_found = |version: &&&RobotVersion| {
        let manifest = &version.manifest;
        let texts = [&manifest.name, &manifest.description];
        let mut texts = texts.into_iter().flat_map(|text| [&text.ru, &text.en]);
        wanted.is_empty()
            || manifest.id.contains(&wanted)
            || texts.any(|text| text.to_lowercase().contains(&wanted))
    };
    let found: Vec<&RobotVersion> = robots.iter().filter(is_found).copied().collect();
    let title = words.f("catalogue-title", &[("name", title_of(visitor, id).into())]);
    let body = html! {
        header.row.spread {
            h1 { (title) }
            a.button href=(path_of(id)) { (words.t("catalogue-done")) }
        }
        (notice)
        (filter(visitor, id, &when, form))
        @for group in GROUPS {
            @let own: Vec<&&RobotVersion> = found.iter().filter(|version| version.manifest.group == group).collect();
            @if !own.is_empty() {
                section.panel data-group=(group) {
                    h2 { (words.t(&format!("group-{group}"))) }
                    ul.catalogue role="list" { @for version in own { (robot(visitor, draft, &when, version)) } }
                }
            }
        }
        @if found.is_empty() { section.panel.empty { p { (words.t("catalogue-nothing")) } a href="/robots" { (words.t("catalogue-install")) } } }
    };
    Page::new(visitor, Section::Automation, title.clone())
        .watches([Topic::SetUp])
        .with(Some("automation"), Some("automation"))
        .body(body)
}

fn filter(visitor: &Visitor, id: AutomationId, when: &When, form: &Form) -> Markup {
    let words = visitor.words;
    let stages = match id {
        AutomationId::Pipeline(pipeline) => visitor.directory.stages_of(pipeline),
        AutomationId::General => Vec::new(),
    };
    let choices: &[&str] = match stages.is_empty() {
        true => &["manual", "event", "schedule"],
        false => &["stage", "event", "schedule"],
    };
    html! {
        form.panel.row method="get" action={ (path_of(id)) "/add" } data-auto {
            label {
                span { (words.t("catalogue-when")) }
                select name="when" {
                    @for word in choices { option value=(word) selected[*word == when.word] { (words.t(&format!("when-{word}"))) } }
                }
            }
            @if when.word == "event" {
                label {
                    span { (words.t("catalogue-event")) }
                    select name="event" {
                        @for event in EVENTS {
                            option value=(event.as_str()) selected[event == when.event] { (words.t(&format!("event-{}", event.as_str()))) }
                        }
                    }
                }
            }
            @if !stages.is_empty() {
                label {
                    span { (words.t("field-stage")) }
                    select name="stage" {
                        @if when.word != "stage" { option value="" { (words.t("board-any-stage")) } }
                        @for stage in &stages {
                            option value=(stage.id) selected[when.stage == Some(stage.id)] { (words.of(&stage.title)) }
                        }
                    }
                }
            }
            label {
                span { (words.t("catalogue-find")) }
                input type="search" name="q" value=(form.get("q").unwrap_or_default());
            }
            button { (words.t("board-show")) }
        }
    }
}

fn robot(visitor: &Visitor, draft: &DraftView, when: &When, version: &RobotVersion) -> Markup {
    let (words, manifest) = (visitor.words, &version.manifest);
    let fits = manifest.causes.contains(&when.cause());
    html! {
        li data-key=(manifest.id) {
            h3 { (words.of(&manifest.name)) }
            p { (words.of(&manifest.description)) }
            p.chips {
                span.chip { (manifest.label()) }
                @if version.is_bundled { span.chip { (words.t("catalogue-bundled")) } } @else { span.chip.chip-info { (words.t("catalogue-installed")) } }
                @for permission in &manifest.permission {
                    span.chip title=(words.of(&permission.reason)) { (words.t(&format!("interface-{}", permission.interface))) }
                }
            }
            @if fits {
                form method="post" action={ (path_of(draft.automation)) "/add?" (when.query()) } {
                    input type="hidden" name="version" value=(draft.version);
                    input type="hidden" name="when" value=(when.word);
                    input type="hidden" name="event" value=(when.event.as_str());
                    @if let Some(stage) = when.stage { input type="hidden" name="stage" value=(stage); }
                    button.primary name="robot" value=(manifest.id)
                        aria-label=(words.f("catalogue-add-named", &[("name", words.of(&manifest.name).into())])) {
                        (words.t("catalogue-add"))
                    }
                    @if let Some(stage) = when.stage { " " span.quiet { (words.f("catalogue-to-stage", &[("stage", stage_title(visitor, stage).into())])) } }
                }
            } @else {
                p.quiet { (words.t("catalogue-does-not-fit")) }
            }
        }
    }
}

pub(super) async fn add(
    visitor: Allowed<Configure>,
    Path(id): Path<String>,
    form: Form,
) -> Result<Response, Problem> {
    let id = chosen(&visitor, &id)?;
    let when = When::of(&form, id, &visitor);
    let robot = form.get("robot").unwrap_or_default();
    let mut change = json!({"kind": "add", "robot": robot, "moment": when.moment(id, &visitor)});
    if let Some(version) = visitor.directory.current_robot(robot) {
        change["set"] = json!({"title": visitor.words.of(&version.manifest.name)});
    }
    match ask_edit(&visitor, id, form.number("version")?, change).await {
        Ok(answer) => {
            let made = answer["made"][0].as_str().unwrap_or_default();
            let number = made.split(':').nth(1).unwrap_or_default();
            let path = format!("{}/add?{}&added={number}", path_of(id), when.query());
            Ok(Redirect::to(&path).into_response())
        }
        Err(Refused(problem)) => {
            let status = axum::http::StatusCode::from_u16(problem.status);
            let notice = html! { div.notice.notice-bad role="alert" { (told(&visitor, &problem)) } };
            let page = draw(&visitor, &draft_of(&visitor, id)?, &form, &notice);
            Ok((
                status.unwrap_or(axum::http::StatusCode::UNPROCESSABLE_ENTITY),
                page,
            )
                .into_response())
        }
    }
}
