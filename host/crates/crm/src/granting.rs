//! What an admin has granted an attachment besides whole interfaces: which fields, and for whom.

use crate::attachment::Attachment;
use crate::directory::Directory;
use crate::ids::EmployeeId;
use crate::item::Item;
use crate::notifying::{ASSIGNEE, HEAD, RECIPIENTS_MAX};
use crate::params::is_field;
use crate::rejection::{Code, Rejection};
use crate::said;
use crate::sentence::Sentence;
use crate::template;

/// The most fields that a grant names: a form of a deal has fewer.
const FIELDS_MAX: usize = 200;

/// Whether the robot may read and write a field.
pub fn is_field_granted(attachment: &Attachment, key: &str) -> bool {
    let granted = &attachment.grant_fields;
    granted.is_empty() || granted.iter().any(|one| one == key)
}

/// Refuses fields that are not granted.
///
/// # Errors
/// `denied`, with the field, the attachment and what it has.
pub fn check_fields<'a>(
    attachment: &Attachment,
    keys: impl IntoIterator<Item = &'a str>,
) -> Result<(), Rejection> {
    let mut keys = keys.into_iter();
    match keys.find(|key| !is_field_granted(attachment, key)) {
        None => Ok(()),
        Some(key) => {
            let granted = attachment.grant_fields.join(", ");
            let message = said!(
                "field `{key}` is not granted to {attachment}, which has {granted}",
                key,
                attachment = attachment.id,
                granted
            );
            Err(Rejection::new(Code::Denied, message))
        }
    }
}

/// Refuses what `interface` would bring to people who are not in the audience. Roles are those of `item`.
///
/// # Errors
/// `denied`, with the person, the attachment and its audience.
pub fn check_audience(
    attachment: &Attachment,
    directory: &Directory,
    item: Option<&Item>,
    interface: &str,
    people: &[EmployeeId],
) -> Result<(), Rejection> {
    let audience = &attachment.grant_audience;
    if audience.is_empty() {
        return Ok(());
    }
    let is_in = |person: &&EmployeeId| {
        audience
            .iter()
            .any(|word| is_behind(directory, item, word, **person))
    };
    match people.iter().find(|person| !is_in(person)) {
        None => Ok(()),
        Some(person) => {
            let message = said!(
                "`{interface}` for {person} is not granted to {attachment}, whose audience is {audience}",
                interface,
                person,
                attachment = attachment.id,
                audience = audience.join(", ")
            );
            Err(Rejection::new(Code::Denied, message))
        }
    }
}

fn is_behind(directory: &Directory, item: Option<&Item>, word: &str, person: EmployeeId) -> bool {
    let assignee = item.and_then(|item| item.assignee);
    let head = || directory.employees.get(&assignee?)?.head;
    match word {
        ASSIGNEE => assignee == Some(person),
        HEAD => head() == Some(person),
        other => other.parse() == Ok(person),
    }
}

/// The fields that may be saved: those that there are.
///
/// # Errors
/// `invalid` (an unknown field, too many).
pub fn check_grant_fields(attachment: &Attachment, directory: &Directory) -> Result<(), Rejection> {
    let fields = &attachment.grant_fields;
    check_count(template!("grant_fields"), fields.len(), FIELDS_MAX)?;
    match fields.iter().find(|key| !is_field(directory, key)) {
        None => Ok(()),
        Some(key) => {
            let message = said!("grant_fields: there is no field `{key}`", key);
            Err(Rejection::invalid(message))
        }
    }
}

/// The audience that may be saved: people that there are, and roles.
///
/// # Errors
/// `invalid` (another word, too many), `not-found` (an employee).
pub fn check_grant_audience(attachment: &Attachment, directory: &Directory) -> Result<(), Rejection> {
    let audience = &attachment.grant_audience;
    check_count(template!("grant_audience"), audience.len(), RECIPIENTS_MAX)?;
    for word in audience
        .iter()
        .filter(|word| ![ASSIGNEE, HEAD].contains(&word.as_str()))
    {
        let id: EmployeeId = word.parse().map_err(|_| {
            let message = said!(
                "grant_audience: `{word}` is neither an employee nor `{assignee}` or `{head}`",
                word,
                assignee = ASSIGNEE,
                head = HEAD
            );
            Rejection::invalid(message)
        })?;
        directory.employee(id)?;
    }
    Ok(())
}

