//! Dead letters: many failed runs are repeated at once, after a look at which ones.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use signalbox_crm::changes::RunChange;
use signalbox_crm::directory::Directory;
use signalbox_crm::ids::{AttachmentId, ItemId, PipelineId, RunId};
use signalbox_crm::run::{Reason, RunState};
use signalbox_crm::time::Timestamp;
use signalbox_db::{DeadGroup, DeadLetter, RunFilter};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::AppState;
use super::caller::{Administer, Caller};
use super::input::Body;
use super::paging::Asked;
use super::problem::Problem;
use super::writing::Writing;
use signalbox_crm::said;

/// Runs of one group that a preview counts. Counting reads each of them: 10,000 take some 50 ms.
const COUNTED_MAX: u32 = 10_000;

pub(super) fn routes() -> OpenApiRouter<Arc<AppState>> {
    OpenApiRouter::new().routes(routes!(retry))
}

/// Which runs, and whether only to look.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RetryMany {
    /// `discarded`, or `cancelled`; `discarded` without it.
    #[serde(default = "discarded")]
    #[schema(value_type = String)]
    state: RunState,
    #[schema(value_type = Option<String>)]
    attachment: Option<AttachmentId>,
    /// The robot's id, such as `notify`.
    robot: Option<String>,
    /// Why they ended, such as `attempts-used-up`.
    #[schema(value_type = Option<String>)]
    reason: Option<Reason>,
    /// The failure of the last attempt, such as `no-candidate` or `trap`.
    code: Option<String>,
    #[schema(value_type = Option<String>)]
    item: Option<ItemId>,
    /// Items that stand in this pipeline now.
    #[schema(value_type = Option<String>)]
    pipeline: Option<PipelineId>,
    /// Ended then or later.
    #[schema(value_type = Option<String>, format = DateTime)]
    finished_from: Option<Timestamp>,
    /// Ended before.
    #[schema(value_type = Option<String>, format = DateTime)]
    finished_until: Option<Timestamp>,
    /// Changes nothing, and counts.
    #[serde(default)]
    dry_run: bool,
    /// 1 to 200 runs a request; 50 without it.
    limit: Option<u32>,
    /// The cursor of the page before.
    after: Option<String>,
}

fn discarded() -> RunState {
    RunState::Discarded
}

/// What would be repeated, or was.
#[derive(Debug, Serialize, ToSchema)]
struct RetriedMany {
    dry_run: bool,
    /// With `dry_run`: how many runs fit, counted up to 10,000.
    matched_count: Option<i64>,
    /// With `dry_run`: there are more than were counted.
    has_more: Option<bool>,
    /// With `dry_run`: the same by attachment, reason and failure, most first.
    groups: Vec<GroupView>,
    /// The runs of this page, oldest first: with `dry_run` those that would be due again, else those that are.
    runs: Vec<LetterView>,
    /// What to pass as `after` for the next page; null on the last one.
    next: Option<String>,
}

/// Runs that are alike.
#[derive(Debug, Serialize, ToSchema)]
struct GroupView {
    #[schema(value_type = String)]
    attachment: AttachmentId,
    /// The attachment's title; none when it was removed.
    title: Option<String>,
    #[schema(value_type = Option<String>)]
    reason: Option<Reason>,
    code: Option<String>,
    count: i64,
}

/// One of the runs.
#[derive(Debug, Serialize, ToSchema)]
struct LetterView {
    #[schema(value_type = String)]
    id: RunId,
    #[schema(value_type = String)]
    attachment: AttachmentId,
    #[schema(value_type = Option<String>)]
    item: Option<ItemId>,
    #[schema(value_type = Option<String>)]
    reason: Option<Reason>,
    code: Option<String>,
    #[schema(value_type = Option<String>, format = DateTime)]
    finished_at: Option<Timestamp>,
}

impl GroupView {
    fn new(directory: &Directory, group: DeadGroup) -> Self {
        let attachment = directory.attachments.get(&group.attachment);
        GroupView {
            attachment: group.attachment,
            title: attachment.map(|attachment| attachment.title.clone()),
            reason: group.reason,
            code: group.code,
            count: group.count,
        }
    }
}

