//! The first start: a company's calendar, an administrator, and a token, so that somebody can begin.

use signalbox_crm::calendar::CalendarSpec;
use signalbox_crm::directory::{Calendar, Directory, DirectoryChange, Token};
use signalbox_crm::ids::{CalendarId, EmployeeId, IdKind, TokenId};
use signalbox_crm::people::{Actor, Employee, Role};
use signalbox_crm::setting_up::{check_calendar, check_employee};

use crate::accounts::{INVITATION_TIME, invitation};
use crate::engine::core::SharedCore;
use crate::engine::draft::{Draft, DraftError};
use crate::http::secret;

/// An administrator with a new token.
#[derive(Debug, Clone)]
pub struct Admin {
    /// In whose name the token acts.
    pub employee: EmployeeId,
    /// The token.
    pub token: TokenId,
    /// The token's secret. It is stored nowhere.
    pub secret: String,
    /// The secret of a link, `/set-up/SECRET`, with which the administrator chooses a password. Stored nowhere.
    pub link: String,
}

/// Makes a first administrator, as `new_admin` does, on a database in which no token was ever made.
///
/// Answers `None` and changes nothing otherwise: then somebody has, or had, access.
///
/// # Errors
/// A zone that does not exist; the commit.
pub async fn bootstrap(core: &SharedCore, zone: &str) -> Result<Option<Admin>, DraftError> {
    if core.records.directory().tokens.is_empty() {
        return new_admin(core, zone).await.map(Some);
    }
    Ok(None)
}

/// Makes a new token for an administrator and whatever is missing for that, in one commit: the company's calendar
/// (office hours in `zone`) and an employee of role `admin`.
///
/// # Errors
/// A zone that does not exist; the commit.
pub async fn new_admin(core: &SharedCore, zone: &str) -> Result<Admin, DraftError> {
    let mut draft = Draft::new(core, Actor::System);
    let mut changes = Vec::new();
    changes.extend(calendar(&draft, zone)?);
    let (employee, person) = administrator(&draft)?;
    changes.extend(person);
    let (token, secret) = admin_token(&draft, employee);
    let link = secret::fresh();
    let expires_at = draft.now.plus(INVITATION_TIME).unwrap_or(draft.now);
    let first = Admin {
        employee,
        token: token.id,
        secret,
        link,
    };
    changes.push(DirectoryChange::Token(token));
    changes.push(invitation(&draft, employee, &first.link, expires_at));
    draft.changes.directory = changes;
    draft.commit().await?;
    Ok(first)
}

fn calendar(draft: &Draft, zone: &str) -> Result<Option<DirectoryChange>, DraftError> {
    if draft
        .directory
        .calendars
        .values()
        .any(|(calendar, _)| calendar.is_default)
    {
        return Ok(None);
    }
    let id = CalendarId(draft.new_id(IdKind::Calendar));
    let calendar = Calendar {
        id,
        key: "company".to_owned(),
        spec: CalendarSpec::office(zone),
        is_default: true,
        version: 1,
    };
    check_calendar(&draft.directory, &calendar)?;
    Ok(Some(DirectoryChange::Calendar(calendar)))
}

/// The first administrator who works here, or a new one with the change that makes him.
fn administrator(draft: &Draft) -> Result<(EmployeeId, Option<DirectoryChange>), DraftError> {
    if let Some(id) = first_admin(&draft.directory) {
        return Ok((id, None));
    }
    let employee = Employee {
        id: EmployeeId(draft.new_id(IdKind::Employee)),
        name: "Administrator".to_owned(),
        email: None,
        role: Role::Admin,
        head: None,
        is_active: true,
        absences: Vec::new(),
        calendar: None,
        version: 1,
    };
    check_employee(&draft.directory, &employee)?;
    Ok((employee.id, Some(DirectoryChange::Employee(employee))))
}

fn first_admin(directory: &Directory) -> Option<EmployeeId> {
    let admin = directory
        .employees
        .values()
        .find(|person| person.is_active && person.role == Role::Admin);
    admin.map(|person| person.id)
}

fn admin_token(draft: &Draft, employee: EmployeeId) -> (Token, String) {
    let plain = secret::fresh();
    let token = Token {
        id: TokenId(draft.new_id(IdKind::Token)),
        name: "administrator, made at start".to_owned(),
        digest: secret::digest(&plain),
        role: Role::Admin,
        employee: Some(employee),
        created_at: draft.now,
        expires_at: None,
        revoked_at: None,
    };
    (token, plain)
}

#[cfg(test)]
mod tests {
    use signalbox_crm::time::Timestamp;

    use super::*;
    use crate::app::{App, AppOptions};
    use crate::clock::Clock;

    #[tokio::test]
    async fn first_start_makes_an_administrator_and_the_second_nothing() {
        let clock = Clock::starting_at(Timestamp::parse("2026-03-09T09:00:00Z").unwrap());
        let app = App::start(AppOptions::for_test(clock)).await.unwrap();
        let first = bootstrap(&app.core, "Asia/Omsk").await.unwrap().unwrap();
        let directory = app.core.records.directory();
        let token = &directory.tokens[&first.token];
        assert_eq!((token.role, token.employee), (Role::Admin, Some(first.employee)));
        assert_eq!(token.digest, secret::digest(&first.secret));
        assert_eq!(directory.employees[&first.employee].role, Role::Admin);
        assert!(directory.work_calendar(None).is_ok());
        assert!(bootstrap(&app.core, "Asia/Omsk").await.unwrap().is_none());
        assert_eq!(app.core.records.directory().version, directory.version);
        let second = new_admin(&app.core, "Asia/Omsk").await.unwrap();
        assert_eq!(second.employee, first.employee);
        assert!(second.token != first.token && second.secret != first.secret);
        app.stop().await;
    }

    #[tokio::test]
    async fn zone_that_does_not_exist_changes_nothing() {
        let app = App::start(AppOptions::for_test(Clock::starting_at(Timestamp::from_micros(
            0,
        ))))
        .await
        .unwrap();
        let error = bootstrap(&app.core, "Mars/Olympus")
            .await
            .unwrap_err()
            .to_string();
        assert!(error.contains("Mars/Olympus"), "{error}");
        assert!(app.core.records.directory().employees.is_empty());
        app.stop().await;
    }
}
