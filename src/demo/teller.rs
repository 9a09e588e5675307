//! Lets a sample conversation take place.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

use super::stories::{Choice, File, Line, Person, RichLine, Story, Visit};
use super::{ACCOUNT, BOT, Error, once};
use crate::flow::Runner;
use crate::model::{
    AgentId, ContactId, ContentType, ConversationId, ConversationStatus, FileType, InboxId,
    MessageKind, NewAttachment, Rating, Rich, RichKind,
};
use crate::store::conversation_starts::{Start, Through};
use crate::store::conversation_status::StatusChange;
use crate::store::conversations::NewConversation;
use crate::store::messages::{From, NewMessage};
use crate::store::visits::NewVisit;
use crate::store::{self, Store};

const SITE: &str = "https://shop.example.com";
const BROWSERS: [&str; 3] = [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15",
    "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0",
];
const PLACES: [(&str, &str); 4] = [
    ("Stockholm", "Sweden"),
    ("Lyon", "France"),
    ("Chicago", "United States"),
    ("", ""),
];

/// A conversation that is to take place, with the ids of those who take part.
pub(super) struct Teller<'a> {
    pub(super) store: &'a Store,
    pub(super) runner: &'a Runner,
    /// Its place in the file, which names its writes and varies what the file does not say.
    pub(super) number: usize,
    pub(super) story: &'a Story,
    pub(super) lines: &'a [Line],
    pub(super) person: &'a Person,
    pub(super) contact: ContactId,
    pub(super) inbox: InboxId,
    pub(super) agent: Option<AgentId>,
    pub(super) started_at: DateTime<Utc>,
}