impl From<DeadLetter> for LetterView {
    fn from(letter: DeadLetter) -> Self {
        LetterView {
            id: letter.run,
            attachment: letter.attachment,
            item: letter.item,
            reason: letter.reason,
            code: letter.code,
            finished_at: letter.finished_at,
        }
    }
}

impl RetryMany {
    /// The filter; what is not final is no dead letter, and what is completed is never repeated.
    fn filter(&self) -> Result<RunFilter, Problem> {
        if !matches!(self.state, RunState::Discarded | RunState::Cancelled) {
            let word = self.state.as_str();
            let detail = said!("`state` is `{word}`, not `discarded` or `cancelled`", word);
            return Err(Problem::invalid("state", detail));
        }
        Ok(RunFilter {
            state: Some(self.state),
            attachment: self.attachment,
            robot: self.robot.clone(),
            item: self.item.map(|item| item.number),
            event: None,
            reason: self.reason,
            code: self.code.clone(),
            pipeline: self.pipeline,
            finished_from: self.finished_from,
            finished_until: self.finished_until,
        })
    }
}

/// Executes many runs once more that failed for good, or says which these would be. One request takes one page.
///
/// They are due at once, in the order in which they were made, and have all of their attempts again.
#[utoipa::path(
    post, path = "/runs/retry", tag = "runs",
    request_body = RetryMany, responses((status = OK, body = RetriedMany))
)]
async fn retry(
    caller: Caller<Administer>,
    State(state): State<Arc<AppState>>,
    Body(body): Body<RetryMany>,
) -> Result<Json<RetriedMany>, Problem> {
    let asked = Asked::<RunId>::new("dead-letters", body.limit, body.after.as_deref())?;
    let filter = body.filter()?;
    let found = state
        .core
        .db
        .dead_letters(&filter, asked.after, asked.fetch())
        .await?;
    let mut page = asked.page(found, |letter| letter.run, |letter| letter).0;
    let mut groups = Vec::new();
    if body.dry_run {
        groups = state.core.db.dead_groups(&filter, COUNTED_MAX + 1).await?;
    } else {
        page.items = retry_page(&state, &caller, page.items).await?;
    }
    let directory = state.core.records.directory();
    let counted: i64 = groups.iter().map(|group| group.count).sum();
    Ok(Json(RetriedMany {
        dry_run: body.dry_run,
        matched_count: body.dry_run.then(|| counted.min(i64::from(COUNTED_MAX))),
        has_more: body.dry_run.then(|| counted > i64::from(COUNTED_MAX)),
        groups: groups
            .into_iter()
            .map(|group| GroupView::new(&directory, group))
            .collect(),
        runs: page.items.into_iter().map(LetterView::from).collect(),
        next: page.next,
    }))
}

/// Makes the runs due in one commit, and returns those that were still as they were read.
async fn retry_page(
    state: &AppState,
    caller: &Caller<Administer>,
    mut letters: Vec<DeadLetter>,
) -> Result<Vec<DeadLetter>, Problem> {
    let mut writing = Writing::new(state, caller);
    while !letters.is_empty() {
        let mut draft = writing.draft();
        let now = draft.now;
        draft.rule(|rules, changes| {
            for letter in &letters {
                let before = Some(letter.state.as_str().to_owned());
                rules.note(changes, letter.run, "retried", before, None);
                changes.runs.push(RunChange {
                    run: letter.run,
                    from: vec![letter.state],
                    to: RunState::Retryable,
                    reason: Some(Reason::ByHand),
                    detail: Some(format!("retried by {}", caller.actor())),
                    due_at: Some(now),
                });
            }
            Ok(())
        })?;
        if let Some(receipt) = writing.commit(draft).await? {
            letters.retain(|letter| receipt.committed.changed.contains(&letter.run));
            break;
        }
    }
    Ok(letters)
}
