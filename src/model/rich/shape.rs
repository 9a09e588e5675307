//! A small language for the shapes of JSON bodies, and the reading of a body by its shape.

use serde_json::{Map, Value};

use crate::model::nul::has_nul;

/// Why a body is not of its kind's shape.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path} {fault}")]
pub struct Malformed {
    /// Where, as in `carousel[1].title`.
    pub path: String,
    /// What is wrong there.
    pub fault: &'static str,
}

/// What a value must be.
#[derive(Debug)]
pub(super) enum Shape {
    /// A string.
    Text,
    /// A string; a number is taken and becomes one.
    Figure,
    /// True or false.
    Flag,
    /// Anything.
    Any,
    /// An array with items of one shape.
    List(&'static Shape),
    /// An object with these fields.
    Object(&'static [Field]),
}

/// A field of an object.
#[derive(Debug)]
pub(super) struct Field {
    name: &'static str,
    alias: Option<&'static str>,
    shape: Shape,
    absent: Absent,
    shown: bool,
}

/// What becomes of a field that a body does not have.
#[derive(Debug, Clone, Copy)]
enum Absent {
    Refused,
    LeftOut,
    /// It is there all the same, empty.
    Filled,
}

impl Field {
    /// A field that may be absent.
    pub(super) const fn new(name: &'static str, shape: Shape) -> Self {
        Self {
            name,
            alias: None,
            shape,
            absent: Absent::LeftOut,
            shown: false,
        }
    }

    /// It must be there.
    pub(super) const fn required(self) -> Self {
        Self {
            absent: Absent::Refused,
            ..self
        }
    }

    /// It is there in any case: false, an empty list, or null.
    pub(super) const fn filled(self) -> Self {
        Self {
            absent: Absent::Filled,
            ..self
        }
    }

    /// People read it.
    pub(super) const fn shown(self) -> Self {
        Self {
            shown: true,
            ..self
        }
    }

    /// It comes under another name, too.
    pub(super) const fn or(self, alias: &'static str) -> Self {
        Self {
            alias: Some(alias),
            ..self
        }
    }

    fn find<'a>(&self, object: &'a Map<String, Value>) -> Option<&'a Value> {
        let named = |name: &str| object.get(name).filter(|value| !value.is_null());
        named(self.name).or_else(|| named(self.alias?))
    }
}

impl Shape {
    /// The value, without what does not belong to the shape.
    pub(super) fn read(&self, value: &Value, path: &str) -> Result<Value, Malformed> {
        let refused = |fault| {
            Err(Malformed {
                path: path.to_owned(),
                fault,
            })
        };
        match (self, value) {
            (Self::Text | Self::Figure, Value::String(text)) if text.contains('\0') => {
                refused("must not contain the NUL character")
            }
            (Self::Text | Self::Figure, Value::String(_)) | (Self::Flag, Value::Bool(_)) => {
                Ok(value.clone())
            }
            (Self::Figure, Value::Number(number)) => Ok(number.to_string().into()),
            (Self::Any, _) if has_nul(value) => refused("must not contain the NUL character"),
            (Self::Any, _) => Ok(value.clone()),
            (Self::List(item), Value::Array(items)) => {
                let items = items.iter().enumerate();
                items
                    .map(|(at, value)| item.read(value, &format!("{path}[{at}]")))
                    .collect()
            }
            (Self::Object(fields), Value::Object(object)) => read_object(fields, object, path),
            (Self::Text | Self::Figure, _) => refused("must be a string"),
            (Self::Flag, _) => refused("must be true or false"),
            (Self::List(_), _) => refused("must be an array"),
            (Self::Object(_), _) => refused("must be an object"),
        }
    }

    /// What people read of a value, in the order of the shape.
    pub(super) fn shown(&self, value: &Value) -> Vec<String> {
        let mut lines = Vec::new();
        self.show(value, false, &mut lines);
        lines
    }

    fn show(&self, value: &Value, shown: bool, lines: &mut Vec<String>) {
        match (self, value) {
            (Self::Text | Self::Figure, Value::String(text)) if shown && !text.is_empty() => {
                lines.push(text.clone());
            }
            (Self::Any, Value::Object(answers)) if shown => {
                lines.extend(answers.iter().map(|(name, answer)| match answer.as_str() {
                    Some(text) => format!("{name}: {text}"),
                    None => format!("{name}: {answer}"),
                }));
            }
            (Self::List(item), Value::Array(items)) => {
                items
                    .iter()
                    .for_each(|value| item.show(value, shown, lines));
            }
            (Self::Object(fields), Value::Object(object)) => {
                for field in *fields {
                    if let Some(value) = field.find(object) {
                        field.shape.show(value, field.shown, lines);
                    }
                }
            }
            (
                Self::Text
                | Self::Figure
                | Self::Flag
                | Self::Any
                | Self::List(_)
                | Self::Object(_),
                _,
            ) => {}
        }
    }

    fn empty(&self) -> Value {
        match self {
            Self::Text | Self::Figure => Value::String(String::new()),
            Self::Flag => Value::Bool(false),
            Self::Any => Value::Null,
            Self::List(_) => Value::Array(Vec::new()),
            Self::Object(_) => Value::Object(Map::new()),
        }
    }
}

fn read_object(
    fields: &[Field],
    object: &Map<String, Value>,
    path: &str,
) -> Result<Value, Malformed> {
    let mut read = Map::new();
    for field in fields {
        let path = || format!("{path}.{}", field.name);
        let value = match (field.find(object), field.absent) {
            (Some(value), _) => field.shape.read(value, &path())?,
            (None, Absent::Filled) => field.shape.empty(),
            (None, Absent::LeftOut) => continue,
            (None, Absent::Refused) => {
                return Err(Malformed {
                    path: path(),
                    fault: "is missing",
                });
            }
        };
        read.insert(field.name.to_owned(), value);
    }
    Ok(Value::Object(read))
}
