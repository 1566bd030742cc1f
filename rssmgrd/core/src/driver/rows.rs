//! The rows. The comment of each is its source: files are of Linux 7.1, `drivers/net/` left out; "seen" means observed
//! on Linux 6.1, 6.12 and 7.2 in a guest. Rows that were only read and not seen take the worse of two readings.
//!
//! Intervals between table writes are ours, from what a write costs: registers 10 ms, a command to firmware or host
//! 100 ms, none where a write stops traffic.

use super::{
    ContextRules, Contexts, Controls, Driver, Fate, HomeFate, Impact, Impacts, InnerHash, KeyFate, KeySource,
    Refuses, Shape, TableFate, TableSize, Trap, XpsFate,
};
use crate::hash::{HashType, HashTypes};
use crate::tunnel::TunnelKind;

const REORDER: Impacts = Impacts {
    channels: Impact::Reorder,
    table: Impact::Reorder,
    home: Impact::Reorder,
    rehash: Impact::Reorder,
    enable: Impact::Reorder,
};
const CHANNELS_LINK: Impacts = Impacts { channels: Impact::Link, ..REORDER };

/// A user's table stays, the driver's own follows the number of queues. Some 20 drivers choose the CPUs of transmit
/// queues themselves when they open rings.
const FOLLOWS: Fate = Fate { default_table: TableFate::Default, ..HOMES_LOST };
/// Both tables are built anew.
const REBUILT: Fate = Fate { user_table: TableFate::Default, ..FOLLOWS };
/// Interrupts are requested anew, the rest stays.
const HOMES_LOST: Fate = Fate { homes: HomeFate::Lost, xps: XpsFate::Lost, ..Fate::KEPT };
/// Both tables are built anew, interrupts stay.
const TABLE_REBUILT: Fate = Fate { homes: HomeFate::Kept, ..REBUILT };

const ALL: Controls = Controls { channels: true, table: true, key: true, hash_types: true };
const NO_KEY: Controls = Controls { key: false, ..ALL };

/// Only the ports of UDP can be switched.
const TCP: HashTypes =
    HashTypes::only(HashType::Ipv4).with(HashType::TcpIpv4).with(HashType::Ipv6).with(HashType::TcpIpv6);

/// What most drivers do; a base for rows, not a row. For other queues they close and open their rings, and take the carrier
/// away meanwhile.
const COMMON: Driver = Driver {
    name: "",
    impact: CHANNELS_LINK,
    grow: FOLLOWS,
    shrink: FOLLOWS,
    reopen: HOMES_LOST,
    mtu: HOMES_LOST,
    key_only: TableFate::Kept,
    key_with_table: false,
    default_table: Shape::RoundRobin,
    key_source: KeySource::Boot,
    refuses: Refuses::UserTable,
    table_size: TableSize::Fixed,
    controls: ALL,
    fixed_types: HashTypes::NONE,
    inner_hash: InnerHash::Unknown,
    table_interval_ms: Some(100),
    contexts: Contexts::NONE,
    traps: &[],
};

/// The built-in software NIC: workers are started and drained without losing a packet, so that the worst is
/// reordering, which it counts. Without power, and by a reset, it loses everything.
pub const SOFTNIC: Driver = Driver {
    name: "softnic",
    impact: REORDER,
    grow: Fate::KEPT,
    shrink: Fate::KEPT,
    reopen: Fate { key: KeyFate::Default, ..REBUILT },
    mtu: Fate::KEPT,
    key_source: KeySource::Device,
    refuses: Refuses::AnyTable,
    table_interval_ms: Some(10),
    ..COMMON
};

/// A driver that nobody described: table and affinity only, and nothing survives anything.
pub const UNKNOWN: Driver = Driver {
    name: "unknown",
    impact: Impacts { channels: Impact::Link, rehash: Impact::Gap, ..REORDER },
    grow: LOST,
    shrink: LOST,
    reopen: LOST,
    mtu: LOST,
    key_only: TableFate::Unsure,
    key_source: KeySource::Device,
    controls: Controls { channels: false, table: true, key: false, hash_types: false },
    table_interval_ms: None,
    ..COMMON
};
const LOST: Fate = Fate {
    user_table: TableFate::Unsure,
    default_table: TableFate::Unsure,
    key: KeyFate::Default,
    homes: HomeFate::Lost,
    xps: XpsFate::Lost,
};

