//! What a visitor is called who has not said its name.

const FIRST: [&str; 32] = [
    "amber", "ancient", "blue", "bold", "brave", "bright", "calm", "clear", "cool", "crimson",
    "curious", "dawn", "early", "gentle", "golden", "green", "hidden", "kind", "late", "little",
    "lively", "misty", "noble", "patient", "proud", "quick", "quiet", "silver", "still", "sunny",
    "warm", "wild",
];

const SECOND: [&str; 32] = [
    "bay", "bird", "breeze", "brook", "cedar", "cliff", "cloud", "dune", "fern", "field", "fjord",
    "forest", "grove", "harbour", "hill", "island", "lake", "leaf", "meadow", "moon", "mountain",
    "pine", "pond", "rain", "reed", "river", "shore", "sky", "star", "stone", "thunder", "valley",
];

/// Two words, as in `quiet-river`.
pub(super) fn any() -> String {
    let pick = |words: &[&'static str; 32]| words[rand::random_range(0..words.len())];
    format!("{}-{}", pick(&FIRST), pick(&SECOND))
}
