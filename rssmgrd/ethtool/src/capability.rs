//! What an adapter can do, asked of the kernel.

use rssmgr_core::capability::{Capability, ChannelControl, TxQueues, UnhashedTarget};
use rssmgr_core::driver::{ContextRules, Driver, KeySource};
use rssmgr_core::hash::{HashTypes, KEY_BYTES};
use rssmgr_core::packet::encap::EncapCapability;
use rssmgr_netlink::Error;
use rssmgr_netlink::ethtool::legacy::{Ioctl, PlacedRules};
use rssmgr_netlink::ethtool::{ChannelChange, Channels};

use crate::fields;
use crate::interrupts::{self, Interrupts, Requested};
use crate::kernel::Kernel;
use crate::proc;
use crate::steering;

/// What was asked on the way, for whoever goes on.
pub(crate) struct Asked {
    pub(crate) capability: Capability,
    pub(crate) interrupts: Interrupts,
    pub(crate) requested: Requested,
}

/// `None` for what this driver does not offer; any other error stays one.
pub(crate) fn offered<T>(result: Result<T, Error>) -> Result<Option<T>, Error> {
    match result {
        Ok(found) => Ok(Some(found)),
        Err(e) if e.is_unsupported() => Ok(None),
        Err(e) => Err(e),
    }
}

/// The number of receive queues, and how many there can be where the driver says so.
pub(crate) fn queues(
    kernel: &mut Kernel,
    ifindex: u32,
    shown: usize,
) -> Result<(u16, Option<Channels>), Error> {
    let channels = offered(kernel.ethtool.channels(ifindex))?;
    let count = match &channels {
        Some(c) => c.receive_queues(),
        None => {
            let rings = kernel.by_ioctl(ifindex, Ioctl::receive_queues);
            let rings = offered(rings)?.filter(|n| *n > 0);
            rings.and_then(|n| u32::try_from(n).ok()).or_else(|| u32::try_from(shown).ok()).unwrap_or(1)
        }
    };
    Ok((u16::try_from(count.max(1)).unwrap_or(u16::MAX), channels))
}

/// How many queues the table may name, when they are fewer than there are: the number of rings that the driver tells, against
/// which the kernel checks every entry.
fn table_queues(queues: u16, rings: Option<u64>) -> Option<u16> {
    let rings = u16::try_from(rings?).ok()?;
    (rings > 0 && rings < queues).then_some(rings)
}

/// The request for this many receive queues, in the kind of channels that the adapter uses.
pub(crate) fn channel_change(there: &Channels, queues: u16) -> ChannelChange {
    let queues = u32::from(queues);
    if there.combined_max == 0 || (there.combined == 0 && there.rx > 0) {
        return ChannelChange { rx: Some(queues), ..ChannelChange::default() };
    }
    ChannelChange { combined: Some(queues.saturating_sub(there.rx)), ..ChannelChange::default() }
}

fn most(channels: &Channels) -> u32 {
    if channels.combined_max == 0 || (channels.combined == 0 && channels.rx > 0) {
        channels.rx_max
    } else {
        channels.combined_max.saturating_add(channels.rx)
    }
}

