use chrono::DateTime;
use proptest::prelude::*;
use serde_json::{Map, json};

use super::*;
use crate::model::{
    AccountId, Attachment, AttachmentId, BotId, ContentType, ConversationId, DeliveryStatus,
    FileType, InboxId, Message, MessageId, MessageKind, Sender,
};

fn parse(kind: RichKind, body: impl Into<Value>) -> Result<Value, String> {
    Rich::parse(kind, &body.into())
        .map(|rich| rich.body)
        .map_err(|error| error.to_string())
}

fn text(kind: RichKind, body: impl Into<Value>) -> String {
    Rich::parse(kind, &body.into()).unwrap().fallback_text()
}

#[test]
fn a_body_is_taken_without_what_its_kind_does_not_have() {
    let body = json!({ "title": "Tea", "price": 3, "subtitle": null, "image_url": { "url": "https://x/t.png", "w": 1 } });
    assert_eq!(
        parse(RichKind::Card, body),
        Ok(json!({ "title": "Tea", "image_url": { "url": "https://x/t.png" }, "buttons": [] }))
    );
}

#[test]
fn a_refusal_names_the_field() {
    let cases = [
        (RichKind::Text, json!({}), "text.message is missing"),
        (
            RichKind::Text,
            json!({ "message": 1 }),
            "text.message must be a string",
        ),
        (
            RichKind::Text,
            json!({ "message": "a\0" }),
            "text.message must not contain the NUL character",
        ),
        (
            RichKind::Text,
            json!({ "message": "", "isRating": "yes" }),
            "text.isRating must be true or false",
        ),
        (RichKind::Carousel, json!({}), "carousel must be an array"),
        (
            RichKind::Carousel,
            json!([{ "title": "a" }, {}]),
            "carousel[1].title is missing",
        ),
        (
            RichKind::Card,
            json!({ "title": "a", "buttons": [1] }),
            "card.buttons[0] must be a string",
        ),
        (
            RichKind::Reply,
            json!({ "body": "a", "action": [] }),
            "reply.action must be an object",
        ),
        (
            RichKind::FormResponse,
            json!({ "formTranscriptId": "1", "answerMapping": { "a": ["\0"] } }),
            "formResponse.answerMapping must not contain the NUL character",
        ),
    ];
    for (kind, body, refusal) in cases {
        assert_eq!(parse(kind, body), Err(refusal.to_owned()));
    }
}

#[test]
fn fields_with_two_names_and_numbers_as_text_come_out_one_way() {
    let action = json!({ "buttons": [{ "title": "Yes", "id": 7 }] });
    assert_eq!(
        parse(
            RichKind::Reply,
            json!({ "body": "Sure?", "actions": action })
        ),
        Ok(json!({ "body": "Sure?", "action": { "buttons": [{ "title": "Yes", "id": "7" }] } }))
    );
    let row = json!({ "title": "One", " description": "the first" });
    let actions = json!({ "button_text": "Open", "sections": [{ "row": [row] }] });
    let read = parse(RichKind::List, json!({ "body": "b", "actions": actions })).unwrap();
    assert_eq!(
        read["actions"]["sections"][0]["row"][0],
        json!({ "title": "One", "description": "the first" })
    );
}

#[test]
fn the_fallback_is_what_a_person_would_read() {
    let slides = json!([
        { "title": "Tea", "subtitle": "hot", "image_url": "https://x/t.png", "buttons": ["Buy"] },
        { "title": "Ice" },
    ]);
    assert_eq!(
        text(RichKind::Carousel, slides),
        "Tea\nhot\nhttps://x/t.png\nBuy\nIce"
    );
    let place = json!({ "longitude": 18.07, "latitude": "59.33", "label": "Office" });
    assert_eq!(text(RichKind::Location, place), "Office\n59.33, 18.07");
    let card = json!({ "phoneNumber": "+46812345678", "firstName": "Ann", "lastName": "Ek" });
    assert_eq!(text(RichKind::Contact, card), "Ann Ek\n+46812345678");
    let answers = json!({ "formTranscriptId": "1", "answerMapping": { "age": 7, "name": "Ann" } });
    assert_eq!(text(RichKind::FormResponse, answers), "age: 7\nname: Ann");
    let long = json!({ "message": "é".repeat(150_001) });
    assert_eq!(text(RichKind::Text, long), "é".repeat(150_000));
}

