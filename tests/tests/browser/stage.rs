//! A host that browsers reach, and what a person does with one.

use std::net::SocketAddr;
use std::time::Duration;

use fantoccini::actions::{InputSource, MOUSE_BUTTON_LEFT, MouseActions, PointerAction};
use fantoccini::elements::Element;
use fantoccini::{Client, Locator};
use serde_json::Value;
use signalbox::app::{App, AppOptions};
use signalbox::clock::Clock;
use signalbox::http::serve;
use signalbox_crm::people::Role;
use signalbox_crm::time::Timestamp;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};

use super::driver::{Browser, PATIENCE};
use crate::console::harness::{NOW, Site};

/// A site on a port. Its database is a file: browsers give up requests, and one that is given up can take a database
/// in memory with it.
pub(crate) struct Stage {
    pub(crate) site: Site,
    pub(crate) at: SocketAddr,
    /// What serves. None while the host is away.
    server: Option<Runtime>,
    _folder: TempDir,
}

impl Stage {
    pub(crate) async fn start() -> Stage {
        let folder = tempfile::tempdir().unwrap();
        let mut options = AppOptions::for_test(Clock::starting_at(Timestamp::parse(NOW).unwrap()));
        options.database = Some(format!("sqlite:{}", folder.path().join("crm.db").display()));
        let site = Site::of(App::start(options).await.unwrap(), None).await;
        let (server, at) = serve_at(&site, "127.0.0.1:0".parse().unwrap()).await;
        Stage {
            site,
            at,
            server: Some(server),
            _folder: folder,
        }
    }

    /// Nothing listens any more, and every connection is cut, as when a host dies.
    pub(crate) fn goes_away(&mut self) {
        if let Some(server) = self.server.take() {
            server.shutdown_background();
        }
    }

    /// Serves again, on the same port.
    pub(crate) async fn comes_back(&mut self) {
        self.server = Some(serve_at(&self.site, self.at).await.0);
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.at)
    }

    /// Signs a browser in as somebody of this role, and opens a page.
    pub(crate) async fn enter(&self, browser: &Browser, role: Role, name: &str, path: &str) {
        let (visitor, _) = self.site.visitor_named(role, name).await;
        let client = &browser.client;
        client.goto(&self.url("/sign-in")).await.unwrap();
        let secret = &visitor.cookies["signalbox"];
        client
            .value(&format!("(document.cookie = 'signalbox={secret}; path=/')"))
            .await;
        client.goto(&self.url(path)).await.unwrap();
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.goes_away();
    }
}

/// Serves on threads of its own, which can be ended with all that they hold.
async fn serve_at(site: &Site, at: SocketAddr) -> (Runtime, SocketAddr) {
    let server = Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let router = site.router.clone();
    let (tell, told) = tokio::sync::oneshot::channel();
    server.spawn(async move {
        let listener = TcpListener::bind(at).await.unwrap();
        tell.send(listener.local_addr().unwrap()).unwrap();
        serve(listener, router, std::future::pending()).await
    });
    (server, told.await.unwrap())
}

/// What a person sees and does.
pub(crate) trait Person {
    /// Waits until the page shows something.
    async fn sees(&self, css: &str) -> Element;
    /// Waits until the page has this text somewhere.
    async fn reads(&self, text: &str);
    /// Waits until an expression of JavaScript is true.
    async fn holds(&self, what: &str, script: &str);
    /// The value of an expression of JavaScript.
    async fn value(&self, script: &str) -> Value;
    /// Waits until the page is told of changes.
    async fn is_live(&self);
    /// Types into the field with this name.
    async fn types(&self, css: &str, text: &str);
    async fn clicks(&self, css: &str);
    /// Presses keys, on whatever has the focus.
    async fn presses(&self, keys: &str);
    /// Drags one thing onto another, with the pointer.
    async fn drags(&self, from: &str, to: &str);
    /// A picture of the page, into the folder that `SIGNALBOX_SCREENSHOTS` names.
    async fn pictures(&self, name: &str);
}

impl Person for Client {
    async fn sees(&self, css: &str) -> Element {
        match self.wait().at_most(PATIENCE).for_element(Locator::Css(css)).await {
            Ok(found) => found,
            Err(error) => panic!(
                "`{css}` does not appear: {error}\n{}",
                self.source().await.unwrap_or_default()
            ),
        }
    }

    async fn reads(&self, text: &str) {
        let quoted = serde_json::to_string(text).unwrap();
        self.holds(text, &format!("document.body.innerText.includes({quoted})"))
            .await;
    }

    async fn holds(&self, what: &str, script: &str) {
        let until = tokio::time::Instant::now() + PATIENCE;
        while self.value(script).await != Value::Bool(true) {
            if tokio::time::Instant::now() > until {
                let text = self.value("document.body.innerText").await;
                panic!("not so: {what}\n{}", text.as_str().unwrap_or_default());
            }
            // The browser is another process: nothing here can wake us.
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    async fn value(&self, script: &str) -> Value {
        self.execute(&format!("return {script};"), Vec::new())
            .await
            .unwrap_or(Value::Null)
    }

    async fn is_live(&self) {
        self.holds(
            "the page is connected",
            "document.body.dataset.connected === 'yes'",
        )
        .await;
    }

    async fn types(&self, css: &str, text: &str) {
        let field = self.sees(css).await;
        field.clear().await.unwrap();
        field.send_keys(text).await.unwrap();
    }

    async fn clicks(&self, css: &str) {
        let found = self.sees(css).await;
        if let Err(error) = found.click().await {
            panic!("`{css}` cannot be clicked: {error}");
        }
    }

    async fn presses(&self, keys: &str) {
        self.active_element()
            .await
            .unwrap()
            .send_keys(keys)
            .await
            .unwrap();
    }

    async fn drags(&self, from: &str, to: &str) {
        let (from, to) = (self.sees(from).await, self.sees(to).await);
        let pause = Some(Duration::from_millis(80));
        let over = |element: Element, x, y| PointerAction::MoveToElement {
            element,
            duration: pause,
            x,
            y,
        };
        let moves = MouseActions::new("mouse".to_owned())
            .then(over(from.clone(), 0.0, 0.0))
            .then(PointerAction::Down {
                button: MOUSE_BUTTON_LEFT,
            })
            .then(over(from, 12.0, 6.0))
            .then(over(to.clone(), 0.0, 10.0))
            .then(over(to, 0.0, 14.0))
            .then(PointerAction::Up {
                button: MOUSE_BUTTON_LEFT,
            });
        self.perform_actions(moves).await.unwrap();
        self.release_actions().await.unwrap();
    }

    async fn pictures(&self, name: &str) {
        let Some(folder) = std::env::var_os("SIGNALBOX_SCREENSHOTS") else {
            return;
        };
        let picture = self.screenshot().await.unwrap();
        let path = std::path::Path::new(&folder).join(format!("{name}.png"));
        std::fs::write(path, picture).unwrap();
    }
}
