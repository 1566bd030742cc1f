//! An interface as rtnetlink describes it.

use super::GET_LINK;
use crate::wire::{Attribute, Attributes, Kind, Malformed, Names, Problem, Request};

/// Bytes of `struct ifinfomsg`.
const HEADER: usize = 16;
/// Longest interface name in bytes; longer ones are alternative names.
const MOST_NAME_BYTES: usize = 15;

/// `IFLA_*`.
mod attribute {
    pub(super) const ADDRESS: u16 = 1;
    pub(super) const IFNAME: u16 = 3;
    pub(super) const MTU: u16 = 4;
    pub(super) const LINK: u16 = 5;
    pub(super) const MASTER: u16 = 10;
    pub(super) const OPERSTATE: u16 = 16;
    pub(super) const LINKINFO: u16 = 18;
    pub(super) const EXT_MASK: u16 = 29;
    pub(super) const NUM_TX_QUEUES: u16 = 31;
    pub(super) const NUM_RX_QUEUES: u16 = 32;
    pub(super) const CARRIER: u16 = 33;
    pub(super) const CARRIER_CHANGES: u16 = 35;
    pub(super) const LINK_NETNSID: u16 = 37;
    pub(super) const XDP: u16 = 43;
    pub(super) const NEW_NETNSID: u16 = 45;
    pub(super) const NEW_IFINDEX: u16 = 49;
    pub(super) const ALT_IFNAME: u16 = 53;
    pub(super) const PERM_ADDRESS: u16 = 54;
    pub(super) const PARENT_DEV_NAME: u16 = 56;
    pub(super) const PARENT_DEV_BUS_NAME: u16 = 57;
}

/// `IFLA_INFO_*`.
mod info {
    pub(super) const KIND: u16 = 1;
    pub(super) const PORT_KIND: u16 = 4;
}

/// `IFLA_XDP_ATTACHED`.
const XDP_ATTACHED: u16 = 2;
/// `RTEXT_FILTER_SKIP_STATS`: counters, which cost the most, are left out.
const SKIP_STATISTICS: u32 = 1 << 3;

static NAMES: Names = Names(&[
    (attribute::IFNAME, "ifname", None),
    (attribute::EXT_MASK, "ext-mask", None),
    (attribute::ALT_IFNAME, "alt-ifname", None),
]);

/// State of an interface after RFC 2863, by the kernel's number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OperState(pub u8);

impl OperState {
    /// The driver does not say.
    pub const UNKNOWN: Self = Self(0);
    /// The device is not there.
    pub const NOT_PRESENT: Self = Self(1);
    /// No link.
    pub const DOWN: Self = Self(2);
    /// An interface below has no link.
    pub const LOWER_LAYER_DOWN: Self = Self(3);
    /// In a test.
    pub const TESTING: Self = Self(4);
    /// Waiting for something (802.1X).
    pub const DORMANT: Self = Self(5);
    /// Packets can pass.
    pub const UP: Self = Self(6);
}

/// An interface.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Link {
    /// Its index in the namespace, 1 or more.
    pub index: u32,
    /// Its name.
    pub name: String,
    /// Hardware type (`ARPHRD_*`, 1 for Ethernet, 772 for loopback).
    pub hardware_type: u16,
    /// `IFF_*`.
    pub flags: u32,
    /// Which of the flags changed, in a notification; all ones where the kernel does not say.
    pub changed_flags: u32,
    /// Largest packet in bytes.
    pub mtu: u32,
    /// Whether there is a link, where it is known.
    pub carrier: Option<bool>,
    /// How often the link came or went.
    pub carrier_changes: Option<u32>,
    /// State after RFC 2863.
    pub operstate: OperState,
    /// Hardware address in use; empty where the type has none.
    pub address: Vec<u8>,
    /// Hardware address that the device was made with, where it has one.
    pub permanent_address: Option<Vec<u8>>,
    /// Index of the bridge, bond or team that it is a port of.
    pub master: Option<u32>,
    /// Index of the interface that it stands on (VLAN), or of its other end (veth).
    pub lower: Option<u32>,
    /// Namespace of [`Self::lower`], when it is another one.
    pub lower_namespace: Option<i32>,
    /// Kind of a virtual interface (`veth`, `bond`, `vlan`); `None` for those of a device.
    pub kind: Option<String>,
    /// Kind of the bridge, bond or team that it is a port of.
    pub port_kind: Option<String>,
    /// Receive queues that it was made with, which is not how many are in use.
    pub rx_queues: Option<u32>,
    /// Transmit queues that it was made with.
    pub tx_queues: Option<u32>,
    /// Whether an XDP program is attached.
    pub xdp: bool,
    /// Name of its device on the bus (`0000:00:03.0`, `virtio2`), where it has one.
    pub parent_device: Option<String>,
    /// The bus of its device (`pci`, `virtio`).
    pub parent_bus: Option<String>,
    /// In the notification that it went: the namespace that it moved to, where there is one.
    pub new_namespace: Option<i32>,
    /// In the notification that it went: its index in the namespace that it moved to.
    pub new_index: Option<u32>,
}

