//! Placeholders in what goes out: `{{ contact.name }}`, `{{ contact.first_name | default: "there" }}`.
//!
//! This is the part of Liquid that people write in messages: a path, and filters behind it. The crates that speak all of
//! it set no bound to what a text may cost, and text between back-ticks has to stay as it is anyway. A text that asks for
//! anything else is not touched at all.

use serde_json::{Map, Value, json};

use super::{Agent, Attributes, Contact, Conversation};

/// The longest text a message has.
const MAX_CHARS: usize = 150_000;

/// The most placeholders that a text may have.
const MAX_PLACEHOLDERS: usize = 1000;

/// How much of one value is put in.
const MAX_VALUE: usize = 10_000;

/// What placeholders stand for.
#[derive(Debug, Clone, Copy)]
pub struct Placeholders<'a> {
    /// Whom it goes to.
    pub contact: Addressee<'a>,
    /// The agent who says it.
    pub agent: Option<&'a Agent>,
    /// Where it is said, unless it begins the conversation.
    pub conversation: Option<&'a Conversation>,
    /// What the inbox is called.
    pub inbox: &'a str,
    /// What the account is called.
    pub account: &'a str,
}

/// A contact, as a text may name them.
#[derive(Debug, Clone, Copy)]
pub struct Addressee<'a> {
    /// Name, or empty.
    pub name: &'a str,
    /// E-mail address.
    pub email: Option<&'a str>,
    /// Phone number.
    pub phone_number: Option<&'a str>,
    /// The id another system knows the contact by.
    pub identifier: Option<&'a str>,
    /// What the account keeps.
    pub custom_attributes: &'a Attributes,
}

impl<'a> From<&'a Contact> for Addressee<'a> {
    fn from(contact: &'a Contact) -> Self {
        Self {
            name: &contact.name,
            email: contact.email.as_deref(),
            phone_number: contact.phone_number.as_deref(),
            identifier: contact.identifier.as_deref(),
            custom_attributes: &contact.custom_attributes,
        }
    }
}

impl Placeholders<'_> {
    /// Whether a text has any.
    pub fn are_in(text: &str) -> bool {
        text.contains("{{")
    }

    /// The text with its placeholders replaced. One that is not understood stays as it is.
    pub fn fill_in(&self, text: String) -> String {
        if !Self::are_in(&text) {
            return text;
        }
        let values = self.values();
        let values = values.as_object().and_then(|values| render(&text, values));
        values.unwrap_or(text)
    }

    fn values(&self) -> Value {
        let (first, last) = names(self.contact.name);
        json!({
            "contact": {
                "name": self.contact.name, "first_name": first, "last_name": last, "email": self.contact.email,
                "phone_number": self.contact.phone_number, "identifier": self.contact.identifier,
                "custom_attribute": self.contact.custom_attributes.0,
            },
            "agent": self.agent.map(of_agent),
            "conversation": {
                "display_id": self.conversation.map(|conversation| conversation.id.0),
                "contact_name": self.contact.name,
                "custom_attribute": self.conversation.map(|conversation| &conversation.custom_attributes.0),
            },
            "inbox": {"name": self.inbox},
            "account": {"name": self.account},
        })
    }
}

fn of_agent(agent: &Agent) -> Value {
    let (first, last) = names(&agent.name);
    json!({
        "name": agent.name, "first_name": first, "last_name": last, "available_name": agent.available_name(),
        "email": agent.email,
    })
}

/// A name's first word, and its last if it has several.
fn names(name: &str) -> (Option<&str>, Option<&str>) {
    let mut words = name.split_whitespace();
    (words.next(), words.next_back())
}

/// The text with its placeholders replaced: one that stands for nothing becomes nothing. `None` where it says something
/// that is not understood, or would become too long.
fn render(text: &str, values: &Map<String, Value>) -> Option<String> {
    let mut rendered = String::new();
    let mut rest = text;
    let mut placeholders = 0;
    while let Some(at) = rest.find(['`', '{']) {
        let (before, from) = rest.split_at(at);
        rendered.push_str(before);
        let taken = if let Some(code) = quoted(from) {
            rendered.push_str(code);
            code.len()
        } else if from.starts_with("{%") {
            return None;
        } else if let Some(inside) = from.strip_prefix("{{") {
            let (inside, _) = inside.split_once("}}")?;
            rendered.push_str(&value(inside, values)?);
            placeholders += 1;
            inside.len() + 4
        } else {
            rendered.push_str(&from[..1]);
            1
        };
        if placeholders > MAX_PLACEHOLDERS || rendered.len() > 4 * MAX_CHARS {
            return None;
        }
        rest = &from[taken..];
    }
    rendered.push_str(rest);
    (rendered.chars().count() <= MAX_CHARS).then_some(rendered)
}

/// What stands between two back-ticks at the beginning, with them.
fn quoted(text: &str) -> Option<&str> {
    let end = text.strip_prefix('`')?.find('`')?;
    text.get(..end + 2)
}

