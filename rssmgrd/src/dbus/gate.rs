//! The socket of one private client, with a limit on what it may cost: the D-Bus library runs every call at once and
//! keeps every answer until it is read, so a client that asks and never reads would fill the memory.
//!
//! The read half delivers a call only while few are unanswered, and leaves the rest to the client's own socket. It hangs up
//! on a client that announces a longer call than any of ours, for which the library would take memory at once, and on one
//! that begins a call and does not end it. The write half counts the answers, and hangs up on a client that reads nothing
//! for too long.

use std::collections::BTreeSet;
use std::io::{self, IoSliceMut};
use std::mem::MaybeUninit;
use std::num::NonZeroU32;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::net::sockopt::socket_peercred;
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, Shutdown, recv, recvmsg, shutdown};
use tokio::io::Interest;
use tokio::net::UnixStream;
use tokio::sync::Notify;
use tokio::time::timeout;
use zbus::Message;
use zbus::connection::socket::{ReadHalf, Socket, Split, WriteHalf};
use zbus::export::async_trait::async_trait;
use zbus::fdo::ConnectionCredentials;
use zbus::message::Type;

/// Unanswered calls of a client, at most.
const MOST_CALLS: usize = 32;

/// Unanswered calls that a client may have however large its answers are, and before its first answer.
const FEWEST_CALLS: usize = 4;

/// Bytes of unread answers that a client may have, unless [`FEWEST_CALLS`] take more: the largest answer it got so far
/// stands for all.
const MOST_BYTES: usize = 1 << 20;

/// Bytes of a call, at most: the longest of ours, 65,536 moves of entries, has less than 2 MiB. The library takes the
/// memory for a call when it has seen its first 16 bytes, and would go up to 128 MiB.
const LONGEST_CALL: usize = 2 << 20;

/// How long a client may read nothing while something waits for it, or leave a call that it began unfinished.
const NO_PROGRESS: Duration = Duration::from_secs(10);

/// Descriptors in one piece of a stream, at most; Linux passes no more.
const MOST_DESCRIPTORS: usize = 253;

/// The part of a message that says how long it is.
const HEADER: usize = 16;

/// The flags in a message's header, and the one that says that no answer is wanted.
const FLAGS_AT: usize = 2;
const NO_REPLY_EXPECTED: u8 = 1;

#[derive(Debug, Default)]
struct Account {
    unanswered: usize,
    /// Bytes of the calls that were delivered since none was unanswered.
    taken: usize,
    /// Size of the largest answer so far.
    largest: usize,
    /// Calls whose answer the client does not want. They are answered all the same, to know when they have ended, and
    /// the answer goes nowhere.
    unwanted: BTreeSet<NonZeroU32>,
}

impl Account {
    fn has_room(&self) -> bool {
        let most = match self.largest {
            0 => FEWEST_CALLS,
            size => (MOST_BYTES / size).clamp(FEWEST_CALLS, MOST_CALLS),
        };
        self.unanswered < most && (self.unanswered == 0 || self.taken < MOST_BYTES)
    }
}

#[derive(Debug)]
struct Shared {
    stream: UnixStream,
    account: Mutex<Account>,
    answered: Notify,
    patience: Duration,
}

impl Shared {
    fn account(&self) -> MutexGuard<'_, Account> {
        // Nothing in here panics half-way through a change.
        self.account.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn credentials(&self) -> io::Result<ConnectionCredentials> {
        let peer = socket_peercred(&self.stream)?;
        let credentials = ConnectionCredentials::default().set_unix_user_id(peer.uid.as_raw());
        Ok(match u32::try_from(peer.pid.as_raw_nonzero().get()) {
            Ok(pid) => credentials.set_process_id(pid),
            Err(_) => credentials,
        })
    }
}

/// A client's stream behind the limits.
#[derive(Debug)]
pub(super) struct Gate(Arc<Shared>);

impl Gate {
    /// Puts the limits in front of a stream.
    pub(super) fn new(stream: UnixStream) -> Self {
        Self::with_patience(stream, NO_PROGRESS)
    }