fn message(content_type: ContentType, content: &str, items: Value) -> Message {
    let at = DateTime::from_timestamp(1_700_000_000, 0).unwrap();
    Message {
        account: AccountId(1),
        id: MessageId(1),
        conversation: ConversationId(1),
        inbox: InboxId(1),
        kind: MessageKind::Outgoing,
        sender: Sender::Bot {
            id: BotId(9),
            name: "Bot".to_owned(),
            avatar_url: String::new(),
        },
        content: Some(content.to_owned()),
        content_type,
        content_attributes: Map::from_iter([("items".to_owned(), items)]).into(),
        additional_attributes: Map::new().into(),
        rich: None,
        private: false,
        status: DeliveryStatus::Sent,
        source_id: None,
        attachments: Vec::new(),
        created_at: at,
        updated_at: at,
    }
}

fn attachment(file_type: FileType, media_type: &str, url: &str, meta: Value) -> Attachment {
    Attachment {
        id: AttachmentId(1),
        file_type,
        media_type: media_type.to_owned(),
        url: url.to_owned(),
        thumb_url: String::new(),
        name: String::new(),
        size_bytes: None,
        width: None,
        height: None,
        meta,
    }
}

fn seen(message: &Message) -> (RichKind, Value) {
    let rich = message.to_rich();
    (rich.kind, rich.body)
}

#[test]
fn text_choices_and_ratings_are_texts() {
    let body = |message, buttons: Value, is_rating: bool| {
        (
            RichKind::Text,
            json!({ "message": message, "buttons": buttons, "isRating": is_rating }),
        )
    };
    assert_eq!(
        seen(&message(ContentType::Text, "Hi", json!(null))),
        body("Hi", json!([]), false)
    );
    let items = json!([{ "title": "Yes", "value": "y" }, { "title": "No", "value": "n" }, 3]);
    let choice = message(ContentType::InputSelect, "Sure?", items);
    assert_eq!(seen(&choice), body("Sure?", json!(["Yes", "No"]), false));
    let rating = message(ContentType::InputCsat, "How was it?", json!(null));
    assert_eq!(seen(&rating), body("How was it?", json!([]), true));
}

#[test]
fn one_card_is_a_card_and_several_are_a_carousel() {
    let tea = json!({
        "title": "Tea", "description": "hot", "media_url": "https://x/t.png",
        "actions": [{ "type": "link", "text": "Buy", "uri": "https://x" }],
    });
    let card = json!({
        "title": "Tea", "type": "card", "subtitle": "hot", "image_url": { "url": "https://x/t.png" }, "buttons": ["Buy"],
    });
    assert_eq!(
        seen(&message(ContentType::Cards, "", json!([tea]))),
        (RichKind::Card, card)
    );
    let article = json!({ "title": "Help", "description": "how", "link": "https://x/help" });
    let carousel = json!([
        { "title": "Tea", "subtitle": "hot", "image_url": "https://x/t.png", "buttons": ["Buy"] },
        { "title": "Help", "subtitle": "how", "image_url": "", "buttons": ["https://x/help"] },
    ]);
    assert_eq!(
        seen(&message(ContentType::Article, "", json!([tea, article]))),
        (RichKind::Carousel, carousel)
    );
    assert_eq!(
        seen(&message(ContentType::Cards, "none", json!([]))).0,
        RichKind::Text
    );
}

#[test]
fn a_form_keeps_its_questions() {
    let items = json!([
        { "type": "email", "label": "Mail", "name": "mail", "placeholder": "you@example.org", "required": true },
        { "type": "select", "label": "Size", "name": "size", "options": [{ "label": "Small", "value": "s" }] },
    ]);
    let (kind, body) = seen(&message(ContentType::Form, "Order", items));
    assert_eq!(kind, RichKind::Form);
    assert_eq!(
        body,
        json!({
            "botId": "9", "name": "Order", "isArchived": false, "title": "Order", "description": "", "createdBy": "",
            "formElements": [
                {
                    "type": "textInput", "label": "Mail", "required": true, "inputMapping": "mail", "answerMapping": null,
                    "textInput": { "validation": "email", "placeholder": "you@example.org" },
                },
                {
                    "type": "dropdown", "label": "Size", "required": false, "inputMapping": "size", "answerMapping": null,
                    "dropdown": { "items": ["Small"] },
                },
            ],
        })
    );
}