impl Link {
    /// Whether it is switched on (`IFF_UP`).
    #[must_use]
    pub fn is_up(&self) -> bool {
        self.flags & 0x1 != 0
    }

    /// Whether it is the loopback interface (`IFF_LOOPBACK`).
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        self.flags & 0x8 != 0
    }

    /// Reads an answer or a notification: the bytes behind netlink's header.
    ///
    /// # Errors
    /// [`Malformed`] when they are none.
    pub fn decode(payload: &[u8]) -> Result<Self, Malformed> {
        const WHAT: &str = "link";
        let attributes = Attributes::behind(WHAT, payload, HEADER)?;
        // `behind` has seen that they are there.
        let Some(&[_, _, t0, t1, i0, i1, i2, i3, f0, f1, f2, f3, c0, c1, c2, c3]) =
            payload.first_chunk::<HEADER>()
        else {
            return Ok(Self::default());
        };
        let index = i32::from_ne_bytes([i0, i1, i2, i3]);
        let mut link = Self {
            index: u32::try_from(index).map_err(|_| Malformed {
                what: WHAT,
                attribute: None,
                problem: Problem::Value { got: index.into() },
            })?,
            hardware_type: u16::from_ne_bytes([t0, t1]),
            flags: u32::from_ne_bytes([f0, f1, f2, f3]),
            changed_flags: u32::from_ne_bytes([c0, c1, c2, c3]),
            ..Self::default()
        };
        for attribute in attributes {
            link.read(&attribute?)?;
        }
        Ok(link)
    }

    fn read(&mut self, attribute: &Attribute<'_>) -> Result<(), Malformed> {
        match attribute.number {
            attribute::ADDRESS => self.address = attribute.payload.to_vec(),
            attribute::IFNAME => self.name = attribute.string().into_owned(),
            attribute::MTU => self.mtu = attribute.u32()?,
            attribute::LINK => self.lower = Some(attribute.u32()?).filter(|&lower| lower != 0),
            attribute::MASTER => self.master = Some(attribute.u32()?).filter(|&master| master != 0),
            attribute::OPERSTATE => self.operstate = OperState(attribute.u8()?),
            attribute::LINKINFO => {
                for attribute in attribute.nested("link info") {
                    let attribute = attribute?;
                    match attribute.number {
                        info::KIND => self.kind = Some(attribute.string().into_owned()),
                        info::PORT_KIND => self.port_kind = Some(attribute.string().into_owned()),
                        _ => {}
                    }
                }
            }
            attribute::NUM_TX_QUEUES => self.tx_queues = Some(attribute.u32()?),
            attribute::NUM_RX_QUEUES => self.rx_queues = Some(attribute.u32()?),
            attribute::CARRIER => self.carrier = Some(attribute.u8()? != 0),
            attribute::CARRIER_CHANGES => self.carrier_changes = Some(attribute.u32()?),
            attribute::LINK_NETNSID => self.lower_namespace = Some(attribute.i32()?),
            attribute::XDP => {
                for attribute in attribute.nested("XDP") {
                    let attribute = attribute?;
                    if attribute.number == XDP_ATTACHED {
                        self.xdp = attribute.u8()? != 0;
                    }
                }
            }
            attribute::NEW_NETNSID => self.new_namespace = Some(attribute.i32()?),
            attribute::NEW_IFINDEX => self.new_index = Some(attribute.u32()?),
            attribute::PERM_ADDRESS => self.permanent_address = Some(attribute.payload.to_vec()),
            attribute::PARENT_DEV_NAME => self.parent_device = Some(attribute.string().into_owned()),
            attribute::PARENT_DEV_BUS_NAME => self.parent_bus = Some(attribute.string().into_owned()),
            _ => {}
        }
        Ok(())
    }
}

/// A question for the interface with index `index`, 0 for none in particular.
pub(super) fn question(operation: &'static str, kind: Kind, index: i32) -> Request {
    let mut header = [0; HEADER];
    header[4..8].copy_from_slice(&index.to_ne_bytes());
    Request::new(operation, kind, GET_LINK, &header, &NAMES)
}

pub(super) fn write_name(request: &mut Request, name: &str) {
    let number = if name.len() > MOST_NAME_BYTES { attribute::ALT_IFNAME } else { attribute::IFNAME };
    request.string(number, name);
}

pub(super) fn skip_statistics(request: &mut Request) {
    request.u32(attribute::EXT_MASK, SKIP_STATISTICS);
}
