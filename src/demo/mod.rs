//! The sample account of `quartet demo`: fixed and well-known credentials, and conversations of the last months.
//!
//! Its credentials are published, so it belongs on nobody's network but the machine's own. Loading it again changes
//! nothing, and goes on where a load was cut off: every write has a name or finds what it would make.

mod stories;
mod teller;

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::{StreamExt, TryStreamExt, stream};
use secrecy::SecretString;

use crate::flow::{PublishError, Runner};
use crate::model::{
    AccountId, AgentId, BotId, Channel, ContactId, Email, InboxId, MatchType, PagePattern,
    PhoneNumber, Role, Scope,
};
use crate::store::agents::NewAgent;
use crate::store::contacts::NewContact;
use crate::store::inboxes::NewInbox;
use crate::store::keys::NewKey;
use crate::store::page_filters::NewPageFilter;
use crate::store::{self, Once, Store};
use stories::{Stories, Story};
use teller::Teller;

/// What the sample account is reached by. Published, so that documents, tests and people share it.
#[derive(Debug, Clone, Copy)]
pub struct Credentials {
    /// The account; ImBox calls it the user.
    pub account: AccountId,
    /// Its bot.
    pub bot: BotId,
    /// Opens Instabot's API.
    pub instabot_key: &'static str,
    /// Opens ImBox's API.
    pub imbox_key: &'static str,
    /// Logs in to the Bot Open API ...
    pub app_id: &'static str,
    /// ... with this.
    pub app_secret: &'static str,
    /// John Doe's Chatlake token.
    pub administrator_token: &'static str,
    /// Jane Doe's Chatlake token.
    pub agent_token: &'static str,
    /// Opens Quartet's own API.
    pub admin_key: &'static str,
}

/// See [`Credentials`].
pub const CREDENTIALS: Credentials = Credentials {
    account: ACCOUNT,
    bot: BOT,
    instabot_key: "demo-instabot-key",
    imbox_key: "demo-imbox-key",
    app_id: "demo-app",
    app_secret: "demo-app-secret",
    administrator_token: "demo-admin-token",
    agent_token: "demo-agent-token",
    admin_key: "demo-quartet-key",
};

const ACCOUNT: AccountId = AccountId(1);
const BOT: BotId = BotId(474_960_032);
/// Where phone numbers without a country code are from: the sample flow says so itself, and stories give none.
const REGION: &str = "US";
/// What tells the sample account from an account of somebody's own.
const NAME: &str = "Quartet demo";
const FLOW: &str = include_str!("../../config/flows/demo.yaml");
/// Older than any of the conversations.
const AGE: TimeDelta = TimeDelta::days(120);
/// Conversations that take place at once: loading them is waiting for the disk.
const AT_ONCE: usize = 8;

/// Why the sample account is not there.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Somebody works with this database.
    #[error(
        "account {ACCOUNT} is not the sample's own; give the demo a data folder of its own (--data-dir)"
    )]
    Occupied,
    /// A mistake in the sample data.
    #[error("the sample data: {0}")]
    Data(String),
    /// The store refused or failed.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The sample flow was refused.
    #[error("the sample flow")]
    Flow(#[from] PublishError),
}

/// Makes sure that the sample account is there, with everything in it.
pub async fn load(store: &Store, now: DateTime<Utc>) -> Result<(), Error> {
    let born = now - AGE;
    if !store::samples::create_account(store, ACCOUNT, NAME.to_owned(), born).await? {
        if store::accounts::get(store, ACCOUNT).await?.name != NAME {
            return Err(Error::Occupied);
        }
        if has_key(store, CREDENTIALS.admin_key).await? {
            return Ok(());
        }
    }
    let stories = Stories::read().map_err(Error::Data)?;
    let agents = make_agents(store, born).await?;
    let inboxes = make_inboxes(store, &agents, born).await?;
    make_page_filters(store, &stories, born).await?;
    let contacts = make_contacts(store, &stories, born).await?;
    tell(store, &stories, &agents, &inboxes, &contacts, now).await?;
    make_credentials(store, &agents, born).await
}

