//! Any message as one of the twenty-three kinds.

use serde_json::{Map, Value, json};

use super::{Rich, RichKind};
use crate::model::{Attachment, ContentType, FileType, Message, Sender};

impl Message {
    /// The message as rich content: its own where it has some, else what fits its text, choices and attachments.
    ///
    /// One attachment gives its kind, with the message's text as its `caption`. Several, which no kind holds, become a
    /// text that has a line for each, so that none is lost.
    pub fn to_rich(&self) -> Rich {
        if let Some(rich) = &self.rich {
            return rich.clone();
        }
        let items = self.items();
        match self.content_type {
            ContentType::Cards | ContentType::Article if !items.is_empty() => cards(&items),
            ContentType::Form if !items.is_empty() => self.form(&items),
            ContentType::InputSelect => self.text(&texts(&items, "title"), false),
            ContentType::InputCsat => self.text(&[], true),
            ContentType::Text
            | ContentType::InputText
            | ContentType::InputTextarea
            | ContentType::InputEmail
            | ContentType::Cards
            | ContentType::Form
            | ContentType::Article
            | ContentType::IncomingEmail
            | ContentType::Integrations
            | ContentType::Sticker
            | ContentType::VoiceCall => match self.attachments.as_slice() {
                [attachment] => {
                    of_attachment(attachment, self.content.as_deref().unwrap_or_default())
                }
                _ => self.text(&[], false),
            },
        }
    }

    fn items(&self) -> Vec<&Map<String, Value>> {
        let items = self
            .content_attributes
            .get("items")
            .and_then(Value::as_array);
        items
            .into_iter()
            .flatten()
            .filter_map(Value::as_object)
            .collect()
    }

    fn text(&self, buttons: &[&str], is_rating: bool) -> Rich {
        let body =
            json!({ "message": self.plain_text(), "buttons": buttons, "isRating": is_rating });
        Rich {
            kind: RichKind::Text,
            body,
        }
    }

    fn form(&self, items: &[&Map<String, Value>]) -> Rich {
        let bot = match &self.sender {
            Sender::Bot { id, .. } => id.to_string(),
            Sender::System | Sender::Contact(_) | Sender::Agent(_) => String::new(),
        };
        let title = self.content.as_deref().unwrap_or_default();
        let elements: Vec<Value> = items.iter().map(|item| form_element(item)).collect();
        let body = json!({
            "botId": bot,
            "name": title,
            "isArchived": false,
            "title": title,
            "description": "",
            "formElements": elements,
            "createdBy": "",
        });
        Rich {
            kind: RichKind::Form,
            body,
        }
    }
}

fn form_element(item: &Map<String, Value>) -> Value {
    let options: Vec<&str> = item
        .get("options")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|option| option.get("label")?.as_str())
        .collect();
    let wanted = text(item, "type");
    let (kind, detail) = match wanted {
        "select" => ("dropdown", json!({ "items": options })),
        "checkbox" => ("checkBox", json!({ "items": options })),
        "radio" => ("radioButtons", json!({ "items": options })),
        _ => {
            let placeholder = text(item, "placeholder");
            (
                "textInput",
                json!({ "validation": wanted, "placeholder": placeholder }),
            )
        }
    };
    json!({
        "type": kind,
        "label": text(item, "label"),
        "required": item.get("required").and_then(Value::as_bool).unwrap_or(false),
        "inputMapping": text(item, "name"),
        "answerMapping": null,
        kind: detail,
    })
}

/// One item is a card, several are a carousel. An article is a card whose button is its link.
fn cards(items: &[&Map<String, Value>]) -> Rich {
    match items {
        [item] => {
            let body = json!({
                "title": text(item, "title"),
                "type": "card",
                "subtitle": text(item, "description"),
                "image_url": { "url": text(item, "media_url") },
                "buttons": buttons(item),
            });
            Rich {
                kind: RichKind::Card,
                body,
            }
        }
        _ => {
            let slide = |item: &&Map<String, Value>| {
                json!({
                    "title": text(item, "title"),
                    "subtitle": text(item, "description"),
                    "image_url": text(item, "media_url"),
                    "buttons": buttons(item),
                })
            };
            Rich {
                kind: RichKind::Carousel,
                body: items.iter().map(slide).collect(),
            }
        }
    }
}

fn buttons(item: &Map<String, Value>) -> Vec<&str> {
    let actions = item
        .get("actions")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    let labels = actions.filter_map(|action| action.get("text")?.as_str());
    labels
        .chain(item.get("link").and_then(Value::as_str))
        .collect()
}

