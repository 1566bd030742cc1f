//! `org.rssmgr1.Adapter`: one adapter, with the names and types of `MSFT_NetAdapterRssSettingData`.

use std::collections::HashMap;
use std::sync::Arc;

use rssmgr_core::hash::HashType;
use rssmgr_core::mac;
use rssmgr_core::manager::{AdapterView, VPortChange};
use rssmgr_core::{AdapterId, VPortId};
use rssmgr_proto::dict::{Dictionary, to_dict};
use rssmgr_proto::types::MoveRequest;
use rssmgr_proto::{ApiError, ErrorKind, convert};
use zbus::message::Header;
use zbus::wire::Variant;
use zbus::{Connection, fdo, interface};

use super::Context;
use super::auth::Peer;
use super::lazy::Records;
use super::vports::{self, Ask};
use super::wmi::{self, CandidateValue, ProcessorValue, narrow};

/// The object, one for each adapter and connection. It holds no state: every getter reads what is published.
#[derive(Debug)]
pub struct Adapter {
    id: AdapterId,
    context: Arc<Context>,
    peer: Peer,
}

impl Adapter {
    pub(super) const fn new(id: AdapterId, context: Arc<Context>, peer: Peer) -> Self {
        Self { id, context, peer }
    }

    fn view(&self) -> Option<Arc<AdapterView>> {
        self.context.handle.snapshot().adapters.get(&self.id).cloned()
    }

    fn gone(&self) -> String {
        format!("adapter {} is gone", self.id)
    }

    fn property<T>(&self, get: impl FnOnce(&AdapterView) -> T) -> fdo::Result<T> {
        self.view().map(|v| get(&v)).ok_or_else(|| fdo::Error::UnknownObject(self.gone()))
    }

    fn record(&self) -> Result<Dictionary, ApiError> {
        let snapshot = self.context.handle.snapshot();
        match snapshot.adapters.get(&self.id) {
            Some(view) => to_dict(&convert::adapter(view, snapshot.rss_on)),
            None => Err(ApiError::new(ErrorKind::NoSuchAdapter, self.gone())),
        }
    }

    const fn ask<'a>(&'a self, header: &'a Header<'a>, connection: &'a Connection) -> Ask<'a> {
        Ask { context: &self.context, peer: &self.peer, adapter: self.id, header, connection }
    }

    async fn key(&self, header: &Header<'_>, connection: &Connection) -> Result<Vec<u8>, ApiError> {
        let caller = self.peer.caller(header, connection).await?;
        if caller.uid != 0 && caller.uid != self.context.owner_uid {
            return Err(ApiError::new(
                ErrorKind::NotAuthorised,
                format!(
                    "uid {} may not read hash keys: only root and uid {} may",
                    caller.uid, self.context.owner_uid
                ),
            ));
        }
        let view = self.view().ok_or_else(|| ApiError::new(ErrorKind::NoSuchAdapter, self.gone()))?;
        if view.device.key.is_empty() {
            return Err(ApiError::new(
                ErrorKind::NotSupported,
                format!("{}: the adapter does not show its hash key", view.facts.name),
            ));
        }
        Ok(view.device.key.bytes().to_vec())
    }
}

/// What a change is told with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// The new value.
    Value,
    /// That there is a new one; it is too long to be sent to everybody.
    Invalidated,
    /// Nothing: it never changes.
    Never,
}