#[test]
fn an_attachment_is_known_by_its_media_type_then_its_sort_then_its_ending() {
    let word = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
    let sheet = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
    let cases = [
        (
            FileType::File,
            "image/png; q=1",
            "https://x/a",
            RichKind::Image,
        ),
        (FileType::File, "audio/ogg", "https://x/a", RichKind::Audio),
        (FileType::File, "video/mp4", "https://x/a", RichKind::Video),
        (
            FileType::File,
            "application/pdf",
            "https://x/a",
            RichKind::Pdf,
        ),
        (
            FileType::File,
            "application/msword",
            "https://x/a",
            RichKind::Doc,
        ),
        (FileType::File, word, "https://x/a", RichKind::Doc),
        (
            FileType::File,
            "application/vnd.ms-excel",
            "https://x/a",
            RichKind::Xls,
        ),
        (FileType::File, sheet, "https://x/a", RichKind::Xls),
        (
            FileType::File,
            "application/vnd.oasis.opendocument.presentation",
            "https://x/a",
            RichKind::Ppt,
        ),
        (
            FileType::File,
            "application/zip",
            "https://x/a.pdf",
            RichKind::Attachment,
        ),
        (
            FileType::Image,
            "application/octet-stream",
            "https://x/a",
            RichKind::Image,
        ),
        (FileType::File, "", "https://x/a.PPTX?sig=1", RichKind::Ppt),
        (FileType::File, "", "https://x/a", RichKind::Attachment),
    ];
    for (file_type, media_type, url, kind) in cases {
        let mut message = message(ContentType::Text, "", json!(null));
        message.attachments = vec![attachment(file_type, media_type, url, json!({}))];
        let body = match kind {
            RichKind::Attachment => json!({ "contentType": media_type, "contentUrl": url }),
            _ => json!({ "url": url }),
        };
        assert_eq!(seen(&message), (kind, body), "{media_type} {url}");
    }
}

#[test]
fn places_people_captions_and_many_files_keep_what_they_hold() {
    let mut one = message(ContentType::Text, "Here", json!(null));
    let place =
        json!({ "coordinates_lat": 59.33, "coordinates_long": 18.07, "fallback_title": "Office" });
    one.attachments = vec![attachment(FileType::Location, "", "", place)];
    let body = json!({ "longitude": "18.07", "latitude": "59.33", "label": "Office", "address": "", "caption": "Here" });
    assert_eq!(seen(&one), (RichKind::Location, body));

    let person = json!({ "fallback_title": "+46812345678", "firstName": "Ann", "lastName": "Ek" });
    one.content = None;
    one.attachments = vec![attachment(FileType::Contact, "", "", person)];
    let body =
        json!({ "phoneNumber": "+46812345678", "firstName": "Ann", "lastName": "Ek", "vcard": "" });
    assert_eq!(seen(&one), (RichKind::Contact, body));

    let files = ["https://x/1", "https://x/2"];
    one.attachments = files
        .map(|url| attachment(FileType::Image, "", url, json!({})))
        .to_vec();
    let body = json!({ "message": "https://x/1\nhttps://x/2", "buttons": [], "isRating": false });
    assert_eq!(seen(&one), (RichKind::Text, body));
}

proptest! {
    #[test]
    fn whatever_a_message_holds_it_is_seen_in_the_shape_of_its_kind(
        content_type in prop::sample::select(ContentType::ALL),
        file_type in prop::sample::select(FileType::ALL),
        content in "[a-z ]{0,8}",
        media_type in prop::sample::select(vec!["", "image/png", "application/pdf", "x/y"]),
        files in 0usize..3,
        items in prop::collection::vec(prop::sample::select(vec![
            json!({}), json!(1), json!({ "title": "a", "actions": [{ "text": "b" }, 1] }), json!({ "title": 1, "link": "c" }),
            json!({ "type": "select", "options": [{ "label": "d" }] }),
        ]), 0..3),
    ) {
        let mut message = message(content_type, &content, Value::Array(items));
        message.attachments = vec![attachment(file_type, media_type, "https://x/a", json!({})); files];
        let rich = message.to_rich();
        prop_assert_eq!(Rich::parse(rich.kind, &rich.body), Ok(rich));
    }
}
