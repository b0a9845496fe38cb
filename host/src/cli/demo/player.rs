//! Waits for what must follow, and tells it.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use super::super::client::Client;
use super::super::output::field;
use super::super::{Exit, Failure};
use super::glossary::Glossary;
use super::messenger::Messenger;
use super::telling::Teller;
use super::updates::{Person, Updates};

/// How long something may take that must happen. The longest delay of the set-up is 4 seconds.
const WAIT_MAX: Duration = Duration::from_secs(30);
/// How often the host is asked.
const LOOK_EVERY: Duration = Duration::from_millis(25);
/// How often it is asked after the play.
const WATCH_EVERY: Duration = Duration::from_millis(500);
/// Runs that are looked at.
const RUNS_MAX: usize = 200;

/// How a run must end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// The robot did its work.
    Done,
    /// The robot found nothing to do.
    Skipped,
    /// It never runs.
    Cancelled,
    /// It waits for its time; its end is awaited separately.
    Waits,
}

impl End {
    fn word(self) -> &'static str {
        match self {
            End::Done => "done",
            End::Skipped => "skipped",
            End::Cancelled => "cancelled",
            End::Waits => "waiting",
        }
    }

    /// Whether the run ended so; none while that is open.
    fn fits(self, run: &Value, verdict: Option<&str>) -> Option<bool> {
        match (run["state"].as_str(), self) {
            (Some("scheduled"), End::Waits) => Some(true),
            (Some("completed"), _) => Some(verdict == Some(self.word())),
            (Some("cancelled"), _) => Some(self == End::Cancelled),
            (Some("discarded"), _) => Some(false),
            _ => None,
        }
    }
}

/// Plays the part of people and clients.
pub(super) struct Player {
    pub(super) teller: Teller,
    pub(super) updates: Updates,
    pub(super) messenger: Messenger,
    pub(super) glossary: Glossary,
    /// With the token of each person, by first name.
    pub(super) people: BTreeMap<String, Client>,
    /// With the administrator's token.
    pub(super) client: Client,
    /// Runs whose end was told, in this order.
    told: Vec<String>,
    step_count: usize,
    is_over: bool,
}

impl Player {
    /// Learns the names of the set-up, and gives each person a token.
    pub(super) async fn new(
        url: &str,
        token: &str,
        messenger: Messenger,
        teller: Teller,
    ) -> Result<Self, Failure> {
        let client = Client::new(url, Some(token))?;
        Ok(Player {
            teller,
            updates: Updates::new(),
            messenger,
            glossary: Glossary::load(&client).await?,
            people: tokens(url, &client).await?,
            client,
            told: Vec::new(),
            step_count: 0,
            is_over: false,
        })
    }

    /// Begins a step.
    pub(super) fn step(&mut self, heading: &str) {
        self.step_count += 1;
        self.teller.step(self.step_count, heading);
    }

    /// The play is over; what comes now is the visitor's.
    pub(super) fn end(&mut self) {
        self.is_over = true;
    }

    /// Whether the play is over.
    pub(super) fn is_over(&self) -> bool {
        self.is_over
    }

    /// The runs that were told to their end.
    pub(super) fn told_runs(&self) -> &[String] {
        &self.told
    }

    /// The deal of a client's conversation.
    pub(super) async fn deal_of(&self, person: &Person) -> Result<String, Failure> {
        let chat = person.id.to_string();
        let find = async || {
            let found = self.client.list("/conversations", &[], RUNS_MAX).await?;
            let own = found.iter().find(|one| field(one, "external_chat") == chat);
            Ok(own.and_then(|one| one["item"].as_str()).map(str::to_owned))
        };
        within(&format!("a deal for {}", person.first_name), find).await
    }

    /// Waits for a run of the attachment for the item, tells it, and checks how it ended.
    pub(super) async fn expect(&mut self, item: &str, title: &str, end: End) -> Result<(), Failure> {
        let find = async || {
            for run in self.runs(Some(item)).await?.iter().rev() {
                let id = field(run, "id");
                if field(run, "title") == title && !self.told.contains(&id) {
                    let details = self.client.get(&format!("/runs/{id}")).await?;
                    let is_open = end.fits(&details["run"], verdict(&details)).is_none();
                    return Ok((!is_open).then_some(details));
                }
            }
            Ok(None)
        };
        let details = within(&format!("`{title}` for {item} to be {}", end.word()), find).await?;
        self.tell(&details).await?;
        let run = &details["run"];
        if end != End::Waits {
            self.told.push(field(run, "id"));
        }
        must(end.fits(run, verdict(&details)) == Some(true), || {
            let state = field(run, "state");
            let word = verdict(&details).unwrap_or(&state);
            format!(
                "{} `{title}` is {word}, and should be {}",
                field(run, "id"),
                end.word()
            )
        })
    }

    /// Tells a run. Who was chosen from a list is decided when the run commits; the item's history has it.
    async fn tell(&self, details: &Value) -> Result<(), Failure> {
        let run = &details["run"];
        let mut chosen = None;
        if details["attempts"].to_string().contains("assigned-from-list") {
            let path = format!("/items/{}/history", field(run, "item"));
            let history = self.client.list(&path, &[], RUNS_MAX).await?;
            let own = history
                .iter()
                .find(|entry| entry["run"] == run["id"] && entry["what"] == "assignee");
            chosen = own.map(|entry| field(entry, "after"));
        }
        self.teller.run(details, chosen.as_deref(), &self.glossary);
        Ok(())
    }

