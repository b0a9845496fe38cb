//! One call after the other.

use signalbox_sdk::activities::{ActivityKind, NewActivity};
use signalbox_sdk::assignment::Distribution;
use signalbox_sdk::bindings::signalbox::robot::outbound_http::{Method, Part, Request, Wake};
use signalbox_sdk::bindings::signalbox::robot::state::Space;
use signalbox_sdk::bindings::signalbox::robot::{
    activities, assignment, calendar, clock, contact_editing, contacts, conversation_control, conversations,
    employees, fields, item_creation, items, messaging, notifications, outbound_http, params, random, stages,
    state, timeline, timers,
};
use signalbox_sdk::contact_editing::{ContactPatch, NewContact};
use signalbox_sdk::item_creation::NewItem;
use signalbox_sdk::items::ItemQuery;
use signalbox_sdk::notifications::NewNotification;
use signalbox_sdk::{Cause, Error, Failure, Invocation, log};

use crate::words::{Words, bad};

/// What the calls so far have answered.
pub struct Caller {
    item: String,
    conversation: String,
    /// `ok` or the code of a refusal, one for each line.
    answers: Vec<String>,
    /// The id that a line has answered, or the first of several.
    ids: Vec<String>,
}

/// What a line answers: an id, or nothing.
type Answer = Result<String, Error>;

impl Caller {
    pub fn new(invocation: &Invocation) -> Caller {
        let conversation = match &invocation.cause {
            Cause::MessageReceived(message) => message.conversation.clone(),
            _ => String::new(),
        };
        Caller {
            item: invocation.item.clone().unwrap_or_default(),
            conversation,
            answers: Vec::new(),
            ids: Vec::new(),
        }
    }

    /// Does what a line says. A refusal is an answer like any other.
    pub fn call(&mut self, line: &str) -> Result<(), Failure> {
        let mut words = line.split(';').map(|word| self.word(word.trim()));
        let function = words.next().unwrap_or_default();
        let mut words = Words::new(words.collect());
        let (interface, _) = function.split_once('.').ok_or_else(|| bad(line))?;
        let answer = match interface {
            "items" | "fields" | "stages" | "assignment" | "item-creation" => {
                item_call(&function, &mut words)
            }
            "activities" | "timeline" => work_call(&function, &mut words),
            "contacts" | "contact-editing" => contact_call(&function, &mut words),
            "conversations" | "messaging" | "conversation-control" => talk_call(&function, &mut words),
            _ => host_call(&function, &mut words),
        }?;
        match answer {
            Ok(id) => {
                self.answers.push("ok".to_owned());
                self.ids.push(id);
            }
            Err(error) => {
                self.answers.push(error.code);
                self.ids.push(String::new());
            }
        }
        Ok(())
    }

    /// The answers, in one line.
    pub fn answers(&self) -> String {
        self.answers.join(" ")
    }

    /// A word of a line: `$item`, `$conversation`, or `$3` for the id that the third call has answered.
    fn word(&self, word: &str) -> String {
        let known = match word.strip_prefix('$') {
            Some("item") => Some(&self.item),
            Some("conversation") => Some(&self.conversation),
            Some(number) => number
                .parse()
                .ok()
                .and_then(|n: usize| self.ids.get(n.wrapping_sub(1))),
            None => None,
        };
        known.map_or_else(|| word.to_owned(), String::clone)
    }
}

fn no_id<T>(answer: Result<T, Error>) -> Answer {
    answer.map(|_| String::new())
}

fn first<T>(answer: Result<Vec<T>, Error>, id: fn(T) -> String) -> Answer {
    answer.map(|found| found.into_iter().next().map(id).unwrap_or_default())
}

fn item_call(function: &str, words: &mut Words) -> Result<Answer, Failure> {
    Ok(match function {
        "items.get" => items::get(&words.text()).map(|item| item.id),
        "items.find" => {
            let query = ItemQuery {
                pipeline: words.maybe(),
                stage: words.maybe(),
                assignee: words.maybe(),
                contact: words.maybe(),
                is_open: words.maybe().map(|word| word == "yes"),
                entered_before: words.maybe(),
            };
            let after = words.maybe();
            first(items::find(&query, after.as_deref(), words.number()?), |item| {
                item.id
            })
        }
        "fields.get" => no_id(fields::get(&words.text(), &words.list())),
        "fields.get-all" => no_id(fields::get_all(&words.text())),
        "fields.set" => no_id(fields::set(&words.text(), &words.fields()?)),
        "stages.move" => no_id(stages::move_(&words.text(), &words.text(), words.flag())),
        "stages.missing-fields" => first(stages::missing_fields(&words.text(), &words.text()), |key| key),
        "assignment.assign" => no_id(assignment::assign(&words.text(), &words.text())),
        "assignment.assign-from-list" => {
            let (item, list) = (words.text(), words.list());
            let how = match words.text().as_str() {
                "even" => Distribution::Even,
                _ => Distribution::Strict,
            };
            no_id(assignment::assign_from_list(&item, &list, how, words.flag()))
        }
        "item-creation.create" => item_creation::create(&NewItem {
            pipeline: words.text(),
            stage: words.maybe(),
            title: words.text(),
            assignee: words.maybe(),
            contact: words.maybe(),
            amount: words.money(),
            source: words.maybe(),
            fields: words.fields()?,
        }),
        "item-creation.copy" => item_creation::copy(&words.text(), &words.text(), words.maybe().as_deref()),
        other => return Err(bad(other)),
    })
}

