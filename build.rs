//! Finds the tarball of the PostgreSQL that feature `embedded` carries in the binary.
//!
//! The tarball lies in a crate made for the target, which has no code that could say where it is, so cargo is asked.
//! Where the feature is off, or the target has no such crate, `embedded_engine` stays unset and the code does without.

#![expect(
    clippy::disallowed_methods,
    reason = "cargo tells a build script everything through the environment"
)]

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    println!("cargo::rustc-check-cfg=cfg(embedded_engine)");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=Cargo.lock");
    if env::var_os("CARGO_FEATURE_EMBEDDED").is_none() {
        return Ok(());
    }
    let name = format!("pglite-rs-lib-{}", env::var("TARGET")?);
    let Some(version) = locked_version(&fs::read_to_string("Cargo.lock")?, &name) else {
        return Ok(());
    };
    let tarball = crate_dir(&name, &version)
        .map_err(|error| format!("{name} {version} was not found ({error}); `--no-default-features` builds without it"))?
        .join("lib/pglite-runtime.tar.zst");
    println!("cargo::rerun-if-changed={}", tarball.display());
    println!(
        "cargo::rustc-env=QUARTET_ENGINE_TARBALL={}",
        tarball.display()
    );
    println!("cargo::rustc-env=QUARTET_ENGINE_VERSION={version}");
    println!("cargo::rustc-cfg=embedded_engine");
    Ok(())
}

/// The version that `Cargo.lock` holds of a package, if it holds one.
fn locked_version(lock: &str, name: &str) -> Option<String> {
    let (_, package) = lock.split_once(&format!("name = \"{name}\"\nversion = \""))?;
    package.split('"').next().map(str::to_owned)
}

/// The folder of a dependency.
///
/// The question is put for a package of its own that depends on nothing else: for this one cargo would also want the
/// development dependencies, which a machine that only builds never downloads. Cargo runs in the project's folder, so
/// the project's configuration (a vendored or mirrored registry) holds, and offline, because the crate is already here.
fn crate_dir(name: &str, version: &str) -> Result<PathBuf> {
    let asking = PathBuf::from(env::var("OUT_DIR")?).join("locate");
    fs::create_dir_all(asking.join("src"))?;
    fs::write(asking.join("src/lib.rs"), "")?;
    let manifest = asking.join("Cargo.toml");
    fs::write(
        &manifest,
        format!(
            "[package]\nname = \"locate\"\nedition = \"2024\"\n[workspace]\n[dependencies]\n{name} = \"={version}\"\n"
        ),
    )?;

    let output = Command::new(env::var("CARGO")?)
        .args([
            "metadata",
            "--offline",
            "--format-version=1",
            "--filter-platform",
        ])
        .arg(env::var("TARGET")?)
        .arg("--manifest-path")
        .arg(&manifest)
        .output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).trim().into());
    }
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    metadata["packages"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|package| package["name"] == name)
        .and_then(|package| Path::new(package["manifest_path"].as_str()?).parent())
        .map(Path::to_owned)
        .ok_or_else(|| "cargo does not name its folder".into())
}
