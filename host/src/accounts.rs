//! Signing in: passwords, sessions, and links with which somebody chooses a password.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use signalbox_crm::account::{Account, Invitation, PASSWORD_BYTES_MAX, Session, check_password, outlived};
use signalbox_crm::directory::{Directory, DirectoryChange};
use signalbox_crm::ids::EmployeeId;
use signalbox_crm::people::{Actor, Employee};
use signalbox_crm::rejection::Rejection;
use signalbox_crm::time::Timestamp;
use tokio::sync::Semaphore;

use crate::clock::random_bytes;
use crate::engine::core::SharedCore;
use crate::engine::draft::{Draft, DraftError};
use crate::http::secret;

/// How long somebody stays signed in.
pub const SESSION_TIME: Duration = Duration::from_secs(14 * 24 * 60 * 60);
/// How long a link may be used.
pub const INVITATION_TIME: Duration = Duration::from_secs(72 * 60 * 60);
/// Passwords that are hashed at the same time: each takes 19 MiB.
const HASHES_MAX: usize = 2;
/// Wrong passwords for one address before it has to wait.
const FAILURES_FREE: u32 = 5;
/// The longest wait after a wrong password.
const WAIT_MAX: Duration = Duration::from_secs(15 * 60);
/// Addresses whose failures are remembered.
const ADDRESSES_MAX: usize = 10_000;
/// The longest name of a browser that is kept, in characters.
const AGENT_CHARS_MAX: usize = 200;
/// How often a commit is tried again when others change the set-up meanwhile.
const CONFLICTS_MAX: u32 = 20;

/// Why somebody is not let in.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// There is no such account, or the password is another one: never said which.
    #[error("the address or the password is wrong")]
    Wrong,
    /// Too many wrong passwords.
    #[error("too many wrong passwords: try again in {} seconds", .0.as_secs())]
    Wait(Duration),
    /// Too many people sign in at this moment.
    #[error("too many people sign in at this moment: try again")]
    Busy,
    /// It cannot be stored.
    #[error(transparent)]
    Draft(#[from] DraftError),
}

/// Why a link does not work, or what was typed after it.
#[derive(Debug, thiserror::Error)]
pub enum InvitationError {
    /// The link was used, has expired, or never was one.
    #[error("the link was used already or has expired")]
    Over,
    /// What was typed is refused.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// As for signing in.
    #[error("too many people sign in at this moment: try again")]
    Busy,
    /// It cannot be stored.
    #[error(transparent)]
    Draft(DraftError),
}

impl From<DraftError> for InvitationError {
    fn from(error: DraftError) -> Self {
        match error {
            DraftError::Rejected(rejection) => InvitationError::Rejected(rejection),
            other => InvitationError::Draft(other),
        }
    }
}

/// What signing in needs beside the set-up.
#[derive(Debug)]
pub struct Accounts {
    hashing: Semaphore,
    failures: Mutex<HashMap<String, Failures>>,
}

#[derive(Debug, Clone, Copy)]
struct Failures {
    count: u32,
    last_at: Timestamp,
}

impl Failures {
    /// Doubles from a second with each failure beyond the free ones.
    fn wait(self) -> Duration {
        match self.count.checked_sub(FAILURES_FREE) {
            None => Duration::ZERO,
            Some(excess) => WAIT_MAX.min(Duration::from_secs(1 << excess.min(10))),
        }
    }
}

impl Default for Accounts {
    fn default() -> Self {
        Accounts {
            hashing: Semaphore::new(HASHES_MAX),
            failures: Mutex::default(),
        }
    }
}

/// Somebody was let in. The secret is for the cookie, and stored nowhere.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// Who.
    pub employee: EmployeeId,
    /// The cookie's value.
    pub secret: String,
}

impl Accounts {
    /// Lets somebody in who knows the password.
    ///
    /// An address that nobody has takes as long as a wrong password does, so that time says nothing about it.
    ///
    /// # Errors
    /// `SignInError`.
    pub async fn sign_in(
        &self,
        core: &SharedCore,
        email: &str,
        password: &str,
        agent: &str,
    ) -> Result<SignedIn, SignInError> {
        let (key, now) = (email.trim().to_lowercase(), core.clock.now());
        self.check_wait(&key, now)?;
        let directory = core.records.directory();
        let found = account_at(&directory, &key);
        let hash = found.as_ref().and_then(|(_, account)| account.password.clone());
        let is_right = self.verify(password, hash).await.ok_or(SignInError::Busy)?;
        let Some((person, _)) = found.filter(|_| is_right) else {
            self.note_failure(key, now);
            return Err(SignInError::Wrong);
        };
        self.forget_failures(&key);
        Ok(begin_session(core, person.id, agent).await?)
    }

