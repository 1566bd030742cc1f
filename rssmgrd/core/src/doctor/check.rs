//! Everything that the doctor looks for.

use core::fmt;

macro_rules! checks {
    ($($(#[$doc:meta])* $variant:ident $name:literal $about:literal,)*) => {
        /// What was looked for.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Check {
            $($(#[$doc])* $variant,)*
        }

        impl Check {
            /// All of them, in the order in which findings of one adapter are listed.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The stable name in output.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            /// One line on what it looks for.
            #[must_use]
            pub const fn about(self) -> &'static str {
                match self {
                    $(Self::$variant => $about,)*
                }
            }
        }
    };
}

checks! {
    /// Settings are saved and nobody keeps them.
    DaemonGone "daemon-gone" "settings are saved, and no daemon keeps them in force",
    /// The daemon could neither reach nor restore a state.
    Degraded "degraded" "a change failed and could not be undone",
    /// The driver does not answer.
    Stuck "stuck" "the driver does not answer",
    /// Somebody else keeps changing it.
    Contested "contested" "somebody else keeps changing what rssmgrd set",
    /// Not as it was set.
    Drifted "drifted" "somebody changed what rssmgrd set",
    /// Steps wait.
    Pending "pending" "steps wait for a restart of the adapter",
    /// Managed, but not here.
    Away "away" "a managed adapter is not there",
    /// The settings contradict the machine.
    CannotPlace "cannot-place" "the settings ask for something that this machine does not have",
    /// Traffic does not follow the table.
    TableIgnored "table-ignored" "packets arrive on queues that the table does not name",
    /// The driver's row warns of it.
    MayIgnoreTable "may-ignore-table" "the driver accepts tables that nothing may obey",
    /// The table uses fewer queues than there are CPUs wanted.
    FewQueues "few-queues" "the table points at fewer queues than CPUs are wanted",
    /// Fewer channels than the hardware has and the machine could use.
    FewChannels "few-channels" "fewer queues are switched on than the adapter has and the machine could use",
    /// Interrupts on the wrong node.
    OffNode "off-node" "interrupts on other NUMA nodes than the profile wants",
    /// Interrupts on CPUs that may not be used.
    NotEligible "not-eligible" "interrupts on CPUs that are isolated, offline or excluded",
    /// Several queues on one CPU.
    QueuesShareCpu "queues-share-cpu" "several queues interrupt one CPU while others are free",
    /// Two threads of a core.
    SiblingsShareCore "siblings-share-core" "queues on both hyper-threads of a core while cores are free",
    /// Two adapters on one CPU.
    AdaptersShareCpu "adapters-share-cpu" "several adapters use the same CPUs while others are free",
    /// Interrupts that any CPU may take.
    NotPinned "not-pinned" "interrupts of a managed adapter that are bound to no CPU",
    /// UDP hashed without ports.
    UdpAddressesOnly "udp-addresses-only" "UDP is hashed on addresses without ports",
    /// Tunnels whose packets all hash alike.
    TunnelOneQueue "tunnel-one-queue" "tunnel traffic that hashes to one queue",
    /// One queue and no RPS.
    NeedsRps "needs-rps" "a single queue, and RPS does not spread its packets",
    /// Queues are loaded unevenly.
    QueueImbalance "queue-imbalance" "some queues receive far more than others",
    /// CPUs are loaded unevenly.
    CpuImbalance "cpu-imbalance" "one CPU handles nearly all received packets",
    /// The backlog overflows.
    SoftnetDrops "softnet-drops" "the kernel drops packets because a CPU's backlog is full",
    /// The budget ends before the work.
    TimeSqueeze "time-squeeze" "CPUs run out of time with packets left to handle",
    /// No node.
    NoNumaNode "no-numa-node" "the firmware does not say to which NUMA node an adapter belongs",
    /// irqbalance.
    Irqbalance "irqbalance" "irqbalance moves the same interrupts",
    /// Others that set the same.
    OtherManager "other-manager" "tuned, NetworkManager, systemd.link or a script sets what rssmgrd sets",
    /// VPorts that cannot be.
    VPortsUnsupported "vports-unsupported" "VPorts are saved, and the driver or this kernel can have none",
    /// RSS contexts of VPorts are not as they were made.
    VPortsAstray "vports-astray" "RSS contexts that rssmgrd made for VPorts are gone or changed",
    /// Saved settings in front of the configuration.
    SavedHidesConfig "saved-hides-config" "settings saved with rssctl hide the configuration",
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
