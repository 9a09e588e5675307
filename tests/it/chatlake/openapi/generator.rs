//! Requests made up from what the document says of an operation: some as they should be, some a little off, some hostile.

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use serde_json::{Map, Value, json};
use url::form_urlencoded;

use super::validator::Validator;
use super::world::Fitting;

/// Texts that something might stumble over.
const HOSTILE: [&str; 18] = [
    "",
    " ",
    "'; drop table contacts; --",
    "\" or \"1\"=\"1",
    "%' escape '\\",
    "\\",
    "\u{0}",
    "a\u{0}b",
    "👩‍👩‍👧‍👦 \u{202e}abc",
    "\u{feff}x",
    "<script>alert(1)</script>",
    "{{contact.name}} {% if %}",
    "9223372036854775808",
    "-1",
    "1e309",
    "2026-02-30",
    "0000-00-00T00:00:00Z",
    "null",
];

/// Numbers at the ends of things.
const NUMBERS: [i64; 9] = [
    0,
    1,
    -1,
    7,
    2_147_483_648,
    253_402_300_800,
    i64::MAX,
    i64::MIN,
    10_000_000_000,
];

/// As many levels of nesting as are taken, and some more.
const DEEPEST: u32 = 124;

/// How much of what is made is as it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mood {
    /// All of it.
    Kind,
    /// Most of it.
    Careless,
    /// Little.
    Hostile,
}

/// Makes up values.
pub(super) struct Generator<'a> {
    validator: Validator<'a>,
    /// What fits under a name.
    fitting: &'a Fitting,
    mood: Mood,
    random: StdRng,
}

impl<'a> Generator<'a> {
    pub(super) fn new(
        validator: Validator<'a>,
        fitting: &'a Fitting,
        mood: Mood,
        seed: u64,
    ) -> Self {
        Self {
            validator,
            fitting,
            mood,
            random: StdRng::seed_from_u64(seed),
        }
    }

    fn chance(&mut self, kind: f64, careless: f64, hostile: f64) -> bool {
        let chance = match self.mood {
            Mood::Kind => kind,
            Mood::Careless => careless,
            Mood::Hostile => hostile,
        };
        self.random.random_bool(chance)
    }

