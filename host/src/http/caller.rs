//! Who calls, and whether he may: the one place where tokens, sessions and roles are checked.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderValue, header};
use signalbox_crm::account::Session;
use signalbox_crm::directory::{Directory, Token};
use signalbox_crm::ids::{EmployeeId, TokenId};
use signalbox_crm::people::{Actor, Role};

use super::AppState;
use super::problem::{Kind, Problem};
use super::secret;
use super::session_cookie::{check_origin, session_cookie};
use crate::accounts;
use signalbox_crm::said;
use signalbox_crm::sentence::Sentence;
use signalbox_crm::template;

/// What a route needs. Each handler names one in the type of its `Caller`.
pub(crate) trait Right: Send + Sync {
    /// For people, who may read them in another language.
    const WORDS: &'static str;
    /// Whether it is refused while too much work waits, because it makes more.
    const MAKES_WORK: bool;
    /// Whether the role has it.
    fn is_held_by(role: Role) -> bool;
}

macro_rules! rights {
    ($($(#[$doc:meta])* $name:ident, $words:expr, $makes_work:literal, |$role:ident| $held:expr;)*) => {$(
        $(#[$doc])*
        pub(crate) struct $name;

        impl Right for $name {
            const WORDS: &'static str = $words;
            const MAKES_WORK: bool = $makes_work;

            fn is_held_by($role: Role) -> bool {
                $held
            }
        }
    )*};
}

rights! {
    /// Reads the set-up, robots and runs: everybody.
    Read, template!("read"), false, |_role| true;
    /// Reads what concerns clients: everybody but integrators.
    ReadClients, template!("read about clients"), false, |role| role != Role::Integrator;
    /// Changes items, contacts, activities and conversations.
    Work, template!("work with items and clients"), true, |role| role.can_work();
    /// Cancels runs and reads notifications: who may work with items, and also while too much work waits.
    Relieve, template!("work with items and clients"), false, |role| role.can_work();
    /// Changes pipelines and attachments.
    Configure, template!("change pipelines and attachments"), false, |role| role.can_configure();
    /// Sees what robots would do: who attaches them, and who makes them.
    TryOut, template!("try robots out"), false, |role| role.can_configure() || role.can_install();
    /// Installs robots.
    Install, template!("install robots"), false, |role| role.can_install();
    /// Manages people, channels and tokens; repeats failed runs in bulk; changes many items at once.
    Administer, template!("manage people, channels, tokens, failed runs and bulk changes"), false, |role| role.can_administer();
}

/// What a caller shows. Its words are unique among callers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Credential {
    /// An API token.
    Token(TokenId),
    /// The cookie of somebody who is signed in.
    Session(EmployeeId),
}

impl fmt::Display for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Credential::Token(id) => id.fmt(f),
            Credential::Session(employee) => write!(f, "session/{employee}"),
        }
    }
}

/// The owner of a valid token or session.
#[derive(Debug, Clone)]
pub(crate) struct Who {
    /// The token or session.
    pub(crate) credential: Credential,
    /// In whose name it acts.
    pub(crate) employee: Option<EmployeeId>,
    roles: (Role, Option<Role>),
}

impl Who {
    /// As whom changes are noted.
    pub(crate) fn actor(&self) -> Actor {
        self.employee.map_or(Actor::System, Actor::Employee)
    }

    /// Whether the token's role has the right, and its employee's role too: a person who loses a role loses it at
    /// once in all tokens.
    pub(crate) fn may<R: Right>(&self) -> bool {
        R::is_held_by(self.roles.0) && self.roles.1.is_none_or(R::is_held_by)
    }
}

/// A caller who has the right `R`. A handler that takes it runs for nobody else.
pub(super) struct Caller<R>(Who, PhantomData<R>);

impl<R> Deref for Caller<R> {
    type Target = Who;

    fn deref(&self) -> &Who {
        &self.0
    }
}

impl<R: Right> FromRequestParts<Arc<AppState>> for Caller<R> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &Arc<AppState>) -> Result<Self, Problem> {
        let who = authenticate(parts, state)?;
        if !who.may::<R>() {
            let detail = said!(
                "the role `{role}` may not {what}",
                role = who.roles.0.as_str(),
                what = Sentence::fixed(R::WORDS)
            );
            return Err(Problem::new(Kind::Forbidden, detail));
        }
        if R::MAKES_WORK {
            state.core.check_room()?;
        }
        Ok(Caller(who, PhantomData))
    }
}

/// Who shows a token or is signed in. The console asks in the name of whom it has let in already.
fn authenticate(parts: &Parts, state: &AppState) -> Result<Who, Problem> {
    if let Some(who) = parts.extensions.get::<Who>() {
        return Ok(who.clone());
    }
    match parts.headers.get(header::AUTHORIZATION) {
        Some(header) => owner_of_token(header, state),
        None => {
            let (who, _) = signed_in(parts, state).ok_or_else(|| {
                Problem::new(
                    Kind::Unauthorized,
                    said!("the request has no `Authorization: Bearer sbx_...`"),
                )
            })?;
            check_origin(parts)?;
            Ok(who)
        }
    }
}

/// Who is signed in with the request's cookie. Where the request comes from is not checked: `check_origin`.
pub(crate) fn signed_in(parts: &Parts, state: &AppState) -> Option<(Who, Arc<Session>)> {
    let cookie = session_cookie(&parts.headers)?;
    let directory = state.core.records.directory();
    let session = accounts::session(&directory, cookie, state.core.clock.now())?;
    let person = directory.employees.get(&session.employee)?;
    let who = Who {
        credential: Credential::Session(person.id),
        employee: Some(person.id),
        roles: (person.role, None),
    };
    Some((who, Arc::clone(session)))
}

fn owner_of_token(header: &HeaderValue, state: &AppState) -> Result<Who, Problem> {
    let refused = |detail: Sentence| Problem::new(Kind::Unauthorized, detail);
    let text = header.to_str().unwrap_or_default();
    let secret = text
        .strip_prefix("Bearer ")
        .or_else(|| text.strip_prefix("bearer "));
    let secret = secret.ok_or_else(|| refused(said!("`Authorization` is not `Bearer sbx_...`")))?;
    let directory = state.core.records.directory();
    let token = find(&directory, secret).ok_or_else(|| refused(said!("the token is not known")))?;
    if token.revoked_at.is_some() {
        return Err(refused(said!("the token was revoked")));
    }
    if token.expires_at.is_some_and(|end| end <= state.core.clock.now()) {
        return Err(refused(said!("the token has expired")));
    }
    let employee = token.employee.and_then(|id| directory.employees.get(&id));
    if token.employee.is_some() && !employee.is_some_and(|person| person.is_active) {
        return Err(refused(said!("the token's employee does not work here any more")));
    }
    let roles = (token.role, employee.map(|person| person.role));
    Ok(Who {
        credential: Credential::Token(token.id),
        employee: token.employee,
        roles,
    })
}

/// Digests are compared, not secrets: how long it takes says nothing about any secret.
fn find<'d>(directory: &'d Directory, text: &str) -> Option<&'d Arc<Token>> {
    let digest = secret::digest(text.trim());
    directory.tokens.values().find(|token| token.digest == digest)
}