fn check_count(what: &'static str, count: usize, max: usize) -> Result<(), Rejection> {
    if count <= max {
        return Ok(());
    }
    Err(Rejection::invalid(said!(
        "{what} has {count} entries, more than {max}",
        what = Sentence::fixed(what),
        count,
        max
    )))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{self, ANNA, BORIS, GLEB, VERA, World, deal};

    fn attachment(fields: &[&str], audience: &[&str]) -> Attachment {
        let texts = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        Attachment {
            grant_fields: texts(fields),
            grant_audience: texts(audience),
            ..fixture::attachment(3)
        }
    }

    fn told(result: Result<(), Rejection>) -> String {
        match result {
            Ok(()) => "ok".to_owned(),
            Err(rejection) => format!("{}: {}", rejection.code.as_str(), rejection.message.english()),
        }
    }

    #[test]
    fn fields_that_are_named_are_granted_and_no_others() {
        let all = attachment(&[], &[]);
        assert_eq!(told(check_fields(&all, ["title", "budget"])), "ok");
        let one = attachment(&["title", "amount"], &[]);
        assert_eq!(told(check_fields(&one, ["amount", "title"])), "ok");
        assert_eq!(
            told(check_fields(&one, ["amount", "budget"])),
            format!(
                "denied: field `budget` is not granted to {}, which has title, amount",
                one.id
            )
        );
    }

    #[test]
    fn audience_is_people_and_the_roles_of_the_item() {
        let world = World::new();
        let item = Item {
            assignee: Some(GLEB),
            ..deal()
        };
        let check = |audience: &[&str], item: Option<&Item>, people: &[EmployeeId]| {
            let attachment = attachment(&[], audience);
            told(check_audience(
                &attachment,
                &world.directory,
                item,
                "notifications",
                people,
            ))
        };
        assert_eq!(check(&[], Some(&item), &[GLEB, BORIS, VERA]), "ok");
        let boris = BORIS.to_string();
        assert_eq!(
            check(&["role:assignee", &boris], Some(&item), &[GLEB, BORIS]),
            "ok"
        );
        let id = "attachment:3";
        assert_eq!(
            check(&["role:assignee", &boris], Some(&item), &[GLEB, VERA]),
            format!(
                "denied: `notifications` for {VERA} is not granted to {id}, whose audience is role:assignee, {boris}"
            )
        );
        assert_eq!(check(&["role:head"], Some(&item), &[BORIS]), "ok");
        assert!(check(&["role:head"], Some(&item), &[GLEB]).starts_with("denied: "));
        assert!(check(&["role:assignee", "role:head"], None, &[GLEB]).starts_with("denied: "));
        // Nobody is addressed: nothing to refuse.
        assert_eq!(check(&["role:assignee"], None, &[]), "ok");
    }

    #[test]
    fn what_does_not_exist_cannot_be_granted() {
        let world = World::new();
        let check = |fields: &[&str], audience: &[&str]| {
            told({
                let attachment = attachment(fields, audience);
                check_grant_fields(&attachment, &world.directory)
                    .and_then(|()| check_grant_audience(&attachment, &world.directory))
            })
        };
        assert_eq!(
            check(&["title", "lost-reason"], &["role:head", &ANNA.to_string()]),
            "ok"
        );
        assert_eq!(
            check(&["colour"], &[]),
            "invalid: grant_fields: there is no field `colour`"
        );
        assert_eq!(
            check(&[], &["role:boss"]),
            "invalid: grant_audience: `role:boss` is neither an employee nor `role:assignee` or `role:head`"
        );
        assert!(check(&[], &["employee:999"]).starts_with("not-found: "));
        assert_eq!(
            check(&["title"; 201], &[]),
            "invalid: grant_fields has 201 entries, more than 200"
        );
    }
}
