//! What goes into the machine and what comes out.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::sync::Arc;

use super::command::{Caller, Command, CommandError, CommandId, Reply};
use super::group::GroupId;
use super::guard::Gateway;
use super::saved::SavedState;
use super::view::{AdapterFacts, Snapshot};
use crate::capability::Capability;
use crate::device::{BackendError, Device, Op, Outcome};
use crate::drift::{Hint, Suspects};
use crate::event::Event;
use crate::ids::AdapterId;
use crate::place::Team;
use crate::topology::Topology;
use crate::verify::Verdict;

/// A request to save, for its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SaveId(pub u64);

/// An adapter that came to be.
#[derive(Clone, Debug)]
pub struct Created {
    /// What it is.
    pub facts: AdapterFacts,
    /// What it can do.
    pub capability: Capability,
    /// Its state.
    pub device: Device,
    /// The machine that its CPUs belong to.
    pub topology: Arc<Topology>,
    /// The options in canonical form, with defaults filled in.
    pub options: BTreeMap<String, String>,
}

/// Why a software NIC cannot be made or given a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unusable {
    /// What is wrong, with the remedy.
    pub because: String,
    /// Whether it is a file that is damaged or of the wrong format, and not how it was asked for.
    pub bad_file: bool,
}

impl From<String> for Unusable {
    fn from(because: String) -> Self {
        Self { because, bad_file: false }
    }
}

/// What happens to the power of an adapter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PowerChange {
    /// It loses its power: its queues are destroyed first.
    Off,
    /// It has power again, and then queues, with all that the hardware begins with.
    On,
    /// The hardware forgets everything and has queues again.
    Reset,
}

impl PowerChange {
    /// In words.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Off => "power off",
            Self::On => "power on",
            Self::Reset => "reset",
        }
    }
}

/// News from outside.
#[derive(Clone, Debug)]
pub enum Notice {
    /// A network interface of the kernel appeared, or was there at start. Followed by [`Effect::Adopted`].
    Arrived(Box<Created>),
    /// As [`Notice::Arrived`], of one that came into being just now, or whose driver was loaded anew: its link is not
    /// in use yet, and may be disturbed.
    Plugged(Box<Created>),
    /// Something about an adapter changed, by whomever; it is read again.
    Changed {
        /// Which one.
        adapter: AdapterId,
        /// What was told.
        hint: Hint,
        /// Whether the event itself took the interface down or reset it.
        broke: bool,
    },
    /// An adapter lost its power, has it again, or was reset. Told before anything else is asked of it.
    Power {
        /// Which one.
        adapter: AdapterId,
        /// What happened.
        change: PowerChange,
    },
    /// A network interface has another name.
    Renamed {
        /// Which one.
        adapter: AdapterId,
        /// Its new name.
        name: String,
    },
    /// A network interface became a port of a bond or team, or is none any more. Nothing is placed anew by that: a running
    /// adapter keeps its processors.
    Teamed {
        /// Which one.
        adapter: AdapterId,
        /// What it is a port of now.
        team: Option<Team>,
    },
    /// A network interface was moved to another network namespace. It comes back by [`Notice::Arrived`], and keeps its
    /// id.
    Away {
        /// Which one.
        adapter: AdapterId,
    },
    /// A call into an adapter has not come back for a long time. The answer, when it comes, ends it.
    Stuck {
        /// Which one.
        adapter: AdapterId,
        /// What was asked of it.
        operation: String,
        /// How long ago, in seconds.
        seconds: u32,
    },
    /// CPUs went on line or off line: the machine as it is now.
    Topology(Arc<Topology>),
    /// Programs that are known to write what we write, as they run now.
    Suspects(Suspects),
    /// A network interface of the kernel disappeared. One that goes before it has an id is reported after
    /// [`Effect::Adopted`], or by its next arrival.
    Gone {
        /// Which one.
        adapter: AdapterId,
    },
    /// Packets were compared with what an adapter's state predicts.
    Checked {
        /// Which one.
        adapter: AdapterId,
        /// The state by which was predicted.
        device: Box<Device>,
        /// What came of it.
        verdict: Verdict,
        /// Packets that were compared.
        packets: u64,
    },
    /// An adapter has a carrier, now or again.
    Carrier {
        /// Which one.
        adapter: AdapterId,
        /// What is behind it.
        gateway: Gateway,
    },
    /// An adapter's traffic source ended or failed.
    SourceEnded {
        /// Which one.
        adapter: AdapterId,
        /// `finished` or `failed`.
        state: String,
        /// Why.
        because: String,
    },
}

