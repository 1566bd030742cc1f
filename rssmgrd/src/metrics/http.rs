//! HTTP for the metrics: two kinds of pages, one request a connection, nothing taken from a client but a short header.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};

use super::collect::Collector;

/// Connections at the same time; more wait in the kernel.
const MOST_CONNECTIONS: usize = 32;

/// How long a client may take for its header.
const HEADER: Duration = Duration::from_secs(5);

/// How long a connection may take altogether.
const WHOLE: Duration = Duration::from_secs(30);

/// Header fields, and bytes of a header, that are read.
const MOST_FIELDS: usize = 64;
const MOST_BYTES: usize = 16 << 10;

/// The metrics address cannot be served.
#[derive(Debug, thiserror::Error)]
#[error(
    "metrics cannot be served at {address}: {source}; choose another address with --metrics ADDRESS:PORT, or none with --metrics off"
)]
pub struct MetricsError {
    /// The address.
    pub address: SocketAddr,
    /// What the system says.
    pub source: io::Error,
}

/// An address that metrics are served at.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
}

impl Server {
    /// Takes an address.
    ///
    /// # Errors
    /// When somebody else has it, or it is not this machine's.
    pub async fn bind(address: SocketAddr) -> Result<Self, MetricsError> {
        let bound = async {
            let listener = TcpListener::bind(address).await?;
            let address = listener.local_addr()?;
            Ok(Self { listener, address })
        };
        bound.await.map_err(|source| MetricsError { address, source })
    }

    /// Where the page is.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/metrics", self.address)
    }

    /// Whether only this machine can read it.
    #[must_use]
    pub fn is_local(&self) -> bool {
        self.address.ip().to_canonical().is_loopback()
    }

    /// Serves pages. Never returns.
    pub async fn serve(self, collector: Collector) {
        let slots = Arc::new(Semaphore::new(MOST_CONNECTIONS));
        loop {
            let Ok(slot) = Arc::clone(&slots).acquire_owned().await else { return };
            match self.listener.accept().await {
                Ok((stream, _)) => {
                    let collector = collector.clone();
                    tokio::spawn(async move {
                        let _slot = slot;
                        // A client that is too slow, or leaves, is none of our business.
                        let _ = tokio::time::timeout(WHOLE, connection(stream, collector)).await;
                    });
                }
                Err(e) => {
                    tracing::warn!("accepting a connection for metrics: {e}");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
    }
}

async fn connection(stream: TcpStream, collector: Collector) {
    let service = service_fn(move |request| answer(request, collector.clone()));
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER)
        .max_headers(MOST_FIELDS)
        .max_buf_size(MOST_BYTES)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service);
    if let Err(e) = served.await {
        tracing::debug!("a metrics connection ended: {e}");
    }
}

/// What is answered: a text, or the parts of a page as they are made.
enum Answer {
    Text(Bytes),
    Parts(mpsc::Receiver<io::Result<Bytes>>),
}

impl Body for Answer {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        match self.get_mut() {
            Self::Text(text) if text.is_empty() => Poll::Ready(None),
            Self::Text(text) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(text))))),
            Self::Parts(parts) => parts.poll_recv(context).map(|part| Some(part?.map(Frame::data))),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Text(text) => SizeHint::with_exact(text.len().try_into().unwrap_or(u64::MAX)),
            Self::Parts(_) => SizeHint::default(),
        }
    }
}

async fn answer(request: Request<Incoming>, collector: Collector) -> Result<Response<Answer>, Infallible> {
    let method = request.method();
    let known = matches!(request.uri().path(), "/metrics" | "/-/healthy" | "/-/ready");
    let mut response = match request.uri().path() {
        _ if known && method != Method::GET && method != Method::HEAD => {
            text(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD are served here\n")
        }
        "/metrics" => match entries(request.uri().query()) {
            Ok(entries) if method == Method::GET => page(collector, entries),
            Ok(_) => typed(text(StatusCode::OK, ""), prometheus::TEXT_FORMAT),
            Err(message) => text(StatusCode::BAD_REQUEST, message),
        },
        "/-/healthy" => text(StatusCode::OK, "healthy\n"),
        // Requests are taken only when everything else is served.
        "/-/ready" => text(StatusCode::OK, "ready\n"),
        _ => text(StatusCode::NOT_FOUND, "not here; there are /metrics, /-/healthy and /-/ready\n"),
    };
    if response.status() == StatusCode::METHOD_NOT_ALLOWED {
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
    }
    Ok(response)
}

fn text(status: StatusCode, text: &'static str) -> Response<Answer> {
    let mut response = Response::new(Answer::Text(Bytes::from_static(text.as_bytes())));
    *response.status_mut() = status;
    typed(response, PLAIN)
}

fn typed(mut response: Response<Answer>, kind: &'static str) -> Response<Answer> {
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

const PLAIN: &str = "text/plain; charset=utf-8";

/// Whether each table entry is wanted: `entries=1`.
fn entries(query: Option<&str>) -> Result<bool, &'static str> {
    let mut wanted = false;
    for part in query.unwrap_or_default().split('&').filter(|p| !p.is_empty()) {
        wanted = match part {
            "entries=1" => true,
            "entries=0" => false,
            _ => return Err("this query is not known; there is entries=1\n"),
        };
    }
    Ok(wanted)
}

/// The page is made off the runtime's thread, because thousands of series take milliseconds, and no faster than the
/// client reads.
fn page(collector: Collector, entries: bool) -> Response<Answer> {
    let (sender, parts) = mpsc::channel(1);
    tokio::task::spawn_blocking(move || {
        let result = collector.write(entries, &mut |part| sender.blocking_send(Ok(part.into())).is_ok());
        if let Err(e) = result {
            // Cuts the answer off, so that nobody takes it for a whole page.
            let _ = sender.blocking_send(Err(io::Error::other(e)));
        }
    });
    typed(Response::new(Answer::Parts(parts)), prometheus::TEXT_FORMAT)
}
