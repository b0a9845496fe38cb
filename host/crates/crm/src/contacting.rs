//! How people create and change clients.

use std::collections::BTreeSet;

use crate::assigning::check_works_here;
use crate::changes::ChangeSet;
use crate::contact::{Contact, ContactPoint, PointKind};
use crate::editing::check_title;
use crate::email::Email;
use crate::ids::{ContactId, EmployeeId, IdKind};
use crate::phone::Phone;
use crate::rejection::Rejection;
use crate::rules::Rules;
use crate::said;
use crate::sentence::Sentence;
use crate::talking::POINTS_MAX;

/// A new client.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewContact {
    /// As people see it.
    pub name: String,
    /// Phones, as they are written.
    pub phones: Vec<String>,
    /// E-mails, as they are written.
    pub emails: Vec<String>,
    /// The employee in charge.
    pub assignee: Option<EmployeeId>,
}

/// New values for some fields; what is `None` stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ContactPatch {
    /// As people see it.
    pub name: Option<String>,
    /// All phones.
    pub phones: Option<Vec<String>>,
    /// All e-mails.
    pub emails: Option<Vec<String>>,
    /// The employee in charge; `Some(None)` clears it.
    pub assignee: Option<Option<EmployeeId>>,
}

/// Creates a client. Others may have the same phones and e-mails: shared ones are real.
///
/// # Errors
/// `invalid` (name, phone, e-mail, too many of them), `not-found` and `rule-violated` (assignee).
pub fn create_contact(
    rules: &Rules<'_>,
    changes: &mut ChangeSet,
    new: NewContact,
) -> Result<Contact, Rejection> {
    let contact = Contact {
        id: ContactId((rules.new_id)(IdKind::Contact)),
        name: String::new(),
        points: Vec::new(),
        assignee: None,
        created_at: rules.now,
        version: 0,
    };
    let patch = ContactPatch {
        name: Some(new.name),
        phones: Some(new.phones),
        emails: Some(new.emails),
        assignee: Some(new.assignee),
    };
    let contact = patched(rules, contact, patch)?;
    rules.note(changes, contact.id, "created", None, Some(contact.name.clone()));
    changes.put_contact(contact.clone());
    Ok(contact)
}

/// Changes a client. Nothing happens, and nothing is noted, where the new value is the old one.
///
/// # Errors
/// As for `create_contact`.
pub fn edit_contact(
    rules: &Rules<'_>,
    changes: &mut ChangeSet,
    before: Contact,
    patch: ContactPatch,
) -> Result<Contact, Rejection> {
    let after = patched(rules, before.clone(), patch)?;
    if after == before {
        return Ok(after);
    }
    let person = |contact: &Contact| contact.assignee.map(|id| id.to_string());
    let fields = [
        ("name", Some(before.name.clone()), Some(after.name.clone())),
        ("points", Some(shown(&before)), Some(shown(&after))),
        ("assignee", person(&before), person(&after)),
    ];
    for (what, old, new) in fields.into_iter().filter(|(_, old, new)| old != new) {
        rules.note(changes, after.id, what, old, new);
    }
    changes.put_contact(after.clone());
    Ok(after)
}

fn shown(contact: &Contact) -> String {
    let points: Vec<&str> = contact.points.iter().map(|point| point.raw.as_str()).collect();
    points.join(", ")
}

fn patched(rules: &Rules<'_>, mut contact: Contact, patch: ContactPatch) -> Result<Contact, Rejection> {
    if let Some(name) = patch.name {
        check_title(&name)?;
        contact.name = name;
    }
    if let Some(phones) = patch.phones {
        replace(&mut contact, PointKind::Phone, phones, phone)?;
    }
    if let Some(emails) = patch.emails {
        replace(&mut contact, PointKind::Email, emails, email)?;
    }
    if let Some(assignee) = patch.assignee {
        if let Some(id) = assignee.filter(|id| contact.assignee != Some(*id)) {
            check_works_here(rules.directory, id)?;
        }
        contact.assignee = assignee;
    }
    Ok(contact)
}

/// Replaces the points of one kind; the same one written twice is one.
fn replace(
    contact: &mut Contact,
    kind: PointKind,
    texts: Vec<String>,
    read: fn(&str) -> Result<ContactPoint, Rejection>,
) -> Result<(), Rejection> {
    contact.points.retain(|point| point.kind != kind);
    if contact.points.len() + texts.len() > POINTS_MAX {
        let message = said!("more than {max} phones, e-mails and accounts", max = POINTS_MAX);
        return Err(Rejection::invalid(message));
    }
    let mut seen = BTreeSet::new();
    for text in texts {
        let point = read(&text)?;
        if seen.insert(point.key.clone()) {
            contact.points.push(point);
        }
    }
    contact.points.sort();
    Ok(())
}

