//! Programs that run.

use std::path::Path;

use crate::error::HostError;
use crate::root::Root;

/// A running program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    /// Its process id.
    pub pid: u32,
    /// Its name (`comm`): 15 bytes at most.
    pub name: String,
    /// Its command line, program first; empty when it may not be read.
    pub arguments: Vec<String>,
}

/// The processes of these names, by id. One that ends meanwhile is none.
///
/// # Errors
/// The folder of processes cannot be read.
pub fn processes(root: &Path, names: &[&str]) -> Result<Vec<Process>, HostError> {
    let root = Root::new(root);
    let mut found = Vec::new();
    for pid in root.numbered("proc", "")? {
        let Ok(Some(comm)) = root.read(format!("proc/{pid}/comm")) else { continue };
        let name = comm.trim_end_matches('\n');
        if !names.contains(&name) {
            continue;
        }
        let line = root.read(format!("proc/{pid}/cmdline")).ok().flatten().unwrap_or_default();
        let arguments = line.split('\0').filter(|a| !a.is_empty()).map(str::to_owned).collect();
        found.push(Process { pid, name: name.to_owned(), arguments });
    }
    Ok(found)
}