    fn with_patience(stream: UnixStream, patience: Duration) -> Self {
        Self(Arc::new(Shared { stream, account: Mutex::default(), answered: Notify::new(), patience }))
    }
}

impl Socket for Gate {
    type ReadHalf = Calls;
    type WriteHalf = Answers;

    fn split(self) -> Split<Calls, Answers> {
        let bytes =
            Bytes { shared: Arc::clone(&self.0), at: usize::MAX, header: [0; HEADER], unwanted: false };
        Split::new(Calls { bytes }, Answers(self.0))
    }
}

/// What there is to read, with the descriptors that came along: no call takes one, and a call with one is told so.
fn receive(stream: &UnixStream, buffer: &mut [u8]) -> io::Result<(usize, Vec<OwnedFd>)> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST_DESCRIPTORS))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let read = recvmsg(stream, &mut [IoSliceMut::new(buffer)], &mut control, RecvFlags::CMSG_CLOEXEC)?;
    let mut descriptors = Vec::new();
    for message in control.drain() {
        if let RecvAncillaryMessage::ScmRights(those) = message {
            descriptors.extend(those);
        }
    }
    Ok((read.bytes, descriptors))
}

/// Waits until there is something to read, or the end.
async fn begun(stream: &UnixStream) -> io::Result<()> {
    loop {
        stream.readable().await?;
        let look = || Ok(recv(stream, &mut [0], RecvFlags::PEEK)?);
        match stream.try_io(Interest::READABLE, look) {
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => {}
            result => return result.map(drop),
        }
    }
}

/// The bytes that come, with the wish for no answer taken out of each message.
#[derive(Debug)]
struct Bytes {
    shared: Arc<Shared>,
    /// Place in the message that is being read.
    at: usize,
    /// How it begins, as far as that is read.
    header: [u8; HEADER],
    /// Whether the wish was in it.
    unwanted: bool,
}

impl Bytes {
    /// Takes the wish out of the part of a message that begins at `self.at`.
    ///
    /// # Errors
    /// The message is to be longer than any call.
    fn pass(&mut self, part: &mut [u8]) -> io::Result<()> {
        let unread = self.header.iter_mut().skip(self.at);
        unread.zip(part.iter()).for_each(|(there, byte)| *there = *byte);
        let known = self.at.saturating_add(part.len());
        if (self.at..known).contains(&(HEADER - 1)) {
            let length = announced(&self.header);
            if length > LONGEST_CALL {
                let why = format!("a call of {length} bytes; allowed: {LONGEST_CALL}");
                return Err(io::Error::new(io::ErrorKind::InvalidData, why));
            }
        }
        let flags = FLAGS_AT.checked_sub(self.at).and_then(|i| part.get_mut(i));
        if let Some(flags) = flags {
            self.unwanted = *flags & NO_REPLY_EXPECTED != 0;
            *flags &= !NO_REPLY_EXPECTED;
        }
        self.at = known;
        Ok(())
    }
}

/// The length that a message's first bytes announce, of what the message itself is made of: the header, its fields, the
/// body (D-Bus specification, message format).
fn announced(header: &[u8; HEADER]) -> usize {
    let [endian, _, _, _, b0, b1, b2, b3, _, _, _, _, f0, f1, f2, f3] = *header;
    let number = if endian == b'B' { u32::from_be_bytes } else { u32::from_le_bytes };
    let size = |bytes| usize::try_from(number(bytes)).unwrap_or(usize::MAX);
    let fields = size([f0, f1, f2, f3]).saturating_add(7) & !7;
    HEADER.saturating_add(fields).saturating_add(size([b0, b1, b2, b3]))
}

#[async_trait]
impl ReadHalf for Bytes {
    async fn recvmsg(&mut self, buffer: &mut [u8]) -> io::Result<(usize, Vec<OwnedFd>)> {
        loop {
            self.shared.stream.readable().await?;
            let stream = &self.shared.stream;
            match stream.try_io(Interest::READABLE, || receive(stream, buffer)) {
                Ok((n, descriptors)) => {
                    if let Some(part) = buffer.get_mut(..n) {
                        self.pass(part)?;
                    }
                    return Ok((n, descriptors));
                }
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {}
                Err(e) => return Err(e),
            }
        }
    }
}