/// Reads a phone, however it is written.
///
/// # Errors
/// `invalid`.
pub fn phone(text: &str) -> Result<ContactPoint, Rejection> {
    let phone = Phone::parse(text).map_err(|error| wrong("phones", error))?;
    let raw = phone.as_written().to_owned();
    Ok(ContactPoint {
        kind: PointKind::Phone,
        key: phone.normal(),
        raw,
    })
}

/// Reads an e-mail.
///
/// # Errors
/// `invalid`.
pub fn email(text: &str) -> Result<ContactPoint, Rejection> {
    let email = Email::parse(text).map_err(|error| wrong("emails", error))?;
    let raw = email.as_written().to_owned();
    Ok(ContactPoint {
        kind: PointKind::Email,
        key: email.key().to_owned(),
        raw,
    })
}

fn wrong(field: &str, message: impl Into<Sentence>) -> Rejection {
    Rejection {
        fields: vec![field.to_owned()],
        ..Rejection::invalid(message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{ANNA, GLEB, World, contact};
    use crate::rejection::Code;

    fn texts(values: &[&str]) -> Vec<String> {
        values.iter().map(|&text| text.to_owned()).collect()
    }

    #[test]
    fn client_is_stored_under_normal_forms_and_each_once() {
        let (world, mut changes) = (World::new(), ChangeSet::default());
        let new = NewContact {
            name: "Иван".to_owned(),
            phones: texts(&["8(987) 654-32-10", "+7 987 654 32 10"]),
            emails: texts(&["Ivan@Mail.RU"]),
            assignee: Some(ANNA),
        };
        let made = create_contact(&world.rules(), &mut changes, new).expect("valid");
        let keys: Vec<_> = made.points.iter().map(|p| (p.kind, p.key.as_str())).collect();
        let wanted = [
            (PointKind::Phone, "+79876543210"),
            (PointKind::Email, "ivan@mail.ru"),
        ];
        assert_eq!(keys, wanted);
        assert_eq!(changes.contacts[&made.id].row.version, 1);
        assert_eq!(changes.history[0].what, "created");
    }

    #[test]
    fn wrong_client_is_refused_and_nothing_is_staged() {
        let world = World::new();
        let many: Vec<String> = (0..=POINTS_MAX).map(|n| format!("+7987654{n:04}")).collect();
        let name = Some("Иван".to_owned());
        for (name, phones, emails, assignee, code) in [
            (Some(String::new()), vec![], vec![], None, Code::Invalid),
            (name.clone(), texts(&["abc"]), vec![], None, Code::Invalid),
            (name.clone(), vec![], texts(&["nobody"]), None, Code::Invalid),
            (name.clone(), many, vec![], None, Code::Invalid),
            (name.clone(), vec![], vec![], Some(EmployeeId(99)), Code::NotFound),
            (name, vec![], vec![], Some(GLEB), Code::RuleViolated),
        ] {
            let mut changes = ChangeSet::default();
            let patch = ContactPatch {
                name,
                phones: Some(phones),
                emails: Some(emails),
                assignee: Some(assignee),
            };
            let refused = edit_contact(&world.rules(), &mut changes, contact(), patch).expect_err("wrong");
            assert_eq!((refused.code, changes), (code, ChangeSet::default()));
        }
    }

    #[test]
    fn only_what_changed_is_noted() {
        let (world, mut changes) = (World::new(), ChangeSet::default());
        let same = ContactPatch {
            name: Some(contact().name),
            ..ContactPatch::default()
        };
        edit_contact(&world.rules(), &mut changes, contact(), same).expect("valid");
        assert_eq!(changes, ChangeSet::default());
        let patch = ContactPatch {
            phones: Some(vec![]),
            assignee: Some(None),
            ..ContactPatch::default()
        };
        let after = edit_contact(&world.rules(), &mut changes, contact(), patch).expect("valid");
        assert_eq!((after.points.len(), after.assignee), (0, None));
        let noted: Vec<&str> = changes.history.iter().map(|entry| entry.what.as_str()).collect();
        assert_eq!(noted, ["points", "assignee"]);
        assert_eq!(changes.contacts[&after.id].base, Some(contact().version));
    }
}