/// Names a write, so that it is done once.
fn once(name: impl Into<String>) -> Option<Once> {
    Some(Once::new("demo", name.into(), &[]))
}

/// The sample's agents by their first names.
type Agents = HashMap<&'static str, AgentId>;

async fn make_agents(store: &Store, now: DateTime<Utc>) -> Result<Agents, Error> {
    let mut agents = Agents::new();
    for (first_name, role, is_back_office, department, team) in [
        ("john", Role::Administrator, false, "Sales", "sales"),
        ("jane", Role::Agent, true, "Support", "support"),
    ] {
        let name = if first_name == "john" {
            "John Doe"
        } else {
            "Jane Doe"
        };
        let new = NewAgent {
            name: name.to_owned(),
            display_name: None,
            email: format!("{first_name}.doe@example.org"),
            avatar_url: format!("https://files.example.com/{first_name}.jpg"),
            role,
            is_back_office,
            department: department.to_owned(),
        };
        let agent = store::agents::create(store, ACCOUNT, new, now).await?.id;
        for team in [team, "everyone"] {
            let team = team.to_owned();
            store::agents::join_team(store, ACCOUNT, team, vec![agent], now).await?;
        }
        agents.insert(first_name, agent);
    }
    Ok(agents)
}

/// The bot with its flow, and the inboxes by the names that the stories give them.
async fn make_inboxes(
    store: &Store,
    agents: &Agents,
    now: DateTime<Utc>,
) -> Result<HashMap<&'static str, InboxId>, Error> {
    store::samples::create_bot(store, ACCOUNT, BOT, "Demo bot".to_owned(), now).await?;
    let bot = store::bots::get(store, ACCOUNT, BOT).await?;
    if bot.flow_version.is_none() {
        let runner = Runner::new(store.clone(), REGION);
        runner.publish(ACCOUNT, BOT, FLOW, now).await?;
    }
    let mut inboxes = HashMap::new();
    for (key, name, channel) in [
        ("website", "Website", Channel::Webchat),
        ("api", "API", Channel::General),
        ("whatsapp", "WhatsApp", Channel::WhatsApp),
        ("telegram", "Telegram", Channel::Telegram),
        ("messenger", "Messenger", Channel::Facebook),
        ("sms", "SMS", Channel::Sms),
        ("instagram", "Instagram", Channel::Instagram),
    ] {
        let new = NewInbox {
            bot: (channel != Channel::General).then_some(BOT),
            ..NewInbox::new(name, channel)
        };
        let once = once(format!("inbox {key}"));
        let inbox = store::inboxes::create(store, ACCOUNT, new, once, now)
            .await?
            .id;
        let members = agents.values().copied().collect();
        store::inboxes::add_members(store, ACCOUNT, inbox, members, now).await?;
        inboxes.insert(key, inbox);
    }
    Ok(inboxes)
}

