//! What stands in forms and queries: names with brackets that spell nested objects and lists.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde_json::{Map, Value};
use url::form_urlencoded;

use super::Server;
use super::error::{Error, Result};

/// Deepest nesting that a name may spell.
const MAX_DEPTH: usize = 32;

/// The parameters of a query, in their order.
#[derive(Debug, Clone, Default)]
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    /// The value of a name, the last one if it came several times; empty ones count as absent.
    pub(super) fn last(&self, name: &str) -> Option<&str> {
        let value = self.0.iter().rev().find(|(key, _)| key == name)?;
        Some(value.1.as_str()).filter(|text| !text.is_empty())
    }

    /// Every value of a name, whether it came as `name[]` or, as some clients repeat it, as `name`.
    pub(super) fn all(&self, name: &str) -> Vec<String> {
        let is_it = |key: &str| key == name || key.strip_suffix("[]") == Some(name);
        let values = self
            .0
            .iter()
            .filter(|(key, text)| is_it(key) && !text.is_empty());
        values.map(|(_, text)| text.clone()).collect()
    }

    /// A number by its name.
    pub(super) fn number(&self, name: &str) -> Result<Option<i64>> {
        let number = self.last(name).map(|text| {
            text.trim()
                .parse()
                .map_err(|_| Error::Refused(format!("{name}: a number is expected")))
        });
        number.transpose()
    }
}

impl FromRequestParts<Server> for Query {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &Server) -> Result<Self> {
        let query = parts.uri.query().unwrap_or_default();
        Ok(Self(
            form_urlencoded::parse(query.as_bytes())
                .into_owned()
                .collect(),
        ))
    }
}

/// The pairs of an urlencoded form.
pub(super) fn parse_form(form: &[u8]) -> Vec<(String, String)> {
    form_urlencoded::parse(form).into_owned().collect()
}

/// Pairs as one object: `a[b]=c` is `{"a": {"b": "c"}}` and `a[]=b` is `{"a": ["b"]}`. Later pairs win.
pub(super) fn nest(pairs: Vec<(String, String)>) -> Result<Map<String, Value>> {
    let mut root = Value::Object(Map::new());
    for (name, text) in pairs {
        put(&mut root, &segments(&name)?, text).ok_or_else(|| {
            Error::BadRequest(format!("the field {name} does not fit the others"))
        })?;
    }
    match root {
        Value::Object(fields) => Ok(fields),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            Ok(Map::new())
        }
    }
}

/// `a[b][]` in its parts `a`, `b` and the empty one. A name that is not of that form is one part.
fn segments(name: &str) -> Result<Vec<&str>> {
    let Some((first, rest)) = name.strip_suffix(']').and_then(|name| name.split_once('[')) else {
        return Ok(vec![name]);
    };
    if first.is_empty() {
        return Ok(vec![name]);
    }
    let segments: Vec<&str> = std::iter::once(first).chain(rest.split("][")).collect();
    if segments.len() > MAX_DEPTH {
        return Err(Error::BadRequest(
            "a field's name is nested too deeply".to_owned(),
        ));
    }
    Ok(segments)
}

/// Puts a text where its name says; `None` if something of another form is there.
fn put(place: &mut Value, segments: &[&str], text: String) -> Option<()> {
    let Some((segment, rest)) = segments.split_first() else {
        *place = Value::String(text);
        return Some(());
    };
    if segment.is_empty() {
        if place.is_null() {
            *place = Value::Array(Vec::new());
        }
        let items = place.as_array_mut()?;
        // `a[][x]=1&a[][y]=2&a[][x]=3` is two objects: a key that is there begins the next.
        let fits = |item: &Value| {
            let key = rest.first().filter(|key| !key.is_empty());
            key.is_some_and(|key| {
                item.as_object()
                    .is_some_and(|item| !item.contains_key(*key))
            })
        };
        if !items.last().is_some_and(fits) {
            items.push(Value::Null);
        }
        return put(items.last_mut()?, rest, text);
    }
    if place.is_null() {
        *place = Value::Object(Map::new());
    }
    let fields = place.as_object_mut()?;
    let field = fields.entry((*segment).to_owned()).or_insert(Value::Null);
    put(field, rest, text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn nested(form: &str) -> Option<Value> {
        nest(parse_form(form.as_bytes())).ok().map(Value::Object)
    }

    #[test]
    fn brackets_spell_objects_and_lists() {
        assert_eq!(
            nested("a=1&a=2&b[c][d]=3&e[]=4&e[]=5&f[][x]=6&f[][y]=7&f[][x]=8"),
            Some(json!({
                "a": "2", "b": {"c": {"d": "3"}}, "e": ["4", "5"], "f": [{"x": "6", "y": "7"}, {"x": "8"}]
            }))
        );
        assert_eq!(
            nested("[a]=1&b[=2&c]=3"),
            Some(json!({"[a]": "1", "b[": "2", "c]": "3"}))
        );
    }

    #[test]
    fn names_that_do_not_fit_together_are_refused() {
        assert_eq!(nested("a=1&a[b]=2"), None);
        assert_eq!(nested("a[b]=1&a[]=2"), None);
        assert_eq!(nested(&format!("a{}=1", "[b]".repeat(40))), None);
    }
}
