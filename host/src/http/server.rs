//! The connections: how many there may be, and how slow their requests.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

use super::problem::{Kind, Problem, ProblemBody};
use signalbox_crm::said;

/// Pause after the operating system refused a connection, mostly because no file descriptor is free.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// What holds for connections.
#[derive(Debug, Clone, Copy)]
pub struct ServerLimits {
    /// Connections at the same time. 512: half of the 1,024 file descriptors that a process gets by default.
    pub connections_max: usize,
    /// How long the head of a request may take, and how long a connection may wait for the next one.
    pub head_time_max: Duration,
}

impl Default for ServerLimits {
    fn default() -> Self {
        ServerLimits {
            connections_max: 512,
            head_time_max: Duration::from_secs(30),
        }
    }
}

/// Serves until `shutdown` is done; requests that have begun are answered.
///
/// # Errors
/// None so far: what the operating system refuses is tried again.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    serve_within(ServerLimits::default(), listener, router, shutdown).await
}

/// As `serve`, with other limits.
///
/// # Errors
/// As `serve`.
pub async fn serve_within(
    limits: ServerLimits,
    listener: TcpListener,
    router: Router,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let open = GracefulShutdown::new();
    let room = Arc::new(Semaphore::new(limits.connections_max));
    let no_room = no_room();
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(limits.head_time_max);
    tokio::pin!(shutdown);
    loop {
        let stream = tokio::select! {
            stream = accept(&listener) => stream,
            () = &mut shutdown => break,
        };
        let Ok(place) = Arc::clone(&room).try_acquire_owned() else {
            // The buffer of a new connection takes the whole answer at once.
            let _ = stream.try_write(no_room.as_bytes());
            continue;
        };
        let service = TowerToHyperService::new(router.clone());
        let connection = open.watch(http.serve_connection(TokioIo::new(stream), service));
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(error = %error, "A connection ended early: {error}");
            }
            drop(place);
        });
    }
    drop(listener);
    open.shutdown().await;
    Ok(())
}

/// What a caller gets when there is no room for his connection: he has sent nothing yet that could be answered.
fn no_room() -> String {
    let problem = Problem::new(Kind::Unavailable, said!("too many connections: try again"));
    let body = serde_json::to_string(&ProblemBody::from(problem)).unwrap_or_default();
    format!(
        "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/problem+json\r\nconnection: close\r\n\
        retry-after: 1\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// The next connection. One that is gone already, or that the operating system has no room for, is passed over.
async fn accept(listener: &TcpListener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return stream,
            Err(error) if is_gone(&error) => {}
            Err(error) => {
                tracing::error!(error = %error, "No connection can be accepted for now: {error}");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

fn is_gone(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionRefused
    )
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    async fn start(limits: ServerLimits) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let router = Router::new().route("/", get(|| async { "yes" }));
        tokio::spawn(serve_within(limits, listener, router, std::future::pending()));
        at
    }

    async fn ask(stream: &mut TcpStream) -> String {
        stream
            .write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
            .await
            .unwrap();
        let mut answer = vec![0; 1000];
        let length = stream.read(&mut answer).await.unwrap();
        String::from_utf8(answer[..length].to_vec()).unwrap()
    }

    #[tokio::test]
    async fn head_that_trickles_is_cut_off() {
        let limits = ServerLimits {
            head_time_max: Duration::from_millis(100),
            ..ServerLimits::default()
        };
        let at = start(limits).await;
        for begun in ["", "GET / HTTP/1.1\r\nx-one: 1\r\n"] {
            let mut stream = TcpStream::connect(at).await.unwrap();
            stream.write_all(begun.as_bytes()).await.unwrap();
            let mut rest = Vec::new();
            // It ends without another byte from us.
            let _ = stream.read_to_end(&mut rest).await;
            assert!(!rest.starts_with(b"HTTP/1.1 200"), "{begun}");
        }
    }

    #[tokio::test]
    async fn connection_without_room_is_told_so_and_the_next_one_is_served() {
        let limits = ServerLimits {
            connections_max: 1,
            ..ServerLimits::default()
        };
        let at = start(limits).await;
        let mut first = TcpStream::connect(at).await.unwrap();
        assert!(ask(&mut first).await.ends_with("yes"));
        let mut second = TcpStream::connect(at).await.unwrap();
        let mut refused = String::new();
        second.read_to_string(&mut refused).await.unwrap();
        let (head, body) = refused.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 503 "), "{head}");
        assert!(
            head.contains(&format!("content-length: {}", body.len())),
            "{head}\n{body}"
        );
        let problem: serde_json::Value = serde_json::from_str(body).unwrap();
        assert_eq!(problem["code"], "unavailable");
        drop(first);
        loop {
            let mut third = TcpStream::connect(at).await.unwrap();
            if ask(&mut third).await.ends_with("yes") {
                break;
            }
        }
    }
}
