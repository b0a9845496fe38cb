//! A host with its console, and visitors who keep cookies and follow redirects, as browsers do.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, BodyDataStream, to_bytes};
use axum::http::{Request, header};
use axum::response::Response;
use futures_util::StreamExt;
use serde_json::{Value, json};
use signalbox::accounts::{Chosen, INVITATION_TIME, invitation};
use signalbox::app::{App, AppOptions};
use signalbox::bootstrap::bootstrap;
use signalbox::clock::Clock;
use signalbox::console::site;
use signalbox::engine::draft::Draft;
use signalbox::http::{AppState, secret};
use signalbox::trust::Trust;
use signalbox_crm::directory::DirectoryChange;
use signalbox_crm::ids::{EmployeeId, IdKind};
use signalbox_crm::people::{Actor, Employee, Role};
use signalbox_crm::time::Timestamp;
use tower::ServiceExt;

/// Monday, 14:20 in Moscow.
pub(crate) const NOW: &str = "2026-03-02T11:20:00Z";
/// Everybody's.
pub(crate) const PASSWORD: &str = "correct horse battery";
const HOST: &str = "crm.example";

pub(crate) struct Site {
    pub(crate) app: App,
    pub(crate) router: Router,
    /// Where the first administrator chooses a password.
    pub(crate) link: String,
    /// Of the administrator, for preparations over the API.
    pub(crate) token: String,
    state: Arc<AppState>,
}

impl Site {
    pub(crate) async fn start() -> Site {
        let now = Timestamp::parse(NOW).unwrap();
        let app = App::start(AppOptions::for_test(Clock::starting_at(now)))
            .await
            .unwrap();
        Site::of(app, None).await
    }

    pub(crate) async fn of(app: App, public_url: Option<&str>) -> Site {
        let first = bootstrap(&app.core, "Europe/Moscow").await.unwrap().unwrap();
        let link = format!("/set-up/{}", first.link);
        Site::with(app, public_url, link, first.secret)
    }

    /// Another host on the same database, whose people this one knows already.
    pub(crate) fn beside(&self, app: App) -> Site {
        Site::with(app, None, self.link.clone(), self.token.clone())
    }

    fn with(app: App, public_url: Option<&str>, link: String, token: String) -> Site {
        let mut state = AppState::new(Arc::clone(&app.core), Arc::clone(&app.robots), Trust::default());
        state.public_url = public_url.map(str::to_owned);
        let state = Arc::new(state);
        Site {
            router: site(Arc::clone(&state)),
            app,
            link,
            token,
            state,
        }
    }

    /// Somebody who is not signed in.
    pub(crate) fn guest(&self) -> Visitor {
        Visitor {
            router: self.router.clone(),
            cookies: BTreeMap::new(),
            language: "en".to_owned(),
        }
    }

    /// Somebody of this role, signed in.
    pub(crate) async fn visitor(&self, role: Role) -> Visitor {
        self.visitor_named(role, role.as_str()).await.0
    }

    pub(crate) async fn visitor_named(&self, role: Role, name: &str) -> (Visitor, EmployeeId) {
        let core = &self.app.core;
        let link = secret::fresh();
        let mut draft = Draft::new(core, Actor::System);
        let person = Employee {
            id: EmployeeId(draft.new_id(IdKind::Employee)),
            name: name.to_owned(),
            email: Some(format!("{}@example.com", name.to_lowercase().replace(' ', "."))),
            role,
            head: None,
            is_active: true,
            absences: Vec::new(),
            calendar: None,
            version: 1,
        };
        let id = person.id;
        let account = invitation(&draft, id, &link, core.clock.now().plus(INVITATION_TIME).unwrap());
        draft.changes.directory = vec![DirectoryChange::Employee(person), account];
        draft.commit().await.unwrap();
        let chosen = Chosen {
            password: PASSWORD,
            name: None,
            email: None,
            agent: "test",
        };
        let signed_in = self.state.accounts.accept(core, &link, chosen).await.unwrap();
        let mut visitor = self.guest();
        visitor.cookies.insert("signalbox".to_owned(), signed_in.secret);
        (visitor, id)
    }