async fn make_page_filters(
    store: &Store,
    stories: &Stories,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let made = store::page_filters::list(store, ACCOUNT).await?;
    for filter in &stories.page_filters {
        if made.iter().any(|made| made.name == filter.name) {
            continue;
        }
        let pattern = MatchType::parse(&filter.r#match)
            .and_then(|how| PagePattern::parse(how, &filter.pattern).ok())
            .ok_or_else(|| Error::Data(format!("page filter {}", filter.name)))?;
        let name = filter.name.clone();
        let new = NewPageFilter { name, pattern };
        store::page_filters::create(store, ACCOUNT, new, now).await?;
    }
    Ok(())
}

/// The people of the stories, in their order.
async fn make_contacts(
    store: &Store,
    stories: &Stories,
    now: DateTime<Utc>,
) -> Result<Vec<ContactId>, Error> {
    let data = |name: &str| Error::Data(format!("person {name}"));
    let mut contacts = Vec::new();
    for (number, person) in stories.people.iter().enumerate() {
        let email = person.email.as_deref().map(Email::parse).transpose();
        let phone = person
            .phone
            .as_deref()
            .map(PhoneNumber::parse_e164)
            .transpose();
        let new = NewContact {
            name: person.name.clone(),
            email: email
                .map_err(|_| data(&person.name))?
                .map(|email| email.as_str().to_owned()),
            phone_number: phone
                .map_err(|_| data(&person.name))?
                .map(|phone| phone.as_str().to_owned()),
            identifier: person.identifier.clone(),
            custom_attributes: person.attributes.clone().into(),
            ..NewContact::default()
        };
        let once = once(format!("person {number}"));
        let (contact, _) = store::contacts::create(store, ACCOUNT, new, None, once, now).await?;
        if !person.tags.is_empty() {
            let tags = person.tags.clone();
            store::labels::add_to_contact(store, ACCOUNT, contact.id, tags, now).await?;
        }
        contacts.push(contact.id);
    }
    Ok(contacts)
}

/// Lets the conversations take place: begun one after the other, oldest first, as their numbers count.
async fn tell(
    store: &Store,
    stories: &Stories,
    agents: &Agents,
    inboxes: &HashMap<&'static str, InboxId>,
    contacts: &[ContactId],
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let runner = Runner::new(store.clone(), REGION);
    let teller = |number: usize, story| -> Option<Teller<'_>> {
        let story: &Story = story;
        Some(Teller {
            store,
            runner: &runner,
            number,
            story,
            lines: stories.dialogues.get(&story.dialogue)?,
            person: stories.people.get(story.person)?,
            contact: *contacts.get(story.person)?,
            inbox: *inboxes.get(story.inbox.as_str())?,
            agent: match &story.agent {
                Some(name) => Some(*agents.get(name.as_str())?),
                None => None,
            },
            started_at: story.started_at(now)?,
        })
    };
    let mut begun = Vec::new();
    for (number, story) in stories.conversations.iter().enumerate().rev() {
        let teller = teller(number, story)
            .ok_or_else(|| Error::Data(format!("conversation {number} names what is not there")))?;
        let conversation = teller.begin().await?;
        begun.push((teller, conversation));
    }
    stream::iter(&begun)
        .map(Ok)
        .try_for_each_concurrent(AT_ONCE, async |(teller, conversation)| {
            teller.tell(*conversation).await
        })
        .await
}

/// Whether the account has, or had, the key of that name.
async fn has_key(store: &Store, name: &str) -> Result<bool, Error> {
    let keys = store::keys::list(store, ACCOUNT).await?;
    Ok(keys.iter().any(|key| key.name == name))
}

/// The published keys: last, so that whoever is let in finds everything. The very last one says that all is there.
async fn make_credentials(store: &Store, agents: &Agents, now: DateTime<Utc>) -> Result<(), Error> {
    let apps = store::apps::list(store, ACCOUNT).await?;
    if !apps.iter().any(|app| app.app_id == CREDENTIALS.app_id) {
        let new = store::apps::NewApp {
            bot: BOT,
            app_id: Some(CREDENTIALS.app_id.to_owned()),
            secret: Some(CREDENTIALS.app_secret.into()),
        };
        store::apps::create(store, ACCOUNT, new, now).await?;
    }
    for (text, scope, agent) in [
        (CREDENTIALS.instabot_key, Scope::Instabot, None),
        (CREDENTIALS.imbox_key, Scope::Imbox, None),
        (
            CREDENTIALS.administrator_token,
            Scope::Chatlake,
            Some("john"),
        ),
        (CREDENTIALS.agent_token, Scope::Chatlake, Some("jane")),
        (CREDENTIALS.admin_key, Scope::Admin, None),
    ] {
        if has_key(store, text).await? {
            continue;
        }
        let new = NewKey {
            name: text.to_owned(),
            scopes: vec![scope],
            agent: agent.and_then(|name| agents.get(name).copied()),
            bot: None,
            text: Some(SecretString::from(text)),
        };
        store::keys::create(store, ACCOUNT, new, now).await?;
    }
    Ok(())
}
