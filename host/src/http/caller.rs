//! Who calls, and whether he may: the one place where tokens and roles are checked.

use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::header;
use axum::http::request::Parts;
use signalbox_crm::directory::{Directory, Token};
use signalbox_crm::ids::{EmployeeId, TokenId};
use signalbox_crm::people::{Actor, Role};

use super::AppState;
use super::problem::{Kind, Problem};
use super::secret;

/// What a route needs. Each handler names one in the type of its `Caller`.
pub(super) trait Right: Send + Sync {
    /// For people.
    const WORDS: &'static str;
    /// Whether it is refused while too much work waits, because it makes more.
    const MAKES_WORK: bool;
    /// Whether the role has it.
    fn is_held_by(role: Role) -> bool;
}

macro_rules! rights {
    ($($(#[$doc:meta])* $name:ident, $words:literal, $makes_work:literal, |$role:ident| $held:expr;)*) => {$(
        $(#[$doc])*
        pub(super) struct $name;

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
    Read, "read", false, |_role| true;
    /// Reads what concerns clients: everybody but integrators.
    ReadClients, "read about clients", false, |role| role != Role::Integrator;
    /// Changes items, contacts, activities and conversations.
    Work, "work with items and clients", true, |role| role.can_work();
    /// Cancels runs and reads notifications: who may work with items, and also while too much work waits.
    Relieve, "work with items and clients", false, |role| role.can_work();
    /// Changes pipelines and attachments.
    Configure, "change pipelines and attachments", false, |role| role.can_configure();
    /// Installs robots.
    Install, "install robots", false, |role| role.can_install();
    /// Manages people, channels and tokens; repeats failed runs in bulk; changes many items at once.
    Administer, "manage people, channels, tokens, failed runs and bulk changes", false, |role| role.can_administer();
}

/// The owner of a valid token.
#[derive(Debug, Clone)]
pub(super) struct Who {
    /// The token.
    pub(super) token: TokenId,
    /// In whose name it acts.
    pub(super) employee: Option<EmployeeId>,
    roles: (Role, Option<Role>),
}

impl Who {
    /// As whom changes are noted.
    pub(super) fn actor(&self) -> Actor {
        self.employee.map_or(Actor::System, Actor::Employee)
    }

    /// Whether the token's role has the right, and its employee's role too: a person who loses a role loses it at
    /// once in all tokens.
    pub(super) fn may<R: Right>(&self) -> bool {
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
            let detail = format!("the role `{}` may not {}", who.roles.0.as_str(), R::WORDS);
            return Err(Problem::new(Kind::Forbidden, detail));
        }
        if R::MAKES_WORK {
            state.core.check_room()?;
        }
        Ok(Caller(who, PhantomData))
    }
}

fn authenticate(parts: &Parts, state: &AppState) -> Result<Who, Problem> {
    let refused = |detail: &str| Problem::new(Kind::Unauthorized, detail);
    let header = parts.headers.get(header::AUTHORIZATION);
    let header = header.ok_or_else(|| refused("the request has no `Authorization: Bearer sbx_...`"))?;
    let text = header.to_str().unwrap_or_default();
    let secret = text
        .strip_prefix("Bearer ")
        .or_else(|| text.strip_prefix("bearer "));
    let secret = secret.ok_or_else(|| refused("`Authorization` is not `Bearer sbx_...`"))?;
    let directory = state.core.records.directory();
    let token = find(&directory, secret).ok_or_else(|| refused("the token is not known"))?;
    if token.revoked_at.is_some() {
        return Err(refused("the token was revoked"));
    }
    if token.expires_at.is_some_and(|end| end <= state.core.clock.now()) {
        return Err(refused("the token has expired"));
    }
    let employee = token.employee.and_then(|id| directory.employees.get(&id));
    if token.employee.is_some() && !employee.is_some_and(|person| person.is_active) {
        return Err(refused("the token's employee does not work here any more"));
    }
    let roles = (token.role, employee.map(|person| person.role));
    Ok(Who {
        token: token.id,
        employee: token.employee,
        roles,
    })
}

/// Digests are compared, not secrets: how long it takes says nothing about any secret.
fn find<'d>(directory: &'d Directory, text: &str) -> Option<&'d Arc<Token>> {
    let digest = secret::digest(text.trim());
    directory.tokens.values().find(|token| token.digest == digest)
}
