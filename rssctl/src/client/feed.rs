//! The events that the daemon signals, and calls beside them.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use rssmgr_proto::proxy::{Event, EventStream};
use rssmgr_proto::types::EventRecord;
use zbus::export::futures_core::Stream as _;

use super::Client;
use super::call::event;
use crate::exit::{Failure, Stop};

/// The most signals that wait while a call runs. Those beyond are dropped; the gap in the numbers tells of them.
const WAITING: usize = 1 << 16;

/// Signals in the order they came.
///
/// The connection delivers signals and replies in one line: a stream of signals that nobody empties holds up every
/// reply behind it. So whoever listens makes its calls through [`Feed::during`].
pub struct Feed {
    stream: EventStream,
    waiting: VecDeque<Event>,
    ended: bool,
}

impl Feed {
    /// Listens from now on.
    ///
    /// # Errors
    /// The daemon cannot be listened to.
    pub async fn open(client: &Client) -> Result<Self, Failure> {
        let stream = client.manager.receive_event().await?;
        Ok(Self { stream, waiting: VecDeque::new(), ended: false })
    }

    /// The next event; `None` when the daemon has ended.
    ///
    /// # Errors
    /// It is not understood.
    pub async fn next(&mut self) -> Result<Option<EventRecord>, Stop> {
        let next = poll_fn(|cx| match self.waiting.pop_front() {
            Some(signal) => Poll::Ready(Some(signal)),
            None if self.ended => Poll::Ready(None),
            None => Pin::new(&mut self.stream).poll_next(cx),
        });
        match next.await {
            Some(signal) => Ok(Some(event(&signal.args()?.event)?)),
            None => Ok(None),
        }
    }

    /// What `call` answers; what is signalled meanwhile waits for [`Feed::next`].
    pub async fn during<T>(&mut self, call: impl Future<Output = T>) -> T {
        let mut call = pin!(call);
        poll_fn(|cx| {
            self.gather(cx);
            call.as_mut().poll(cx)
        })
        .await
    }

    fn gather(&mut self, cx: &mut Context<'_>) {
        while !self.ended {
            match Pin::new(&mut self.stream).poll_next(cx) {
                Poll::Ready(Some(signal)) if self.waiting.len() < WAITING => self.waiting.push_back(signal),
                Poll::Ready(Some(_)) => {}
                Poll::Ready(None) => self.ended = true,
                Poll::Pending => return,
            }
        }
    }
}