/// Asks what an interface can do, which is `open` or not. What its driver's row forbids is left out.
pub(crate) fn ask(
    kernel: &mut Kernel,
    ifindex: u32,
    open: bool,
    driver: &Driver,
    driver_name: &str,
    facts: &rssmgr_host::NicFacts,
) -> Result<Asked, Error> {
    let (queues, channels) = queues(kernel, ifindex, facts.rx_queues)?;
    let rss = offered(kernel.rss(ifindex))?;
    let fields = fields::read(kernel, ifindex, 0, rss.as_ref())?;
    let link = offered(kernel.ethtool.link_modes(ifindex))?;
    let folder = interrupts::folder(facts);
    let mut requested = Requested::default();
    let interrupts =
        interrupts::find(kernel, &mut requested, ifindex, driver_name, folder.as_deref(), queues);
    let root = kernel.root();
    let movable = interrupts.queues.iter().filter_map(|v| v.receive).all(|irq| proc::is_movable(root, irq));

    let table_entries = rss.as_ref().map_or(0, |r| u16::try_from(r.table.len()).unwrap_or(u16::MAX));
    let shown = rss.as_ref().map_or(0, |r| r.key.len());
    let key_bytes = match (shown, driver.key_source) {
        (0, KeySource::Boot) if table_entries > 0 => KEY_BYTES,
        (n, _) => n,
    };
    let max_queues =
        channels.as_ref().map_or(queues, |c| u16::try_from(most(c)).unwrap_or(u16::MAX)).max(queues);
    let types = if fields.is_empty() { fields::UNTOLD } else { fields::possible(&fields) };
    let transmit = match &channels {
        Some(c) if c.combined > 0 && c.tx == 0 => TxQueues::Paired,
        Some(c) => TxQueues::Own(u16::try_from(c.combined.saturating_add(c.tx)).unwrap_or(u16::MAX)),
        None => TxQueues::Own(u16::try_from(facts.tx_queues).unwrap_or(u16::MAX)),
    };
    let vectors = u16::try_from(facts.msi_irqs.len()).unwrap_or(u16::MAX);
    let capability = Capability {
        max_queues,
        channels: if channels.is_some() && max_queues > 1 {
            ChannelControl::Settable
        } else {
            ChannelControl::Fixed
        },
        table_entries,
        table_queues: table_queues(queues, kernel.by_ioctl(ifindex, Ioctl::receive_queues).ok()),
        table_unseen: table_entries == 0 && !open,
        key_bytes: u16::try_from(key_bytes).unwrap_or(u16::MAX),
        key_settable: shown > 0,
        hash_types: if table_entries > 0 { types } else { HashTypes::NONE },
        hash_types_settable: table_entries > 0 && !fields.is_empty(),
        hash_types_always: HashTypes::NONE,
        encapsulation: EncapCapability::default(),
        tunnel_features: tunnel_features(kernel, ifindex),
        ports_imply_addresses: true,
        unhashed: UnhashedTarget::FirstQueue,
        independent_entry_move: false,
        serialised_moves: true,
        // How many there are depends on the channels in use now; never less than there can be queues.
        vectors: vectors.max(max_queues),
        msi_x: vectors > 1,
        queue_affinity: interrupts.is_certain() && movable,
        link_mbps: link.and_then(|l| l.speed),
        tx_queues: transmit,
        xps: facts.tx_queues > 1,
        xps_rxqs: facts.tx_queues > 1
            && kernel.name(ifindex).is_ok_and(|name| steering::has_answers(kernel.root(), &name)),
        rps: facts.rx_queues > 0,
        rss_contexts: kernel.has_rss_contexts(ifindex),
        ..Capability::default()
    };
    let mut capability = driver.limit(capability);
    if capability.rss_contexts && driver.contexts.rules != ContextRules::None {
        // Where rules cannot be read there are no VPorts, and the adapter is one all the same.
        let rules = kernel.by_ioctl(ifindex, Ioctl::rules).unwrap_or_default();
        capability.vports = driver.contexts.vports(&capability, places(&rules));
    }
    Ok(Asked { capability, interrupts, requested })
}

/// Places for receive rules where the driver does not tell how many it has.
const UNTOLD_PLACES: u32 = 64;

fn places(rules: &PlacedRules) -> u32 {
    if rules.places == 0 && rules.by_driver { UNTOLD_PLACES } else { rules.places }
}

/// Of the features that show how far the hardware understands tunnels, those that are on.
fn tunnel_features(kernel: &mut Kernel, ifindex: u32) -> Vec<String> {
    const NAMES: [&str; 7] = [
        "rx-udp_tunnel-port-offload",
        "tx-udp_tnl-segmentation",
        "tx-udp_tnl-csum-segmentation",
        "tx-gre-segmentation",
        "tx-gre-csum-segmentation",
        "tx-ipxip4-segmentation",
        "tx-ipxip6-segmentation",
    ];
    let Ok(features) = kernel.ethtool.features(ifindex) else { return Vec::new() };
    let on = |name: &&str| features.get(name).is_some_and(|f| f.active);
    NAMES.into_iter().filter(on).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn channels(combined: u32, combined_max: u32, rx: u32, rx_max: u32) -> Channels {
        let mut c = Channels::default();
        (c.combined, c.combined_max, c.rx, c.rx_max) = (combined, combined_max, rx, rx_max);
        c
    }

    #[test]
    fn a_table_may_name_fewer_queues_than_there_are() {
        assert_eq!(table_queues(24, Some(16)), Some(16), "ixgbe before X550");
        assert_eq!(table_queues(16, Some(16)), None);
        assert_eq!(table_queues(1, Some(8)), None);
        assert_eq!(table_queues(8, Some(0)), None, "nothing told");
        assert_eq!(table_queues(8, None), None);
    }

    #[test]
    fn channels_are_asked_for_in_the_kind_that_is_in_use() {
        let combined = |n| ChannelChange { combined: Some(n), ..ChannelChange::default() };
        let receive = |n| ChannelChange { rx: Some(n), ..ChannelChange::default() };
        assert_eq!(channel_change(&channels(8, 8, 0, 0), 4), combined(4));
        assert_eq!(channel_change(&channels(0, 0, 4, 16), 8), receive(8), "gve: apart only");
        assert_eq!(channel_change(&channels(0, 8, 4, 8), 6), receive(6), "bnxt: apart now");
        assert_eq!(channel_change(&channels(4, 8, 2, 8), 6), combined(4), "ice: two more to receive");
        assert_eq!(most(&channels(4, 8, 2, 8)), 10);
        assert_eq!(most(&channels(0, 0, 4, 16)), 16);
    }
}