    /// Whether it is this person's password.
    pub async fn is_password_of(&self, core: &SharedCore, employee: EmployeeId, password: &str) -> bool {
        let directory = core.records.directory();
        let account = directory.accounts.get(&employee);
        let hash = account.and_then(|account| account.password.clone());
        self.verify(password, hash).await == Some(true)
    }

    fn check_wait(&self, key: &str, now: Timestamp) -> Result<(), SignInError> {
        let failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(known) = failures.get(key) else {
            return Ok(());
        };
        let left = known.wait().saturating_sub(now.since(known.last_at));
        match left.is_zero() {
            true => Ok(()),
            // Never "0 seconds".
            false => Err(SignInError::Wait(left + Duration::from_secs(1))),
        }
    }

    fn note_failure(&self, key: String, now: Timestamp) {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        if failures.len() >= ADDRESSES_MAX {
            failures.retain(|_, known| now.since(known.last_at) < WAIT_MAX);
        }
        // Who guesses with ten thousand addresses at once makes us forget the oldest, not run out of memory.
        if failures.len() >= ADDRESSES_MAX
            && let Some(oldest) = failures
                .iter()
                .min_by_key(|(_, known)| known.last_at)
                .map(|(key, _)| key.clone())
        {
            failures.remove(&oldest);
        }
        let known = failures.entry(key).or_insert(Failures {
            count: 0,
            last_at: now,
        });
        known.count = known.count.saturating_add(1);
        known.last_at = now;
        tracing::warn!(failures = known.count, "A wrong address or password at sign-in");
    }

    fn forget_failures(&self, key: &str) {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        failures.remove(key);
    }

    /// None when too many are hashed at this moment.
    async fn verify(&self, password: &str, hash: Option<String>) -> Option<bool> {
        let _place = self.place().await?;
        let is_long = password.len() > PASSWORD_BYTES_MAX;
        let password = if is_long {
            String::new()
        } else {
            password.to_owned()
        };
        let checked = tokio::task::spawn_blocking(move || match hash {
            Some(hash) => matches(&password, &hash),
            None => {
                // As much work as for an account that exists.
                let _ = hashed(&password);
                false
            }
        });
        Some(checked.await.unwrap_or(false) && !is_long)
    }

    async fn hash(&self, password: String) -> Result<String, InvitationError> {
        let _place = self.place().await.ok_or(InvitationError::Busy)?;
        let made = tokio::task::spawn_blocking(move || hashed(&password)).await;
        made.ok().flatten().ok_or(InvitationError::Busy)
    }

    async fn place(&self) -> Option<tokio::sync::SemaphorePermit<'_>> {
        tokio::time::timeout(Duration::from_secs(10), self.hashing.acquire())
            .await
            .ok()?
            .ok()
    }

    /// Makes a link with which the employee chooses a password. An older link ends.
    ///
    /// # Errors
    /// `not-found`; the commit.
    pub async fn invite(
        &self,
        core: &SharedCore,
        by: Actor,
        employee: EmployeeId,
    ) -> Result<(String, Timestamp), DraftError> {
        let secret = secret::fresh();
        let expires_at = core.clock.now().plus(INVITATION_TIME).unwrap_or(core.clock.now());
        changed(core, by, |draft| {
            draft.directory.employee(employee)?;
            let change = invitation(draft, employee, &secret, expires_at);
            draft.rule(|rules, changes| {
                rules.note(changes, employee, "invited", None, Some(expires_at.to_string()));
                Ok(())
            })?;
            draft.changes.directory.push(change);
            Ok(())
        })
        .await?;
        Ok((secret, expires_at))
    }

    /// Uses a link: the person chooses a password, is signed in, and all other sessions end.
    ///
    /// # Errors
    /// `InvitationError`.
    pub async fn accept(
        &self,
        core: &SharedCore,
        link: &str,
        chosen: Chosen<'_>,
    ) -> Result<SignedIn, InvitationError> {
        let directory = core.records.directory();
        let employee = invited(&directory, link, core.clock.now()).ok_or(InvitationError::Over)?;
        let person = directory.employee(employee)?;
        check_password(chosen.password, &[&person.name, chosen.email.unwrap_or_default()])?;
        let hash = self.hash(chosen.password.to_owned()).await?;
        let mut used = false;
        changed(core, Actor::Employee(employee), |draft| {
            used = invited(&draft.directory, link, draft.now) != Some(employee);
            if used {
                return Ok(());
            }
            introduce(draft, employee, &chosen)?;
            set_password(draft, employee, &hash)
        })
        .await?;
        if used {
            return Err(InvitationError::Over);
        }
        Ok(begin_session(core, employee, chosen.agent).await?)
    }

    /// A new password for somebody who knows the old one. All other sessions end.
    ///
    /// # Errors
    /// `InvitationError`.
    pub async fn change_password(
        &self,
        core: &SharedCore,
        employee: EmployeeId,
        password: &str,
        kept: &str,
    ) -> Result<(), InvitationError> {
        let directory = core.records.directory();
        let person = directory.employee(employee)?;
        check_password(
            password,
            &[&person.name, person.email.as_deref().unwrap_or_default()],
        )?;
        let hash = self.hash(password.to_owned()).await?;
        changed(core, Actor::Employee(employee), |draft| {
            let ended = sessions_of(&draft.directory, employee);
            let kept_session = ended.iter().find(|session| session.digest == kept).cloned();
            set_password(draft, employee, &hash)?;
            if let Some(kept) = kept_session {
                let removed = &mut draft.changes.directory;
                removed.retain(|change| !matches!(change, DirectoryChange::SessionRemoved(digest) if *digest == kept.digest));
            }
            Ok(())
        })
        .await?;
        Ok(())
    }
}

