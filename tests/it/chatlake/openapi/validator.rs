//! Whether a value is what a schema says, and nothing besides: a key of an object that no schema names is a fault, unless
//! the object is said to be open.

use std::collections::BTreeSet;

use regex::Regex;
use serde_json::{Map, Value};

/// The schemas of a document.
#[derive(Clone, Copy)]
pub(super) struct Validator<'a> {
    pub(super) document: &'a Value,
}

/// Which keys of an object its schemas name.
#[derive(Default)]
struct Named {
    keys: BTreeSet<String>,
    /// Any other may be there, too.
    open: bool,
}

impl Named {
    fn and(&mut self, other: Self) {
        self.keys.extend(other.keys);
        self.open |= other.open;
    }
}

type Checked<T> = Result<T, String>;

impl<'a> Validator<'a> {
    /// What a reference leads to.
    pub(super) fn resolve(&self, schema: &'a Value) -> &'a Value {
        let Some(reference) = schema.get("$ref").and_then(Value::as_str) else {
            return schema;
        };
        let found = self.document.pointer(reference.trim_start_matches('#'));
        found.unwrap_or_else(|| panic!("{reference} leads nowhere"))
    }

    /// Checks a whole value.
    pub(super) fn check(&self, schema: &'a Value, value: &Value, at: &str) -> Checked<()> {
        let named = self.apply(schema, value, at)?;
        let keys = value.as_object().into_iter().flat_map(Map::keys);
        match keys.into_iter().find(|key| !named.keys.contains(*key)) {
            Some(key) if !named.open => Err(format!("{at}.{key} is not in the schema")),
            Some(_) | None => Ok(()),
        }
    }

    /// Checks what one schema says of a value, which others may say more of.
    fn apply(&self, schema: &'a Value, value: &Value, at: &str) -> Checked<Named> {
        let rules = match schema {
            Value::Bool(true) => return Ok(open()),
            Value::Object(rules) if rules.is_empty() => return Ok(open()),
            Value::Object(rules) => rules,
            _ => return Err(format!("{at}: nothing is allowed")),
        };
        let says_form = ["type", "$ref", "anyOf", "oneOf", "allOf", "enum", "const"];
        let mut named = Named {
            open: !says_form.iter().any(|rule| rules.contains_key(*rule)),
            ..Named::default()
        };
        for (rule, says) in rules {
            named.and(self.apply_rule(rule, says, value, at)?);
        }
        if let Value::Object(fields) = value {
            named.and(self.fields(rules, fields, at)?);
        }
        Ok(named)
    }

    fn apply_rule(&self, rule: &str, says: &'a Value, value: &Value, at: &str) -> Checked<Named> {
        let holds = match rule {
            "$ref" => {
                let schema = serde_json::from_value::<String>(says.clone()).unwrap();
                let target = self.document.pointer(schema.trim_start_matches('#'));
                return self.apply(target.unwrap(), value, at);
            }
            "allOf" => return self.all(says, value, at),
            "anyOf" | "oneOf" => return self.any(says, value, at),
            "type" => is_of_type(says, value),
            "enum" => says.as_array().unwrap().contains(value),
            "const" => says == value,
            "minimum" => value
                .as_f64()
                .is_none_or(|number| number >= says.as_f64().unwrap()),
            "maximum" => value
                .as_f64()
                .is_none_or(|number| number <= says.as_f64().unwrap()),
            "minItems" => value
                .as_array()
                .is_none_or(|items| items.len() as u64 >= says.as_u64().unwrap()),
            "maxItems" => value
                .as_array()
                .is_none_or(|items| items.len() as u64 <= says.as_u64().unwrap()),
            "pattern" => {
                let pattern = Regex::new(says.as_str().unwrap()).unwrap();
                value.as_str().is_none_or(|text| pattern.is_match(text))
            }
            "items" => return self.items(says, value, at),
            // These are looked at together.
            "properties" | "required" | "additionalProperties" => true,
            "title" | "description" | "default" | "format" | "deprecated" => true,
            unknown => panic!("{at}: nobody checks {unknown}"),
        };
        if holds {
            Ok(Named::default())
        } else {
            Err(format!(
                "{at}: {rule} {says} does not hold for {}",
                short(value)
            ))
        }
    }

    fn all(&self, says: &'a Value, value: &Value, at: &str) -> Checked<Named> {
        let mut named = Named::default();
        for schema in says.as_array().unwrap() {
            named.and(self.apply(schema, value, at)?);
        }
        Ok(named)
    }

    /// Several may fit, as with texts that are also words.
    fn any(&self, says: &'a Value, value: &Value, at: &str) -> Checked<Named> {
        let mut faults = Vec::new();
        let mut fitting: Option<Named> = None;
        for schema in says.as_array().unwrap() {
            match self.apply(schema, value, at) {
                Ok(named) => fitting.get_or_insert_default().and(named),
                Err(fault) => faults.push(fault),
            }
        }
        fitting.ok_or_else(|| format!("{at}: none fits of {{{}}}", faults.join("; ")))
    }

    fn items(&self, says: &'a Value, value: &Value, at: &str) -> Checked<Named> {
        for (place, item) in value.as_array().into_iter().flatten().enumerate() {
            self.check(says, item, &format!("{at}[{place}]"))?;
        }
        Ok(Named::default())
    }

    fn fields(
        &self,
        rules: &'a Map<String, Value>,
        fields: &Map<String, Value>,
        at: &str,
    ) -> Checked<Named> {
        let mut named = Named::default();
        for name in rules
            .get("required")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            if !fields.contains_key(name.as_str().unwrap()) {
                return Err(format!("{at}.{name} is missing"));
            }
        }
        let properties = rules.get("properties").and_then(Value::as_object);
        for (name, schema) in properties.into_iter().flatten() {
            named.keys.insert(name.clone());
            if let Some(value) = fields.get(name) {
                self.check(schema, value, &format!("{at}.{name}"))?;
            }
        }
        match rules.get("additionalProperties") {
            None | Some(Value::Bool(false)) => {}
            Some(schema) => {
                named.open = true;
                let others = fields
                    .iter()
                    .filter(|(name, _)| !named.keys.contains(*name));
                for (name, value) in others {
                    self.check(schema, value, &format!("{at}.{name}"))?;
                }
            }
        }
        Ok(named)
    }
}

