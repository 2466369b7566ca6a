//! `depin lease cp`: files into a container and out of it, as a tar archive through a command there, the way kubectl does it.
//!
//! What comes out of a container is a stranger's archive: only folders and plain files are written, below the place that was named; a name
//! that would lead out of it is refused.

use super::{gate::Visitor, place::Place, shell::code};
use crate::{
    args::LeaseCpArgs,
    error::{CliError, Result},
    output::{bytes, count},
};
use depin_client::lease::{Frame, GatewayError, Shell, ShellInput, ShellOutput, ShellQuery, ShellResult};
use serde::Serialize;
use std::{
    fs,
    io::{self, Read, Write},
    path::{Component, Path, PathBuf},
};
use tokio::sync::mpsc;

/// Bytes of an archive in one piece,
const PIECE: usize = 32 << 10;
/// pieces that wait,
const WAITING: usize = 16;
/// and of what the command complains of.
const COMPLAINT: usize = 4 << 10;

/// One side of a copy.
#[derive(Debug, PartialEq, Eq)]
enum Side {
    Here(PathBuf),
    There { service: String, path: String },
}

/// `SERVICE:PATH`, or a path. A path with a colon of its own has a slash before it.
fn side(text: &str) -> Side {
    match text.split_once(':') {
        Some((service, path)) if !service.is_empty() && !service.contains(['/', '.', '\\']) => {
            Side::There { service: service.to_owned(), path: if path.is_empty() { ".".to_owned() } else { path.to_owned() } }
        }
        _ => Side::Here(PathBuf::from(text)),
    }
}

/// What was copied.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
struct Copied {
    files: u64,
    bytes: u64,
    /// Links, devices and what else is no plain file.
    left_out: u64,
}

pub(super) async fn cp(args: &LeaseCpArgs, at: &Place<'_>) -> Result<()> {
    let (service, command, copy) = match (side(&args.source), side(&args.target)) {
        (Side::Here(from), Side::There { service, path }) => {
            let words = ["tar", "-x", "-m", "-f", "-", "-C", &path].map(str::to_owned).to_vec();
            (service, words, Copy::In(from))
        }
        (Side::There { service, path }, Side::Here(to)) => {
            let (folder, name) = parts(&path)?;
            let words = ["tar", "-c", "-f", "-", "-C", &folder, "--", &name].map(str::to_owned).to_vec();
            (service, words, Copy::Out(to))
        }
        _ => {
            return Err(CliError::refused("two-sides", "one side of a copy is here and the other in a container")
                .hint("write the container's side as SERVICE:PATH"));
        }
    };
    if let Copy::In(from) = &copy {
        fs::symlink_metadata(from).map_err(|error| CliError::refused("file", format_args!("{}: {error}", from.display())))?;
    }
    let visitor = Visitor::of(at, &args.gate).await?;
    let gate = visitor.one(at, args.dseq, &args.gate).await?;
    let query = ShellQuery { service, replica: args.replica, command, tty: false, stdin: matches!(copy, Copy::In(_)) };
    let Shell { input, output } = gate.gateway.shell(gate.at(), &query).await?;
    let (copied, ended, complaint) = match copy {
        Copy::In(from) => send(from, input, output).await,
        Copy::Out(to) => take(to, output).await,
    };
    let exit = code(ended, &query)?;
    if exit != 0 {
        let why = if complaint.is_empty() { format!("exit code {exit}") } else { complaint };
        return Err(CliError::refused("copy", format_args!("tar in the container says: {why}"))
            .hint("is the path there, may it be written, and is `tar` in the image?"));
    }
    let copied = copied?;
    at.out.result(&copied, |_| {
        let left = if copied.left_out == 0 {
            String::new()
        } else {
            format!(", {} left out", count(copied.left_out, "link or device", "links or devices"))
        };
        format!("copied {}, {}{left}", count(copied.files, "file", "files"), bytes(copied.bytes))
    })
}

enum Copy {
    In(PathBuf),
    Out(PathBuf),
}

/// Folder and last name of a path in a container.
fn parts(path: &str) -> Result<(String, String)> {
    let trimmed = path.trim_end_matches('/');
    let (folder, name) = trimmed.rsplit_once('/').unwrap_or((".", trimmed));
    if name.is_empty() || name == ".." {
        return Err(CliError::refused("path", format_args!("`{path}` names no file or folder to copy"))
            .hint("name one, such as web:/etc/nginx"));
    }
    Ok((if folder.is_empty() { "/".to_owned() } else { folder.to_owned() }, name.to_owned()))
}

