//! The configuration, through the library and through the program.

use std::net::IpAddr;
use std::process::{Command, Output};

use quartet::config::{Allowed, Config, DEFAULT, SecretKeyError};
use secrecy::ExposeSecret;

use crate::server::http;

/// Runs `quartet doctor`, which reads the configuration, in a folder of its own.
fn doctor(arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    Command::new(env!("CARGO_BIN_EXE_quartet"))
        .arg("doctor")
        .args(arguments)
        .env_remove("DATABASE_URL")
        .env_remove("PG_BIN")
        .envs(environment.iter().copied())
        .current_dir(&folder)
        .output()
        .unwrap()
}

fn complaint(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let text = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(text.lines().count(), 1, "{text}");
    text
}

#[test]
fn the_default_is_complete() {
    let config = Config::from_toml("").unwrap();
    assert_eq!(config.http.listen, "127.0.0.1:8080".parse().unwrap());
    assert_eq!(config.webhook.retry_schedule.len(), 10);
    assert!(
        config.secrets.key.is_none() && config.database.url.is_none(),
        "no secret in the default"
    );
}

#[test]
fn every_key_that_the_default_only_mentions_is_a_real_one() {
    let mentioned =
        |line: &&str| line.starts_with("# ") && line.contains(" = ") && !line[2..].contains(": ");
    let toml = DEFAULT
        .lines()
        .map(|line| if mentioned(&line) { &line[2..] } else { line });
    let config = Config::from_toml(&toml.collect::<Vec<_>>().join("\n")).unwrap();
    assert!(config.secrets.key.is_some() && config.database.url.is_some());
    assert!(config.http.public_url.is_some() && config.database.pg_bin.is_some());
}

#[test]
fn an_unknown_key_stops_the_start_and_is_named() {
    let text = complaint(&doctor(&[], &[("QUARTET__HTTP__LISTNE", "x")]));
    assert!(text.contains("unknown field: found `listne`"), "{text}");
    let text = complaint(&doctor(&[], &[("QUARTET__HTPP__LISTEN", "x")]));
    assert!(text.contains("unknown field: found `htpp`"), "{text}");
}

#[test]
fn a_file_that_is_not_there_stops_the_start() {
    let text = complaint(&doctor(&["--config", "absent.toml"], &[]));
    assert!(text.contains("absent.toml"), "{text}");
}

#[test]
fn the_environment_wins_over_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("quartet.toml");
    std::fs::write(&file, "[log]\nfilter = 3\n").unwrap();
    let file = file.to_str().unwrap();
    assert!(complaint(&doctor(&["--config", file], &[])).contains("log.filter"));
    let output = doctor(&["--config", file], &[("QUARTET__LOG__FILTER", "debug")]);
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn a_database_url_asks_for_a_key_that_is_not_made_here() {
    let output = doctor(&[], &[("DATABASE_URL", "postgres://127.0.0.1/x")]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(
        String::from_utf8(output.stdout)
            .unwrap()
            .contains("QUARTET__SECRETS__KEY")
    );
    let output = doctor(&[], &[("DATABASE_URL", "")]);
    assert!(output.status.success(), "empty is not set: {output:?}");
}

#[test]
fn values_that_cannot_work_are_refused() {
    for toml in [
        "[http]\nheader_timeout_secs = 0",
        "[http]\nrequest_timeout_secs = -1",
        "[http]\nbody_limit_bytes = 0",
        "[http]\npublic_url = \"chat.example.com\"",
        "[http]\ntrusted_proxies = [\"proxy\"]",
        "[database]\nmax_connections = 0",
        "[log]\nformat = \"xml\"",
        "[outbound]\nallow = [\"http://localhost\"]",
        "[outbound]\nallow = [\"localhost:80\"]",
        "[webhook]\njitter_percent = 101",
        "[webhook]\nretry_schedule_secs = [5, 0]",
        "[webhook]\nlease_secs = 5",
        "[instabot]\ndefault_region = \"us\"",
        "[bot_open]\ntoken_hours = 0",
    ] {
        assert!(Config::from_toml(toml).is_err(), "{toml}");
    }
}

#[test]
fn the_allow_list_takes_hosts_addresses_and_networks() {
    let config =
        Config::from_toml("[outbound]\nallow = [\"LocalHost.\", \"127.0.0.1\", \"fd00::/8\"]")
            .unwrap();
    assert_eq!(
        config.outbound.allow,
        [
            Allowed::Host("localhost".to_owned()),
            Allowed::Network("127.0.0.1/32".parse().unwrap()),
            Allowed::Network("fd00::/8".parse().unwrap()),
        ]
    );
}

#[test]
fn a_generated_key_is_kept_for_the_owner_alone() {
    let folder = tempfile::tempdir().unwrap();
    let secrets = Config::from_toml("").unwrap().secrets;
    assert!(matches!(
        secrets.load(folder.path()),
        Err(SecretKeyError::Missing(_))
    ));

    let made = secrets.load_or_create(folder.path()).unwrap();
    let again = secrets.load_or_create(folder.path()).unwrap();
    let loaded = secrets.load(folder.path()).unwrap();
    assert_eq!(made.expose_secret(), again.expose_secret());
    assert_eq!(made.expose_secret(), loaded.expose_secret());
    let names: Vec<_> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(names, ["secret.key"]);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(folder.path().join("secret.key"))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[test]
fn a_configured_key_must_be_32_bytes() {
    for key in ["", "c2hvcnQ=", "not base64"] {
        let secrets = Config::from_toml(&format!("[secrets]\nkey = \"{key}\""))
            .unwrap()
            .secrets;
        let error = secrets.load("absent".as_ref()).unwrap_err();
        assert_eq!(error.to_string(), "secrets.key is not 32 bytes in base64");
    }
}

#[test]
fn a_key_from_before_must_be_32_bytes_too() {
    let secrets = |toml: &str| {
        Config::from_toml(&format!("[secrets]\n{toml}"))
            .unwrap()
            .secrets
    };
    let good = secrets("previous_keys = [\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\"]");
    assert_eq!(good.load_previous().unwrap()[0].expose_secret(), &[0; 32]);
    let error = secrets("previous_keys = [\"c2hvcnQ=\"]")
        .load_previous()
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "secrets.previous_keys is not 32 bytes in base64"
    );
}

#[test]
fn only_trusted_proxies_say_who_the_client_is() {
    let client = |toml: &str, peer: &str, forwarded: &str| {
        let peer: IpAddr = peer.parse().unwrap();
        http(toml)
            .client_address(peer, forwarded.split(',').filter(|hop| !hop.is_empty()))
            .to_string()
    };
    let trusting = "trusted_proxies = [\"10.0.0.0/8\"]";
    assert_eq!(client("", "10.0.0.1", "192.0.2.1"), "10.0.0.1");
    assert_eq!(client(trusting, "10.0.0.1", "192.0.2.1"), "192.0.2.1");
    assert_eq!(
        client(trusting, "10.0.0.1", "198.51.100.9, 192.0.2.1, 10.0.0.2"),
        "192.0.2.1"
    );
    assert_eq!(client(trusting, "192.0.2.7", "192.0.2.1"), "192.0.2.7");
    assert_eq!(
        client(trusting, "10.0.0.1", "192.0.2.1, unknown"),
        "10.0.0.1"
    );
    assert_eq!(client(trusting, "::ffff:10.0.0.1", ""), "10.0.0.1");
}
