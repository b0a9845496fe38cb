//! Who looks at a page, and in which language, colours and time zone.

use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::header;
use axum::http::request::Parts;
use jiff::tz::TimeZone;
use signalbox_crm::account::{Language, Preferences, Session};
use signalbox_crm::directory::Directory;
use signalbox_crm::people::Employee;
use signalbox_crm::time::Timestamp;

use super::Console;
use super::words::Words;
use crate::http::caller::{Right, Who, signed_in};
use crate::http::problem::{Kind, Problem};
use crate::http::session_cookie::cookie;
use signalbox_crm::said;
use signalbox_crm::sentence::Sentence;

/// The cookie that keeps the language of somebody who is not signed in.
pub(super) const LANGUAGE_COOKIE: &str = "language";

/// Somebody who is signed in, and the page that was asked for.
pub(super) struct Visitor {
    /// What pages share.
    pub(super) console: Arc<Console>,
    /// In whose name the API is asked.
    pub(super) who: Who,
    /// The cookie's session.
    pub(super) session: Arc<Session>,
    /// The person.
    pub(super) me: Arc<Employee>,
    /// How the person likes it.
    pub(super) likes: Preferences,
    /// The texts.
    pub(super) words: Words,
    /// The zone of the person's working time.
    pub(super) zone: TimeZone,
    /// The set-up.
    pub(super) directory: Arc<Directory>,
    /// The time of the request.
    pub(super) now: Timestamp,
    /// Path and query of the page.
    pub(super) at: String,
    /// Notifications that the person has not read.
    pub(super) unread: i64,
}

impl Visitor {
    /// None when nobody is signed in.
    pub(super) async fn of(parts: &Parts, console: &Arc<Console>) -> Option<Self> {
        let (who, session) = signed_in(parts, &console.app)?;
        let core = &console.app.core;
        let directory = core.records.directory();
        let me = Arc::clone(directory.employees.get(&session.employee)?);
        let account = directory.accounts.get(&me.id);
        let likes = account
            .map(|account| account.preferences.clone())
            .unwrap_or_default();
        let language = likes.language.unwrap_or_else(|| language_of(parts));
        // A database that cannot say it must not keep anybody from the page that tells so.
        let unread = core.db.unread_count(me.id).await.unwrap_or(0);
        Some(Visitor {
            unread,
            console: Arc::clone(console),
            who,
            session,
            zone: zone_of(&directory, &me),
            me,
            likes,
            words: Words(language),
            now: core.clock.now(),
            directory,
            at: parts
                .uri
                .path_and_query()
                .map_or("/", |at| at.as_str())
                .to_owned(),
        })
    }

    /// When the person's day ends.
    pub(super) fn tomorrow(&self) -> Timestamp {
        let day = self.now.zoned(&self.zone).end_of_day();
        let end = day.map(|end| end.timestamp().as_microsecond());
        end.map_or(self.now, |end| Timestamp::from_micros(end + 1))
    }

    /// Whether the person's role has the right.
    pub(super) fn may<R: Right>(&self) -> bool {
        self.who.may::<R>()
    }
}

fn zone_of(directory: &Directory, me: &Employee) -> TimeZone {
    let own = me
        .calendar
        .and_then(|id| directory.calendars.get(&id))
        .map(|(_, work)| work);
    let work = own.or_else(|| directory.work_calendar(None).ok());
    work.map_or(TimeZone::UTC, |work| work.zone().clone())
}

/// The language of a browser: what it was told last, else what it prefers.
pub(super) fn language_of(parts: &Parts) -> Language {
    let read = |text: &str| Language::ALL.into_iter().find(|known| text == known.as_str());
    let told = cookie(&parts.headers, LANGUAGE_COOKIE).and_then(read);
    let preferred = || {
        let header = parts.headers.get(header::ACCEPT_LANGUAGE)?.to_str().ok()?;
        let wanted = header
            .split(',')
            .filter_map(|part| part.trim().get(..2).map(str::to_ascii_lowercase));
        wanted.filter_map(|text| read(&text)).next()
    };
    told.or_else(preferred).unwrap_or(Language::En)
}

/// A visitor who has the right `R`. A page that takes it is drawn for nobody else.
pub(super) struct Allowed<R>(Arc<Visitor>, PhantomData<R>);

impl<R> Deref for Allowed<R> {
    type Target = Visitor;

    fn deref(&self) -> &Visitor {
        &self.0
    }
}

impl<R: Right> FromRequestParts<Arc<Console>> for Allowed<R> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, console: &Arc<Console>) -> Result<Self, Problem> {
        let visitor = parts.extensions.get::<Arc<Visitor>>();
        let visitor =
            visitor.ok_or_else(|| Problem::new(Kind::Unauthorized, said!("nobody is signed in")))?;
        if !visitor.may::<R>() {
            return Err(Problem::new(Kind::Forbidden, Sentence::fixed(R::WORDS)));
        }
        if R::MAKES_WORK && !parts.method.is_safe() {
            console.app.core.check_room()?;
        }
        Ok(Allowed(Arc::clone(visitor), PhantomData))
    }
}
