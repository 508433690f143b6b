//! Listening on sockets with a file.

use std::fs::{self, File, OpenOptions, Permissions, TryLockError};
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use socket2::{Domain, SockAddr, Socket, Type};
use tokio::net::{UnixListener, UnixStream};

/// How many clients may wait to be accepted; the system may allow fewer.
const BACKLOG: i32 = 4096;

/// What a lock file's name has after the socket's. The Go package has the same.
const LOCK_SUFFIX: &str = ".rsocket-lock";

/// A socket that is listened on. Dropping it removes its file.
///
/// It replaces one that a server has left behind. A server holds a lock file beside its socket for as long as it listens; the
/// system lets go of it when the process ends, however it does. So of several servers that begin at once one has the path, a
/// socket that is bound and not yet listened on is not taken for one left behind, and none removes the socket of another.
#[derive(Debug)]
pub(crate) struct UnixSocket {
    // Dropped in this order: while the path leads here it is listened on, and while it is the lock is held.
    _file: SocketFile,
    listener: UnixListener,
    _lock: Lock,
}

impl UnixSocket {
    /// Listens at a path. The file has the permissions before anybody can connect.
    pub(crate) fn bind(path: &Path, permissions: Option<u32>) -> io::Result<Self> {
        let lock = Lock::acquire(path)?;
        remove_abandoned(path)?;
        let (socket, file) = bound(path, permissions)?;
        socket.listen(BACKLOG)?;
        Ok(Self {
            _file: file,
            listener: UnixListener::from_std(socket.into())?,
            _lock: lock,
        })
    }

    pub(crate) async fn accept(&self) -> io::Result<UnixStream> {
        let (stream, _) = self.listener.accept().await?;
        Ok(stream)
    }
}

/// A socket that has its path and its permissions. Nobody can connect to it until it listens.
fn bound(path: &Path, permissions: Option<u32>) -> io::Result<(Socket, SocketFile)> {
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    socket.bind(&SockAddr::unix(path)?)?;
    let file = SocketFile::at(path)?;
    if let Some(mode) = permissions {
        fs::set_permissions(path, Permissions::from_mode(mode))?;
    }
    Ok((socket, file))
}

/// Removes the socket at a path if nobody listens on it. Only who has the path's lock may call it.
fn remove_abandoned(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
        Ok(file) if !file.file_type().is_socket() => return Err(in_use("it is not a socket")),
        Ok(_) => {}
    }
    // A server of another make has no lock.
    match probe(path) {
        Ok(()) => Err(in_use("a server listens there")),
        Err(error) => match error.kind() {
            io::ErrorKind::ConnectionRefused => fs::remove_file(path),
            // With many clients waiting.
            io::ErrorKind::WouldBlock => Err(in_use("a server listens there")),
            _ => Err(in_use(&format!(
                "whether a server listens there cannot be told: {error}"
            ))),
        },
    }
}

/// Connects without waiting.
fn probe(path: &Path) -> io::Result<()> {
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    socket.connect(&SockAddr::unix(path)?)
}

fn in_use(reason: &str) -> io::Error {
    io::Error::new(io::ErrorKind::AddrInUse, reason)
}

/// A file, and which one it is.
#[derive(Debug)]
struct SocketFile {
    path: PathBuf,
    identity: (u64, u64),
}