/// What a placeholder becomes.
fn value(inside: &str, values: &Map<String, Value>) -> Option<String> {
    // A dash at an end asks for blanks to be dropped beyond it, which messages have no use for.
    let inside = inside.strip_prefix('-').unwrap_or(inside);
    let inside = inside.strip_suffix('-').unwrap_or(inside);
    let mut parts = split_outside_quotes(inside, '|').into_iter();
    let mut text = operand(parts.next()?.trim(), values)?;
    for filter in parts {
        text = filtered(text, filter.trim(), values)?;
    }
    Some(text)
}

fn filtered(text: String, filter: &str, values: &Map<String, Value>) -> Option<String> {
    let (name, argument) = match filter.split_once(':') {
        Some((name, argument)) => (name.trim(), Some(argument.trim())),
        None => (filter, None),
    };
    match (name, argument) {
        ("default", Some(argument)) if text.is_empty() => operand(argument, values),
        ("default", Some(_)) => Some(text),
        ("upcase", None) => Some(text.to_uppercase()),
        ("downcase", None) => Some(text.to_lowercase()),
        ("capitalize", None) => Some(capitalized(&text)),
        ("strip", None) => Some(text.trim().to_owned()),
        _ => None,
    }
}

/// A text in quotes, a number, or the value at a path.
fn operand(text: &str, values: &Map<String, Value>) -> Option<String> {
    for quote in ['"', '\''] {
        if let Some(text) = text.strip_prefix(quote) {
            return text
                .strip_suffix(quote)
                .filter(|text| !text.contains(quote))
                .map(str::to_owned);
        }
    }
    let is_name = |name: &str| {
        !name.is_empty()
            && name
                .chars()
                .all(|c| c.is_alphanumeric() || matches!(c, '_' | '-'))
    };
    if !text.split('.').all(is_name) {
        return None;
    }
    if text.parse::<f64>().is_ok() {
        return Some(text.to_owned());
    }
    let mut names = text.split('.');
    let mut found = values.get(names.next()?);
    for name in names {
        found = found.and_then(|value| value.get(name));
    }
    Some(found.map(as_text).unwrap_or_default())
}

/// A value as people read it.
fn as_text(value: &Value) -> String {
    let text = match value {
        Value::Null | Value::Object(_) => String::new(),
        Value::String(text) => text.chars().take(MAX_VALUE).collect(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::Array(items) => {
            let items = items.iter().filter(|item| !item.is_array()).take(100);
            items.map(as_text).collect()
        }
    };
    text.chars().take(MAX_VALUE).collect()
}

fn capitalized(text: &str) -> String {
    let mut chars = text.chars();
    match chars.next() {
        Some(first) => first.to_uppercase().chain(chars).collect(),
        None => String::new(),
    }
}

fn split_outside_quotes(text: &str, at: char) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut quote = None;
    let mut start = 0;
    for (index, c) in text.char_indices() {
        match quote {
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None if matches!(c, '"' | '\'') => quote = Some(c),
            None if c == at => {
                parts.push(&text[start..index]);
                start = index + c.len_utf8();
            }
            None => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn rendered(text: &str) -> Option<String> {
        let values = json!({
            "contact": {"name": "Ann Ek", "email": null, "custom_attribute": {"size": 42, "colours": ["red", "blue"]}},
            "empty": "{{ contact.name }}"
        });
        render(text, values.as_object().expect("an object"))
    }

    #[test]
    fn what_is_known_is_put_in_and_what_is_not_is_nothing() {
        for (text, expected) in [
            ("Hi {{ contact.name }}!", "Hi Ann Ek!"),
            ("{{contact.name}}{{contact.name}}", "Ann EkAnn Ek"),
            ("{{- contact.custom_attribute.size -}}", "42"),
            ("{{ contact.custom_attribute.colours }}", "redblue"),
            (
                "<{{ contact.email }}{{ contact.age }}{{ nobody.at.all }}{{ contact }}>",
                "<>",
            ),
            ("{{ empty }}", "{{ contact.name }}"),
            ("a { b } `c", "a { b } `c"),
            (
                "`{{ contact.name }}` {{ contact.name }}",
                "`{{ contact.name }}` Ann Ek",
            ),
        ] {
            assert_eq!(rendered(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn filters_change_what_is_put_in() {
        for (text, expected) in [
            ("{{ contact.email | default: 'there' }}", "there"),
            ("{{ contact.name | default: \"a|b\" | upcase }}", "ANN EK"),
            (
                "{{ contact.email | default: contact.name | downcase | capitalize }}",
                "Ann ek",
            ),
            ("{{ ' x ' | strip }}{{ 3 }}", "x3"),
        ] {
            assert_eq!(rendered(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_is_not_understood_is_left_alone() {
        for text in [
            "{{ contact.name",
            "{{ }}",
            "{{ contact..name }}",
            "{{ contact[0] }}",
            "{{ contact.name | reverse }}",
            "{{ contact.name | default }}",
            "{{ 'a }}",
            "{% for a in (1..9999999) %}{{ a }}{% endfor %}",
        ] {
            assert_eq!(rendered(text), None, "{text}");
        }
        assert_eq!(rendered(&"{{ contact.name }}".repeat(1001)), None);
    }
}
