//! Telling employees.

use crate::changes::ChangeSet;
use crate::directory::Directory;
use crate::ids::{EmployeeId, EventId, IdKind, ItemId, NotificationId};
use crate::item::Item;
use crate::notification::Notification;
use crate::rejection::{Code, Rejection};
use crate::rules::Rules;
use crate::run::Run;
use crate::said;
use crate::sentence::Sentence;
use crate::template;

/// The longest title, in characters.
pub const TITLE_CHARS_MAX: usize = 200;
/// The longest text, in characters.
pub const TEXT_CHARS_MAX: usize = 4_000;
/// The longest tag, in characters.
pub const TAG_CHARS_MAX: usize = 100;
/// The most words in one list of recipients.
pub const RECIPIENTS_MAX: usize = 200;

/// The word for the item's assignee.
pub const ASSIGNEE: &str = "role:assignee";
/// The word for the head of the item's assignee.
pub const HEAD: &str = "role:head";

/// What to tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// A short line.
    pub title: String,
    /// More words.
    pub text: String,
    /// Replaces the unread one with the same tag.
    pub tag: Option<String>,
}

/// Tells each person once.
///
/// # Errors
/// `invalid`: an empty or endless text.
pub fn notify(
    rules: &Rules<'_>,
    changes: &mut ChangeSet,
    to: &[EmployeeId],
    item: Option<ItemId>,
    notice: &Notice,
) -> Result<Vec<NotificationId>, Rejection> {
    check_length(template!("title"), &notice.title, 1, TITLE_CHARS_MAX)?;
    check_length(template!("text"), &notice.text, 0, TEXT_CHARS_MAX)?;
    check_length(
        template!("tag"),
        notice.tag.as_deref().unwrap_or("-"),
        1,
        TAG_CHARS_MAX,
    )?;
    let mut ids = Vec::with_capacity(to.len());
    for (index, employee) in to.iter().enumerate() {
        if to[..index].contains(employee) {
            continue;
        }
        let id = NotificationId((rules.new_id)(IdKind::Notification));
        changes.notifications.push(Notification {
            id,
            employee: *employee,
            title: notice.title.clone(),
            text: notice.text.clone(),
            item,
            tag: notice.tag.clone(),
            run: rules.actor.run(),
            created_at: rules.now,
            read_at: None,
        });
        ids.push(id);
    }
    Ok(ids)
}

/// Tells the admins that robots started each other too often. The run's detail names them.
pub fn tell_of_loop(rules: &Rules<'_>, changes: &mut ChangeSet, stopped: &Run, root: EventId) {
    let detail = stopped.detail.as_deref().unwrap_or_default();
    let about = stopped.item.map_or_else(String::new, |item| format!("{item}, "));
    let text = format!("{about}{}: {detail}", stopped.id);
    let notice = Notice {
        title: "Роботы запускали друг друга по кругу и остановлены".to_owned(),
        text: text.chars().take(TEXT_CHARS_MAX).collect(),
        tag: Some(format!("loop:{root}")),
    };
    let admins = rules.directory.admins();
    notify(rules, changes, &admins, stopped.item, &notice).expect("the texts have words and fit");
}

fn check_length(what: &'static str, text: &str, min: usize, max: usize) -> Result<(), Rejection> {
    let count = text.chars().count();
    if count <= max && text.trim().chars().count() >= min {
        return Ok(());
    }
    let count = if count > max { count } else { 0 };
    Err(Rejection::invalid(said!(
        "the {what} has {count} characters, not {min} to {max}",
        what = Sentence::fixed(what),
        count,
        min,
        max
    )))
}

/// The people behind `employee:3`, `role:assignee` and `role:head`, each once, in the order given. Who has left is
/// passed over.
///
/// # Errors
/// `invalid` (another word, too many words), `not-found`, `no-candidate` (nobody is behind any of them).
pub fn recipients(
    directory: &Directory,
    item: Option<&Item>,
    to: &[String],
) -> Result<Vec<EmployeeId>, Rejection> {
    if to.len() > RECIPIENTS_MAX {
        let message = said!(
            "{count} recipients, more than {max}",
            count = to.len(),
            max = RECIPIENTS_MAX
        );
        return Err(Rejection::invalid(message));
    }
    let works_here = |id: &EmployeeId| directory.employees.get(id).is_some_and(|p| p.is_active);
    let mut people = Vec::new();
    for word in to {
        let person = recipient(directory, item, word)?.filter(works_here);
        if let Some(id) = person.filter(|id| !people.contains(id)) {
            people.push(id);
        }
    }
    if people.is_empty() {
        let message = said!("nobody is behind {to}", to = to.join(", "));
        return Err(Rejection::new(Code::NoCandidate, message));
    }
    Ok(people)
}