    /// Asks the API as the administrator: preparations.
    pub(crate) async fn api(&self, method: &str, path: &str, version: Option<i64>, body: Value) -> Value {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("/api/v1{path}"))
            .header("authorization", format!("Bearer {}", self.token))
            .header("content-type", "application/json");
        if let Some(version) = version {
            request = request.header("if-match", format!("\"{version}\""));
        }
        let request = request.body(Body::from(body.to_string())).unwrap();
        let answer = self.router.clone().oneshot(request).await.unwrap();
        let status = answer.status();
        let bytes = to_bytes(answer.into_body(), usize::MAX).await.unwrap();
        let value: Value = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        assert!(status.is_success(), "{method} {path}: {status} {value:#}");
        value
    }

    /// Creates and gives the id.
    pub(crate) async fn create(&self, path: &str, body: Value) -> String {
        let made = self.api("POST", path, None, body).await;
        made["id"].as_str().unwrap().to_owned()
    }

    /// A pipeline of deals with the stages `new`, `offer`, `won` and `lost`; `offer` wants the amount, `lost` a reason.
    pub(crate) async fn sales(&self) -> Sales {
        let text = |ru: &str, en: &str| json!({"ru": ru, "en": en});
        let pipeline = json!({"key": "sales", "title": text("Продажи", "Sales"), "item_kind": "deal"});
        let pipeline = self.create("/pipelines", pipeline).await;
        let stages = format!("/pipelines/{pipeline}/stages");
        let new = json!({"key": "new", "title": text("Новая", "New"), "kind": "open"});
        let offer = json!({
            "key": "offer", "title": text("Предложение", "Offer"), "kind": "open", "required_fields": ["amount"],
        });
        let won = json!({"key": "won", "title": text("Успех", "Won"), "kind": "won"});
        let lost = json!({
            "key": "lost", "title": text("Отказ", "Lost"), "kind": "lost", "requires_reason": true,
        });
        let new = self.create(&stages, new).await;
        let offer = self.create(&stages, offer).await;
        let won = self.create(&stages, won).await;
        let lost = self.create(&stages, lost).await;
        Sales {
            pipeline,
            new,
            offer,
            won,
            lost,
        }
    }
}

/// Ids.
pub(crate) struct Sales {
    pub(crate) pipeline: String,
    pub(crate) new: String,
    pub(crate) offer: String,
    pub(crate) won: String,
    pub(crate) lost: String,
}

impl Sales {
    pub(crate) fn deal(&self, title: &str) -> Value {
        json!({"pipeline": self.pipeline, "title": title})
    }
}

/// Somebody with a browser.
#[derive(Clone)]
pub(crate) struct Visitor {
    router: Router,
    pub(crate) cookies: BTreeMap<String, String>,
    pub(crate) language: String,
}

/// An answer.
#[derive(Debug, Clone)]
pub(crate) struct Page {
    pub(crate) status: u16,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) text: String,
    /// After redirects.
    pub(crate) at: String,
}

impl Page {
    #[track_caller]
    pub(crate) fn shows(&self, text: &str) -> &Self {
        assert!(
            self.text.contains(text),
            "`{text}` is not on the page ({}):\n{}",
            self.status,
            self.text
        );
        self
    }

    #[track_caller]
    pub(crate) fn hides(&self, text: &str) -> &Self {
        assert!(
            !self.text.contains(text),
            "`{text}` is on the page:\n{}",
            self.text
        );
        self
    }

    #[track_caller]
    pub(crate) fn ok(self) -> Self {
        assert_eq!(self.status, 200, "{}", self.text);
        self
    }
}