/// The half that calls come through.
#[derive(Debug)]
pub(super) struct Calls {
    bytes: Bytes,
}

#[async_trait]
impl ReadHalf for Calls {
    async fn receive_message(
        &mut self,
        seq: u64,
        already_received: &mut Vec<u8>,
        already_received_fds: &mut Vec<OwnedFd>,
    ) -> zbus::Result<Message> {
        let shared = Arc::clone(&self.bytes.shared);
        while !shared.account().has_room() {
            shared.answered.notified().await;
        }
        (self.bytes.at, self.bytes.unwanted) = (0, false);
        // What came with the handshake begins with this message.
        self.bytes.pass(already_received)?;
        if already_received.is_empty() {
            begun(&shared.stream).await?;
        }
        let whole = self.bytes.receive_message(seq, already_received, already_received_fds);
        let message = timeout(shared.patience, whole).await.map_err(|_| {
            let why = format!("a call was begun and not ended within {:?}", shared.patience);
            io::Error::new(io::ErrorKind::TimedOut, why)
        })??;
        if message.message_type() == Type::MethodCall {
            let mut account = shared.account();
            account.taken = if account.unanswered == 0 { 0 } else { account.taken };
            account.taken = account.taken.saturating_add(message.data().len());
            account.unanswered += 1;
            if self.bytes.unwanted {
                account.unwanted.insert(message.primary_header().serial_num());
            }
        }
        Ok(message)
    }

    async fn recvmsg(&mut self, buffer: &mut [u8]) -> io::Result<(usize, Vec<OwnedFd>)> {
        self.bytes.recvmsg(buffer).await
    }

    fn can_pass_unix_fd(&self) -> bool {
        true
    }

    async fn peer_credentials(&mut self) -> io::Result<ConnectionCredentials> {
        self.bytes.shared.credentials()
    }
}

/// The half that answers and signals go through.
#[derive(Debug)]
pub(super) struct Answers(Arc<Shared>);

impl Answers {
    /// Writes everything, and hangs up when the client reads nothing for too long.
    async fn write(&self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            bytes = bytes.get(self.some(bytes).await?..).unwrap_or_default();
        }
        Ok(())
    }

    async fn some(&self, bytes: &[u8]) -> io::Result<usize> {
        let stream = &self.0.stream;
        let written = async {
            loop {
                stream.writable().await?;
                match stream.try_write(bytes) {
                    Err(e) if e.kind() == io::ErrorKind::WouldBlock => {}
                    result => return result,
                }
            }
        };
        timeout(self.0.patience, written).await.unwrap_or_else(|_| {
            tracing::warn!("a client read nothing for {:?} and is hung up on", self.0.patience);
            // The read half sees the end then, and with it the connection ends.
            shutdown(stream, Shutdown::Both)?;
            Err(io::ErrorKind::TimedOut.into())
        })
    }
}

#[async_trait]
impl WriteHalf for Answers {
    async fn send_message(&mut self, message: &Message) -> zbus::Result<()> {
        let answer = match message.message_type() {
            Type::MethodReturn | Type::Error => message.header().reply_serial(),
            Type::MethodCall | Type::Signal => None,
        };
        let Some(call) = answer else { return Ok(self.write(message.data()).await?) };
        let wanted = !self.0.account().unwanted.remove(&call);
        let written = if wanted { self.write(message.data()).await } else { Ok(()) };
        let mut account = self.0.account();
        account.unanswered = account.unanswered.saturating_sub(1);
        account.largest = account.largest.max(message.data().len());
        drop(account);
        self.0.answered.notify_one();
        Ok(written?)
    }