type Ended = (Result<Copied>, std::result::Result<Option<ShellResult>, GatewayError>, String);

/// Packs what is here and sends it.
async fn send(from: PathBuf, mut input: ShellInput, mut output: ShellOutput) -> Ended {
    let (sends, mut pieces) = mpsc::channel::<Vec<u8>>(WAITING);
    let packing = tokio::task::spawn_blocking(move || pack(&from, Pipe::new(sends)));
    let sending = async {
        while let Some(piece) = pieces.recv().await {
            input.write(&piece).await?;
        }
        input.finish().await
    };
    let mut complaint = String::new();
    let showing = async {
        while let Some(frame) = output.next().await? {
            match frame {
                Frame::Stderr(bytes) => complain(&mut complaint, &bytes),
                Frame::Result(result) => return Ok(Some(result)),
                Frame::Failure => return Ok(None),
                _ => {}
            }
        }
        Ok(None)
    };
    // A command that ended, or a stream that broke, ends the packing too: its pieces are taken by nobody.
    let ended = {
        let mut showing = std::pin::pin!(showing);
        tokio::select! {
            ended = &mut showing => ended,
            sent = sending => match sent {
                Ok(()) | Err(GatewayError::Ended { .. } | GatewayError::Broken(_)) => showing.await,
                Err(error) => Err(error),
            },
        }
    };
    drop(pieces);
    (packed(packing.await), ended, complaint.trim().to_owned())
}

fn packed(done: std::result::Result<io::Result<Copied>, tokio::task::JoinError>) -> Result<Copied> {
    let done = done.unwrap_or_else(|bug| Err(io::Error::other(bug)));
    done.map_err(|error| CliError::refused("file", error).hint("nothing outside of the named place was touched"))
}

fn complain(complaint: &mut String, bytes: &[u8]) {
    if complaint.len() < COMPLAINT {
        complaint.push_str(&String::from_utf8_lossy(bytes));
    }
}

/// Receives an archive and unpacks it here.
async fn take(to: PathBuf, mut output: ShellOutput) -> Ended {
    let (sends, pieces) = mpsc::channel::<Vec<u8>>(WAITING);
    let unpacking = tokio::task::spawn_blocking(move || unpack(&to, Pieces { pieces, piece: Vec::new(), at: 0 }));
    let mut complaint = String::new();
    let receiving = async {
        while let Some(frame) = output.next().await? {
            match frame {
                // Whoever unpacks and went away says why.
                Frame::Stdout(bytes) => {
                    let taken = sends.send(bytes.to_vec()).await;
                    if taken.is_err() {
                        return Ok(Some(ShellResult::default()));
                    }
                }
                Frame::Stderr(bytes) => complain(&mut complaint, &bytes),
                Frame::Result(result) => return Ok(Some(result)),
                Frame::Failure => return Ok(None),
                _ => {}
            }
        }
        Ok(None)
    };
    let ended = receiving.await;
    drop(sends);
    (packed(unpacking.await), ended, complaint.trim().to_owned())
}

/// Writes pieces into a channel.
struct Pipe {
    sends: mpsc::Sender<Vec<u8>>,
    piece: Vec<u8>,
}

impl Pipe {
    fn new(sends: mpsc::Sender<Vec<u8>>) -> Self {
        Self { sends, piece: Vec::with_capacity(PIECE) }
    }
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let fits = bytes.len().min(PIECE - self.piece.len());
        self.piece.extend_from_slice(&bytes[..fits]);
        if self.piece.len() == PIECE {
            self.flush()?;
        }
        Ok(fits)
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.piece.is_empty() {
            return Ok(());
        }
        let piece = std::mem::replace(&mut self.piece, Vec::with_capacity(PIECE));
        self.sends
            .blocking_send(piece)
            .map_err(|_| io::Error::new(io::ErrorKind::BrokenPipe, "the command ended before it read all"))
    }
}

/// Reads pieces out of a channel.
struct Pieces {
    pieces: mpsc::Receiver<Vec<u8>>,
    piece: Vec<u8>,
    at: usize,
}

