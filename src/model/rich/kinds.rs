//! The shape of each kind's body. `caption` is ours: the text beside a file or a place.

use super::RichKind;
use super::shape::{Field, Shape};

/// What the body of a kind must be.
pub(super) const fn shape(kind: RichKind) -> &'static Shape {
    match kind {
        RichKind::Text => &Shape::Object(TEXT),
        RichKind::Attachment => &Shape::Object(ATTACHMENT),
        RichKind::Card => &Shape::Object(CARD),
        RichKind::Audio
        | RichKind::Video
        | RichKind::Image
        | RichKind::Pdf
        | RichKind::Doc
        | RichKind::Xls
        | RichKind::Ppt => &Shape::Object(MEDIA),
        RichKind::Location => &Shape::Object(LOCATION),
        RichKind::Contact => &Shape::Object(CONTACT),
        RichKind::Form => &Shape::Object(FORM),
        RichKind::Carousel => &Shape::List(&Shape::Object(SLIDE)),
        RichKind::List | RichKind::DynamicList => &Shape::Object(LIST),
        RichKind::Reply => &Shape::Object(REPLY),
        RichKind::Order => &Shape::Object(ORDER),
        RichKind::FormResponse => &Shape::Object(FORM_RESPONSE),
        RichKind::Template => &Shape::Object(TEMPLATE),
        RichKind::ProductSingle => &Shape::Object(PRODUCT_SINGLE),
        RichKind::ProductMulti => &Shape::Object(PRODUCT_MULTI),
        RichKind::DynamicReply => &Shape::Object(DYNAMIC_REPLY),
    }
}

const fn text(name: &'static str) -> Field {
    Field::new(name, Shape::Text)
}

const fn figure(name: &'static str) -> Field {
    Field::new(name, Shape::Figure)
}

const fn flag(name: &'static str) -> Field {
    Field::new(name, Shape::Flag)
}

const fn texts(name: &'static str) -> Field {
    Field::new(name, Shape::List(&Shape::Text))
}

const fn object(name: &'static str, fields: &'static [Field]) -> Field {
    Field::new(name, Shape::Object(fields))
}

const TEXT: &[Field] = &[
    text("message").required().shown(),
    texts("buttons").filled(),
    flag("isRating").filled(),
];

const ATTACHMENT: &[Field] = &[
    text("caption").shown(),
    text("contentType").required(),
    text("contentUrl").required().shown(),
];

const URL: &[Field] = &[text("url").required().shown()];

const MEDIA: &[Field] = &[text("caption").shown(), text("url").required().shown()];

const CARD: &[Field] = &[
    text("title").required().shown(),
    text("type"),
    text("subtitle").shown(),
    object("image_url", URL),
    texts("buttons").filled().shown(),
];

const SLIDE: &[Field] = &[
    text("title").required().shown(),
    text("subtitle").shown(),
    text("image_url").shown(),
    texts("buttons").filled().shown(),
];

const LOCATION: &[Field] = &[
    text("caption"),
    figure("longitude").required(),
    figure("latitude").required(),
    text("label"),
    text("address"),
];

const CONTACT: &[Field] = &[
    text("caption"),
    figure("phoneNumber").required(),
    text("firstName"),
    text("lastName"),
    text("vcard"),
];

const FORM: &[Field] = &[
    figure("botId"),
    text("name"),
    flag("isArchived").filled(),
    text("title").required().shown(),
    text("description").shown(),
    Field::new("formElements", Shape::List(&Shape::Object(FORM_ELEMENT))).required(),
    text("createdBy"),
];

const FORM_ELEMENT: &[Field] = &[
    text("type").required(),
    text("label").required().shown(),
    flag("required").filled(),
    text("inputMapping"),
    Field::new("answerMapping", Shape::Any).filled(),
    object("textInput", TEXT_INPUT),
    object("dropdown", CHOICE),
    object("radioButtons", CHOICE),
    object("checkBox", CHOICE),
];

const TEXT_INPUT: &[Field] = &[text("validation"), text("placeholder")];

const CHOICE: &[Field] = &[texts("items").required().shown()];

const FORM_RESPONSE: &[Field] = &[
    figure("formTranscriptId").required(),
    Field::new("answerMapping", Shape::Any).filled().shown(),
];

