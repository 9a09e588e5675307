//! Every type of transcript, from its store to its row.

use quartet::model::{
    Attributes, Channel, ContentType, FileType, MessageKind, NewAttachment, Rich, RichKind,
};
use quartet::store::messages::{From, NewMessage};
use serde_json::{Map, Value, json};

use super::Scene;

/// What is stored of a type, and what its row shows where that is not the same.
struct Sample {
    kind: RichKind,
    stored: Value,
    shown: Option<Value>,
}

fn same(kind: RichKind, stored: Value) -> Sample {
    Sample {
        kind,
        stored,
        shown: None,
    }
}

fn media(kind: RichKind) -> Sample {
    same(
        kind,
        json!({ "url": format!("https://files.example/{}", kind.as_str()) }),
    )
}

fn form() -> Value {
    json!({
        "botId": "474960032", "name": "order", "isArchived": true, "title": "Your order", "description": "Three questions",
        "formElements": [{
            "type": "textInput", "label": "Name", "required": true, "inputMapping": "name", "answerMapping": null,
            "textInput": { "validation": "text", "placeholder": "Ann" },
            "dropdown": { "items": ["a"] }, "radioButtons": { "items": ["b"] }, "checkBox": { "items": ["c"] },
        }],
        "createdBy": "jane",
    })
}

fn list(description: &[&str]) -> Value {
    let mut row = json!({ "title": "Small" });
    for name in description {
        row[*name] = json!("a small one");
    }
    json!({
        "header": { "type": "text", "text": "Sizes" }, "body": "Which?", "footer": "All the same price",
        "actions": { "button_text": "Open", "sections": [{ "title": "Sizes", "row": [row] }] },
    })
}

fn reply(names: &[&str], button: &Value) -> Value {
    let mut reply = json!({
        "header": { "type": "image", "text": "Sure", "url": "https://files.example/h.png" },
        "body": "Sure?", "footer": "No way back",
    });
    for name in names {
        reply[*name] = json!({ "buttons": [button] });
    }
    reply
}

fn products() -> [Sample; 2] {
    let product = json!({
        "retailerId": "tea-1", "title": "Tea", "subTitle": "green", "image": "https://files.example/t.png", "price": "3.50",
    });
    let mut action = product.clone();
    action["catalogId"] = json!("cat-1");
    [
        same(
            RichKind::ProductSingle,
            json!({ "isDynamicProduct": true, "body": "Our best", "footer": "f", "action": action }),
        ),
        same(
            RichKind::ProductMulti,
            json!({
                "isDynamicProduct": false, "header": { "type": "text", "text": "Shop" }, "body": "Our best", "footer": "f",
                "action": { "catalogId": "cat-1", "sections": [{ "title": "Drinks", "items": [product] }] },
            }),
        ),
    ]
}

fn cards() -> [Sample; 2] {
    [
        same(
            RichKind::Card,
            json!({
                "title": "Tea", "type": "hero", "subtitle": "green",
                "image_url": { "url": "https://files.example/t.png" }, "buttons": ["Buy"],
            }),
        ),
        same(
            RichKind::Carousel,
            json!([
                { "title": "Tea", "subtitle": "green", "image_url": "https://files.example/t.png", "buttons": ["Buy"] },
                { "title": "Ice", "subtitle": "cold", "image_url": "https://files.example/i.png", "buttons": [] },
            ]),
        ),
    ]
}

fn commerce() -> [Sample; 3] {
    let item = json!({
        "retailerId": "tea-1", "quantity": "2", "price": "3.50", "currency": "EUR", "title": "Tea", "subTitle": "green",
        "image": "https://files.example/t.png",
    });
    [
        same(
            RichKind::Order,
            json!({ "catalogId": "cat-1", "text": "Please", "items": [item] }),
        ),
        same(
            RichKind::FormResponse,
            json!({ "formTranscriptId": "6553f100", "answerMapping": { "name": "Ann" } }),
        ),
        same(
            RichKind::Template,
            json!({
                "name": "welcome",
                "header": { "type": "TEXT", "url": "https://x", "text": "Hi", "fileName": "a.pdf", "caption": "c" },
                "body": "Welcome", "footer": "Bye",
                "buttons": [{
                    "type": "QUICK_REPLY", "text": "Yes", "phoneNumber": "+46812345678", "url": "https://x", "payload": "y",
                }],
                "campaignId": "c-1",
            }),
        ),
    ]
}

