//! Answers that are made while they are sent: of a long list only one element is in memory at a time, beside the bytes
//! for the wire. A record as a dictionary takes a hundred times its bytes.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use rssmgr_proto::ApiError;
use rssmgr_proto::dict::Dictionary;
use serde::ser::{Error as _, Serialize, SerializeMap as _, SerializeSeq as _, Serializer};
use zbus::wire::{OwnedObjectPath, OwnedVariant, Signature, Type};

/// A list of records, `aa{sv}`.
pub struct Records {
    len: usize,
    make: Box<dyn Fn(usize) -> Result<Dictionary, ApiError> + Send + Sync>,
}

impl Records {
    /// As many records as there are parts, each made when its turn comes.
    pub(super) fn of<T: Send + Sync + 'static>(
        parts: Vec<T>,
        make: impl Fn(&T) -> Result<Dictionary, ApiError> + Send + Sync + 'static,
    ) -> Self {
        let len = parts.len();
        let out_of_range = || ApiError::usage("no such record");
        let make = move |i: usize| parts.get(i).ok_or_else(out_of_range).and_then(&make);
        Self { len, make: Box::new(make) }
    }
}

impl fmt::Debug for Records {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Records").field("len", &self.len).finish_non_exhaustive()
    }
}

impl Type for Records {
    const SIGNATURE: &'static Signature = <Vec<Dictionary>>::SIGNATURE;
}

impl Serialize for Records {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.len))?;
        for i in 0..self.len {
            list.serialize_element(&(self.make)(i).map_err(S::Error::custom)?)?;
        }
        list.end()
    }
}

/// The properties of one interface.
type Properties = BTreeMap<&'static str, OwnedVariant>;

/// The objects below a manager with their interfaces and properties, `a{oa{sa{sv}}}`.
pub struct Objects {
    paths: Vec<OwnedObjectPath>,
    interface: &'static str,
    make: Box<dyn Fn(usize) -> zbus::Result<Properties> + Send + Sync>,
}

impl Objects {
    /// Objects of one interface, whose properties are made when their turn comes.
    pub(super) fn of(
        paths: Vec<OwnedObjectPath>,
        interface: &'static str,
        make: impl Fn(usize) -> zbus::Result<Properties> + Send + Sync + 'static,
    ) -> Self {
        Self { paths, interface, make: Box::new(make) }
    }
}

impl fmt::Debug for Objects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Objects").field("paths", &self.paths).finish_non_exhaustive()
    }
}

impl Type for Objects {
    const SIGNATURE: &'static Signature =
        <HashMap<OwnedObjectPath, HashMap<String, HashMap<String, OwnedVariant>>>>::SIGNATURE;
}

impl Serialize for Objects {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.paths.len()))?;
        for (i, path) in self.paths.iter().enumerate() {
            let properties = (self.make)(i).map_err(S::Error::custom)?;
            map.serialize_entry(path, &BTreeMap::from([(self.interface, properties)]))?;
        }
        map.end()
    }
}
