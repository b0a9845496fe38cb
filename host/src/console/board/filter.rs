//! Which items a board or list shows: all of it in the address.

use std::sync::Arc;

use maud::{Markup, html};
use serde::Deserialize;
use signalbox_crm::ids::{EmployeeId, ItemKind, PipelineId, StageId};
use signalbox_crm::pipeline::Pipeline;
use signalbox_db::{Due, DueFilter, ItemFilter};
use url::form_urlencoded;

use super::section_path;
use crate::console::visitor::Visitor;
use crate::http::problem::Problem;
use signalbox_crm::said;

/// The query of a board. Empty texts count as absent: that is how forms send fields that nobody filled.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct Asked {
    pipeline: Option<String>,
    pub(super) stage: Option<String>,
    assignee: Option<String>,
    due: Option<String>,
    q: Option<String>,
    view: Option<String>,
    pub(super) after: Option<String>,
}

fn given(text: Option<&String>) -> Option<&str> {
    text.map(|text| text.trim()).filter(|text| !text.is_empty())
}

impl Asked {
    /// The pipeline that was asked for, or the first of the kind; none when there is none.
    pub(super) fn pipeline(
        &self,
        visitor: &Visitor,
        kind: ItemKind,
    ) -> Result<Option<Arc<Pipeline>>, Problem> {
        let directory = &visitor.directory;
        if let Some(text) = given(self.pipeline.as_ref()) {
            let id: PipelineId = text.parse().map_err(|_| Problem::not_found(text))?;
            let found = directory
                .pipelines
                .get(&id)
                .filter(|pipeline| pipeline.item_kind == kind);
            return found.cloned().map(Some).ok_or_else(|| Problem::not_found(id));
        }
        let mut pipelines = directory.pipelines.values();
        Ok(pipelines.find(|pipeline| pipeline.item_kind == kind).cloned())
    }

    pub(super) fn is_list(&self) -> bool {
        self.view.as_deref() == Some("list")
    }

    /// What the database is asked for.
    pub(super) fn filter(&self, visitor: &Visitor, pipeline: &Pipeline) -> Result<ItemFilter, Problem> {
        let stage = given(self.stage.as_ref())
            .map(|text| read::<StageId>("stage", text))
            .transpose()?;
        let assignee = match given(self.assignee.as_ref()) {
            Some("me") => Some(visitor.me.id),
            Some(text) => Some(read::<EmployeeId>("assignee", text)?),
            None => None,
        };
        let due = match given(self.due.as_ref()) {
            None => None,
            Some("overdue") => Some(Some(Due::Overdue)),
            Some("today") => Some(Some(Due::Today)),
            Some("planned") => Some(Some(Due::Planned)),
            Some("none") => Some(None),
            Some(other) => {
                return Err(Problem::invalid(
                    "due",
                    said!("`{other}` is no state of activities", other),
                ));
            }
        };
        Ok(ItemFilter {
            pipeline: Some(pipeline.id),
            stage,
            assignee,
            title: given(self.q.as_ref()).map(str::to_owned),
            due: due.map(|due| DueFilter {
                due,
                now: visitor.now,
                tomorrow: visitor.tomorrow(),
            }),
            ..ItemFilter::default()
        })
    }

    /// Whether anything is left out.
    pub(super) fn is_filtered(&self) -> bool {
        [&self.stage, &self.assignee, &self.due, &self.q]
            .into_iter()
            .any(|part| given(part.as_ref()).is_some())
    }

    /// The query with some parts changed; an empty value takes a part out.
    pub(super) fn link(&self, changes: &[(&str, &str)]) -> String {
        let parts = [
            ("pipeline", &self.pipeline),
            ("view", &self.view),
            ("stage", &self.stage),
            ("assignee", &self.assignee),
            ("due", &self.due),
            ("q", &self.q),
        ];
        let mut query = form_urlencoded::Serializer::new(String::new());
        for (name, value) in parts {
            let changed = changes
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, value)| *value);
            if let Some(value) = changed
                .or(given(value.as_ref()))
                .filter(|value| !value.is_empty())
            {
                query.append_pair(name, value);
            }
        }
        for (name, value) in changes.iter().filter(|(name, _)| *name == "after") {
            query.append_pair(name, value);
        }
        format!("?{}", query.finish())
    }
}

