//! Why an operation was refused or failed.

use sqlx::postgres::PgDatabaseError;

/// A result of the store.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What was not found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Noun {
    /// An account.
    Account,
    /// An agent.
    Agent,
    /// A bot.
    Bot,
    /// A bot's app.
    BotApp,
    /// A canned response.
    CannedResponse,
    /// A contact.
    Contact,
    /// A contact's way into an inbox.
    ContactInbox,
    /// A conversation.
    Conversation,
    /// A custom attribute's definition.
    CustomAttribute,
    /// An agent's kept search.
    CustomFilter,
    /// A delivery.
    Delivery,
    /// A bot's key for Dialogflow.
    DialogflowKey,
    /// An endpoint.
    Endpoint,
    /// An uploaded file.
    File,
    /// A flow.
    Flow,
    /// An inbox.
    Inbox,
    /// An API key.
    Key,
    /// A label.
    Label,
    /// A message.
    Message,
    /// A note.
    Note,
    /// A page filter.
    PageFilter,
    /// A program that makes accounts and users for others.
    PlatformApp,
    /// A chat.
    Stream,
    /// A team.
    Team,
    /// A user.
    User,
}

/// What must be unique and was not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// A bot app's id.
    AppId,
    /// A custom attribute's key.
    AttributeKey,
    /// A contact's e-mail address.
    ContactEmail,
    /// A contact's phone number.
    ContactPhoneNumber,
    /// A contact's identifier.
    ContactIdentifier,
    /// A user's place in an account.
    Membership,
    /// A label's title.
    LabelTitle,
    /// A canned response's short code.
    ShortCode,
    /// A contact's id in a channel.
    SourceId,
    /// A team's name.
    TeamName,
    /// A user's e-mail address.
    UserEmail,
    /// A webhook's URL.
    WebhookUrl,
}

/// Why an operation was refused or failed. Says nothing about HTTP: each API does.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such row in this account.
    #[error("{0:?} not found")]
    NotFound(Noun),
    /// Another row has this value already.
    #[error("{0:?} has already been taken")]
    Taken(Field),
    /// Messages come in only through API inboxes.
    #[error("the inbox takes no incoming messages from an API")]
    IncomingRefused,
    /// The chat is over and nobody listens.
    #[error("the chat has ended")]
    ChatEnded,
    /// Another turn of the same chat came first.
    #[error("the session was moved on by another turn")]
    SessionMoved,
    /// The idempotency key came before, with another request.
    #[error("the idempotency key was used for another request")]
    KeyReused,
    /// A value that the database cannot hold: too long, out of range, or not text.
    #[error("a value cannot be stored")]
    Unstorable(#[source] sqlx::Error),
    /// The database does not answer; it may do so later.
    #[error("the database is not available")]
    Unavailable(#[source] sqlx::Error),
    /// The database answered with a failure.
    #[error("database failure")]
    Database(#[source] sqlx::Error),
    /// The tables could not be brought to this version.
    #[error("migration failed")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// A stored document is not what this version reads.
    #[error("a stored document cannot be read")]
    Document(#[from] serde_json::Error),
    /// A stored secret does not open.
    #[error("a stored secret cannot be opened")]
    Vault(#[from] crate::vault::Error),
    /// A password or secret could not be hashed.
    #[error("hashing failed")]
    Hash,
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Database(cause) => match cause.try_downcast_ref::<PgDatabaseError>() {
                Some(cause) => match judge(cause) {
                    Judgement::Taken(field) => Self::Taken(field),
                    Judgement::Gone(noun) => Self::NotFound(noun),
                    Judgement::Unstorable => Self::Unstorable(error),
                    Judgement::Unavailable => Self::Unavailable(error),
                    Judgement::Failure => Self::Database(error),
                },
                None => Self::Database(error),
            },
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed => Self::Unavailable(error),
            _ => Self::Database(error),
        }
    }
}

enum Judgement {
    Taken(Field),
    Gone(Noun),
    Unstorable,
    Unavailable,
    Failure,
}

/// Reads a failure by its SQLSTATE and constraint, never by its words.
fn judge(cause: &PgDatabaseError) -> Judgement {
    match cause.code() {
        "23505" => taken(cause.constraint()).map_or(Judgement::Failure, Judgement::Taken),
        "23503" => gone(cause.constraint()).map_or(Judgement::Failure, Judgement::Gone),
        "23514" | "54000" => Judgement::Unstorable,
        code if code.starts_with("22") => Judgement::Unstorable,
        // No way in: shutting down or starting up, full, closed to connections, gone, or another password.
        code if ["08", "28", "3D", "53", "57P"]
            .iter()
            .any(|class| code.starts_with(class)) =>
        {
            Judgement::Unavailable
        }
        "55000" => Judgement::Unavailable,
        // Read-only after a failover, or a deadlock's victim: the same request may pass a moment later.
        "25006" | "40001" | "40P01" => Judgement::Unavailable,
        _ => Judgement::Failure,
    }
}

fn taken(constraint: Option<&str>) -> Option<Field> {
    Some(match constraint? {
        "bot_apps_app_id_key" => Field::AppId,
        "canned_responses_short_code_key" => Field::ShortCode,
        "contacts_email_key" => Field::ContactEmail,
        "contacts_phone_number_key" => Field::ContactPhoneNumber,
        "contacts_identifier_key" => Field::ContactIdentifier,
        "contact_inboxes_source_id_key" => Field::SourceId,
        "custom_attribute_definitions_key_key" => Field::AttributeKey,
        "labels_title_key" => Field::LabelTitle,
        "teams_name_key" => Field::TeamName,
        "users_email_key" => Field::UserEmail,
        "endpoints_account_url_key" => Field::WebhookUrl,
        _ => return None,
    })
}

/// What was there a moment ago, and was deleted while something was being hung on it.
fn gone(constraint: Option<&str>) -> Option<Noun> {
    let constraint = constraint?.strip_suffix("_fkey")?;
    [
        ("_contact_id", Noun::Contact),
        ("_contact_inbox_id", Noun::ContactInbox),
        ("_conversation_id", Noun::Conversation),
        ("_message_id", Noun::Message),
    ]
    .into_iter()
    .find_map(|(end, noun)| constraint.ends_with(end).then_some(noun))
}
