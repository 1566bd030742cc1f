//! Names on the bus.

/// Well-known bus name.
pub const BUS: &str = "org.rssmgr1";
/// Path of the manager, which is also the object manager.
pub const MANAGER_PATH: &str = "/org/rssmgr1";
/// Interface of the manager.
pub const MANAGER: &str = "org.rssmgr1.Manager";
/// Interface of an adapter.
pub const ADAPTER: &str = "org.rssmgr1.Adapter";
/// Prefix of error names.
pub const ERROR_PREFIX: &str = "org.rssmgr1.Error.";

/// File name of the private socket inside its directory.
pub const SOCKET: &str = "bus.sock";
/// Directory below `$XDG_RUNTIME_DIR`, `/run/user/UID` or `/run` that holds the private socket.
pub const RUNTIME_DIR: &str = "rssmgrd";

/// Object path of an adapter. The id survives a rename of the interface.
#[must_use]
pub fn adapter_path(id: u32) -> String {
    format!("{MANAGER_PATH}/adapter/{id}")
}

/// The adapter id of an object path.
#[must_use]
pub fn adapter_id(path: &str) -> Option<u32> {
    path.strip_prefix(MANAGER_PATH)?.strip_prefix("/adapter/")?.parse().ok()
}