const HEADER: &[Field] = &[text("type"), text("text").shown()];

const MEDIA_HEADER: &[Field] = &[text("type"), text("text").shown(), text("url").shown()];

const LIST: &[Field] = &[
    object("header", HEADER),
    text("body").required().shown(),
    text("footer").shown(),
    object("actions", LIST_ACTIONS).required(),
];

const LIST_ACTIONS: &[Field] = &[
    text("button_text").required(),
    Field::new("sections", Shape::List(&Shape::Object(LIST_SECTION))).required(),
];

const LIST_SECTION: &[Field] = &[
    text("title").shown(),
    Field::new("row", Shape::List(&Shape::Object(LIST_ROW))).required(),
];

// The documented name of the description begins with a space.
const LIST_ROW: &[Field] = &[
    text("title").required().shown(),
    text("description").or(" description").shown(),
];

// The documentation says `action`, the live service `actions`.
const REPLY: &[Field] = &[
    object("header", MEDIA_HEADER),
    text("body").required().shown(),
    text("footer").shown(),
    object("action", REPLY_ACTION).or("actions").required(),
];

const REPLY_ACTION: &[Field] =
    &[Field::new("buttons", Shape::List(&Shape::Object(REPLY_BUTTON))).required()];

const REPLY_BUTTON: &[Field] = &[text("type"), text("title").required().shown(), figure("id")];

const DYNAMIC_REPLY: &[Field] = &[
    object("header", MEDIA_HEADER),
    text("body").required().shown(),
    text("footer").shown(),
    object("actions", DYNAMIC_REPLY_ACTIONS).required(),
];

const DYNAMIC_REPLY_ACTIONS: &[Field] =
    &[Field::new("buttons", Shape::List(&Shape::Object(DYNAMIC_REPLY_BUTTON))).required()];

const DYNAMIC_REPLY_BUTTON: &[Field] = &[text("type"), text("title").required().shown()];

const ORDER: &[Field] = &[
    figure("catalogId"),
    text("text").shown(),
    Field::new("items", Shape::List(&Shape::Object(ORDER_ITEM))).required(),
];

const ORDER_ITEM: &[Field] = &[
    figure("retailerId").required(),
    figure("quantity").required(),
    figure("price"),
    text("currency"),
    text("title").shown(),
    text("subTitle").shown(),
    text("image"),
];

const TEMPLATE: &[Field] = &[
    text("name").required(),
    object("header", TEMPLATE_HEADER),
    text("body").shown(),
    text("footer").shown(),
    Field::new("buttons", Shape::List(&Shape::Object(TEMPLATE_BUTTON))).filled(),
    figure("campaignId"),
];

const TEMPLATE_HEADER: &[Field] = &[
    text("type"),
    text("url").shown(),
    text("text").shown(),
    text("fileName"),
    text("caption").shown(),
];

const TEMPLATE_BUTTON: &[Field] = &[
    text("type").required(),
    text("text").shown(),
    figure("phoneNumber"),
    text("url"),
    text("payload"),
];

const PRODUCT_SINGLE: &[Field] = &[
    flag("isDynamicProduct").filled(),
    text("body").shown(),
    text("footer").shown(),
    object("action", PRODUCT_ACTION).required(),
];

const PRODUCT_ACTION: &[Field] = &[
    figure("catalogId").required(),
    figure("retailerId").required(),
    text("title").shown(),
    text("subTitle").shown(),
    text("image"),
    figure("price").shown(),
];

const PRODUCT_MULTI: &[Field] = &[
    flag("isDynamicProduct").filled(),
    object("header", HEADER),
    text("body").shown(),
    text("footer").shown(),
    object("action", PRODUCTS_ACTION).required(),
];

const PRODUCTS_ACTION: &[Field] = &[
    figure("catalogId").required(),
    Field::new("sections", Shape::List(&Shape::Object(PRODUCTS_SECTION))).required(),
];

const PRODUCTS_SECTION: &[Field] = &[
    text("title").shown(),
    Field::new("items", Shape::List(&Shape::Object(PRODUCT))).required(),
];

const PRODUCT: &[Field] = &[
    figure("retailerId").required(),
    text("title").shown(),
    text("subTitle").shown(),
    text("image"),
    figure("price").shown(),
];
