//! The service that a robot asks: it remembers what it was asked and what it said, and answers as the scheduler decides.

use std::collections::{BTreeMap, BTreeSet};

use axum::http::{Request, Response};
use signalbox_crm::event::Fact;
use signalbox_crm::http_request::{HttpRequest, RequestState};
use signalbox_crm::ids::{EventId, RequestId};
use signalbox_crm::run::RunState;
use signalbox_db::{Db, EventFilter, RequestFilter, RunFilter};

use super::check::ALL;
use super::company::ASKING;
use super::planted::Planted;
use super::receiver::{Counter, refusal};
use super::sometimes::Sometimes;
use super::turnstile::{Go, Stop};
use super::world::World;

/// Where the service is.
pub(super) const SERVICE: &str = "service.test";

/// What the service knows. The body of a request is the run that makes it, and each run makes one.
#[derive(Clone, Default)]
pub(super) struct Orders {
    /// How often a request was sent, by its key, whether it arrived or not.
    sent: BTreeMap<String, u32>,
    /// The keys with which the request of a run came.
    keys: BTreeMap<String, BTreeSet<String>>,
    /// Statuses and bodies, by key.
    answers: BTreeMap<String, BTreeSet<(u16, String)>>,
    answer_count: u64,
}

impl Counter {
    pub(super) async fn serve(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, String> {
        let mut key = request.headers()["idempotency-key"].to_str().unwrap().to_owned();
        let run = String::from_utf8(request.into_body()).unwrap();
        let label = format!("order of {run}");
        {
            let mut orders = self.world.orders();
            if self.world.planted == Some(Planted::RequestKeyChanged) {
                key = format!("{key}:{}", orders.sent.len());
            }
            *orders.sent.entry(key.clone()).or_default() += 1;
            orders.keys.entry(run).or_default().insert(key.clone());
        }
        match self.turnstile.wait(Stop::BeforeRequest, label.clone()).await {
            Go::Silence | Go::Fails(_) => return Err("the connection was refused".to_owned()),
            Go::Refused(status) => {
                self.note(key, (status, String::new()));
                return Ok(refusal(status));
            }
            Go::On => {}
        }
        let body = self.order(&key);
        match self.turnstile.wait(Stop::AfterRequest, label).await {
            Go::On => {
                self.note(key, (200, body.clone()));
                Ok(Response::new(body.into_bytes()))
            }
            Go::Fails(_) | Go::Refused(_) | Go::Silence => {
                Err("the connection was cut before the end of the answer".to_owned())
            }
        }
    }

    /// The words of an answer, which no other has.
    fn order(&self, key: &str) -> String {
        let mut orders = self.world.orders();
        orders.answer_count += 1;
        if orders.answers.contains_key(key) {
            self.world.tally.saw(Sometimes::DuplicateRequest);
        }
        format!("answer {}", orders.answer_count)
    }

    fn note(&self, key: String, answer: (u16, String)) {
        let mut orders = self.world.orders();
        orders.answers.entry(key).or_default().insert(answer);
    }
}

/// Every request was sent, always with one key; its answer is what the service said, and started its robot once.
pub(super) async fn check(world: &World, db: &Db) {
    let orders = world.orders().clone();
    let filter = RequestFilter::default();
    let requests = db.requests(&filter, None, ALL).await.unwrap();
    let mut started = starts(db).await;
    for request in &requests {
        sent(world, &orders, request);
        came_of_it(world, &orders, request);
        match started.remove(&request.id).unwrap_or_default() {
            starts if starts == [1] => {}
            starts => world.problem(format!(
                "answer: the runs after each end of {} are {starts:?}",
                request.id
            )),
        }
    }
    if !started.is_empty() {
        world.problem(format!("answers to what nobody asked: {started:?}"));
    }
    lost(world, db, &requests).await;
}

/// How many runs each end of a request has started.
async fn starts(db: &Db) -> BTreeMap<RequestId, Vec<usize>> {
    let mut runs: BTreeMap<EventId, usize> = BTreeMap::new();
    for found in db.runs(&RunFilter::default(), None, ALL).await.unwrap() {
        *runs.entry(found.event.id).or_default() += 1;
    }
    let mut starts: BTreeMap<RequestId, Vec<usize>> = BTreeMap::new();
    for event in db.events(&EventFilter::default(), None, ALL).await.unwrap() {
        if let Fact::HttpResponse { request, .. } = event.fact {
            let count = runs.get(&event.id).copied().unwrap_or(0);
            starts.entry(request).or_default().push(count);
        }
    }
    starts
}

fn sent(world: &World, orders: &Orders, request: &HttpRequest) {
    let (id, key) = (request.id, &request.idempotency_key);
    let run = request.chain.run.map(|run| run.to_string()).unwrap_or_default();
    let keys = orders.keys.get(&run).cloned().unwrap_or_default();
    if keys != BTreeSet::from([key.clone()]) {
        world.problem(format!("key changed: {id} with {key} came with {keys:?}"));
    }
    let sent_count = orders.sent.get(key).copied().unwrap_or(0);
    if sent_count < request.attempt_count.max(1) {
        world.problem(format!(
            "not sent: {id} left {sent_count} times in {} attempts",
            request.attempt_count
        ));
    }
}

fn came_of_it(world: &World, orders: &Orders, request: &HttpRequest) {
    let id = request.id;
    match (request.state, &request.response) {
        (RequestState::Answered, Some(response)) => {
            let stored = (response.status, response.body.clone());
            let answers = orders.answers.get(&request.idempotency_key);
            if !answers.is_some_and(|answers| answers.contains(&stored)) {
                world.problem(format!("nobody said {stored:?} to {id}, but {answers:?}"));
            }
        }
        (RequestState::Dead, None) => {
            world.tally.saw(Sometimes::DeadRequest);
            if request.attempt_count < request.asked.attempts_max {
                world.problem(format!("given up: {id}: {:?}", request.last_error));
            }
        }
        (state, response) => world.problem(format!("stuck: {id} is {state:?} with {response:?}")),
    }
}

/// Each run that has asked has its request, and no other run has one.
async fn lost(world: &World, db: &Db, requests: &[HttpRequest]) {
    let filter = RunFilter {
        attachment: Some(world.company.names.attachments[ASKING]),
        ..RunFilter::default()
    };
    let mut runs = BTreeMap::new();
    for request in requests {
        *runs.entry(request.chain.run).or_default() += 1;
    }
    for found in db.runs(&filter, None, ALL).await.unwrap() {
        let is_answer = matches!(found.event.fact, Fact::HttpResponse { .. });
        let asks = found.run.state == RunState::Completed && !is_answer;
        let count = runs.remove(&Some(found.run.id)).unwrap_or(0);
        if count != u32::from(asks) {
            let (id, state) = (found.run.id, found.run.state);
            world.problem(format!("request lost: {id}, {state:?}, has {count}"));
        }
    }
    if !runs.is_empty() {
        world.problem(format!("requests of nobody: {runs:?}"));
    }
}