/// `virtio_net.c`, and QEMU 10.0 `hw/net/virtio-net.c`: the command that sets the number of queue pairs switches RSS
/// off in the device until the next table. Seen: a user's table reads back as before while everything is spread over
/// all queues; the driver's own is left as it was on 6.1 and sent anew from 6.12. The driver sets affinity and XPS
/// itself on every change; down, up and MTU change nothing. Failed commands are only logged. Seen too: `rxhash` off
/// after boot although RSS works; on and off again sends all to queue 0. A device may hash inner headers only where
/// `VIRTIO_NET_F_HASH_TUNNEL` was negotiated (virtio 1.3), which the driver does not ask for.
const VIRTIO_NET: Driver = Driver {
    name: "virtio_net",
    impact: REORDER,
    grow: VIRTIO_CHANNELS,
    shrink: VIRTIO_CHANNELS,
    reopen: Fate::KEPT,
    mtu: Fate::KEPT,
    inner_hash: InnerHash::Outer,
    traps: &[Trap::RxhashStaysOn, Trap::HidesErrors],
    ..COMMON
};
const VIRTIO_CHANNELS: Fate = Fate {
    user_table: TableFate::OnPaper,
    default_table: TableFate::Unsure,
    key: KeyFate::Kept,
    homes: HomeFate::Lost,
    xps: XpsFate::Lost,
};

/// `ethernet/intel/igb/igb_main.c`, `igb_ethtool.c`. Seen: a change of channels closes and opens the interface (link
/// down for a second), builds the table anew in blocks whoever wrote it, requests interrupts anew under new numbers
/// and names; writing the table does not touch the link; down, up and MTU keep the table. The key can neither be
/// read nor set: it is the boot key. It never chooses CPUs for transmit queues: those that stay keep theirs.
const IGB: Driver = Driver {
    name: "igb",
    grow: IGB_CHANNELS,
    shrink: IGB_CHANNELS,
    reopen: Fate { xps: XpsFate::Kept, ..HOMES_LOST },
    mtu: Fate::KEPT,
    default_table: Shape::Blocks,
    controls: NO_KEY,
    fixed_types: TCP,
    table_interval_ms: Some(10),
    ..COMMON
};

const IGB_CHANNELS: Fate = Fate { xps: XpsFate::Kept, ..REBUILT };

/// `ethernet/intel/igc/igc_main.c`: the same code as igb in all that matters here; read only.
const IGC: Driver = Driver { name: "igc", ..IGB };

/// `ethernet/intel/e1000e/netdev.c`: the hardware's table is pinned to queue 0 and no request exists. Seen: every RSS
/// and channel request is EOPNOTSUPP. Its interrupt can be given to a CPU.
const E1000E: Driver = Driver {
    name: "e1000e",
    controls: Controls { channels: false, table: false, key: false, hash_types: false },
    table_interval_ms: None,
    ..COMMON
};

/// `vmxnet3/vmxnet3_drv.c`, `vmxnet3_ethtool.c`. Seen: no channel request, no key, the table is lost over down and
/// up, and QEMU's model accepts every table and sends all to queue 0. Hash fields need device version 4. The driver
/// quiesces and activates the device for a new MTU: read, not seen to keep the table.
const VMXNET3: Driver = Driver {
    name: "vmxnet3",
    reopen: REBUILT,
    mtu: TABLE_REBUILT,
    controls: Controls { channels: false, key: false, ..ALL },
    traps: &[Trap::MayIgnoreTable],
    ..COMMON
};

/// `ethernet/intel/ixgbe/ixgbe_main.c` (`ixgbe_setup_reta`), `ixgbe_ethtool.c`: any reset, up or change of channels
/// builds the default table, while the kernel still believes in a user's.
const IXGBE: Driver = Driver {
    name: "ixgbe",
    grow: REBUILT,
    shrink: REBUILT,
    reopen: REBUILT,
    mtu: TABLE_REBUILT,
    fixed_types: TCP,
    table_interval_ms: Some(10),
    ..COMMON
};

