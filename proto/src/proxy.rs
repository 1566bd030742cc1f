//! Proxies for clients. Methods that answer with records answer `a{sv}` (see [`crate::dict`]).

use zbus::proxy;
use zbus::wire::OwnedObjectPath;

use crate::dict::Dictionary;

/// The manager: everything that reads or changes more than one adapter.
#[proxy(interface = "org.rssmgr1.Manager", default_service = "org.rssmgr1", default_path = "/org/rssmgr1")]
pub trait Manager {
    /// Changes settings of the adapters that `selector` (names and globs; none is all managed ones) means.
    /// `settings` by field key; `options` as [`crate::types::ApplyOptions`]. Answers
    /// [`crate::types::ApplyRecord`].
    fn apply(
        &self,
        selector: &[String],
        settings: &Dictionary,
        options: &Dictionary,
    ) -> zbus::Result<Dictionary>;
    /// Drops the saved settings and plans anew. Answers [`crate::types::ApplyRecord`].
    fn reset(&self, selector: &[String], options: &Dictionary) -> zbus::Result<Dictionary>;
    /// Gives adapters back as they were found. Answers [`crate::types::ApplyRecord`].
    fn release(&self, selector: &[String], options: &Dictionary) -> zbus::Result<Dictionary>;
    /// Takes the steps that are pending. Answers [`crate::types::ApplyRecord`].
    fn restart(&self, selector: &[String], options: &Dictionary) -> zbus::Result<Dictionary>;
    /// Sets explicit table entries, each `ENTRY=PROCESSOR`. Answers [`crate::types::ApplyRecord`].
    fn set_entries(
        &self,
        selector: &[String],
        entries: &[String],
        options: &Dictionary,
    ) -> zbus::Result<Dictionary>;
    /// Moves all entries of one processor to another. Answers [`crate::types::ApplyRecord`].
    fn move_entries(
        &self,
        selector: &[String],
        from: &str,
        to: &str,
        options: &Dictionary,
    ) -> zbus::Result<Dictionary>;

    /// Changes that wait to be confirmed: [`crate::types::CheckpointRecord`]s.
    fn list_checkpoints(&self) -> zbus::Result<Vec<Dictionary>>;
    /// Confirms the change of a checkpoint; 0 is the latest.
    fn commit_checkpoint(&self, id: u64) -> zbus::Result<()>;
    /// Takes the change of a checkpoint back now; 0 is the latest. Answers [`crate::types::ApplyRecord`].
    fn roll_back_checkpoint(&self, id: u64) -> zbus::Result<Dictionary>;
    /// Has a checkpoint wait so many milliseconds from now; 0 is the latest.
    fn extend_checkpoint(&self, id: u64, by_ms: u64) -> zbus::Result<()>;

    /// The object of an adapter.
    fn get_adapter(&self, name: &str) -> zbus::Result<OwnedObjectPath>;
    /// Adapters that match; none is all. Answers [`crate::types::AdapterRecord`]s.
    fn list_adapters(&self, selector: &[String], options: &Dictionary) -> zbus::Result<Vec<Dictionary>>;
    /// Network interfaces that are no adapters: [`crate::types::HiddenRecord`]s.
    fn list_hidden(&self) -> zbus::Result<Vec<Dictionary>>;
    /// Counters of adapters that match, `per` queue, cpu or entry. Answers [`crate::types::StatsRecord`]s.
    fn get_stats(&self, selector: &[String], per: &str) -> zbus::Result<Vec<Dictionary>>;
    /// Where a flow goes: [`crate::types::FlowQuery`] to [`crate::types::FlowRecord`].
    fn predict_flow(&self, name: &str, query: &Dictionary) -> zbus::Result<Dictionary>;
    /// Where the packets of a connection come in: [`crate::types::SocketQuery`] to [`crate::types::SocketRecord`].
    fn locate_socket(&self, query: &Dictionary) -> zbus::Result<Dictionary>;
    /// Why: [`crate::types::WhyQuery`] to [`crate::types::WhyRecord`].
    fn explain(&self, name: &str, query: &Dictionary) -> zbus::Result<Dictionary>;

    /// Whether the traffic of adapters obeys their tables: [`crate::types::VerifyOptions`] to
    /// [`crate::types::VerifyRecord`]s.
    fn verify(&self, selector: &[String], options: &Dictionary) -> zbus::Result<Vec<Dictionary>>;

    /// Events of the ring: [`crate::types::EventQuery`] to [`crate::types::EventRecord`]s.
    fn get_events(&self, query: &Dictionary) -> zbus::Result<Vec<Dictionary>>;
    /// The whole state as events, now. Answers [`crate::types::EventRecord`]s.
    fn rundown(&self) -> zbus::Result<Vec<Dictionary>>;
    /// Waits until nothing is under way and at least this generation is published; answers the generation.
    fn wait_settled(&self, generation: u64, timeout_ms: u32) -> zbus::Result<u64>;

    /// Creates a software NIC. Answers [`crate::types::SoftnicRecord`].
    fn create_softnic(
        &self,
        name: &str,
        options: std::collections::HashMap<&str, &str>,
    ) -> zbus::Result<Dictionary>;
    /// Deletes a software NIC.
    fn delete_softnic(&self, name: &str) -> zbus::Result<()>;
    /// Gives a software NIC another traffic source.
    fn set_softnic_source(&self, name: &str, source: &str) -> zbus::Result<()>;
    /// Switches a software NIC off or on. Answers when what it lost is in force again.
    fn set_softnic_power(&self, name: &str, on: bool) -> zbus::Result<()>;
    /// Resets a software NIC. Answers when what it lost is in force again.
    fn reset_softnic(&self, name: &str) -> zbus::Result<()>;
    /// Software NICs: [`crate::types::SoftnicRecord`]s.
    fn list_softnics(&self) -> zbus::Result<Vec<Dictionary>>;

