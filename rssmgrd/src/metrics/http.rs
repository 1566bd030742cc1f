//! HTTP for the metrics: two kinds of pages, one request a connection, nothing taken from a client but a short header.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{ALLOW, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

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

async fn answer(
    request: Request<Incoming>,
    collector: Collector,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let method = request.method().clone();
    let (status, kind, body) = match request.uri().path() {
        "/metrics" | "/-/healthy" | "/-/ready" if method != Method::GET && method != Method::HEAD => {
            (StatusCode::METHOD_NOT_ALLOWED, PLAIN, "only GET and HEAD are served here\n".to_owned())
        }
        "/metrics" => match entries(request.uri().query()) {
            Ok(entries) => page(collector, entries).await,
            Err(message) => (StatusCode::BAD_REQUEST, PLAIN, message),
        },
        "/-/healthy" => (StatusCode::OK, PLAIN, "healthy\n".to_owned()),
        // Requests are taken only when everything else is served.
        "/-/ready" => (StatusCode::OK, PLAIN, "ready\n".to_owned()),
        _ => (
            StatusCode::NOT_FOUND,
            PLAIN,
            "not here; there are /metrics, /-/healthy and /-/ready\n".to_owned(),
        ),
    };
    let length = HeaderValue::from(body.len());
    let body = if method == Method::HEAD { String::new() } else { body };
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(CONTENT_LENGTH, length);
    if status == StatusCode::METHOD_NOT_ALLOWED {
        headers.insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
    }
    Ok(response)
}

const PLAIN: &str = "text/plain; charset=utf-8";

/// Whether each table entry is wanted: `entries=1`.
fn entries(query: Option<&str>) -> Result<bool, String> {
    let mut wanted = false;
    for part in query.unwrap_or_default().split('&').filter(|p| !p.is_empty()) {
        wanted = match part {
            "entries=1" => true,
            "entries=0" => false,
            _ => return Err("this query is not known; there is entries=1\n".to_owned()),
        };
    }
    Ok(wanted)
}

/// The page is made off the runtime's thread: thousands of series take milliseconds.
async fn page(collector: Collector, entries: bool) -> (StatusCode, &'static str, String) {
    match tokio::task::spawn_blocking(move || collector.page(entries)).await {
        Ok(Ok(text)) => (StatusCode::OK, prometheus::TEXT_FORMAT, text),
        Ok(Err(e)) => (StatusCode::INTERNAL_SERVER_ERROR, PLAIN, format!("{e}\n")),
        Err(e) => (StatusCode::INTERNAL_SERVER_ERROR, PLAIN, format!("{e}\n")),
    }
}
