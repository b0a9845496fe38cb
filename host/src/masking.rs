//! Takes what concerns clients out of the record of a run, and leaves the course of the run as it was.
//!
//! Names, phones, e-mails, accounts, titles of items, texts of messages and texts of custom fields are replaced
//! wherever they appear, the same one by the same mark: a robot that passes on what it has read still does.

use std::collections::BTreeSet;

use aho_corasick::{AhoCorasick, BuildError, MatchKind};
use serde_json::Value;
use signalbox_crm::contact::Contact;
use signalbox_crm::item::Item;
use signalbox_crm::value::FieldValue;

/// A text that is shorter is replaced where it stands alone, and not inside of another one.
const PART_CHARS_MIN: usize = 3;
/// So many digits, whatever is between them, are taken for a phone.
const PHONE_DIGITS_MIN: usize = 7;

/// What each interface says about clients, by the names of the contract.
const PERSONAL: [(&str, &[&str]); 6] = [
    ("contacts", &["name", "phones", "emails", "accounts"]),
    ("contact-editing", &["name", "phones", "emails"]),
    ("conversations", &["text"]),
    ("fields", &["Text", "text", "Many", "many"]),
    ("item-creation", &["title"]),
    ("items", &["title"]),
];

/// Arguments without a name: interface, function and place.
const PERSONAL_ARGS: [(&str, &str, usize); 3] = [
    ("contacts", "find-by-email", 0),
    ("contacts", "find-by-phone", 0),
    ("messaging", "reply", 1),
];

/// The texts that are replaced, and by what.
#[derive(Debug, Default)]
pub struct Mask {
    texts: BTreeSet<String>,
}

impl Mask {
    /// Notes what the calls of a run say about clients.
    pub fn note_calls(&mut self, calls: &Value) {
        for call in calls.as_array().into_iter().flatten() {
            let word = |key: &str| call[key].as_str().unwrap_or_default();
            let (interface, function) = (word("interface"), word("function"));
            for (_, keys) in PERSONAL.iter().filter(|(name, _)| *name == interface) {
                self.note_keys(&call["args"], keys);
                self.note_keys(&call["answer"], keys);
            }
            for (_, _, place) in PERSONAL_ARGS
                .iter()
                .filter(|(i, f, _)| (*i, *f) == (interface, function))
            {
                self.note_all(&call["args"][place]);
            }
        }
    }

    /// Notes what a cause says about clients: the texts of messages.
    pub fn note_cause(&mut self, cause: &Value) {
        self.note_keys(cause, &["text"]);
        // Kinds without a record of their own are names and values.
        for pair in cause["Other"]["fields"].as_array().into_iter().flatten() {
            if pair[0] == "text" {
                self.note_all(&pair[1]);
            }
        }
    }

    /// Notes what an item says about its client: title and texts of custom fields.
    pub fn note_item(&mut self, item: &Item) {
        self.note(&item.title);
        for value in item.fields.values() {
            match value {
                FieldValue::Text(text) => self.note(text),
                FieldValue::Many(many) => many.iter().for_each(|text| self.note(text)),
                FieldValue::Number(_)
                | FieldValue::Flag(_)
                | FieldValue::Instant(_)
                | FieldValue::Money(_) => {}
            }
        }
    }

    /// Notes who a client is.
    pub fn note_contact(&mut self, contact: &Contact) {
        self.note(&contact.name);
        for point in &contact.points {
            self.note(&point.key);
            self.note(&point.raw);
        }
    }

    /// Replaces the noted texts in every text of the value, the longest first.
    ///
    /// # Errors
    /// When the texts are too many to be looked for, which no run can bring about.
    pub fn cover(&self, value: &mut Value) -> Result<(), BuildError> {
        let marks: Vec<String> = (1..=self.texts.len()).map(mark).collect();
        let known: Vec<&String> = self.texts.iter().collect();
        // All at once: a run may have read thousands of messages.
        let is_part = |text: &&String| text.chars().count() >= PART_CHARS_MIN;
        let (parts, part_marks): (Vec<&String>, Vec<&String>) = known
            .iter()
            .copied()
            .zip(&marks)
            .filter(|(text, _)| is_part(text))
            .unzip();
        let search = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            .build(&parts)?;
        replace(value, &|text| match known.binary_search(&&text.to_owned()) {
            _ if is_id(text) => text.to_owned(),
            Ok(place) => marks[place].clone(),
            Err(_) => search.replace_all(text, &part_marks),
        });
        Ok(())
    }

    fn note_keys(&mut self, value: &Value, keys: &[&str]) {
        match value {
            Value::Object(object) => {
                for (key, value) in object {
                    match keys.contains(&key.as_str()) {
                        true => self.note_all(value),
                        false => self.note_keys(value, keys),
                    }
                }
            }
            Value::Array(list) => list.iter().for_each(|value| self.note_keys(value, keys)),
            _ => {}
        }
    }

