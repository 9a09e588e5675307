//! Texts with placeholders: `{{ user.name }}`, `{{ answers.size }}`, `{{ metadata.somekey }}`, `{{ vars.order.status }}`.
//!
//! Values are put in as they are and never read again, so a visitor's answer cannot become a placeholder. Texts stay
//! plain: a channel that shows markup escapes the whole of them.

use std::fmt;

use serde_json::{Map, Value};

/// The longest text a bot says: what fits a message.
const MAX_CHARS: usize = 150_000;

/// A text whose placeholders are known to mean something.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Template(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Value(Reference),
}

/// Something that a flow may look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reference {
    /// `user.name`, `user.email`, `user.phone` or one of the author's own properties.
    User(String),
    /// What was answered at a node.
    Answer(String),
    /// A key of what the chat was started with.
    Metadata(String),
    /// A variable, or something inside one.
    Var(String),
    /// What came of a script, a plugin or Dialogflow at a node, or something inside it.
    Result(String),
    /// Whether a goal was reached.
    Goal(String),
}

impl Template {
    /// Reads a text.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("{{") {
            let (inside, behind) = after
                .split_once("}}")
                .ok_or_else(|| "has `{{` without `}}`".to_owned())?;
            if !before.is_empty() {
                parts.push(Part::Text(before.to_owned()));
            }
            parts.push(Part::Value(Reference::parse(inside.trim())?));
            rest = behind;
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.to_owned()));
        }
        Ok(Self(parts))
    }

    /// A text in which nothing is a placeholder.
    pub fn literally(text: &str) -> Self {
        Self(vec![Part::Text(text.to_owned())])
    }

    /// The text with every placeholder replaced; one that `value` does not know becomes nothing.
    pub fn render(&self, value: impl Fn(&Reference) -> Option<Value>) -> String {
        let mut text = String::new();
        for part in &self.0 {
            match part {
                Part::Text(part) => text.push_str(part),
                Part::Value(reference) => {
                    text.push_str(&value(reference).and_then(as_text).unwrap_or_default());
                }
            }
        }
        if let Some((end, _)) = text.char_indices().nth(MAX_CHARS) {
            text.truncate(end);
        }
        text
    }

    /// The text, if it holds no placeholder.
    pub fn literal(&self) -> Option<&str> {
        match self.0.as_slice() {
            [] => Some(""),
            [Part::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// What the placeholders stand for.
    pub fn references(&self) -> impl Iterator<Item = &Reference> {
        self.0.iter().filter_map(|part| match part {
            Part::Text(_) => None,
            Part::Value(reference) => Some(reference),
        })
    }
}

impl Reference {
    /// Reads a path such as `vars.order.status`.
    pub fn parse(path: &str) -> Result<Self, String> {
        let (kind, name) = path.split_once('.').unwrap_or((path, ""));
        let name = name.to_owned();
        match kind {
            _ if name.is_empty() => Err(meaningless(path)),
            "user" => Ok(Self::User(name)),
            "answers" => Ok(Self::Answer(name)),
            "metadata" => Ok(Self::Metadata(name)),
            "vars" => Ok(Self::Var(name)),
            "results" => Ok(Self::Result(name)),
            "goals" => Ok(Self::Goal(name)),
            _ => Err(meaningless(path)),
        }
    }

    /// The variable or node that it begins with.
    pub fn root(&self) -> &str {
        let (Self::User(path)
        | Self::Answer(path)
        | Self::Metadata(path)
        | Self::Var(path)
        | Self::Result(path)
        | Self::Goal(path)) = self;
        path.split('.').next().unwrap_or(path)
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, path) = match self {
            Self::User(path) => ("user", path),
            Self::Answer(path) => ("answers", path),
            Self::Metadata(path) => ("metadata", path),
            Self::Var(path) => ("vars", path),
            Self::Result(path) => ("results", path),
            Self::Goal(path) => ("goals", path),
        };
        write!(f, "{kind}.{path}")
    }
}

fn meaningless(path: &str) -> String {
    format!(
        "`{path}` stands for nothing: use user.<property>, answers.<node>, metadata.<key>, vars.<name>, results.<node> or \
         goals.<name>"
    )
}

/// The value under a key, or at a path of keys and positions.
pub(super) fn find<'a>(map: &'a Map<String, Value>, path: &str) -> Option<&'a Value> {
    if let Some(value) = map.get(path) {
        return Some(value);
    }
    let (first, rest) = path.split_once('.')?;
    rest.split('.')
        .try_fold(map.get(first)?, |value, key| match value {
            Value::Object(map) => map.get(key),
            Value::Array(items) => items.get(key.parse::<usize>().ok()?),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
        })
}

/// A value as people read it; nothing for `null`.
pub(super) fn as_text(value: Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            Some(value.to_string())
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_placeholder_is_replaced_and_its_value_is_not_read_again() {
        let template = Template::parse("Hi {{ user.name }}, {{answers.size}}{{ metadata.a.b }}!")
            .expect("a good text");
        let text = template.render(|reference| match reference {
            Reference::User(_) => Some(json!("{{ user.email }}")),
            Reference::Answer(node) => Some(json!(format!("<{node}>"))),
            Reference::Metadata(_) => Some(json!(5)),
            Reference::Var(_) | Reference::Result(_) | Reference::Goal(_) => None,
        });
        assert_eq!(text, "Hi {{ user.email }}, <size>5!");
    }

    #[test]
    fn a_placeholder_without_meaning_is_refused() {
        for bad in [
            "{{ users.age }}",
            "{{",
            "{{ }}",
            "{{ answers. }}",
            "{{ x }}",
        ] {
            assert!(Template::parse(bad).is_err(), "{bad}");
        }
        assert!(Template::parse("a } b }} {c}").is_ok());
    }

    #[test]
    fn a_text_never_outgrows_a_message() {
        let template = Template::parse("{{ user.name }}{{ user.name }}").expect("a good text");
        let text = template.render(|_| Some(json!("é".repeat(100_000))));
        assert_eq!(text.chars().count(), MAX_CHARS);
    }

    #[test]
    fn a_path_leads_into_a_value_unless_it_is_a_key_itself() {
        let map = json!({ "a": { "b": [10, { "c": 1 }] }, "a.b.1": "key" });
        let map = map.as_object().expect("an object");
        assert_eq!(find(map, "a.b.0"), Some(&json!(10)));
        assert_eq!(find(map, "a.b.1.c"), Some(&json!(1)));
        assert_eq!(find(map, "a.b.1"), Some(&json!("key")));
        for none in ["a.c", "a.b.2", "a.b.x", "a.b.0.c", "b", ""] {
            assert_eq!(find(map, none), None, "{none}");
        }
    }
}