fn open() -> Named {
    Named {
        open: true,
        ..Named::default()
    }
}

fn is_of_type(says: &Value, value: &Value) -> bool {
    let is = |name: &str| match name {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        unknown => panic!("{unknown} is no type"),
    };
    match says {
        Value::String(name) => is(name),
        Value::Array(names) => names.iter().any(|name| is(name.as_str().unwrap())),
        _ => panic!("{says} is no type"),
    }
}

fn short(value: &Value) -> String {
    value.to_string().chars().take(200).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn is_sound(schema: &Value, value: &Value) -> bool {
        let document = json!({"Named": {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}});
        let validator = Validator {
            document: &document,
        };
        validator.check(schema, value, "").is_ok()
    }

    #[test]
    fn keys_that_nobody_named_are_faults() {
        let named = json!({"$ref": "#/Named"});
        assert!(is_sound(&named, &json!({"a": 1})));
        for wrong in [
            json!({"a": "1"}),
            json!({}),
            json!({"a": 1, "b": 2}),
            json!([]),
        ] {
            assert!(!is_sound(&named, &wrong), "{wrong}");
        }
        let open = json!({"type": "object", "additionalProperties": true});
        assert!(is_sound(&open, &json!({"b": 2})));
        assert!(!is_sound(&json!({"type": "object"}), &json!({"b": 2})));
        let several = json!({"type": "array", "items": named});
        assert!(is_sound(&several, &json!([{"a": 1}])));
        assert!(!is_sound(&several, &json!([{"a": 1, "b": 2}])));
    }

    #[test]
    fn one_of_several_schemas_must_fit() {
        let either = json!({"anyOf": [{"$ref": "#/Named"}, {"type": "null"}]});
        assert!(is_sound(&either, &json!({"a": 1})));
        assert!(is_sound(&either, &Value::Null));
        assert!(!is_sound(&either, &json!({"b": 1})));
        assert!(!is_sound(&either, &json!(1)));
    }
}
