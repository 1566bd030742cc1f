//! The private socket of a daemon: where it may be, and whether what listens there may be believed.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use rssmgr_proto::names::{RUNTIME_DIR, SOCKET};
use rustix::net::sockopt::socket_peercred;
use rustix::process::geteuid;
use tokio::net::UnixStream;
use zbus::Connection;
use zbus::connection::Builder;

use super::{CONNECT, build};

/// Where the private socket may be, best first. A folder in `/tmp` is the last resort of a user without a runtime
/// folder; its name is guessable, so [`trusted`] looks at its owner.
pub(super) fn candidates() -> Vec<PathBuf> {
    let uid = geteuid().as_raw();
    let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|p| p.is_absolute());
    let mut folders: Vec<PathBuf> = Vec::new();
    if uid == 0 {
        folders.push(Path::new("/run").join(RUNTIME_DIR));
    }
    folders.extend(runtime.map(|r| r.join(RUNTIME_DIR)));
    folders.push(PathBuf::from(format!("/run/user/{uid}")).join(RUNTIME_DIR));
    folders.push(PathBuf::from(format!("/tmp/{RUNTIME_DIR}-{uid}")));
    let mut out: Vec<PathBuf> = Vec::new();
    for folder in folders {
        let path = folder.join(SOCKET);
        if !out.contains(&path) {
            out.push(path);
        }
    }
    out
}

/// Connects to a socket that was not named by anybody, after making sure that nobody else could have put it there.
/// Tells the process that listens, too.
///
/// # Errors
/// Why not, in words.
pub(super) async fn trusted(path: &Path) -> Result<(Connection, u32), String> {
    let me = geteuid().as_raw();
    let folder = path.parent().unwrap_or(path);
    let found = match fs::symlink_metadata(folder) {
        Ok(found) => found,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Err("does not exist".into()),
        Err(e) => return Err(e.to_string()),
    };
    let own_only = folder.starts_with("/tmp");
    believable(&found, me, own_only).map_err(|why| format!("not used: its folder {why}"))?;
    let (connection, server) = connect(path).await?;
    if server.uid != me && server.uid != 0 {
        return Err(format!("not used: the process that listens there belongs to uid {}", server.uid));
    }
    Ok((connection, server.pid))
}

/// Whether only this user or root can have made what is in the folder.
fn believable(folder: &fs::Metadata, me: u32, own_only: bool) -> Result<(), String> {
    let mode = folder.mode() & 0o7777;
    if !folder.is_dir() {
        Err("is no folder".into())
    } else if folder.uid() != me && (own_only || folder.uid() != 0) {
        Err(format!("belongs to uid {}", folder.uid()))
    } else if mode & 0o022 != 0 || (own_only && mode & 0o077 != 0) {
        Err(format!("is open to others (mode {mode:04o})"))
    } else {
        Ok(())
    }
}

/// The process that listens on a socket.
#[derive(Clone, Copy, Debug)]
pub(super) struct Server {
    uid: u32,
    /// 0 where it is in another process namespace.
    pid: u32,
}

/// Connects to a socket, and tells who listens.
///
/// # Errors
/// Why not, in words.
pub(super) async fn connect(path: &Path) -> Result<(Connection, Server), String> {
    let stream = match tokio::time::timeout(CONNECT, UnixStream::connect(path)).await {
        Ok(stream) => stream.map_err(|e| match e.kind() {
            std::io::ErrorKind::NotFound => "does not exist".to_string(),
            std::io::ErrorKind::ConnectionRefused => "nobody listens there".to_string(),
            _ => e.to_string(),
        })?,
        Err(_) => return Err("its queue of connections is full".into()),
    };
    let credentials = socket_peercred(&stream).map_err(|e| e.to_string())?;
    let pid = u32::try_from(credentials.pid.as_raw_nonzero().get()).unwrap_or(0);
    let server = Server { uid: credentials.uid.as_raw(), pid };
    let stream = stream.into_std().map_err(|e| e.to_string())?;
    Ok((build(Builder::unix_stream(stream).p2p()).await?, server))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn folders_that_others_could_have_made_are_not_believed() {
        let dir = std::env::temp_dir().join(format!("rssctl-folder-{}", std::process::id()));
        fs::create_dir_all(&dir).unwrap();
        let me = geteuid().as_raw();
        let look = |mode: u32, me: u32, own_only: bool| {
            fs::set_permissions(&dir, fs::Permissions::from_mode(mode)).unwrap();
            believable(&fs::symlink_metadata(&dir).unwrap(), me, own_only)
        };
        assert_eq!(look(0o700, me, true), Ok(()));
        assert_eq!(look(0o755, me, false), Ok(()));
        assert_eq!(look(0o755, me, true), Err("is open to others (mode 0755)".into()));
        assert_eq!(look(0o720, me, false), Err("is open to others (mode 0720)".into()));
        assert_eq!(look(0o700, me + 1, true), Err(format!("belongs to uid {me}")));
        let link = dir.with_extension("link");
        let _ = fs::remove_file(&link);
        std::os::unix::fs::symlink(&dir, &link).unwrap();
        assert_eq!(believable(&fs::symlink_metadata(&link).unwrap(), me, true), Err("is no folder".into()));
        fs::remove_file(&link).unwrap();
        fs::remove_dir(&dir).unwrap();
    }
}