fn work_call(function: &str, words: &mut Words) -> Result<Answer, Failure> {
    Ok(match function {
        "activities.create" => {
            let item = words.text();
            let activity = NewActivity {
                kind: kind(&words.text()),
                title: words.maybe(),
                description: words.maybe(),
                deadline: words.maybe(),
                duration: words.maybe_number()?,
                assignee: words.maybe(),
                reminders: words
                    .list()
                    .iter()
                    .map(|minutes| minutes.parse().map_err(|_| bad(minutes)))
                    .collect::<Result<_, _>>()?,
            };
            activities::create(&item, &activity)
        }
        "activities.get" => activities::get(&words.text()).map(|activity| activity.id),
        "activities.list-open" => first(activities::list_open(&words.text()), |activity| activity.id),
        "activities.complete" => no_id(activities::complete(&words.text())),
        "activities.cancel" => no_id(activities::cancel(&words.text())),
        "activities.reschedule" => no_id(activities::reschedule(&words.text(), &words.text())),
        "timeline.add-comment" => no_id(timeline::add_comment(&words.text(), &words.text())),
        other => return Err(bad(other)),
    })
}

fn kind(word: &str) -> ActivityKind {
    match word {
        "call" => ActivityKind::Call,
        "meeting" => ActivityKind::Meeting,
        "mail" => ActivityKind::Mail,
        "other" => ActivityKind::Other,
        _ => ActivityKind::Todo,
    }
}

fn contact_call(function: &str, words: &mut Words) -> Result<Answer, Failure> {
    Ok(match function {
        "contacts.get" => contacts::get(&words.text()).map(|contact| contact.id),
        "contacts.find-by-phone" => first(contacts::find_by_phone(&words.text()), |found| found.id),
        "contacts.find-by-email" => first(contacts::find_by_email(&words.text()), |found| found.id),
        "contact-editing.create" => contact_editing::create(&NewContact {
            name: words.text(),
            phones: words.list(),
            emails: words.list(),
            assignee: words.maybe(),
        }),
        "contact-editing.update" => {
            let contact = words.text();
            let patch = ContactPatch {
                name: words.maybe(),
                phones: words.maybe_list(),
                emails: words.maybe_list(),
                assignee: words.maybe(),
            };
            no_id(contact_editing::update(&contact, &patch))
        }
        other => return Err(bad(other)),
    })
}

fn talk_call(function: &str, words: &mut Words) -> Result<Answer, Failure> {
    Ok(match function {
        "conversations.get" => conversations::get(&words.text()).map(|conversation| conversation.id),
        "conversations.of-item" => first(conversations::of_item(&words.text()), |found| found.id),
        "conversations.messages" => {
            let conversation = words.text();
            let before = words.maybe_number()?;
            first(
                conversations::messages(&conversation, before, words.number()?),
                |message| message.id,
            )
        }
        "messaging.reply" => messaging::reply(&words.text(), &words.text()),
        "conversation-control.close" => no_id(conversation_control::close(&words.text())),
        other => return Err(bad(other)),
    })
}

fn host_call(function: &str, words: &mut Words) -> Result<Answer, Failure> {
    Ok(match function {
        "clock.now" => Ok(clock::now()),
        "random.number" => {
            random::number();
            Ok(String::new())
        }
        "params.get" => {
            params::get(&words.text());
            Ok(String::new())
        }
        "log.log" => {
            log::write(log::Level::Info, &words.text());
            Ok(String::new())
        }
        "state.get" => no_id(state::get(space(words), &words.text())),
        "state.set" => no_id(state::set(space(words), &words.text(), &words.text())),
        // A robot cannot say this in a line: a text of so many bytes.
        "state.fill" => {
            let (space, key) = (space(words), words.text());
            no_id(state::set(space, &key, &"x".repeat(words.number()? as usize)))
        }
        "state.delete" => no_id(state::delete(space(words), &words.text())),
        "timers.set" => no_id(timers::set(&words.text(), &words.text(), &words.text())),
        "timers.cancel" => no_id(timers::cancel(&words.text())),
        "notifications.send" => first(
            notifications::send(&NewNotification {
                to: words.list(),
                title: words.text(),
                text: words.text(),
                tag: words.maybe(),
            }),
            |id| id,
        ),
        "outbound-http.send" => outbound_http::send(&request(words)?),
        "outbound-http.get-answer" => {
            outbound_http::get_answer().map(|answer| answer.map(|answer| answer.request).unwrap_or_default())
        }
        "employees.get" => employees::get(&words.text()).map(|employee| employee.id),
        "calendar.is-working" => no_id(calendar::is_working(&words.text())),
        "calendar.add-working" => {
            let start = words.text();
            calendar::add_working(&start, words.number()?)
        }
        other => return Err(bad(other)),
    })
}

fn request(words: &mut Words) -> Result<Request, Failure> {
    let method = match words.text().as_str() {
        "get" => Method::Get,
        "post" => Method::Post,
        other => return Err(bad(other)),
    };
    let (url, payload) = (words.text(), words.text());
    let secret = words.maybe().map(|secret| Part {
        name: "authorization".to_owned(),
        value: "Bearer ".to_owned(),
        secret: Some(secret),
    });
    Ok(Request {
        method,
        url,
        query: Vec::new(),
        headers: secret.into_iter().collect(),
        body: words.maybe(),
        payload,
        wake: Wake::Always,
        timeout_s: 0,
        attempts: words.maybe_number()?.unwrap_or(0),
    })
}

fn space(words: &mut Words) -> Space {
    match words.text().as_str() {
        "robot" => Space::Robot,
        _ => Space::Item,
    }
}