    /// Waits for the next message to a client, and tells what it sees.
    pub(super) async fn expect_answer(&mut self, person: &Person) -> Result<(), Failure> {
        let waited = tokio::time::timeout(WAIT_MAX, self.messenger.next()).await;
        let Ok(Some(seen)) = waited else {
            return Err(Failure::say(
                Exit::Failed,
                format!("no answer reached {}", person.first_name),
            ));
        };
        self.teller.client_sees(person.first_name, &seen.text);
        must(seen.chat_id == person.id, || {
            format!("the answer went to chat {}", seen.chat_id)
        })
    }

    /// Every run must have been told: nothing else happened.
    pub(super) async fn expect_nothing_else(&self) -> Result<(), Failure> {
        let runs = self.runs(None).await?;
        let mut rest = runs.iter().filter(|run| !self.told.contains(&field(run, "id")));
        match rest.next() {
            None => Ok(()),
            Some(run) => Err(Failure::say(
                Exit::Failed,
                format!(
                    "{} `{}` should not be there",
                    field(run, "id"),
                    field(run, "title")
                ),
            )),
        }
    }

    /// Reads a thing.
    pub(super) async fn get(&self, path: &str) -> Result<Value, Failure> {
        self.client.get(path).await
    }

    /// Reads a list until it is as it must be.
    pub(super) async fn list_when(
        &self,
        path: &str,
        what: &str,
        is_so: impl Fn(&[Value]) -> bool,
    ) -> Result<Vec<Value>, Failure> {
        let find = async || {
            let rows = self.client.list(path, &[], RUNS_MAX).await?;
            Ok(is_so(&rows).then_some(rows))
        };
        within(what, find).await
    }

    /// Names instead of ids.
    pub(super) fn name(&self, id: &str) -> String {
        self.glossary.name(id)
    }

    async fn runs(&self, item: Option<&str>) -> Result<Vec<Value>, Failure> {
        let query: Vec<_> = item.map(|item| ("item", item.to_owned())).into_iter().collect();
        self.client.list("/runs", &query, RUNS_MAX).await
    }

    /// Tells what happens from now on, until somebody ends the demo.
    pub(super) async fn watch(&mut self) -> Result<(), Failure> {
        loop {
            tokio::select! {
                seen = self.messenger.next() => {
                    if let Some(seen) = seen {
                        self.teller.client_sees(&format!("chat {}", seen.chat_id), &seen.text);
                    }
                }
                () = tokio::time::sleep(WATCH_EVERY) => self.tell_new().await?,
            }
        }
    }

    async fn tell_new(&mut self) -> Result<(), Failure> {
        for run in self.runs(None).await?.iter().rev() {
            let id = field(run, "id");
            let is_final = matches!(
                run["state"].as_str(),
                Some("completed" | "cancelled" | "discarded")
            );
            if is_final && !self.told.contains(&id) {
                let details = self.client.get(&format!("/runs/{id}")).await?;
                self.tell(&details).await?;
                self.told.push(id);
            }
        }
        Ok(())
    }
}

/// A client for each operator, by first name, with a token that acts in the operator's name.
async fn tokens(url: &str, admin: &Client) -> Result<BTreeMap<String, Client>, Failure> {
    let mut people = BTreeMap::new();
    for person in admin.list("/employees", &[], RUNS_MAX).await? {
        if person["role"] != "operator" {
            continue;
        }
        let name = field(&person, "name");
        let asked = json!({ "name": name, "role": "operator", "employee": person["id"] });
        let made = admin.post("/tokens", &asked).await?.body;
        let first_name = name.split(' ').next().unwrap_or_default().to_owned();
        people.insert(first_name, Client::new(url, made["secret"].as_str())?);
    }
    Ok(people)
}

/// The verdict of the last attempt.
fn verdict(details: &Value) -> Option<&str> {
    let last = details["attempts"]
        .as_array()
        .and_then(|attempts| attempts.last());
    last.and_then(|attempt| attempt["verdict"]["verdict"].as_str())
}

/// Fails the demo unless this holds.
pub(super) fn must(holds: bool, otherwise: impl FnOnce() -> String) -> Result<(), Failure> {
    if holds {
        return Ok(());
    }
    Err(Failure::say(Exit::Failed, otherwise()))
}

/// Asks until there is an answer.
async fn within<T>(
    what: &str,
    mut find: impl AsyncFnMut() -> Result<Option<T>, Failure>,
) -> Result<T, Failure> {
    let look = async {
        loop {
            if let Some(found) = find().await? {
                return Ok(found);
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    };
    match tokio::time::timeout(WAIT_MAX, look).await {
        Ok(found) => found,
        Err(_) => {
            let message = format!("waited {} s in vain for {what}", WAIT_MAX.as_secs());
            Err(Failure::say(Exit::Failed, message))
        }
    }
}
