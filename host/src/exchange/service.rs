//! A server of a test.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, Request, Response, Uri};
use tokio::net::TcpListener;

/// A request as the server saw it.
#[derive(Clone)]
pub(crate) struct Seen {
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// A server that answers everything alike.
#[derive(Clone)]
pub(crate) struct Service {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Bytes,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Service {
    pub(crate) fn new(status: u16, body: impl Into<Bytes>) -> Service {
        Service {
            status,
            headers: Vec::new(),
            body: body.into(),
            seen: Arc::default(),
        }
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Service {
        self.headers.push((name, value.into()));
        self
    }

    /// Serves on a free port until the test ends.
    pub(crate) async fn start(&self) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().fallback(answer).with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        address
    }

    pub(crate) fn seen_count(&self) -> usize {
        self.seen.lock().unwrap().len()
    }

    #[track_caller]
    pub(crate) fn only(&self) -> Seen {
        assert_eq!(self.seen_count(), 1);
        self.seen.lock().unwrap()[0].clone()
    }
}

async fn answer(State(service): State<Service>, request: Request<Body>) -> Response<Body> {
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1_000_000).await.unwrap();
    service.seen.lock().unwrap().push(Seen {
        method: head.method,
        uri: head.uri,
        headers: head.headers,
        body,
    });
    let mut answered = Response::builder().status(service.status);
    for (name, value) in &service.headers {
        answered = answered.header(*name, value);
    }
    answered.body(Body::from(service.body)).unwrap()
}
