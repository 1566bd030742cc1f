//! Created: the driver is there, nothing is known of it.

use alloc::boxed::Box;

use super::LifeError;
use super::callbacks::Hardware;
use super::started::Described;

/// An adapter of which nothing is known yet.
#[derive(Debug)]
pub struct Created<H> {
    hardware: H,
}

impl<H: Hardware> Created<H> {
    /// The adapter of a driver.
    pub const fn new(hardware: H) -> Self {
        Self { hardware }
    }

    /// Asks for the capabilities; they stay as they are now.
    ///
    /// # Errors
    /// Capabilities of an adapter that cannot have RSS.
    pub fn capabilities(self) -> Result<Described<H>, Box<(Self, LifeError)>> {
        let capability = self.hardware.capability();
        match capability.limits() {
            Some(limits) => Ok(Described::new(self.hardware, capability, limits)),
            None => {
                let (entries, queues) = (capability.table_entries, capability.max_queues);
                Err(Box::new((self, LifeError::NoRss { entries, queues })))
            }
        }
    }

    /// The driver, to be looked at.
    #[must_use]
    pub const fn hardware(&self) -> &H {
        &self.hardware
    }
}