/// Defines the properties once: the object's getters, and the values whose changes are told.
macro_rules! properties {
    ($($(#[doc = $doc:literal])+ $getter:ident $name:tt $emits:tt $told:ident: $type:ty = |$view:ident| $value:expr;)+) => {
        /// Every property: name, how a change is told, value.
        pub(super) fn values(view: &AdapterView) -> Vec<(&'static str, Told, Variant<'static>)> {
            vec![$(($name, Told::$told, { let $view = view; let value: $type = $value; value.into() })),+]
        }

        #[interface(name = "org.rssmgr1.Adapter")]
        impl Adapter {
            $(
                $(#[doc = $doc])+
                #[zbus(property(emits_changed_signal = $emits), name = $name)]
                fn $getter(&self) -> fdo::Result<$type> {
                    self.property(|$view| $value)
                }
            )+

            /// The hash key; only for root and the daemon's own user.
            async fn get_hash_key(
                &self,
                #[zbus(header)] header: Header<'_>,
                #[zbus(connection)] connection: &Connection,
            ) -> Result<Vec<u8>, ApiError> {
                self.context.calls.count("GetHashKey", self.key(&header, connection).await)
            }

            /// The whole record.
            async fn get_record(&self) -> Result<Dictionary, ApiError> {
                self.context.calls.count("GetRecord", self.record())
            }

            /// Its VPorts, the default one first.
            #[zbus(name = "GetVPorts")]
            async fn get_vports(&self) -> Result<Records, ApiError> {
                let vports = self.view().map(|v| convert::vports(&v));
                let vports = vports.ok_or_else(|| ApiError::new(ErrorKind::NoSuchAdapter, self.gone()));
                self.context.calls.count("GetVPorts", vports.map(|list| Records::of(list, to_dict)))
            }

            /// Makes a VPort.
            #[zbus(name = "CreateVPort")]
            async fn create_vport(
                &self,
                request: Dictionary,
                options: Dictionary,
                #[zbus(header)] header: Header<'_>,
                #[zbus(connection)] connection: &Connection,
            ) -> Result<Dictionary, ApiError> {
                let work = async {
                    let (id, wish) = vports::wish(&request)?;
                    self.ask(&header, connection).change(VPortChange::Create(id, wish), &options).await
                };
                self.context.calls.count("CreateVPort", work.await)
            }

            /// Changes a VPort.
            #[zbus(name = "SetVPort")]
            async fn set_vport(
                &self,
                id: u32,
                request: Dictionary,
                options: Dictionary,
                #[zbus(header)] header: Header<'_>,
                #[zbus(connection)] connection: &Connection,
            ) -> Result<Dictionary, ApiError> {
                let work = async {
                    let (_, wish) = vports::wish(&request)?;
                    self.ask(&header, connection).change(VPortChange::Set(VPortId(id), wish), &options).await
                };
                self.context.calls.count("SetVPort", work.await)
            }

            /// Deletes a VPort.
            #[zbus(name = "DeleteVPort")]
            async fn delete_vport(
                &self,
                id: u32,
                options: Dictionary,
                #[zbus(header)] header: Header<'_>,
                #[zbus(connection)] connection: &Connection,
            ) -> Result<Dictionary, ApiError> {
                let change = VPortChange::Delete(VPortId(id));
                let result = self.ask(&header, connection).change(change, &options).await;
                self.context.calls.count("DeleteVPort", result)
            }

            /// Switches VMQ on or off: off, VPorts are kept and every packet is the adapter's.
            async fn set_vmq(
                &self,
                enabled: bool,
                options: Dictionary,
                #[zbus(header)] header: Header<'_>,
                #[zbus(connection)] connection: &Connection,
            ) -> Result<Dictionary, ApiError> {
                let result = self.ask(&header, connection).change(VPortChange::Vmq(enabled), &options).await;
                self.context.calls.count("SetVmq", result)
            }

            /// Moves entries, primary and default processors; answers a status for each move.
            async fn move_entries(
                &self,
                moves: Vec<MoveRequest>,
                actor: String,
                options: Dictionary,
                #[zbus(header)] header: Header<'_>,
                #[zbus(connection)] connection: &Connection,
            ) -> Result<Dictionary, ApiError> {
                let result = self.ask(&header, connection).moves(&moves, &actor, &options).await;
                self.context.calls.count("MoveSteering", result)
            }
        }
    };
}

properties! {
    /// Interface name.
    name "Name" "true" Value: String = |v| v.facts.name.clone();
    /// Kind of device.
    interface_description "InterfaceDescription" "true" Value: String = |v| v.facts.description.clone();
    /// What finds the adapter again after a restart.
    instance_id "InstanceID" "const" Never: String = |v| v.facts.key.clone();
    /// Where the settings come from: 2 the device, 3 persistent storage.
    source "Source" "true" Value: u32 = |v| wmi::source(v);
    /// Whether the adapter spreads.
    enabled "Enabled" "true" Value: bool = |v| v.spreads();
    /// Message signalled interrupts.
    msi_supported "MsiSupported" "const" Never: bool = |v| v.capability.msi_x;
    /// Message signalled interrupts with a vector a queue.
    msi_x_supported "MsiXSupported" "const" Never: bool = |v| v.capability.msi_x;
    /// Whether they are in use.
    msi_x_enabled "MsiXEnabled" "const" Never: bool = |v| v.capability.msi_x;
    /// Classification in the interrupt service routine: never on Linux.
    classification_at_isr_supported "ClassificationAtIsrSupported" "const" Never: bool = |_v| false;
    /// Classification in the deferred procedure call, which is NAPI here.
    classification_at_dpc_supported "ClassificationAtDpcSupported" "const" Never: bool = |_v| true;
    /// TCP over IPv4 can be hashed.
    tcp_ipv4_hash_supported "TcpIPv4HashSupported" "const" Never: bool = |v| wmi::has(v.capability.hash_types, HashType::TcpIpv4);
    /// TCP over IPv6 can be hashed.
    tcp_ipv6_hash_supported "TcpIPv6HashSupported" "const" Never: bool = |v| wmi::has(v.capability.hash_types, HashType::TcpIpv6);
    /// TCP over IPv6 with extension headers can be hashed.
    tcp_ipv6_extension_hash_supported "TcpIPv6ExtensionHashSupported" "const" Never: bool = |v| wmi::has(v.capability.hash_types, HashType::TcpIpv6Ex);
    /// The Toeplitz hash is there.
    toeplitz_hash_function_supported "ToeplitzHashFunctionSupported" "const" Never: bool = |v| !v.capability.hash_types.is_empty();
    /// Virtual ports can spread too.
    rss_on_ports_supported "RssOnPortsSupported" "const" Never: bool = |v| v.capability.vports.any();
    /// Receive interrupt vectors.
    number_of_interrupt_messages "NumberOfInterruptMessages" "const" Never: u32 = |v| v.capability.vectors.into();
    /// Receive queues.
    number_of_receive_queues "NumberOfReceiveQueues" "true" Value: u32 = |v| v.device.channels().into();
    /// IPv4 addresses are hashed.
    ipv4_hash_enabled "IPv4HashEnabled" "true" Value: bool = |v| wmi::has(v.device.hash_types, HashType::Ipv4);
    /// TCP over IPv4 is hashed.
    tcp_ipv4_hash_enabled "TcpIPv4HashEnabled" "true" Value: bool = |v| wmi::has(v.device.hash_types, HashType::TcpIpv4);
    /// IPv6 addresses are hashed.
    ipv6_hash_enabled "IPv6HashEnabled" "true" Value: bool = |v| wmi::has(v.device.hash_types, HashType::Ipv6);
    /// IPv6 addresses with extension headers are hashed.
    ipv6_extension_hash_enabled "IPv6ExtensionHashEnabled" "true" Value: bool = |v| wmi::has(v.device.hash_types, HashType::Ipv6Ex);
    /// TCP over IPv6 is hashed.
    tcp_ipv6_hash_enabled "TcpIPv6HashEnabled" "true" Value: bool = |v| wmi::has(v.device.hash_types, HashType::TcpIpv6);
    /// TCP over IPv6 with extension headers is hashed.
    tcp_ipv6_extension_hash_enabled "TcpIPv6ExtensionHashEnabled" "true" Value: bool = |v| wmi::has(v.device.hash_types, HashType::TcpIpv6Ex);
    /// The Toeplitz hash is in use.
    toeplitz_hash_function_enabled "ToeplitzHashFunctionEnabled" "true" Value: bool = |v| !v.device.hash_types.is_empty();
    /// Table entries.
    indirection_table_entry_count "IndirectionTableEntryCount" "true" Value: u16 = |v| v.capability.table_entries;
    /// Key length in bytes.
    hash_key_size "HashKeySize" "true" Value: u16 = |v| v.capability.key_bytes;
    /// Table entries: processor group and number.
    indirection_table "IndirectionTable" "invalidates" Invalidated: Vec<ProcessorValue> = |v| wmi::table(v);
    /// Eligible processors: group, number, distance.
    rss_processor_array "RssProcessorArray" "invalidates" Invalidated: Vec<CandidateValue> = |v| wmi::array(v);
    /// How many these are.
    rss_processor_array_size "RssProcessorArraySize" "true" Value: u32 = |v| u32::try_from(wmi::array(v).len()).unwrap_or(u32::MAX);
    /// Profile, 1 to 6.
    profile "Profile" "true" Value: u32 = |v| v.settings.profile.value.number().into();
    /// Group of the lowest processor that may be used.
    base_processor_group "BaseProcessorGroup" "true" Value: u16 = |v| wmi::base(v).0;
    /// Number of the lowest processor that may be used.
    base_processor_number "BaseProcessorNumber" "true" Value: u8 = |v| wmi::base(v).1;
    /// Group of the highest processor that may be used.
    max_processor_group "MaxProcessorGroup" "true" Value: u16 = |v| wmi::max(v).0;
    /// Number of the highest processor that may be used.
    max_processor_number "MaxProcessorNumber" "true" Value: u8 = |v| wmi::max(v).1;
    /// Most processors at once, after every limit.
    max_processors "MaxProcessors" "true" Value: u32 = |v| wmi::max_processors(v);
    /// Preferred NUMA node; 65535 is any.
    numa_node "NumaNode" "true" Value: u16 = |v| v.settings.numa_node.value.value().map_or(u16::MAX, |n| narrow(n.0));
    /// Driver.
    driver "Driver" "true" Value: String = |v| v.facts.driver.clone();
    /// MAC address, or empty.
    mac_address "MacAddress" "true" Value: String = |v| v.facts.mac.map(mac::show).unwrap_or_default();
    /// Encapsulations looked into: `nvgre`, `gre`, `vxlan`.
    encapsulation "Encapsulation" "true" Value: Vec<String> = |v| convert::encapsulations(v.device.encapsulation.kinds);
    /// UDP port of VXLAN.
    vxlan_port "VxlanPort" "true" Value: u16 = |v| v.device.encapsulation.vxlan_port.get();
    /// Hash types in force.
    hash_types "HashTypes" "true" Value: Vec<String> = |v| convert::hash_types(v.device.hash_types);
    /// Processor of packets without a hash: group and number.
    default_processor "DefaultProcessor" "true" Value: ProcessorValue = |v| wmi::default_processor(v);
    /// `observed`, `managed`, `pending`, `applying`, `degraded`, `stuck`, `contested`, `drifted`, `down` or `away`.
    state "State" "true" Value: String = |v| v.state.name().into();
    /// Why, where the state needs a reason.
    state_reason "StateReason" "true" Value: String = |v| wmi::state_reason(v);
    /// The checkpoint that it is under; 0 is none.
    checkpoint "Checkpoint" "true" Value: u64 = |v| v.checkpoint.map_or(0, |id| id.0);
    /// Steps that are left for a restart, in words.
    pending "Pending" "true" Value: Vec<String> = |v| v.pending.iter().map(|s| s.op.to_string()).collect();
    /// How far the state was verified: `traffic`, `config` (only read back), `refuted` or `unknown`.
    verified "Verified" "true" Value: String = |v| v.verified.name().into();
    /// The pretended machine that the processors belong to, or empty.
    pretended_topology "PretendedTopology" "const" Never: String = |v| v.topology.label().unwrap_or_default().into();
}

/// The properties that differ between two states of an adapter: new values, and names of those that are invalidated.
pub(super) fn changes(
    old: &AdapterView,
    new: &AdapterView,
) -> (HashMap<&'static str, Variant<'static>>, Vec<&'static str>) {
    let (mut changed, mut invalidated) = (HashMap::new(), Vec::new());
    for ((name, told, new), (_, _, old)) in values(new).into_iter().zip(values(old)) {
        if new == old {
            continue;
        }
        match told {
            Told::Value => {
                changed.insert(name, new);
            }
            Told::Invalidated => invalidated.push(name),
            Told::Never => {}
        }
    }
    (changed, invalidated)
}