impl Read for Pieces {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        if self.at == self.piece.len() {
            let Some(piece) = self.pieces.blocking_recv() else { return Ok(0) };
            (self.piece, self.at) = (piece, 0);
        }
        let read = to.len().min(self.piece.len() - self.at);
        to[..read].copy_from_slice(&self.piece[self.at..self.at + read]);
        self.at += read;
        Ok(read)
    }
}

/// An archive of a file or folder, under its last name.
fn pack(from: &Path, to: impl Write) -> io::Result<Copied> {
    let whole = fs::canonicalize(from)?;
    let name = whole.file_name().ok_or_else(|| io::Error::other("the root of all folders is not copied; name one below it"))?;
    let mut builder = tar::Builder::new(to);
    builder.mode(tar::HeaderMode::Complete);
    let mut copied = Copied::default();
    append(&mut builder, &whole, Path::new(name), &mut copied)?;
    builder.into_inner()?.flush()?;
    Ok(copied)
}

fn append(builder: &mut tar::Builder<impl Write>, path: &Path, name: &Path, copied: &mut Copied) -> io::Result<()> {
    let told = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
    let meta = fs::symlink_metadata(path).map_err(told)?;
    if meta.is_dir() {
        builder.append_dir(name, path)?;
        let mut inside: Vec<_> = fs::read_dir(path).map_err(told)?.collect::<io::Result<_>>().map_err(told)?;
        inside.sort_by_key(fs::DirEntry::file_name);
        for entry in inside {
            append(builder, &entry.path(), &name.join(entry.file_name()), copied)?;
        }
    } else if meta.is_file() {
        let mut file = fs::File::open(path).map_err(told)?;
        builder.append_file(name, &mut file).map_err(told)?;
        copied.files += 1;
        copied.bytes += meta.len();
    } else {
        copied.left_out += 1;
    }
    Ok(())
}

/// Writes an archive below a place: into it where it is a folder, else under its name.
fn unpack(to: &Path, archive: impl Read) -> io::Result<Copied> {
    let mut archive = tar::Archive::new(archive);
    let mut copied = Copied::default();
    let into = to.is_dir();
    for entry in archive.entries()? {
        let mut entry = entry?;
        let named = entry.path()?.into_owned();
        let inner = inner(&named)?;
        // The first name is that of what was copied: kept in a folder, replaced by the name that was given.
        let place =
            if into { to.join(&inner) } else { inner.components().skip(1).fold(to.to_owned(), |path, part| path.join(part)) };
        match entry.header().entry_type() {
            tar::EntryType::Directory => {
                refuse_links(to, &place)?;
                fs::create_dir_all(&place)?;
            }
            tar::EntryType::Regular | tar::EntryType::Continuous => {
                refuse_links(to, &place)?;
                if let Some(parent) = place.parent() {
                    fs::create_dir_all(parent)?;
                }
                let mut file = fs::File::create(&place)?;
                copied.bytes += io::copy(&mut entry, &mut file)?;
                copied.files += 1;
            }
            _ => copied.left_out += 1,
        }
    }
    if copied.files == 0 && copied.left_out == 0 && !into && !to.exists() {
        return Err(io::Error::other("the archive is empty"));
    }
    Ok(copied)
}

/// The plain names of a path in an archive.
fn inner(named: &Path) -> io::Result<PathBuf> {
    let mut inner = PathBuf::new();
    for part in named.components() {
        match part {
            Component::Normal(name) => inner.push(name),
            Component::CurDir => {}
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => {
                let why = format!("the archive names `{}`, which leads out of the place; nothing more is taken", named.display());
                return Err(io::Error::new(io::ErrorKind::InvalidData, why));
            }
        }
    }
    if inner.as_os_str().is_empty() {
        Err(io::Error::new(io::ErrorKind::InvalidData, "the archive names nothing"))
    } else {
        Ok(inner)
    }
}

/// Refuses to write through a link that lies below the place: it leads somewhere else.
fn refuse_links(to: &Path, place: &Path) -> io::Result<()> {
    let below = place.ancestors().take_while(|path| *path != to && path.starts_with(to));
    for path in below.chain((place == to).then_some(place)) {
        if fs::symlink_metadata(path).is_ok_and(|meta| meta.is_symlink()) {
            let why = format!("{} is a link, and what it leads to is not written", path.display());
            return Err(io::Error::new(io::ErrorKind::InvalidData, why));
        }
    }
    Ok(())
}

#[cfg(test)]
#[path = "copy_tests.rs"]
mod tests;
