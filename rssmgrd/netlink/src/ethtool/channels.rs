//! Channels: how many sets of queues and interrupts a device uses.

use super::OLD;
use super::header::{self, Device, HEADER};
use crate::genl::{self, Family, Op};
use crate::wire::{Attributes, Kind, Malformed, Names, Request};
use crate::{Error, Interface};

const GET: Op = Op { command: 17, name: "channels-get", since: OLD };
const SET: Op = Op { command: 18, name: "channels-set", since: OLD };

/// `ETHTOOL_A_CHANNELS_*`.
mod attribute {
    pub(super) const RX_MAX: u16 = 2;
    pub(super) const TX_MAX: u16 = 3;
    pub(super) const OTHER_MAX: u16 = 4;
    pub(super) const COMBINED_MAX: u16 = 5;
    pub(super) const RX_COUNT: u16 = 6;
    pub(super) const TX_COUNT: u16 = 7;
    pub(super) const OTHER_COUNT: u16 = 8;
    pub(super) const COMBINED_COUNT: u16 = 9;
}

static NAMES: Names = Names(&[
    (HEADER, "header", Some(&header::NAMES)),
    (attribute::RX_MAX, "rx-max", None),
    (attribute::TX_MAX, "tx-max", None),
    (attribute::OTHER_MAX, "other-max", None),
    (attribute::COMBINED_MAX, "combined-max", None),
    (attribute::RX_COUNT, "rx-count", None),
    (attribute::TX_COUNT, "tx-count", None),
    (attribute::OTHER_COUNT, "other-count", None),
    (attribute::COMBINED_COUNT, "combined-count", None),
]);

/// How many channels of each kind there are and can be; 0 for a kind that the driver does not have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Channels {
    /// The device.
    pub device: Device,
    /// Most channels that only receive.
    pub rx_max: u32,
    /// Most channels that only send.
    pub tx_max: u32,
    /// Most channels for other purposes (link interrupts).
    pub other_max: u32,
    /// Most channels that do both.
    pub combined_max: u32,
    /// Channels that only receive.
    pub rx: u32,
    /// Channels that only send.
    pub tx: u32,
    /// Channels for other purposes.
    pub other: u32,
    /// Channels that do both.
    pub combined: u32,
}

/// A change of channel counts; what is `None` stays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ChannelChange {
    /// Channels that only receive.
    pub rx: Option<u32>,
    /// Channels that only send.
    pub tx: Option<u32>,
    /// Channels for other purposes.
    pub other: Option<u32>,
    /// Channels that do both.
    pub combined: Option<u32>,
}

impl Channels {
    /// Receive queues in use: those of both kinds.
    #[must_use]
    pub fn receive_queues(&self) -> u32 {
        self.combined.saturating_add(self.rx)
    }

    /// Reads an answer or a notification: the bytes behind netlink's header.
    ///
    /// # Errors
    /// [`Malformed`] when they are none.
    pub fn decode(payload: &[u8]) -> Result<Self, Malformed> {
        read(genl::split("channels", payload)?.1)
    }
}

pub(super) fn get(family: &Family, interface: Interface<'_>) -> Result<Request, Error> {
    Ok(header::about(family.request(GET, Kind::Get, &NAMES)?, interface, 0))
}

pub(super) fn set(
    family: &Family,
    interface: Interface<'_>,
    change: &ChannelChange,
) -> Result<Request, Error> {
    let mut request = header::about(family.request(SET, Kind::Do, &NAMES)?, interface, 0);
    for (number, count) in [
        (attribute::RX_COUNT, change.rx),
        (attribute::TX_COUNT, change.tx),
        (attribute::OTHER_COUNT, change.other),
        (attribute::COMBINED_COUNT, change.combined),
    ] {
        if let Some(count) = count {
            request.u32(number, count);
        }
    }
    Ok(request)
}

pub(super) fn read(attributes: Attributes<'_>) -> Result<Channels, Malformed> {
    let mut channels = Channels::default();
    for attribute in attributes {
        let attribute = attribute?;
        match attribute.number {
            HEADER => channels.device = header::read(&attribute)?,
            attribute::RX_MAX => channels.rx_max = attribute.u32()?,
            attribute::TX_MAX => channels.tx_max = attribute.u32()?,
            attribute::OTHER_MAX => channels.other_max = attribute.u32()?,
            attribute::COMBINED_MAX => channels.combined_max = attribute.u32()?,
            attribute::RX_COUNT => channels.rx = attribute.u32()?,
            attribute::TX_COUNT => channels.tx = attribute.u32()?,
            attribute::OTHER_COUNT => channels.other = attribute.u32()?,
            attribute::COMBINED_COUNT => channels.combined = attribute.u32()?,
            _ => {}
        }
    }
    Ok(channels)
}