fn read<T: std::str::FromStr>(field: &str, text: &str) -> Result<T, Problem> {
    text.parse()
        .map_err(|_| Problem::invalid(field, said!("`{text}` is no value of `{field}`", text, field)))
}

/// The line above a board or list.
pub(super) fn filter_bar(visitor: &Visitor, pipeline: &Pipeline, asked: &Asked) -> Markup {
    let (words, directory) = (visitor.words, &visitor.directory);
    let base = section_path(pipeline.item_kind);
    let pipelines: Vec<_> = directory
        .pipelines
        .values()
        .filter(|known| known.item_kind == pipeline.item_kind)
        .collect();
    let assignee = given(asked.assignee.as_ref()).unwrap_or_default();
    let due = given(asked.due.as_ref()).unwrap_or_default();
    html! {
        div.row.spread {
            h1 { (words.of(&pipeline.title)) }
            div.tabs role="group" aria-label=(words.t("board-view")) {
                a href=(asked.link(&[("view", ""), ("stage", "")])) aria-current=[(!asked.is_list()).then_some("page")] { (words.t("board-view-board")) }
                a href=(asked.link(&[("view", "list")])) aria-current=[asked.is_list().then_some("page")] { (words.t("board-view-list")) }
            }
        }
        form.filter.row action=(base) data-auto {
            @if asked.is_list() { input type="hidden" name="view" value="list"; }
            @if pipelines.len() > 1 {
                label { span.sr { (words.t("field-pipeline")) }
                    select name="pipeline" {
                        @for known in pipelines {
                            option value=(known.id) selected[known.id == pipeline.id] { (words.of(&known.title)) }
                        }
                    }
                }
            } @else if asked.pipeline.is_some() {
                input type="hidden" name="pipeline" value=(pipeline.id);
            }
            input type="search" name="q" value=(given(asked.q.as_ref()).unwrap_or_default())
                placeholder=(words.t("board-find")) aria-label=(words.t("board-find"));
            @if asked.is_list() {
                @let stage = given(asked.stage.as_ref()).unwrap_or_default();
                label { span.sr { (words.t("field-stage")) }
                    select name="stage" {
                        option value="" { (words.t("board-any-stage")) }
                        @for known in directory.stages_of(pipeline.id) {
                            option value=(known.id) selected[known.id.to_string() == stage] { (words.of(&known.title)) }
                        }
                    }
                }
            }
            label { span.sr { (words.t("field-assignee")) }
                select name="assignee" {
                    option value="" { (words.t("board-anybody")) }
                    option value="me" selected[assignee == "me"] { (words.t("board-mine")) }
                    @for person in directory.employees.values().filter(|person| person.is_active) {
                        option value=(person.id) selected[person.id.to_string() == assignee] { (person.name) }
                    }
                }
            }
            label { span.sr { (words.t("board-due")) }
                select name="due" {
                    option value="" { (words.t("board-any-due")) }
                    @for word in ["overdue", "today", "planned", "none"] {
                        option value=(word) selected[word == due] { (words.t(&format!("board-due-{word}"))) }
                    }
                }
            }
            button { (words.t("board-show")) }
            @if asked.is_filtered() {
                a href=(asked.link(&[("stage", ""), ("assignee", ""), ("due", ""), ("q", "")])) { (words.t("board-show-all")) }
            }
            a.quiet href={ "/me?save=" (form_urlencoded::byte_serialize(visitor.at.as_bytes()).collect::<String>()) } { (words.t("board-save")) }
            @for saved in visitor.likes.filters.iter().filter(|saved| saved.path.starts_with(base)) {
                a.chip href=(saved.path) { (saved.name) }
            }
        }
    }
}