/// Everything that can happen.
#[derive(Clone, Debug)]
pub enum Input {
    /// Somebody asks for something.
    Command {
        /// For the answer.
        id: CommandId,
        /// Who asks.
        caller: Caller,
        /// What.
        command: Command,
    },
    /// A caller left. Only [`Command::Wait`] ends by it: changes go on without somebody to tell.
    Withdraw {
        /// The command; it gets no answer any more if it was waiting.
        id: CommandId,
    },
    /// The answer to [`Effect::Run`].
    Ran {
        /// From the effect.
        group: GroupId,
        /// From the effect.
        adapter: AdapterId,
        /// What came of it.
        result: Result<Outcome, BackendError>,
    },
    /// The answer to [`Effect::Observe`].
    Observed {
        /// From the effect.
        group: GroupId,
        /// From the effect.
        adapter: AdapterId,
        /// What was read.
        result: Result<Device, BackendError>,
    },
    /// The answer to [`Effect::Save`].
    Saved {
        /// From the effect.
        save: SaveId,
        /// Whether it is durable, or why not.
        result: Result<(), String>,
    },
    /// The answer to [`Effect::Create`].
    Created {
        /// From the effect.
        name: String,
        /// The adapter, or why it could not be created.
        result: Result<Box<Created>, Unusable>,
    },
    /// The answer to [`Effect::SetSource`].
    SourceSet {
        /// From the effect.
        adapter: AdapterId,
        /// The source in canonical form, or why it was refused (the old one goes on then).
        result: Result<String, Unusable>,
    },
    /// The answer to [`Effect::Power`], after the [`Notice::Power`] that tells what came of it.
    PowerSet {
        /// From the effect.
        adapter: AdapterId,
        /// Whether it could be asked at all.
        result: Result<(), BackendError>,
    },
    /// News.
    Kernel(Notice),
    /// Somebody told the daemon to end. What has to be saved for that is asked for at once.
    Ending,
    /// The moment that [`Manager::deadline`](super::Manager::deadline) named has come.
    Timer,
}

/// Everything that is to be done. The shell executes effects in order and answers those that have an answer.
#[derive(Clone, Debug)]
pub enum Effect {
    /// Execute an operation on an adapter. Answer: [`Input::Ran`].
    Run {
        /// For the answer.
        group: GroupId,
        /// On which adapter.
        adapter: AdapterId,
        /// What.
        op: Op,
    },
    /// Read an adapter. Answer: [`Input::Observed`].
    Observe {
        /// For the answer.
        group: GroupId,
        /// Which adapter.
        adapter: AdapterId,
    },
    /// Make the state durable. Answer: [`Input::Saved`]. The next one comes after the answer: what changes meanwhile is
    /// saved together.
    Save {
        /// For the answer.
        save: SaveId,
        /// All of it.
        state: Box<SavedState>,
    },
    /// Create a software NIC. Answer: [`Input::Created`].
    Create {
        /// Its name.
        name: String,
        /// Its options.
        options: BTreeMap<String, String>,
        /// Whether it was saved by an earlier run: then it had better come without its source than not at all.
        restored: bool,
    },
    /// The adapter that was created or that arrived got this id.
    Adopted {
        /// Its name.
        name: String,
        /// Its id from now on.
        adapter: AdapterId,
    },
    /// Destroy a software NIC.
    Delete {
        /// Which one.
        adapter: AdapterId,
    },
    /// Discard a software NIC that was created but is not kept.
    Discard {
        /// Its name.
        name: String,
    },
    /// Give a software NIC another source. Answer: [`Input::SourceSet`].
    SetSource {
        /// Which one.
        adapter: AdapterId,
        /// The source, as typed.
        source: String,
    },
    /// Switch a software NIC off or on, or reset it. Answer: [`Input::PowerSet`].
    Power {
        /// Which one.
        adapter: AdapterId,
        /// What is to happen.
        change: PowerChange,
    },
    /// Let readers see this.
    Publish(Arc<Snapshot>),
    /// Tell this.
    Emit(Event),
    /// Answer a command.
    Reply {
        /// Which one.
        id: CommandId,
        /// The answer.
        result: Result<Reply, CommandError>,
    },
}