    async fn sendmsg(&mut self, buffer: &[u8], _fds: &[BorrowedFd<'_>]) -> io::Result<usize> {
        self.some(buffer).await
    }

    async fn close(&mut self) -> io::Result<()> {
        Ok(shutdown(&self.0.stream, Shutdown::Both)?)
    }

    async fn peer_credentials(&mut self) -> io::Result<ConnectionCredentials> {
        self.0.credentials()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A call of ours: what its message says of its length.
    fn call(body: usize) -> Vec<u8> {
        let call = Message::method_call("/", "C").interface("a.b").build(&("x".repeat(body))).unwrap();
        call.data().to_vec()
    }

    #[test]
    fn the_announced_length_is_the_length() {
        for body in [0, 1, 7, 8, 1000] {
            let call = call(body);
            assert_eq!(announced(call.first_chunk().unwrap()), call.len(), "{body}");
        }
        let endless = *b"l\x01\0\x01\xff\xff\xff\xff\x01\0\0\0\xff\xff\xff\xff";
        assert!(announced(&endless) > LONGEST_CALL);
        assert!(announced(&[b'B'; HEADER]) > LONGEST_CALL);
    }

    /// What becomes of a client that writes this, in one piece or byte by byte.
    async fn written(bytes: &[u8], patience: Duration, slowly: bool) -> zbus::Result<Message> {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let (mut calls, _answers) = Gate::with_patience(ours, patience).split().take();
        let bytes = bytes.to_vec();
        let writer = tokio::spawn(async move {
            let mut left = bytes.as_slice();
            while !left.is_empty() {
                theirs.writable().await.unwrap();
                let next = if slowly { &left[..1] } else { left };
                match theirs.try_write(next) {
                    Ok(n) => left = &left[n..],
                    Err(e) if e.kind() == io::ErrorKind::WouldBlock => {}
                    Err(_) => break,
                }
                tokio::task::yield_now().await;
            }
            theirs
        });
        let result = calls.receive_message(0, &mut Vec::new(), &mut Vec::new()).await;
        // Not before the answer: the end of the stream is another thing.
        drop(writer.await);
        result
    }

    #[tokio::test]
    async fn a_call_that_is_too_long_is_refused_before_memory_is_taken_for_it() {
        let longest = LONGEST_CALL - call(0).len();
        let fits = written(&call(longest), NO_PROGRESS, false).await.unwrap();
        assert_eq!(fits.data().len(), LONGEST_CALL);
        // Of what is too long nobody has to send more than the beginning.
        let begins = call(longest + 1)[..HEADER].to_vec();
        for slowly in [false, true] {
            let error = written(&begins, NO_PROGRESS, slowly).await.unwrap_err().to_string();
            assert!(error.contains(&format!("allowed: {LONGEST_CALL}")), "{error}");
        }
    }

    #[tokio::test]
    async fn a_call_that_was_begun_has_to_end_and_one_that_was_not_may_wait() {
        let short = Duration::from_millis(30);
        for begun in [1, HEADER, HEADER + 5] {
            let error = written(&call(100)[..begun], short, false).await.unwrap_err().to_string();
            assert!(error.contains("begun and not ended"), "{begun}: {error}");
        }
        let (ours, theirs) = UnixStream::pair().unwrap();
        let (mut calls, _answers) = Gate::with_patience(ours, short).split().take();
        for _ in 0..2 {
            tokio::time::sleep(short * 3).await;
            theirs.writable().await.unwrap();
            assert_eq!(theirs.try_write(&call(10)).unwrap(), call(10).len());
            calls.receive_message(0, &mut Vec::new(), &mut Vec::new()).await.unwrap();
        }
        let (mut bytes, mut descriptors) = (Vec::new(), Vec::new());
        let idle = calls.receive_message(0, &mut bytes, &mut descriptors);
        assert!(timeout(short * 5, idle).await.is_err(), "it has nothing to say, and stays");
    }

    #[tokio::test]
    async fn a_client_that_reads_nothing_is_hung_up_on() {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let (mut calls, mut answers) = Gate::with_patience(ours, Duration::from_millis(20)).split().take();
        let signal = Message::signal("/", "a.b", "C").build(&("x".repeat(10_000))).unwrap();
        let refused = loop {
            if let Err(e) = answers.send_message(&signal).await {
                break e;
            }
        };
        assert!(matches!(refused, zbus::Error::InputOutput(e) if e.kind() == io::ErrorKind::TimedOut));
        assert_eq!(calls.recvmsg(&mut [0; 16]).await.unwrap().0, 0, "the read half ends too");
        assert!(answers.send_message(&signal).await.is_err(), "at once");
        drop(theirs);
    }
}
