//! What an account, or the server, keeps beside the fields that everybody has.

use std::ops::{Deref, DerefMut};

use serde_json::{Map, Value};

/// A JSON object, as custom and additional attributes are.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Attributes(pub Map<String, Value>);

impl Deref for Attributes {
    type Target = Map<String, Value>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl DerefMut for Attributes {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}

impl From<Map<String, Value>> for Attributes {
    fn from(map: Map<String, Value>) -> Self {
        Self(map)
    }
}

impl From<Value> for Attributes {
    /// Anything but an object is no attributes.
    fn from(value: Value) -> Self {
        match value {
            Value::Object(map) => Self(map),
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_) => Self::default(),
        }
    }
}

impl From<Attributes> for Value {
    fn from(attributes: Attributes) -> Self {
        Self::Object(attributes.0)
    }
}