    fn note_all(&mut self, value: &Value) {
        match value {
            Value::String(text) => self.note(text),
            Value::Array(list) => list.iter().for_each(|value| self.note_all(value)),
            Value::Object(object) => object.values().for_each(|value| self.note_all(value)),
            _ => {}
        }
    }

    /// The text and those of its words that say who somebody is: robots greet by the first name, and find phones.
    fn note(&mut self, text: &str) {
        let text = text.trim();
        if text.is_empty() {
            return;
        }
        self.texts.insert(text.to_owned());
        for word in text.split_whitespace() {
            let word = word.trim_matches(|c: char| !c.is_alphanumeric() && c != '+');
            let is_name = word.chars().next().is_some_and(char::is_uppercase);
            if word.chars().count() >= PART_CHARS_MIN && (is_name || word.contains('@')) {
                self.texts.insert(word.to_owned());
            }
        }
        let between = |c: char| !c.is_ascii_digit() && !" ()-+".contains(c);
        for part in text.split(between) {
            if part.chars().filter(char::is_ascii_digit).count() >= PHONE_DIGITS_MIN {
                self.texts.insert(part.trim().to_owned());
            }
        }
    }
}

/// `deal:17`: whatever a client writes, things keep their names.
fn is_id(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.split_once(':').is_some_and(|(kind, number)| {
        !kind.is_empty() && kind.bytes().all(|byte| byte.is_ascii_lowercase()) && digits(number)
    })
}

fn mark(number: usize) -> String {
    format!("[masked {number}]")
}

/// Changes every text inside of the value; keys stay.
fn replace(value: &mut Value, change: &dyn Fn(&str) -> String) {
    match value {
        Value::String(text) => *text = change(text),
        Value::Array(list) => list.iter_mut().for_each(|value| replace(value, change)),
        Value::Object(object) => object.values_mut().for_each(|value| replace(value, change)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_a_client_said_and_who_he_is_goes_wherever_it_was_passed_on() {
        let mut run = json!([
            {"interface": "contacts", "function": "get", "args": ["contact:1"],
             "answer": {"ok": {"id": "contact:1", "name": "Иван Кузнецов", "phones": ["8 (987) 654-32-10"]}}},
            {"interface": "conversations", "function": "messages", "args": ["conversation:1", null, 1],
             "answer": {"ok": [{"text": "Ок, пишите на ivan@example.ru"}]}},
            {"interface": "messaging", "function": "reply", "args": ["conversation:1", "Иван, ждите"],
             "answer": {"ok": "message:2"}},
            {"interface": "timeline", "function": "add-comment", "args": ["deal:1", "ivan@example.ru"],
             "answer": {"ok": null}},
        ]);
        let mut mask = Mask::default();
        mask.note_calls(&run);
        mask.cover(&mut run).unwrap();
        let text = run.to_string();
        for personal in ["Иван", "Кузнецов", "654", "пишите", "ivan@"] {
            assert!(!text.contains(personal), "{personal}: {text}");
        }
        for kept in [
            "contact:1",
            "conversation:1",
            "message:2",
            "deal:1",
            "add-comment",
        ] {
            assert!(text.contains(kept), "{kept}: {text}");
        }
    }

    #[test]
    fn the_same_text_gets_the_same_mark() {
        let mut run = json!([
            {"interface": "items", "function": "get", "args": ["deal:1"], "answer": {"ok": {"title": "прицеп"}}},
            {"interface": "notifications", "function": "send", "args": [{"title": "Новая: прицеп!"}], "answer": null},
        ]);
        let mut mask = Mask::default();
        mask.note_calls(&run);
        mask.cover(&mut run).unwrap();
        assert_eq!(run[0]["answer"]["ok"]["title"], "[masked 1]");
        assert_eq!(run[1]["args"][0]["title"], "Новая: [masked 1]!");
    }

    #[test]
    fn short_texts_are_no_parts_of_others() {
        let mut mask = Mask::default();
        mask.note_cause(&json!({"MessageReceived": {"text": "Да"}}));
        let mut value = json!(["Да", "Дальше"]);
        mask.cover(&mut value).unwrap();
        assert_eq!(value, json!(["[masked 1]", "Дальше"]));
    }

    #[test]
    fn ids_stay_whatever_a_client_writes() {
        let mut mask = Mask::default();
        mask.note_cause(&json!({"MessageReceived": {"text": "deal"}}));
        let mut value = json!(["deal:17", "a deal"]);
        mask.cover(&mut value).unwrap();
        assert_eq!(value, json!(["deal:17", "a [masked 1]"]));
    }
}
