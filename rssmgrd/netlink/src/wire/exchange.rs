//! A request and its answers, as a machine without a socket.

use super::message::{self, Message, Messages};
use super::refusal::{self, Verdict};
use super::request::{Kind, Request};
use super::{Malformed, Refusal};

/// The state of one request.
#[derive(Debug)]
pub(crate) struct Exchange<'r> {
    request: &'r Request,
    sent: &'r [u8],
    sequence: u32,
    port: u32,
    interrupted: bool,
    /// The first malformed part. The rest is read all the same: the kernel takes no new list request on a socket
    /// where one is unfinished.
    malformed: Option<Malformed>,
    warning: Option<String>,
}

/// How an exchange ended, when not well.
#[derive(Debug)]
pub(crate) enum Failure {
    Refused(Box<Refusal>),
    Malformed(Malformed),
    /// What was listed changed meanwhile.
    Interrupted,
    /// An answer was lost.
    Lost,
}

impl From<Malformed> for Failure {
    fn from(malformed: Malformed) -> Self {
        Self::Malformed(malformed)
    }
}

impl<'r> Exchange<'r> {
    /// Of `request`, sent as the bytes `sent` under `sequence` from the socket with `port`.
    pub(crate) fn new(request: &'r Request, sent: &'r [u8], sequence: u32, port: u32) -> Self {
        Self { request, sent, sequence, port, interrupted: false, malformed: None, warning: None }
    }

    /// What the kernel remarked although it did what was asked.
    pub(crate) fn into_warning(self) -> Option<String> {
        self.warning
    }

    /// What was malformed so far.
    pub(crate) fn into_malformed(self) -> Option<Malformed> {
        self.malformed
    }

    /// Takes a datagram; hands each answer to `answer`. Whether the exchange is over.
    ///
    /// Messages of other requests (such as late answers to one that timed out) are passed over.
    pub(crate) fn feed(
        &mut self,
        datagram: &[u8],
        mut answer: impl FnMut(Message<'_>) -> Result<(), Malformed>,
    ) -> Result<bool, Failure> {
        for message in Messages::new(datagram) {
            let message = match message {
                Ok(message) => message,
                // Nothing comes behind the only answer.
                Err(malformed) if self.request.kind == Kind::Get => return Err(malformed.into()),
                Err(malformed) => {
                    self.malformed.get_or_insert(malformed);
                    break;
                }
            };
            if message.sequence != self.sequence || message.port != self.port {
                continue;
            }
            self.interrupted |= message.flags & message::FLAG_DUMP_INTERRUPTED != 0;
            match message.kind {
                message::TYPE_NOOP => {}
                message::TYPE_OVERRUN => return Err(Failure::Lost),
                message::TYPE_ERROR | message::TYPE_DONE => return self.finish(&message).map(|()| true),
                _ if self.malformed.is_some() => {}
                _ => {
                    self.malformed = answer(message).err();
                    if self.request.kind == Kind::Get {
                        return self.end().map(|()| true);
                    }
                }
            }
        }
        Ok(false)
    }

    fn finish(&mut self, last: &Message<'_>) -> Result<(), Failure> {
        match refusal::verdict(last, self.request, self.sent)? {
            Verdict::Refused(refusal) => return Err(Failure::Refused(refusal)),
            Verdict::Done { warning } => self.warning = warning,
        }
        self.end()
    }

    fn end(&mut self) -> Result<(), Failure> {
        match self.malformed.take() {
            Some(malformed) => Err(malformed.into()),
            None if self.interrupted => Err(Failure::Interrupted),
            None => Ok(()),
        }
    }
}