impl Teller<'_> {
    /// Begins the conversation.
    pub(super) async fn begin(&self) -> Result<ConversationId, Error> {
        let source_id = match (self.story.inbox.as_str(), &self.person.phone) {
            ("whatsapp" | "sms", Some(phone)) => phone.clone(),
            (inbox, _) => format!("{inbox}-visitor-{:04}", self.story.person + 1),
        };
        let start = Start {
            through: Through::Contact {
                contact: self.contact,
                inbox: self.inbox,
                source_id: Some(source_id),
                hmac_verified: false,
            },
            new: NewConversation {
                status: Some(ConversationStatus::Open),
                assignee: self.agent,
                ..NewConversation::default()
            },
            message: None,
        };
        let once = once(format!("conversation {}", self.number));
        Ok(
            store::conversation_starts::start(self.store, ACCOUNT, start, once, self.started_at)
                .await?,
        )
    }

    /// Lets it take its course, to its end.
    pub(super) async fn tell(&self, conversation: ConversationId) -> Result<(), Error> {
        self.visit(conversation).await?;
        let mut now = self.started_at;
        for (number, line) in self.lines.iter().enumerate() {
            now += line.pause();
            if let Some(new) = self.message(line)? {
                let once = once(format!("conversation {} line {number}", self.number));
                store::messages::post(self.store, ACCOUNT, conversation, new, once, now).await?;
            }
        }
        self.label(conversation, now).await?;
        self.end(conversation, now + TimeDelta::seconds(90)).await
    }

    async fn visit(&self, conversation: ConversationId) -> Result<(), Error> {
        let Some(visit) = self.story.visit else {
            return Ok(());
        };
        let referrer = match visit {
            Visit::Direct => None,
            Visit::Organic => Some("https://www.google.com/"),
            Visit::Referral => Some("https://blog.example.org/best-lamps"),
        };
        let order = format!("{SITE}/orders/{}", 4700 + self.number);
        let pages = [SITE.to_owned(), format!("{SITE}/pricing"), order];
        let (city, country) = PLACES[self.number % PLACES.len()];
        let seen = store::visits::list_after(self.store, ACCOUNT, conversation, None, 10).await?;
        let seen = seen.len();
        let count = 1 + self.number % 3;
        for (number, page_url) in pages.into_iter().take(count).enumerate().skip(seen) {
            let new = NewVisit {
                page_url,
                referrer: referrer.filter(|_| number == 0).map(str::to_owned),
                user_agent: Some(BROWSERS[self.number % BROWSERS.len()].to_owned()),
                city: city.to_owned(),
                country: country.to_owned(),
                visited_at: None,
            };
            let before = TimeDelta::seconds(100 - 30 * i64::try_from(number).unwrap_or_default());
            let now = self.started_at - before;
            store::visits::record(self.store, ACCOUNT, conversation, new, now).await?;
        }
        Ok(())
    }

    async fn label(&self, conversation: ConversationId, now: DateTime<Utc>) -> Result<(), Error> {
        let labels = self.story.labels.clone();
        if !labels.is_empty() {
            store::labels::add_to_conversation(self.store, ACCOUNT, conversation, labels, now)
                .await?;
        }
        let shown = store::cards::list(self.store, ACCOUNT, conversation).await?;
        for (id, data) in self.story.cards.clone() {
            if !shown.iter().any(|card| card.data_id == id) {
                store::cards::set(self.store, ACCOUNT, conversation, id, data, now).await?;
            }
        }
        Ok(())
    }

    async fn end(&self, conversation: ConversationId, now: DateTime<Utc>) -> Result<(), Error> {
        if self.story.rating.is_some() {
            let survey = NewMessage {
                content_type: ContentType::InputCsat,
                ..NewMessage::text(
                    MessageKind::Template,
                    From::System,
                    "Please rate the conversation",
                )
            };
            let once = once(format!("conversation {} survey", self.number));
            store::messages::post(self.store, ACCOUNT, conversation, survey, once, now).await?;
        }
        let change = StatusChange {
            to: Some(ConversationStatus::Resolved),
            snoozed_until: None,
            by: self.agent.map_or(From::System, From::Agent),
            opener: None,
        };
        let once = once(format!("conversation {} end", self.number));
        self.runner
            .set_status(ACCOUNT, conversation, change, once, now)
            .await?;
        self.rate(conversation, now + TimeDelta::seconds(40)).await
    }

    async fn rate(&self, conversation: ConversationId, now: DateTime<Utc>) -> Result<(), Error> {
        let Some(rating) = self.story.rating else {
            return Ok(());
        };
        let rated = store::ratings::find(self.store, ACCOUNT, conversation).await?;
        if rated.is_none() {
            let rating = Rating {
                rating,
                feedback: self.story.feedback.clone(),
                rated_at: now,
            };
            store::ratings::set(self.store, ACCOUNT, conversation, rating, now).await?;
        }
        Ok(())
    }

    fn message(&self, line: &Line) -> Result<Option<NewMessage>, Error> {
        let visitor = |text: &str| NewMessage::text(MessageKind::Incoming, From::Contact, text);
        let bot = |text: &str| NewMessage::text(MessageKind::Outgoing, From::Bot(BOT), text);
        let agent = |text: &str| {
            let from = self.agent.map_or(From::Bot(BOT), From::Agent);
            NewMessage::text(MessageKind::Outgoing, from, text)
        };
        Ok(Some(match line {
            Line::Wait(_) => return Ok(None),
            Line::Visitor(text) => visitor(text),
            Line::Bot(text) => bot(text),
            Line::Agent(text) => agent(text),
            Line::Note(text) => NewMessage {
                private: true,
                ..agent(text)
            },
            Line::Choice(choice) => offering(bot(&choice.text), choice),
            Line::VisitorName if self.person.name.is_empty() => visitor("I would rather not say"),
            Line::VisitorName => visitor(&self.person.name),
            Line::VisitorEmail => visitor(self.person.email.as_deref().unwrap_or("No")),
            Line::VisitorFile(file) => with_file(visitor(""), file)?,
            Line::AgentFile(file) => with_file(agent(""), file)?,
            Line::Rich(line) => with_rich(agent(""), line)?,
            Line::VisitorRich(line) => with_rich(visitor(""), line)?,
        }))
    }
}

fn offering(message: NewMessage, choice: &Choice) -> NewMessage {
    let items: Vec<_> = (478_137_613..)
        .zip(&choice.options)
        .map(|(payload, title)| json!({ "title": title, "value": payload.to_string() }))
        .collect();
    NewMessage {
        content_type: ContentType::InputSelect,
        content_attributes: json!({ "items": items }).into(),
        ..message
    }
}

fn with_file(message: NewMessage, file: &File) -> Result<NewMessage, Error> {
    let file_type = FileType::parse(&file.r#type)
        .ok_or_else(|| Error::Data(format!("{} is no type of file", file.r#type)))?;
    Ok(NewMessage {
        content: None,
        attachments: vec![NewAttachment {
            name: file.name.clone(),
            size_bytes: Some(file.size_bytes),
            ..NewAttachment::at(file_type, &file.media_type, &file.url)
        }],
        ..message
    })
}

fn with_rich(message: NewMessage, line: &RichLine) -> Result<NewMessage, Error> {
    let kind = RichKind::parse(&line.kind)
        .ok_or_else(|| Error::Data(format!("{} is no kind of message", line.kind)))?;
    let rich =
        Rich::parse(kind, &line.body).map_err(|malformed| Error::Data(malformed.to_string()))?;
    Ok(NewMessage {
        content: Some(rich.fallback_text()),
        rich: Some(rich),
        ..message
    })
}