/// `ethernet/intel/ixgbevf/ethtool.c`: `get_rxfh` without `set_rxfh`, and no request for channels or fields. The table and the
/// key are to be looked at only (on 82599 and X540 they are the physical function's), so that there is none to steer with:
/// the hardware spreads over the 2 to 8 queues as it does, and their interrupts are what can be chosen. Read only.
const IXGBEVF: Driver = Driver {
    name: "ixgbevf",
    controls: Controls { channels: false, table: false, key: false, hash_types: false },
    fixed_types: TCP,
    table_interval_ms: None,
    ..COMMON
};

/// `ethernet/intel/i40e/i40e_main.c` (`i40e_reconfig_rss_queues`), `i40e_ethtool.c` (`i40e_set_rxfh`): a change of
/// channels resets the function; fewer queues discard a user's table and key. A request without a table writes the
/// default one.
const I40E: Driver = Driver {
    name: "i40e",
    shrink: Fate { key: KeyFate::Default, ..REBUILT },
    key_only: TableFate::Default,
    key_with_table: true,
    ..COMMON
};

/// `ethernet/intel/ice/ice_ethtool.c` (`ice_set_rxfh`, `ice_set_channels`): a user's table stays over a change of
/// channels; a request without a table (key, function or symmetric mode) writes the default one. The kernel gives
/// interrupts their CPU back from 6.15; older ones do not. `ice_flow.h`, `ice_flow.c` (`ice_add_rss_cfg`): what is hashed is
/// set for the outer headers of plain packets and for the inner ones of tunnels that the device recognises. A change of
/// channels takes the carrier away and gives it back (`ice_vsi_recfg_qs`: `ice_down`, `ice_up_complete`).
const ICE: Driver = Driver {
    name: "ice",
    inner_hash: InnerHash::Of(&[TunnelKind::Gre, TunnelKind::Vxlan, TunnelKind::Geneve]),
    key_only: TableFate::Default,
    key_with_table: true,
    traps: &[Trap::SymmetricReadBack],
    ..COMMON
};

/// `ethernet/intel/iavf/iavf_ethtool.c`, `iavf_main.c`: a change of channels resets the virtual function.
const IAVF: Driver = Driver { name: "iavf", traps: &[Trap::SymmetricReadBack], ..COMMON };

/// `ethernet/mellanox/mlx5/core/en/rss.c`, `en_ethtool.c`: a user's table stays; 256 entries, more with more than 128
/// channels, and a change of size under a user's table is EINVAL ("RXFH is configured"). Named by its bus driver.
/// `en_fs.c` (`mlx5_tunnel_inner_ft_supported`; GRE since 4.14, IP in IP since 5.4): packets of these tunnels go on to a
/// second table that hashes inner headers, where the firmware has `tunnel_stateless_gre` and `tunnel_stateless_ip_over_ip`.
/// Contexts (`MLX5E_MAX_NUM_RSS`, `en_fs_ethtool.c`): 16 with the default one, each with key and fields; a rule leads to the
/// object that hashes one protocol, so that `ETHER_FLOW` is EINVAL and each protocol takes a rule (IPv4 and IPv6 as a whole
/// since Linux 6.15). A change of channels takes the carrier away and gives it back (`en_main.c`,
/// `mlx5e_switch_priv_channels`). Toeplitz is asked for with `rx_hash_symmetric` (`en/tir.c`, `mlx5e_tir_builder_build_rss`):
/// always on older kernels, until told otherwise on newer ones, which call it symmetric-or-xor. Never run on hardware.
const MLX5: Driver = Driver {
    name: "mlx5_core",
    table_size: TableSize::PowerOfTwo { least: 256, per_queue: 2 },
    inner_hash: InnerHash::Of(&[TunnelKind::Gre, TunnelKind::IpIp]),
    contexts: Contexts { most: 15, own_key: true, own_fields: true, rules: ContextRules::PerProtocol },
    traps: &[Trap::SymmetricHash],
    ..COMMON
};

