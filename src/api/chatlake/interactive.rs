//! Messages that ask their receiver to choose, fill in or open something: what their items may hold.

use serde_json::{Map, Value};

use super::parse::Faults;
use crate::model::{Attributes, ContentType};

const SELECT_KEYS: &[&str] = &["title", "value"];
const CARD_KEYS: &[&str] = &["title", "description", "media_url", "actions"];
const ACTION_KEYS: &[&str] = &["text", "type", "payload", "uri"];
const FORM_KEYS: &[&str] = &[
    "type",
    "placeholder",
    "label",
    "name",
    "options",
    "default",
    "required",
    "pattern",
    "title",
    "pattern_error",
];
const ARTICLE_KEYS: &[&str] = &["title", "description", "link"];

/// Finds what is wrong with the items of an interactive message.
pub(super) fn check(content_type: ContentType, attributes: &Attributes, faults: &mut Faults) {
    let keys = match content_type {
        ContentType::InputSelect => SELECT_KEYS,
        ContentType::Cards => CARD_KEYS,
        ContentType::Form => FORM_KEYS,
        ContentType::Article => ARTICLE_KEYS,
        ContentType::Text
        | ContentType::InputText
        | ContentType::InputTextarea
        | ContentType::InputEmail
        | ContentType::IncomingEmail
        | ContentType::InputCsat
        | ContentType::Integrations
        | ContentType::Sticker
        | ContentType::VoiceCall => return,
    };
    let items = match objects(attributes.get("items")) {
        Some(items) if !items.is_empty() => items,
        Some(_) => return fault(faults, "At least one item is required."),
        None => return fault(faults, "items must be objects"),
    };
    check_keys(&items, keys, "items :", faults);
    if content_type == ContentType::Cards {
        check_actions(&items, faults);
    }
}

fn check_actions(cards: &[&Map<String, Value>], faults: &mut Faults) {
    let mut actions = Vec::new();
    for card in cards {
        match objects(card.get("actions")) {
            Some(of_card) if !of_card.is_empty() => actions.extend(of_card),
            Some(_) | None => return fault(faults, "contains items missing actions"),
        }
    }
    check_keys(&actions, ACTION_KEYS, "actions: ", faults);
}

fn check_keys(items: &[&Map<String, Value>], allowed: &[&str], what: &str, faults: &mut Faults) {
    let mut unknown: Vec<String> = Vec::new();
    for key in items.iter().flat_map(|item| item.keys()) {
        let shown = format!(":{}", key.chars().take(50).collect::<String>());
        if !allowed.contains(&key.as_str()) && !unknown.contains(&shown) && unknown.len() < 10 {
            unknown.push(shown);
        }
    }
    if !unknown.is_empty() {
        let unknown = unknown.join(", ");
        fault(
            faults,
            &format!("contains invalid keys for {what} [{unknown}]"),
        );
    }
}

/// The objects of a list; none if there is no list, `None` if something else is in it.
fn objects(list: Option<&Value>) -> Option<Vec<&Map<String, Value>>> {
    match list {
        None | Some(Value::Null) => Some(Vec::new()),
        Some(Value::Array(items)) => items.iter().map(Value::as_object).collect(),
        Some(Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_)) => None,
    }
}

fn fault(faults: &mut Faults, text: &str) {
    faults.add("content_attributes", format!("Content attributes {text}"));
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn faults(content_type: ContentType, attributes: Value) -> String {
        let mut faults = Faults::default();
        check(content_type, &Attributes::from(attributes), &mut faults);
        match faults.settle() {
            Ok(()) => String::new(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn items_hold_what_their_type_allows() {
        let action = json!({"text": "a", "type": "link", "uri": "u", "payload": "p"});
        for (content_type, item) in [
            (
                ContentType::InputSelect,
                json!({"title": "a", "value": "b"}),
            ),
            (
                ContentType::Cards,
                json!({"title": "a", "media_url": "u", "description": "d", "actions": [action]}),
            ),
            (
                ContentType::Form,
                json!({"name": "a", "type": "text", "label": "l", "pattern_error": "e"}),
            ),
            (
                ContentType::Article,
                json!({"title": "a", "description": "d", "link": "l"}),
            ),
        ] {
            assert_eq!(faults(content_type, json!({"items": [item]})), "");
            assert_eq!(
                faults(content_type, json!({})),
                "invalid record: Content attributes At least one item is required."
            );
            assert_eq!(
                faults(content_type, json!({"items": ["a"]})),
                "invalid record: Content attributes items must be objects"
            );
        }
        assert_eq!(faults(ContentType::InputEmail, json!({})), "");
    }

    #[test]
    fn unknown_keys_are_named_once() {
        assert_eq!(
            faults(
                ContentType::InputSelect,
                json!({"items": [{"a": 1, "title": "x"}, {"a": 2, "b": 3}]})
            ),
            "invalid record: Content attributes contains invalid keys for items : [:a, :b]"
        );
        assert_eq!(
            faults(ContentType::Cards, json!({"items": [{"title": "x"}]})),
            "invalid record: Content attributes contains items missing actions"
        );
        assert_eq!(
            faults(
                ContentType::Cards,
                json!({"items": [{"title": "x", "actions": [{"url": "u"}]}]})
            ),
            "invalid record: Content attributes contains invalid keys for actions:  [:url]"
        );
    }
}