/// What somebody types behind a link.
#[derive(Debug, Clone, Copy)]
pub struct Chosen<'a> {
    /// The new password.
    pub password: &'a str,
    /// A new name, where the person has only a stand-in.
    pub name: Option<&'a str>,
    /// A new address, where none is known: one signs in with it.
    pub email: Option<&'a str>,
    /// What the browser calls itself.
    pub agent: &'a str,
}

/// Who is signed in with this cookie.
pub fn session<'d>(directory: &'d Directory, cookie: &str, now: Timestamp) -> Option<&'d Arc<Session>> {
    let found = directory.sessions.get(&secret::digest(cookie))?;
    let person = directory.employees.get(&found.employee)?;
    (found.expires_at > now && person.is_active).then_some(found)
}

/// Whose link it is, as long as it may be used.
pub fn invited(directory: &Directory, link: &str, now: Timestamp) -> Option<EmployeeId> {
    let digest = secret::digest(link);
    let is_this = |account: &&Arc<Account>| {
        let invitation = account.invitation.as_ref();
        invitation.is_some_and(|known| known.digest == digest && known.expires_at > now)
    };
    let account = directory.accounts.values().find(is_this)?;
    let person = directory.employees.get(&account.employee)?;
    person.is_active.then_some(account.employee)
}

/// The change that gives an employee a link.
pub fn invitation(
    draft: &Draft,
    employee: EmployeeId,
    secret: &str,
    expires_at: Timestamp,
) -> DirectoryChange {
    DirectoryChange::Account(Account {
        invitation: Some(Invitation {
            digest: secret::digest(secret),
            expires_at,
        }),
        ..account_of(&draft.directory, employee)
    })
}

/// Ends a session. One that is over already is as good.
///
/// # Errors
/// The commit.
pub async fn sign_out(core: &SharedCore, by: Actor, digest: &str) -> Result<(), DraftError> {
    changed(core, by, |draft| {
        let Some(session) = draft.directory.sessions.get(digest).cloned() else {
            return Ok(());
        };
        draft.rule(|rules, changes| {
            rules.note(
                changes,
                session.employee,
                "signed out",
                None,
                Some(session.agent.clone()),
            );
            Ok(())
        })?;
        let change = DirectoryChange::SessionRemoved(digest.to_owned());
        draft.changes.directory.push(change);
        Ok(())
    })
    .await
}

/// The account as it will be after the next change.
pub fn account_of(directory: &Directory, employee: EmployeeId) -> Account {
    match directory.accounts.get(&employee) {
        Some(known) => Account {
            version: known.version + 1,
            ..Account::clone(known)
        },
        None => Account::new(employee),
    }
}

