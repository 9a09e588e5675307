//! Content that is more than text: twenty-three kinds, each with a body of its own shape.

mod kinds;
mod shape;
mod view;

use serde_json::Value;

use super::text_enum::text_enum;

pub use shape::Malformed;

text_enum! {
    /// What a rich message is. The text is the name that transcripts give it.
    RichKind {
        Text = "text",
        Attachment = "attachment",
        Card = "card",
        Audio = "audio",
        Video = "video",
        Image = "image",
        Pdf = "pdf",
        Location = "location",
        Doc = "doc",
        Xls = "xls",
        Ppt = "ppt",
        Contact = "contact",
        Form = "form",
        Carousel = "carousel",
        List = "list",
        Reply = "reply",
        Order = "order",
        FormResponse = "formResponse",
        Template = "template",
        ProductSingle = "productSingle",
        ProductMulti = "productMulti",
        DynamicList = "dynamicList",
        DynamicReply = "dynamicReply",
    }
}

/// Content that is more than text.
#[derive(Debug, Clone, PartialEq)]
pub struct Rich {
    /// What it is.
    pub kind: RichKind,
    /// What it holds: an object, or for a carousel an array.
    pub body: Value,
}

impl Rich {
    /// Longest text, in characters, that a message may have.
    const MAX_TEXT: usize = 150_000;

    /// Reads the body of a kind. Fields that the kind does not have are dropped, so that a newer client's message is
    /// taken; a missing or ill-typed one is refused and named. `null` is as good as absent. Where the name of a field
    /// varies, the body has one of them afterwards.
    pub fn parse(kind: RichKind, body: &Value) -> Result<Self, Malformed> {
        let body = kinds::shape(kind).read(body, kind.as_str())?;
        Ok(Self { kind, body })
    }

    /// What a client shows that can show text only: everything a person would read, a line each.
    pub fn fallback_text(&self) -> String {
        let text = match self.kind {
            RichKind::Location => self.joined(
                &[
                    &["caption"],
                    &["label"],
                    &["address"],
                    &["latitude", "longitude"],
                ],
                ", ",
            ),
            RichKind::Contact => self.joined(
                &[&["caption"], &["firstName", "lastName"], &["phoneNumber"]],
                " ",
            ),
            RichKind::Text
            | RichKind::Attachment
            | RichKind::Card
            | RichKind::Audio
            | RichKind::Video
            | RichKind::Image
            | RichKind::Pdf
            | RichKind::Doc
            | RichKind::Xls
            | RichKind::Ppt
            | RichKind::Form
            | RichKind::Carousel
            | RichKind::List
            | RichKind::Reply
            | RichKind::Order
            | RichKind::FormResponse
            | RichKind::Template
            | RichKind::ProductSingle
            | RichKind::ProductMulti
            | RichKind::DynamicList
            | RichKind::DynamicReply => kinds::shape(self.kind).shown(&self.body).join("\n"),
        };
        match text.char_indices().nth(Self::MAX_TEXT) {
            Some((end, _)) => text[..end].to_owned(),
            None => text,
        }
    }

    /// One line for each group of fields that has any text.
    fn joined(&self, lines: &[&[&str]], separator: &str) -> String {
        let line = |fields: &&[&str]| {
            let texts = fields
                .iter()
                .filter_map(|field| self.body.get(field)?.as_str());
            texts
                .filter(|text| !text.is_empty())
                .collect::<Vec<_>>()
                .join(separator)
        };
        let lines: Vec<String> = lines
            .iter()
            .map(line)
            .filter(|line| !line.is_empty())
            .collect();
        lines.join("\n")
    }
}

#[cfg(test)]
mod tests;