    fn pick<'b, T>(&mut self, of: &'b [T]) -> &'b T {
        of.choose(&mut self.random).unwrap()
    }

    fn hostile_text(&mut self) -> String {
        match self.random.random_range(0..40) {
            0 | 1 => "ä".repeat(300),
            2 => "x".repeat(25_000),
            _ => (*self.pick(&HOSTILE)).to_owned(),
        }
    }

    /// Anything at all.
    fn anything(&mut self, depth: u32) -> Value {
        match self.random.random_range(0..10) {
            0 => Value::Null,
            1 => json!(self.random.random_bool(0.5)),
            2 => json!(*self.pick(&NUMBERS)),
            3 => json!(1.5),
            4 => json!(u64::MAX),
            5 if depth < 3 => json!([self.anything(depth + 1), self.anything(depth + 1)]),
            6 if depth < 3 => json!({"a": self.anything(depth + 1), self.hostile_text(): 1}),
            5 => json!([]),
            6 => json!({}),
            7 if depth == 0 => {
                let levels = self.random.random_range(1..DEEPEST);
                (0..levels).fold(json!("deep"), |within, _| json!({"a": within}))
            }
            _ => json!(self.hostile_text()),
        }
    }

    /// A value for a schema, below a name.
    pub(super) fn value(&mut self, schema: &'a Value, name: &str, depth: u32) -> Value {
        if self.chance(0.0, 0.04, 0.25) || depth > 8 {
            return self.anything(0);
        }
        if self.chance(1.0, 0.9, 0.5)
            && let Some(fitting) = self.fitting.get(name)
        {
            return self.pick(fitting).clone();
        }
        let schema = self.validator.resolve(schema);
        if let Some(several) = schema.get("anyOf").or(schema.get("oneOf")) {
            let several = several.as_array().unwrap();
            let chosen = if self.mood == Mood::Kind {
                &several[0]
            } else {
                self.pick(several)
            };
            let mut value = self.value(chosen, name, depth + 1);
            if let (Some(fields), Value::Object(more)) = (schema.get("properties"), &mut value) {
                more.extend(self.fields(fields.as_object().unwrap(), depth));
            }
            return value;
        }
        match self.form(schema) {
            "object" => Value::Object(self.object(schema, depth)),
            "array" => self.array(schema, name, depth),
            "integer" | "number" => json!(*self.pick(&NUMBERS)),
            "boolean" => json!(self.random.random_bool(0.5)),
            "string" => json!(self.text(name)),
            "null" => Value::Null,
            _ => self.anything(0),
        }
    }

    /// Which of its types a value shall be of.
    fn form(&mut self, schema: &'a Value) -> &'a str {
        match schema.get("type") {
            Some(Value::String(form)) => form,
            Some(Value::Array(forms)) if self.mood == Mood::Kind => forms[0].as_str().unwrap(),
            Some(Value::Array(forms)) => self.pick(forms).as_str().unwrap(),
            _ => "anything",
        }
    }

    fn object(&mut self, schema: &'a Value, depth: u32) -> Map<String, Value> {
        let mut object = match schema.get("properties").and_then(Value::as_object) {
            Some(fields) => self.fields(fields, depth),
            None => Map::new(),
        };
        if object.is_empty() && schema.get("additionalProperties").is_some() {
            let (key, value) = (self.text("key"), self.anything(1));
            object.insert(key, value);
        }
        object
    }

    fn fields(&mut self, fields: &'a Map<String, Value>, depth: u32) -> Map<String, Value> {
        let mut object = Map::new();
        for (name, schema) in fields {
            if self.chance(1.0, 0.7, 0.4) {
                object.insert(name.clone(), self.value(schema, name, depth + 1));
            }
        }
        object
    }

    fn array(&mut self, schema: &'a Value, name: &str, depth: u32) -> Value {
        let count = match self.mood {
            Mood::Kind => 1,
            Mood::Careless | Mood::Hostile => self.random.random_range(0..3),
        };
        let Some(items) = schema.get("items") else {
            return json!([]);
        };
        let items = (0..count).map(|_| self.value(items, name, depth + 1));
        Value::Array(items.collect())
    }

    fn text(&mut self, name: &str) -> String {
        if self.chance(0.0, 0.3, 0.8) {
            return self.hostile_text();
        }
        format!("{name} {}", self.random.random_range(0..1_000_000))
    }

    /// A parameter of a path or a query, as text.
    pub(super) fn parameter(&mut self, parameter: &'a Value) -> String {
        let name = parameter["name"].as_str().unwrap();
        let is_id = parameter["in"] == "path";
        if is_id && self.chance(1.0, 0.95, 0.7) {
            let fitting = self.fitting.get(name);
            let fitting = fitting.unwrap_or_else(|| panic!("nothing is known for {name}"));
            // The first is what the office is about; others are mixed in.
            return plain(if self.mood == Mood::Kind {
                &fitting[0]
            } else {
                self.pick(fitting)
            });
        }
        plain(&self.value(&parameter["schema"], name.trim_end_matches("[]"), 0))
    }

    /// Whether to say something that may be left out.
    pub(super) fn takes(&mut self, kind: f64, careless: f64) -> bool {
        self.chance(kind, careless, careless)
    }

    /// The name of a request, which now and then another one has, or which is none.
    pub(super) fn key(&mut self) -> String {
        match self.random.random_range(0..8) {
            0 => String::new(),
            1 => "k".repeat(256),
            2 => "again".to_owned(),
            _ => self.random.random::<u64>().to_string(),
        }
    }

    /// A body: its media type, and its bytes.
    pub(super) fn body(&mut self, content: &'a Value) -> (&'static str, Vec<u8>) {
        if self.chance(0.0, 0.05, 0.2) {
            return self.junk();
        }
        let content = content.as_object().unwrap();
        let kinds: Vec<&String> = content.keys().collect();
        let kind = if self.chance(0.6, 0.8, 0.8) {
            kinds[0].clone()
        } else {
            (*self.pick(&kinds)).clone()
        };
        let schema = &content[&kind]["schema"];
        if kind == "multipart/form-data" {
            return (PARTS, self.parts(schema));
        }
        let value = self.value(schema, "", 0);
        match kind.as_str() {
            "application/json" => ("application/json", value.to_string().into_bytes()),
            _ => (
                "application/x-www-form-urlencoded",
                form(&value).into_bytes(),
            ),
        }
    }

    /// A form with a file, and what else may stand in it.
    fn parts(&mut self, schema: &'a Value) -> Vec<u8> {
        let (said, carried) = match schema["allOf"].as_array() {
            Some(both) => (self.value(&both[0], "", 0), &both[1]),
            None => (json!({}), schema),
        };
        let mut parts = String::new();
        for (name, text) in pairs("", &said) {
            let name = name.replace(['"', '\r', '\n'], "");
            parts += &format!("{EDGE}; name=\"{name}\"\r\n\r\n{text}\r\n");
        }
        for name in carried["properties"].as_object().unwrap().keys() {
            let file = "name,email\r\nAnn,ann@example.org";
            parts += &format!("{EDGE}; name=\"{name}\"; filename=\"a.csv\"\r\n\r\n{file}\r\n");
        }
        parts += "--edge--\r\n";
        parts.into_bytes()
    }

    /// What is no body.
    fn junk(&mut self) -> (&'static str, Vec<u8>) {
        let deep = "[".repeat(200);
        let wide = format!("{{\"name\":\"{}\"}}", "x".repeat(200_000));
        let junk = [
            "",
            "{",
            "[]",
            "null",
            "\"text\"",
            "{}x",
            "{\"name\":\"\\u0000\"}",
            "{\"a\":1e400}",
            &deep,
            &wide,
        ];
        match self.random.random_range(0..12) {
            0 => ("application/json", b"{\"name\":\"\xff\"}".to_vec()),
            1 => ("text/plain", b"hello".to_vec()),
            2 => (PARTS, b"no parts".to_vec()),
            3 => (
                "application/x-www-form-urlencoded",
                b"a=1&a[b]=2&%ff=%00".to_vec(),
            ),
            _ => ("application/json", self.pick(&junk).as_bytes().to_vec()),
        }
    }
}

const PARTS: &str = "multipart/form-data; boundary=edge";
const EDGE: &str = "--edge\r\ncontent-disposition: form-data";

/// A text that stands for a value in a form.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// An object's fields with the names that forms give them.
fn pairs(name: &str, value: &Value) -> Vec<(String, String)> {
    let below = |key: &str| {
        if name.is_empty() {
            key.to_owned()
        } else {
            format!("{name}[{key}]")
        }
    };
    match value {
        Value::Object(fields) => fields
            .iter()
            .flat_map(|(key, value)| pairs(&below(key), value))
            .collect(),
        Value::Array(items) => items
            .iter()
            .flat_map(|item| pairs(&below(""), item))
            .collect(),
        other => vec![(name.to_owned(), plain(other))],
    }
}

fn form(value: &Value) -> String {
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs("", value))
        .finish()
}
