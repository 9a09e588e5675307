//! Content that is more than text: twenty-three kinds, each with a body of its own shape.

use serde_json::Value;

use super::text_enum::text_enum;

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