impl SocketFile {
    fn at(path: &Path) -> io::Result<Self> {
        Ok(Self {
            path: path.to_owned(),
            identity: identity(&fs::symlink_metadata(path)?),
        })
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        // Something else may have taken its place.
        let there = fs::symlink_metadata(&self.path);
        if there.is_ok_and(|there| identity(&there) == self.identity) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn identity(file: &fs::Metadata) -> (u64, u64) {
    (file.dev(), file.ino())
}

/// The right to a path.
#[derive(Debug)]
struct Lock {
    path: PathBuf,
    /// Dropping it gives the right up.
    file: File,
}

impl Lock {
    fn acquire(socket: &Path) -> io::Result<Self> {
        let mut path = socket.as_os_str().to_owned();
        path.push(LOCK_SUFFIX);
        let path = PathBuf::from(path);
        loop {
            let Some(file) = open_lock(&path)? else {
                continue;
            };
            // Its holder only keeps it, so there is no waiting for it.
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    let holding = path.display();
                    let reason = format!("a server listens there, as it holds {holding}");
                    return Err(in_use(&reason));
                }
                Err(TryLockError::Error(error)) => return Err(error),
            }
            let lock = Self {
                path: path.clone(),
                file,
            };
            // Its last holder may have removed it between opening and locking.
            if lock.is_there() {
                return Ok(lock);
            }
        }
    }

    /// Whether the path leads to the file.
    fn is_there(&self) -> bool {
        let held = self.file.metadata().map(|held| identity(&held));
        let there = fs::symlink_metadata(&self.path).map(|there| identity(&there));
        matches!((held, there), (Ok(held), Ok(there)) if held == there)
    }
}