    /// The machine-wide switches: [`crate::types::GlobalRecord`].
    fn get_global(&self) -> zbus::Result<Dictionary>;
    /// Turns the machine-wide RSS switch.
    fn set_global(&self, rss: bool) -> zbus::Result<()>;
    /// Configuration in force: [`crate::types::ConfigRecord`].
    fn get_config(&self) -> zbus::Result<Dictionary>;
    /// Reads the configuration again.
    fn reload(&self) -> zbus::Result<()>;

    /// Version of the daemon.
    #[zbus(property(emits_changed_signal = "const"))]
    fn version(&self) -> zbus::Result<String>;
    /// Generation of the published state.
    #[zbus(property)]
    fn generation(&self) -> zbus::Result<u64>;
    /// Why nothing is changed in this run, or empty.
    #[zbus(property(emits_changed_signal = "const"))]
    fn observe_only(&self) -> zbus::Result<String>;
    /// Address where the metrics are served (`http://HOST:PORT/metrics`), or empty.
    #[zbus(property(emits_changed_signal = "const"))]
    fn metrics_address(&self) -> zbus::Result<String>;

    /// Something happened: [`crate::types::EventRecord`].
    #[zbus(signal)]
    fn event(&self, event: Dictionary) -> zbus::Result<()>;
}

/// One adapter, with the names and types of `MSFT_NetAdapterRssSettingData`.
#[proxy(interface = "org.rssmgr1.Adapter", default_service = "org.rssmgr1")]
pub trait Adapter {
    /// Interface name.
    #[zbus(property)]
    fn name(&self) -> zbus::Result<String>;
    /// Kind of device.
    #[zbus(property)]
    fn interface_description(&self) -> zbus::Result<String>;
    /// Whether the adapter spreads.
    #[zbus(property)]
    fn enabled(&self) -> zbus::Result<bool>;
    /// Receive queues.
    #[zbus(property)]
    fn number_of_receive_queues(&self) -> zbus::Result<u32>;
    /// Profile, 1 to 6.
    #[zbus(property)]
    fn profile(&self) -> zbus::Result<u32>;
    /// Most processors at once.
    #[zbus(property)]
    fn max_processors(&self) -> zbus::Result<u32>;
    /// Table entries: processor group and number.
    #[zbus(property(emits_changed_signal = "invalidates"))]
    fn indirection_table(&self) -> zbus::Result<Vec<(u16, u8)>>;
    /// Eligible processors: group, number, distance.
    #[zbus(property(emits_changed_signal = "invalidates"))]
    fn rss_processor_array(&self) -> zbus::Result<Vec<(u16, u8, u16)>>;
    /// `observed`, `managed`, `pending`, `applying`, `degraded`, `stuck`, `contested`, `drifted`, `down` or `away`.
    #[zbus(property)]
    fn state(&self) -> zbus::Result<String>;
    /// The checkpoint that it is under; 0 is none.
    #[zbus(property)]
    fn checkpoint(&self) -> zbus::Result<u64>;
    /// Steps that are left for a restart, in words.
    #[zbus(property)]
    fn pending(&self) -> zbus::Result<Vec<String>>;
    /// The hash key; only for root and the daemon's own user.
    fn get_hash_key(&self) -> zbus::Result<Vec<u8>>;
    /// The whole record: [`crate::types::AdapterRecord`].
    fn get_record(&self) -> zbus::Result<Dictionary>;
    /// Its VPorts, the default one first: [`crate::types::VPortRecord`]s.
    #[zbus(name = "GetVPorts")]
    fn get_vports(&self) -> zbus::Result<Vec<Dictionary>>;
    /// Makes a VPort: [`crate::types::VPortRequest`], options as [`crate::types::ApplyOptions`]. Answers
    /// [`crate::types::ApplyRecord`].
    #[zbus(name = "CreateVPort")]
    fn create_vport(&self, request: &Dictionary, options: &Dictionary) -> zbus::Result<Dictionary>;
    /// Changes a VPort: [`crate::types::VPortRequest`]. Answers [`crate::types::ApplyRecord`].
    #[zbus(name = "SetVPort")]
    fn set_vport(&self, id: u32, request: &Dictionary, options: &Dictionary) -> zbus::Result<Dictionary>;
    /// Deletes a VPort. Answers [`crate::types::ApplyRecord`].
    #[zbus(name = "DeleteVPort")]
    fn delete_vport(&self, id: u32, options: &Dictionary) -> zbus::Result<Dictionary>;
    /// Switches VMQ on or off. Answers [`crate::types::ApplyRecord`].
    fn set_vmq(&self, enabled: bool, options: &Dictionary) -> zbus::Result<Dictionary>;
    /// Moves entries, primary and default processors. `actor` is the processor that asks, or empty for whichever owns what
    /// is moved. Answers [`crate::types::MovesRecord`].
    fn move_entries(
        &self,
        moves: &[crate::types::MoveRequest],
        actor: &str,
        options: &Dictionary,
    ) -> zbus::Result<Dictionary>;
}