fn of_attachment(attachment: &Attachment, caption: &str) -> Rich {
    let kind = kind_of(attachment);
    let url = &attachment.url;
    let mut body = if kind == RichKind::Location {
        location(attachment)
    } else if kind == RichKind::Contact {
        contact(attachment)
    } else if kind == RichKind::Attachment {
        json!({ "contentType": attachment.media_type, "contentUrl": url })
    } else {
        json!({ "url": url })
    };
    if !caption.is_empty() {
        body["caption"] = caption.into();
    }
    Rich { kind, body }
}

fn location(attachment: &Attachment) -> Value {
    json!({
        "longitude": meta(attachment, &["coordinates_long"]),
        "latitude": meta(attachment, &["coordinates_lat"]),
        "label": meta(attachment, &["fallback_title"]),
        "address": meta(attachment, &["address"]),
    })
}

fn contact(attachment: &Attachment) -> Value {
    json!({
        "phoneNumber": meta(attachment, &["fallback_title", "phone_number"]),
        "firstName": meta(attachment, &["firstName", "first_name"]),
        "lastName": meta(attachment, &["lastName", "last_name"]),
        "vcard": meta(attachment, &["vcard"]),
    })
}

/// The first of these that an attachment's meta has, as text.
fn meta(attachment: &Attachment, names: &[&str]) -> String {
    let found = names
        .iter()
        .find_map(|name| attachment.meta.get(name).filter(|value| !value.is_null()));
    match found {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => String::new(),
    }
}

/// By the media type; where that says nothing, by what the channel called it, then by the ending of its name.
fn kind_of(attachment: &Attachment) -> RichKind {
    let called = match attachment.file_type {
        FileType::Location => return RichKind::Location,
        FileType::Contact => return RichKind::Contact,
        FileType::Image => Some(RichKind::Image),
        FileType::Audio => Some(RichKind::Audio),
        FileType::Video => Some(RichKind::Video),
        FileType::File
        | FileType::Fallback
        | FileType::Share
        | FileType::StoryMention
        | FileType::IgReel
        | FileType::IgPost
        | FileType::IgStory
        | FileType::Embed => None,
    };
    by_media_type(&attachment.media_type)
        .or(called)
        .or_else(|| by_ending(attachment))
        .unwrap_or(RichKind::Attachment)
}

fn by_media_type(media_type: &str) -> Option<RichKind> {
    let essence = media_type
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    let (top, sub) = essence.split_once('/')?;
    match top {
        "image" => Some(RichKind::Image),
        "audio" => Some(RichKind::Audio),
        "video" => Some(RichKind::Video),
        "application" => by_application(sub),
        _ => None,
    }
}

fn by_application(sub: &str) -> Option<RichKind> {
    const OPEN_XML: &str = "vnd.openxmlformats-officedocument.";
    const OPEN_DOCUMENT: &str = "vnd.oasis.opendocument.";
    let family = sub
        .strip_prefix(OPEN_XML)
        .or_else(|| sub.strip_prefix(OPEN_DOCUMENT))
        .unwrap_or(sub);
    let any = |starts: &[&str]| starts.iter().any(|start| family.starts_with(start));
    if family == "pdf" {
        Some(RichKind::Pdf)
    } else if any(&["msword", "vnd.ms-word", "wordprocessingml", "text", "rtf"]) {
        Some(RichKind::Doc)
    } else if any(&["vnd.ms-excel", "spreadsheet"]) {
        Some(RichKind::Xls)
    } else if any(&["vnd.ms-powerpoint", "presentation"]) {
        Some(RichKind::Ppt)
    } else {
        None
    }
}

/// Only where there is no media type: one that is known and fits no kind is not overruled.
fn by_ending(attachment: &Attachment) -> Option<RichKind> {
    if !attachment.media_type.is_empty() {
        return None;
    }
    let path = attachment.url.split(['?', '#']).next().unwrap_or_default();
    let name = if attachment.name.is_empty() {
        path
    } else {
        &attachment.name
    };
    let (_, ending) = name.rsplit_once('.')?;
    match ending.to_ascii_lowercase().as_str() {
        "jpg" | "jpeg" | "png" | "gif" | "webp" => Some(RichKind::Image),
        "mp3" | "ogg" | "wav" | "m4a" | "aac" => Some(RichKind::Audio),
        "mp4" | "webm" | "mov" | "3gp" => Some(RichKind::Video),
        "pdf" => Some(RichKind::Pdf),
        "doc" | "docx" | "odt" | "rtf" => Some(RichKind::Doc),
        "xls" | "xlsx" | "ods" => Some(RichKind::Xls),
        "ppt" | "pptx" | "odp" => Some(RichKind::Ppt),
        _ => None,
    }
}

fn text<'a>(item: &'a Map<String, Value>, name: &str) -> &'a str {
    item.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn texts<'a>(items: &[&'a Map<String, Value>], name: &str) -> Vec<&'a str> {
    items
        .iter()
        .map(|item| text(item, name))
        .filter(|text| !text.is_empty())
        .collect()
}