/// Opens a lock file, or creates it; `None` where it came or went in between. A link is not followed.
fn open_lock(path: &Path) -> io::Result<Option<File>> {
    let mut options = OpenOptions::new();
    let created = options.write(true).create_new(true).mode(0o600).open(path);
    match created {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        created => return created.map(Some),
    }
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
        Ok(file) if !file.is_file() => {
            let reason = format!("{} is not a lock file", path.display());
            return Err(in_use(&reason));
        }
        Ok(_) => {}
    }
    match OpenOptions::new().write(true).open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        opened => opened.map(Some),
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Before it is let go of, so that nobody's is removed who has it next. Something may have removed it already.
        if self.is_there() {
            let _ = fs::remove_file(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::{UnixListener as StdUnixListener, UnixStream as StdUnixStream};
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    use tokio::runtime::Handle;

    use super::*;

    /// A folder that is removed in the end, and the path of a socket in it.
    struct Place(PathBuf);

    impl Place {
        fn new() -> Self {
            static NEXT: AtomicUsize = AtomicUsize::new(0);
            let number = NEXT.fetch_add(1, Ordering::Relaxed);
            let name = format!("rsocket-unix-{}-{number}", std::process::id());
            let folder = std::env::temp_dir().join(name);
            fs::create_dir(&folder).expect("a folder");
            Self(folder)
        }

        fn socket(&self) -> PathBuf {
            self.0.join("s")
        }

        /// Leaves a socket behind, as a server does that is killed.
        fn abandon(&self) {
            StdUnixListener::bind(self.socket()).expect("the place is free");
        }

        fn names(&self) -> Vec<String> {
            let entries = fs::read_dir(&self.0).expect("a folder");
            let names = entries.map(|entry| entry.expect("a file").file_name());
            names
                .map(|name| name.to_string_lossy().into_owned())
                .collect()
        }
    }

    impl Drop for Place {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn mode(path: &Path) -> u32 {
        let file = fs::symlink_metadata(path).expect("it is there");
        file.permissions().mode() & 0o7777
    }

    fn refusal(path: &Path) -> String {
        let error = UnixSocket::bind(path, None).expect_err("it is taken");
        assert_eq!(error.kind(), io::ErrorKind::AddrInUse, "{error}");
        error.to_string()
    }

    #[test]
    fn permissions_are_set_before_anybody_can_connect() {
        let place = Place::new();
        for permissions in [0, 0o600, 0o660, 0o777] {
            let path = place.socket();
            let _bound = bound(&path, Some(permissions)).expect("the place is free");
            assert_eq!(mode(&path), permissions);
            let error = StdUnixStream::connect(&path).expect_err("nobody listens");
            assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
        }
        assert_eq!(place.names(), [""; 0]);
    }

    #[tokio::test]
    async fn a_socket_that_was_left_behind_is_replaced_and_removed_in_the_end() {
        let place = Place::new();
        for locked in [false, true] {
            place.abandon();
            if locked {
                let lock = place.0.join("s.rsocket-lock");
                fs::write(lock, "").expect("the folder is ours");
            }
            let socket = UnixSocket::bind(&place.socket(), Some(0o600)).expect("nobody listens");
            assert_eq!(mode(&place.socket()), 0o600);
            StdUnixStream::connect(place.socket()).expect("it listens");
            drop(socket);
            assert_eq!(place.names(), [""; 0]);
        }
    }

    #[tokio::test]
    async fn a_live_servers_socket_is_left_alone() {
        let place = Place::new();
        let path = place.socket();
        let ours = UnixSocket::bind(&path, None).expect("the place is free");
        assert!(refusal(&path).contains("a server listens there"));
        StdUnixStream::connect(&path).expect("it listens");
        drop(ours);

        let _theirs = StdUnixListener::bind(&path).expect("the place is free");
        assert!(refusal(&path).contains("a server listens there"));
        StdUnixStream::connect(&path).expect("it listens");
        assert_eq!(place.names(), ["s"]);
    }

    #[tokio::test]
    async fn a_server_with_many_clients_waiting_is_left_alone() {
        let place = Place::new();
        let (socket, _file) = bound(&place.socket(), None).expect("the place is free");
        socket.listen(0).expect("it is bound");
        let mut waiting = Vec::new();
        loop {
            let client = Socket::new(Domain::UNIX, Type::STREAM, None).expect("a socket");
            client.set_nonblocking(true).expect("it is open");
            let to = SockAddr::unix(place.socket()).expect("a short path");
            if client.connect(&to).is_err() {
                break;
            }
            waiting.push(client);
        }
        // Elsewhere a full server cannot be told from none, which is one reason for the lock.
        if cfg!(target_os = "linux") {
            assert!(refusal(&place.socket()).contains("a server listens there"));
        }
    }

    #[tokio::test]
    async fn what_is_no_socket_is_left_alone() {
        let place = Place::new();
        let path = place.socket();
        fs::write(&path, "precious").expect("the folder is ours");
        assert_eq!(refusal(&path), "it is not a socket");
        assert_eq!(fs::read(&path).expect("it is there"), b"precious");
        fs::remove_file(&path).expect("it is there");

        std::os::unix::fs::symlink("elsewhere", &path).expect("the place is free");
        assert_eq!(refusal(&path), "it is not a socket");
        fs::remove_file(&path).expect("it is there");

        let lock = place.0.join("s.rsocket-lock");
        std::os::unix::fs::symlink("elsewhere", &lock).expect("the place is free");
        assert!(refusal(&path).ends_with("is not a lock file"));
        assert_eq!(place.names(), ["s.rsocket-lock"]);
    }

    #[tokio::test]
    async fn what_took_a_sockets_place_stays() {
        let place = Place::new();
        let ours = UnixSocket::bind(&place.socket(), None).expect("the place is free");
        fs::remove_file(place.socket()).expect("it is there");
        let _theirs = StdUnixListener::bind(place.socket()).expect("the place is free");
        drop(ours);
        StdUnixStream::connect(place.socket()).expect("they listen");
    }

    #[tokio::test]
    async fn of_servers_that_begin_at_once_one_listens() {
        let place = Place::new();
        let runtime = Handle::current();
        for _ in 0..50 {
            place.abandon();
            let bind = || {
                let _entered = runtime.enter();
                UnixSocket::bind(&place.socket(), None)
            };
            let all: Vec<_> = thread::scope(|scope| {
                let threads: Vec<_> = (0..8).map(|_| scope.spawn(bind)).collect();
                let joined = threads.into_iter().map(thread::ScopedJoinHandle::join);
                joined.map(|result| result.expect("no panic")).collect()
            });
            StdUnixStream::connect(place.socket()).expect("one listens");
            let listening = all.iter().filter(|result| result.is_ok()).count();
            assert_eq!(listening, 1, "{all:?}");
        }
    }
}
