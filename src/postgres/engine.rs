//! The PostgreSQL that the binary carries.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use ruzstd::decoding::StreamingDecoder;
use tar::Archive;

use super::Error;

const TARBALL: &[u8] = include_bytes!(env!("QUARTET_ENGINE_TARBALL"));
const VERSION: &str = env!("QUARTET_ENGINE_VERSION");

/// Where the programs are once they are unpacked.
pub(super) fn bin_dir(data_dir: &Path) -> PathBuf {
    data_dir.join("engine").join(VERSION).join("bin")
}

/// Unpacks the programs and puts them in the place of those that may be there, another version's too.
///
/// They appear all at once, so a process that is killed on the way leaves nothing that looks whole.
pub(super) fn unpack(data_dir: &Path) -> Result<(), Error> {
    let (new, settled) = (data_dir.join("engine.new"), data_dir.join("engine"));
    remove(&new)?;
    write(&new.join(VERSION)).map_err(Error::io("unpack PostgreSQL into", &new))?;
    remove(&settled)?;
    fs::rename(&new, &settled).map_err(Error::io("move PostgreSQL to", &settled))
}

fn write(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let tarball = StreamingDecoder::new(TARBALL).map_err(io::Error::other)?;
    let mut archive = Archive::new(tarball);
    archive.set_mask(0o022); // nobody else may change what we run
    archive.set_preserve_mtime(false);
    archive.unpack(folder)
}

fn remove(folder: &Path) -> Result<(), Error> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(Error::io("remove", folder)(error))
        }
        _ => Ok(()),
    }
}