fn samples() -> Vec<Sample> {
    let button = json!({ "type": "reply", "title": "Yes", "id": "y" });
    let plain = json!({ "type": "reply", "title": "Yes" });
    let mut samples = vec![
        same(
            RichKind::Text,
            json!({ "message": "Which?", "buttons": ["One", "Two"], "isRating": true }),
        ),
        same(
            RichKind::Attachment,
            json!({ "contentType": "application/zip", "contentUrl": "https://files.example/a.zip" }),
        ),
        same(
            RichKind::Location,
            json!({ "longitude": "18.07", "latitude": "59.33", "label": "Office", "address": "Main Street 1" }),
        ),
        same(
            RichKind::Contact,
            json!({ "phoneNumber": "+46812345678", "firstName": "Ann", "lastName": "Ek", "vcard": "BEGIN:VCARD" }),
        ),
        same(RichKind::Form, form()),
        Sample {
            kind: RichKind::List,
            stored: list(&["description"]),
            shown: Some(list(&["description", " description"])),
        },
        Sample {
            kind: RichKind::Reply,
            stored: reply(&["action"], &button),
            shown: Some(reply(&["action", "actions"], &button)),
        },
        same(RichKind::DynamicList, list(&["description"])),
        same(RichKind::DynamicReply, reply(&["actions"], &plain)),
    ];
    let files = [
        RichKind::Audio,
        RichKind::Video,
        RichKind::Image,
        RichKind::Pdf,
        RichKind::Doc,
        RichKind::Xls,
        RichKind::Ppt,
    ];
    samples.extend(files.map(media));
    samples.extend(cards());
    samples.extend(commerce());
    samples.extend(products());
    samples
}

fn row(kind: RichKind, body: Value, message: &quartet::model::Message) -> Value {
    let id = format!(
        "{:08x}{:016x}",
        message.created_at.timestamp(),
        message.id.0
    );
    let mut row = json!({
        "_id": id, "from": "Bot", "type": kind.as_str(),
        "createdAt": "2026-03-10T12:00:00.000Z", "updatedAt": "2026-03-10T12:00:00.000Z",
        "isPreviewUser": false, "isFromAgent": false,
    });
    row[kind.as_str()] = body;
    row
}

#[tokio::test]
async fn all_twenty_three_types_are_stored_and_shown_as_they_are() {
    let scene = Scene::new().await;
    let inbox = scene.inbox(Channel::Webchat).await;
    let ann = scene.person(&inbox, "Ann", "ann").await;
    let samples = samples();
    let kinds: Vec<RichKind> = samples.iter().map(|sample| sample.kind).collect();
    assert!(
        RichKind::ALL.iter().all(|kind| kinds.contains(kind)) && kinds.len() == RichKind::ALL.len()
    );

    let mut expected = Vec::new();
    for Sample {
        kind,
        stored,
        shown,
    } in samples
    {
        let rich = Rich::parse(kind, &stored).unwrap();
        assert_eq!(rich.body, stored, "{kind}");
        let from = From::Bot(scene.tenant.bot);
        let text = rich.fallback_text();
        assert!(!text.is_empty(), "{kind}");
        let new = NewMessage {
            rich: Some(rich),
            ..NewMessage::text(MessageKind::Outgoing, from, text)
        };
        let message = scene.say(&ann, new).await;
        expected.push(row(kind, shown.unwrap_or(stored), &message));
    }
    assert_eq!(
        scene.transcripts("ann", 1010).await["transcripts"],
        Value::Array(expected)
    );
}

#[tokio::test]
async fn what_another_api_stored_is_shown_as_the_type_it_comes_to() {
    let scene = Scene::new().await;
    let inbox = scene.inbox(Channel::Webchat).await;
    let ann = scene.person(&inbox, "Ann", "ann").await;
    let bot = From::Bot(scene.tenant.bot);
    let with_items = |content_type, items: Value| NewMessage {
        content_type,
        content_attributes: Attributes(Map::from_iter([("items".to_owned(), items)])),
        ..NewMessage::text(MessageKind::Outgoing, bot, "Which?")
    };
    let choice = with_items(
        ContentType::InputSelect,
        json!([{ "title": "One", "value": "1" }]),
    );
    let card = json!([{ "title": "Tea", "description": "green", "media_url": "https://x/t.png",
                        "actions": [{ "text": "Buy", "type": "link", "uri": "https://x" }] }]);
    let file = NewMessage {
        content: None,
        attachments: vec![NewAttachment {
            name: "bill.pdf".to_owned(),
            size_bytes: Some(7),
            ..NewAttachment::at(FileType::File, "application/pdf", "https://x/bill.pdf")
        }],
        ..NewMessage::text(MessageKind::Outgoing, bot, "")
    };
    let rating = with_items(ContentType::InputCsat, json!(null));
    let mut expected = Vec::new();
    for (new, kind, body) in [
        (
            choice,
            RichKind::Text,
            json!({ "message": "Which?", "buttons": ["One"], "isRating": false }),
        ),
        (
            with_items(ContentType::Cards, card),
            RichKind::Card,
            json!({
                "title": "Tea", "type": "card", "subtitle": "green", "image_url": { "url": "https://x/t.png" },
                "buttons": ["Buy"],
            }),
        ),
        (file, RichKind::Pdf, json!({ "url": "https://x/bill.pdf" })),
        (
            rating,
            RichKind::Text,
            json!({ "message": "Which?", "buttons": [], "isRating": true }),
        ),
    ] {
        let message = scene.say(&ann, new).await;
        expected.push(row(kind, body, &message));
    }
    assert_eq!(
        scene.transcripts("ann", 1010).await["transcripts"],
        Value::Array(expected)
    );
}
