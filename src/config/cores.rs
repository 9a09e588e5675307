//! Settings that follow from how many cores there are, where nobody says otherwise.

use figment::Figment;
use figment::providers::Serialized;

/// Attempts under way a core.
const IN_FLIGHT: usize = 100;
/// With more, what waits is the receivers' to answer, and its memory is better spent.
const MOST_IN_FLIGHT: usize = 800;
/// Connections to the database a core.
const CONNECTIONS: usize = 4;
/// Three servers of them fit into what PostgreSQL allows by itself, which is a hundred.
const MOST_CONNECTIONS: usize = 32;
/// Things that are written, or looked up, together a core.
const BATCH: usize = 32;
/// With more, the first of a batch waits for the last longer than they save.
const LARGEST_BATCH: usize = 256;
/// With fewer, somebody's long report would hold up the rest.
const FEWEST_CONNECTIONS: usize = 8;

/// Of this machine, or as many as this process may use.
pub(super) fn count() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Sets what is not set.
pub(super) fn fill(figment: Figment, cores: usize) -> Figment {
    let connections = (CONNECTIONS * cores).clamp(FEWEST_CONNECTIONS, MOST_CONNECTIONS);
    let usual = (IN_FLIGHT * cores).min(MOST_IN_FLIGHT);
    let in_flight: usize = figment.extract_inner("webhook.in_flight").unwrap_or(usual);
    let share = in_flight / 4;
    [
        ("database.batch_size", (BATCH * cores).min(LARGEST_BATCH)),
        ("database.max_connections", connections),
        ("webhook.in_flight", usual),
        ("webhook.in_flight_per_endpoint", share.max(1)),
        ("webhook.in_flight_reserved", share),
    ]
    .into_iter()
    .fold(figment, |figment, (key, value)| {
        figment.join(Serialized::default(key, value))
    })
}

#[cfg(test)]
mod tests {
    use figment::providers::{Format, Toml};

    use super::*;

    fn filled(toml: &str, cores: usize) -> [usize; 5] {
        let figment = fill(Figment::from(Toml::string(toml)), cores);
        [
            "database.batch_size",
            "database.max_connections",
            "webhook.in_flight",
            "webhook.in_flight_per_endpoint",
            "webhook.in_flight_reserved",
        ]
        .map(|key| figment.extract_inner(key).unwrap())
    }

    #[test]
    fn what_is_not_set_follows_the_cores() {
        assert_eq!(filled("", 1), [32, 8, 100, 25, 25]);
        assert_eq!(filled("", 2), [64, 8, 200, 50, 50]);
        assert_eq!(filled("", 4), [128, 16, 400, 100, 100]);
        assert_eq!(filled("", 64), [256, 32, 800, 200, 200]);
    }

    #[test]
    fn what_is_set_stays_and_the_rest_follows_it() {
        let toml = "[database]\nbatch_size = 7\nmax_connections = 5\n[webhook]\nin_flight = 8\nin_flight_reserved = 1";
        assert_eq!(filled(toml, 4), [7, 5, 8, 2, 1]);
        assert_eq!(filled("[webhook]\nin_flight = 1", 4), [128, 16, 1, 1, 0]);
    }
}