/// Makes and commits a change of the set-up, again when others were faster. One that stages nothing stores nothing.
///
/// # Errors
/// What the change says; the commit.
pub async fn changed(
    core: &SharedCore,
    by: Actor,
    mut change: impl FnMut(&mut Draft) -> Result<(), DraftError>,
) -> Result<(), DraftError> {
    let mut left = CONFLICTS_MAX;
    loop {
        let mut draft = Draft::new(core, by.clone());
        change(&mut draft)?;
        if draft.changes.directory.is_empty() {
            return Ok(());
        }
        match draft.commit().await {
            Ok(_) => return Ok(()),
            Err(DraftError::Commit(error)) if error.is_conflict() && left > 0 => left -= 1,
            Err(error) => return Err(error),
        }
    }
}

async fn begin_session(core: &SharedCore, employee: EmployeeId, agent: &str) -> Result<SignedIn, DraftError> {
    let secret = secret::fresh();
    let agent: String = agent
        .chars()
        .filter(|c| !c.is_control())
        .take(AGENT_CHARS_MAX)
        .collect();
    changed(core, Actor::Employee(employee), |draft| {
        let now = draft.now;
        let known = sessions_of(&draft.directory, employee);
        let known: Vec<&Session> = known.iter().map(Arc::as_ref).collect();
        let session = Session {
            digest: secret::digest(&secret),
            employee,
            created_at: now,
            expires_at: now.plus(SESSION_TIME).unwrap_or(now),
            agent: agent.clone(),
            version: 1,
        };
        draft.rule(|rules, changes| {
            rules.note(changes, employee, "signed in", None, Some(agent.clone()));
            Ok(())
        })?;
        let ended = outlived(&known, now)
            .into_iter()
            .map(DirectoryChange::SessionRemoved);
        draft.changes.directory.extend(ended);
        draft.changes.directory.push(DirectoryChange::Session(session));
        Ok(())
    })
    .await?;
    Ok(SignedIn { employee, secret })
}

/// Name and address of somebody who has none yet.
fn introduce(draft: &mut Draft, employee: EmployeeId, chosen: &Chosen<'_>) -> Result<(), DraftError> {
    if chosen.name.is_none() && chosen.email.is_none() {
        return Ok(());
    }
    let known = Arc::clone(draft.directory.employee(employee)?);
    let mut person = Employee {
        version: known.version + 1,
        ..Employee::clone(&known)
    };
    if let Some(name) = chosen.name {
        person.name = name.trim().to_owned();
    }
    if let Some(email) = chosen.email {
        person.email = Some(email.trim().to_owned());
    }
    signalbox_crm::setting_up::check_employee(&draft.directory, &person)?;
    draft.changes.directory.push(DirectoryChange::Employee(person));
    Ok(())
}

/// Sets the password, ends the link and all sessions.
fn set_password(draft: &mut Draft, employee: EmployeeId, hash: &str) -> Result<(), DraftError> {
    let account = Account {
        password: Some(hash.to_owned()),
        invitation: None,
        ..account_of(&draft.directory, employee)
    };
    draft.rule(|rules, changes| {
        rules.note(changes, employee, "password changed", None, None);
        Ok(())
    })?;
    let ended = sessions_of(&draft.directory, employee);
    let ended = ended
        .iter()
        .map(|session| DirectoryChange::SessionRemoved(session.digest.clone()));
    draft.changes.directory.extend(ended);
    draft.changes.directory.push(DirectoryChange::Account(account));
    Ok(())
}

fn sessions_of(directory: &Directory, employee: EmployeeId) -> Vec<Arc<Session>> {
    let all = directory.sessions.values();
    all.filter(|session| session.employee == employee)
        .cloned()
        .collect()
}

/// Somebody who works here, with an account, by address in any case.
fn account_at(directory: &Directory, email: &str) -> Option<(Arc<Employee>, Arc<Account>)> {
    let is_this = |person: &&Arc<Employee>| {
        let known = person.email.as_deref().map(str::to_lowercase);
        person.is_active && known.as_deref() == Some(email)
    };
    let person = directory.employees.values().find(is_this)?;
    let account = directory.accounts.get(&person.id)?;
    Some((Arc::clone(person), Arc::clone(account)))
}

/// Argon2id with 19 MiB and two passes: the first choice of the OWASP Password Storage Cheat Sheet.
fn argon2() -> Argon2<'static> {
    let params = Params::new(19 * 1024, 2, 1, None).unwrap_or_default();
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

fn hashed(password: &str) -> Option<String> {
    let made = argon2().hash_password_with_salt(password.as_bytes(), &random_bytes::<16>());
    made.ok().map(|hash: PasswordHash| hash.to_string())
}

fn matches(password: &str, hash: &str) -> bool {
    PasswordHash::new(hash).is_ok_and(|hash| argon2().verify_password(password.as_bytes(), &hash).is_ok())
}
