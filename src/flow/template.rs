//! Texts with placeholders: `{{ user.name }}`, `{{ answers.size }}`, `{{ metadata.somekey }}`.
//!
//! Values are put in as they are and never read again, so a visitor's answer cannot become a placeholder.

/// The longest text a bot says: what fits a message.
const MAX_CHARS: usize = 150_000;

/// A text whose placeholders are known to mean something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Value(Reference),
}

/// What a placeholder stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reference {
    /// `user.name`, `user.email` or `user.phone`.
    User(UserField),
    /// What was answered at a node.
    Answer(String),
    /// A key of what the chat was started with.
    Metadata(String),
}

/// What is known of the visitor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserField {
    /// The name.
    Name,
    /// The e-mail address.
    Email,
    /// The phone number.
    Phone,
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

    /// The text with every placeholder replaced; one that `value` does not know becomes nothing.
    pub fn render(&self, value: impl Fn(&Reference) -> Option<String>) -> String {
        let mut text = String::new();
        for part in &self.0 {
            match part {
                Part::Text(part) => text.push_str(part),
                Part::Value(reference) => text.push_str(&value(reference).unwrap_or_default()),
            }
        }
        if let Some((end, _)) = text.char_indices().nth(MAX_CHARS) {
            text.truncate(end);
        }
        text
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
    fn parse(path: &str) -> Result<Self, String> {
        match path.split_once('.') {
            Some(("user", "name")) => Ok(Self::User(UserField::Name)),
            Some(("user", "email")) => Ok(Self::User(UserField::Email)),
            Some(("user", "phone")) => Ok(Self::User(UserField::Phone)),
            Some(("answers", node)) if !node.is_empty() => Ok(Self::Answer(node.to_owned())),
            Some(("metadata", key)) if !key.is_empty() => Ok(Self::Metadata(key.to_owned())),
            _ => Err(format!(
                "`{{{{ {path} }}}}` stands for nothing: use user.name, user.email, user.phone, answers.<node> or \
                 metadata.<key>"
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_placeholder_is_replaced_and_its_value_is_not_read_again() {
        let template = Template::parse("Hi {{ user.name }}, {{answers.size}}{{ metadata.a.b }}!")
            .expect("a good text");
        let text = template.render(|reference| match reference {
            Reference::User(UserField::Name) => Some("{{ user.email }}".to_owned()),
            Reference::Answer(node) => Some(format!("<{node}>")),
            Reference::Metadata(key) => Some(key.clone()),
            Reference::User(_) => None,
        });
        assert_eq!(text, "Hi {{ user.email }}, <size>a.b!");
    }

    #[test]
    fn a_placeholder_without_meaning_is_refused() {
        for bad in ["{{ user.age }}", "{{", "{{ }}", "{{ answers. }}", "{{ x }}"] {
            assert!(Template::parse(bad).is_err(), "{bad}");
        }
        assert!(Template::parse("a } b }} {c}").is_ok());
    }

    #[test]
    fn a_text_never_outgrows_a_message() {
        let template = Template::parse("{{ user.name }}{{ user.name }}").expect("a good text");
        let text = template.render(|_| Some("é".repeat(100_000)));
        assert_eq!(text.chars().count(), MAX_CHARS);
    }
}