fn recipient(
    directory: &Directory,
    item: Option<&Item>,
    word: &str,
) -> Result<Option<EmployeeId>, Rejection> {
    let assignee = item.and_then(|item| item.assignee);
    match word {
        ASSIGNEE => Ok(assignee),
        HEAD => match assignee {
            Some(id) => Ok(directory.employee(id)?.head),
            None => Ok(None),
        },
        other => {
            let id: EmployeeId = other.parse().map_err(|_| {
                Rejection::invalid(said!(
                    "`{other}` is neither an employee nor `role:assignee` or `role:head`",
                    other
                ))
            })?;
            directory.employee(id).map(|person| Some(person.id))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{ANNA, BORIS, GLEB, VERA, World, deal};

    fn resolve(world: &World, item: Option<&Item>, to: &[&str]) -> Result<Vec<EmployeeId>, Rejection> {
        let to: Vec<String> = to.iter().map(|word| (*word).to_owned()).collect();
        recipients(&world.directory, item, &to)
    }

    /// Row 25 of the requirements trace.
    #[test]
    fn people_and_roles_are_told_once_each_in_the_order_given() {
        let world = World::new();
        let item = deal();
        for (to, people) in [
            (vec!["employee:3"], vec![VERA]),
            (vec!["role:assignee"], vec![BORIS]),
            (vec!["role:head"], vec![ANNA]),
            (
                vec!["role:head", "role:assignee", "employee:1", "employee:2"],
                vec![ANNA, BORIS],
            ),
            (vec!["employee:4", "employee:3"], vec![VERA]),
        ] {
            assert_eq!(resolve(&world, Some(&item), &to), Ok(people), "{to:?}");
        }
    }

    #[test]
    fn nobody_behind_a_role_and_unknown_words_are_refused() {
        let world = World::new();
        let free = Item {
            assignee: None,
            ..deal()
        };
        let boss = Item {
            assignee: Some(ANNA),
            ..deal()
        };
        let left = Item {
            assignee: Some(GLEB),
            ..deal()
        };
        for (item, to, code) in [
            (None, "role:assignee", Code::NoCandidate),
            (Some(&free), "role:head", Code::NoCandidate),
            (Some(&boss), "role:head", Code::NoCandidate),
            (Some(&left), "role:assignee", Code::NoCandidate),
            (None, "employee:4", Code::NoCandidate),
            (None, "employee:99", Code::NotFound),
            (None, "role:boss", Code::Invalid),
            (None, "", Code::Invalid),
        ] {
            assert_eq!(resolve(&world, item, &[to]).expect_err(to).code, code, "{to}");
        }
        assert_eq!(
            resolve(&world, None, &[]).expect_err("none").code,
            Code::NoCandidate
        );
        assert_eq!(
            resolve(&world, None, &["employee:1"; 201]).expect_err("201").code,
            Code::Invalid
        );
    }

    #[test]
    fn each_person_gets_one_notification_with_the_tag() {
        let world = World::new();
        let notice = Notice {
            title: "Новая сделка".to_owned(),
            text: String::new(),
            tag: Some("sla".to_owned()),
        };
        let mut changes = ChangeSet::default();
        let to = [BORIS, VERA, BORIS];
        let ids = notify(&world.rules(), &mut changes, &to, Some(deal().id), &notice).expect("told");
        let told: Vec<_> = changes
            .notifications
            .iter()
            .map(|n| (n.employee, n.tag.as_deref()))
            .collect();
        assert_eq!(
            (ids.len(), told),
            (2, vec![(BORIS, Some("sla")), (VERA, Some("sla"))])
        );
    }

    #[test]
    fn texts_have_limits_and_a_title_has_words() {
        let world = World::new();
        let notice = |title: usize, text: usize, tag: Option<usize>| Notice {
            title: "я".repeat(title),
            text: " ".repeat(text),
            tag: tag.map(|count| "t".repeat(count)),
        };
        let tell = |notice: &Notice| {
            let mut changes = ChangeSet::default();
            notify(&world.rules(), &mut changes, &[BORIS], None, notice).map(drop)
        };
        tell(&notice(200, 4_000, Some(100))).expect("the longest");
        for wrong in [
            notice(0, 0, None),
            notice(201, 0, None),
            notice(1, 4_001, None),
            notice(1, 0, Some(101)),
            notice(1, 0, Some(0)),
        ] {
            assert_eq!(
                tell(&wrong).expect_err("refused").code,
                Code::Invalid,
                "{wrong:?}"
            );
        }
        let blank = Notice {
            title: "  ".to_owned(),
            ..notice(1, 0, None)
        };
        assert_eq!(
            tell(&blank).expect_err("blank").message.english(),
            "the title has 0 characters, not 1 to 200"
        );
    }
}