impl Visitor {
    /// The same person at another host.
    pub(crate) fn at(mut self, site: &Site) -> Visitor {
        self.router = site.router.clone();
        self
    }

    /// A page, after redirects.
    pub(crate) async fn get(&mut self, path: &str) -> Page {
        let page = self.send("GET", path, &[], String::new()).await;
        self.follow(page).await
    }

    /// Sends a form as this site's own pages do, and follows.
    pub(crate) async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Page {
        let page = self.post_only(path, fields).await;
        self.follow(page).await
    }

    /// Without following.
    pub(crate) async fn post_only(&mut self, path: &str, fields: &[(&str, &str)]) -> Page {
        let body = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        let headers = [
            ("content-type", "application/x-www-form-urlencoded"),
            ("sec-fetch-site", "same-origin"),
        ];
        self.send("POST", path, &headers, body).await
    }

    /// Opens the stream of an open page, which has seen events up to `last` before.
    pub(crate) async fn watch(&self, topics: &str, last: Option<&str>) -> Stream {
        let path = format!("/live?topics={topics}");
        let headers: Vec<(&str, &str)> = last.map(|id| ("last-event-id", id)).into_iter().collect();
        let answer = self.answer("GET", &path, &headers, String::new()).await;
        assert_eq!(answer.status(), 200, "{path}");
        Stream(answer.into_body().into_data_stream())
    }

    /// One request.
    pub(crate) async fn send(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: String,
    ) -> Page {
        let answer = self.answer(method, path, headers, body).await;
        self.keep(answer, path).await
    }

    async fn answer(&self, method: &str, path: &str, headers: &[(&str, &str)], body: String) -> Response {
        let mut request = Request::builder().method(method).uri(path);
        let cookies: Vec<String> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        request = request
            .header(header::HOST, HOST)
            .header(header::COOKIE, cookies.join("; "))
            .header(header::ACCEPT_LANGUAGE, self.language.as_str())
            .header(header::USER_AGENT, "Test/1.0");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::from(body)).unwrap();
        self.router.clone().oneshot(request).await.unwrap()
    }

    /// Keeps the cookies of an answer, and reads it.
    async fn keep(&mut self, answer: Response, path: &str) -> Page {
        for line in answer.headers().get_all(header::SET_COOKIE) {
            let (pair, rest) = line.to_str().unwrap().split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            if rest.contains("Max-Age=0;") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        let status = answer.status().as_u16();
        let name_and_text = |(name, value): (&header::HeaderName, &header::HeaderValue)| {
            (
                name.to_string(),
                String::from_utf8_lossy(value.as_bytes()).into_owned(),
            )
        };
        let headers = answer.headers().iter().map(name_and_text).collect();
        let bytes = to_bytes(answer.into_body(), usize::MAX).await.unwrap();
        Page {
            status,
            headers,
            text: String::from_utf8_lossy(&bytes).into_owned(),
            at: path.to_owned(),
        }
    }

    async fn follow(&mut self, mut page: Page) -> Page {
        for _ in 0..5 {
            if !(300..400).contains(&page.status) {
                return page;
            }
            let to = page.headers["location"].clone();
            page = self.send("GET", &to, &[], String::new()).await;
        }
        panic!("redirects without end: {page:?}");
    }
}

/// What an open page is told.
pub(crate) struct Stream(BodyDataStream);

/// An event of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) word: String,
    pub(crate) id: String,
}

impl Stream {
    /// The next event; waits for it.
    pub(crate) async fn next(&mut self) -> Told {
        let bytes = self.0.next().await.unwrap().unwrap();
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        let field = |name: &str| {
            let found = text.lines().find_map(|line| line.strip_prefix(name));
            found
                .unwrap_or_else(|| panic!("no {name} in {text:?}"))
                .trim()
                .to_owned()
        };
        Told {
            word: field("event:"),
            id: field("id:"),
        }
    }
}