/// `ethernet/broadcom/bnxt/bnxt_ethtool.c` (`bnxt_set_rxfh`): every table, key or function closes and opens the rings, and
/// that takes the carrier away and gives it back (`bnxt.c`, `bnxt_tx_disable`), as a change of channels does.
/// The table has 64 entries for each started 64 rings (P5 chips and later; older have 128 and never resize). Contexts
/// (`BNXT_MAX_ETH_RSS_CTX`) have keys of their own, but `bnxt_srxclsrlins` takes no rule by address that leads to one.
/// Which headers of a tunnel are hashed is the firmware's default (`HASH_MODE_FLAGS_DEFAULT`).
const BNXT: Driver = Driver {
    name: "bnxt_en",
    impact: Impacts { table: Impact::Link, rehash: Impact::Link, ..CHANNELS_LINK },
    table_size: TableSize::Groups { of: 64, most: 512 },
    table_interval_ms: None,
    contexts: Contexts { most: 32, own_key: true, ..Contexts::NONE },
    traps: &[Trap::NeedsInterfaceUp],
    ..COMMON
};

/// `ethernet/amazon/ena/ena_netdev.c` (`ena_update_queue_count`): the RSS state is destroyed and initialised: table,
/// function and key. Down and up apply it again.
const ENA: Driver = Driver {
    name: "ena",
    grow: ENA_CHANNELS,
    shrink: ENA_CHANNELS,
    traps: &[Trap::HashInitialValue],
    ..COMMON
};
const ENA_CHANNELS: Fate = Fate { key: KeyFate::Default, ..REBUILT };

/// `ethernet/google/gve/gve_main.c`, `gve_ethtool.c`: only the driver's own table follows the queues; the device keeps
/// what it was told. Old hosts offer no RSS: then the table has no entries. A change of channels takes the carrier away and
/// gives it back (`gve_turndown`).
const GVE: Driver = Driver { name: "gve", ..COMMON };

/// `ethernet/microsoft/mana/mana_en.c` (`mana_detach`, `mana_attach`): channels, MTU, down and up all build the default
/// table. A request while the port is down is EOPNOTSUPP.
const MANA: Driver = Driver {
    name: "mana",
    grow: REBUILT,
    shrink: REBUILT,
    reopen: REBUILT,
    mtu: REBUILT,
    traps: &[Trap::NeedsInterfaceUp],
    ..COMMON
};

/// `hyperv/netvsc_drv.c`, `rndis_filter.c`: channels and MTU take the device away and add it anew; read, not seen: a
/// user's table comes back as zeros, the key stays. Its queues are VMBus channels, not interrupts.
const HV_NETVSC: Driver = Driver {
    name: "hv_netvsc",
    grow: NETVSC_CHANNELS,
    shrink: NETVSC_CHANNELS,
    reopen: Fate::KEPT,
    mtu: NETVSC_CHANNELS,
    traps: &[Trap::FieldsSteerTransmit],
    ..COMMON
};
const NETVSC_CHANNELS: Fate = Fate { user_table: TableFate::Zeros, ..FOLLOWS };

/// `ethernet/sfc/ethtool.c`, `ethtool_common.c`: no request for channels, hash fields are read only; the rest was read and
/// not seen. Contexts have keys of their own and the adapter's fields (`rxfh_per_ctx_key`); `efx_ethtool_set_class_rule`
/// takes `ETHER_FLOW` with a context and picks the place itself. The driver sets no limit to contexts, the firmware says
/// when there are no more; the 64 are ours. Never run on hardware.
const SFC: Driver = Driver {
    name: "sfc",
    controls: Controls { channels: false, table: true, key: true, hash_types: false },
    contexts: Contexts { most: 64, own_key: true, own_fields: false, rules: ContextRules::Whole },
    ..COMMON
};

/// All rows but [`UNKNOWN`].
pub const DRIVERS: [Driver; 18] = [
    SOFTNIC, VIRTIO_NET, IGB, IGC, E1000E, VMXNET3, IXGBE, IXGBEVF, I40E, ICE, IAVF, MLX5, BNXT, ENA, GVE,
    MANA, HV_NETVSC, SFC,
];
