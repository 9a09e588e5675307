//! What a handler's arguments and its outcome say of it.

use axum::Json;
use axum::extract::{Path, Request, State};
use axum::handler::Handler;
use axum::http::{HeaderMap, StatusCode};
use axum::response::NoContent;
use schemars::JsonSchema;

use super::Entry;
use crate::api::chatlake::Server;
use crate::api::chatlake::auth::{
    Administrator, InConversation, InInbox, InMessage, Member, NoteOf, Of, Reporter, Scope,
};
use crate::api::chatlake::body::Body;
use crate::api::chatlake::cable::Upgrade;
use crate::api::chatlake::contacts::imports::ImportFile;
use crate::api::chatlake::csv_file::CsvFile;
use crate::api::chatlake::fields::Query;
use crate::api::chatlake::identity::Person;
use crate::api::chatlake::params::{Params, Wrap, Wrapped};
use crate::api::chatlake::platform::{App, OwnAccount, OwnBot, OwnUser};
use crate::api::chatlake::public::{AtInbox, InVisit, SurveyPage, Visitor};
use crate::api::chatlake::sessions::{Attempt, SignedInPerson};

/// A handler whose arguments and outcome are described.
pub(in crate::api::chatlake) trait Signature<T>:
    Handler<T, Server>
{
    fn describe(entry: &mut Entry<'_>);
}

/// What a handler takes.
pub(in crate::api::chatlake) trait Argument {
    fn describe(entry: &mut Entry<'_>);
}

/// What a handler answers.
pub(in crate::api::chatlake) trait Outcome {
    fn describe(entry: &mut Entry<'_>);
}

/// Handlers of so many arguments; the first in the tuple is how axum tells apart where the last one is taken from.
macro_rules! signatures {
    ($(($($argument:ident)*))*) => {$(
        impl<F, Answer, Found, Via, $($argument),*> Signature<(Via, $($argument,)*)> for F
        where
            F: Handler<(Via, $($argument,)*), Server> + FnOnce($($argument),*) -> Answer,
            Answer: Future<Output = Found>,
            Found: Outcome,
            $($argument: Argument,)*
        {
            fn describe(entry: &mut Entry<'_>) {
                $($argument::describe(entry);)*
                Found::describe(entry);
            }
        }
    )*};
}

signatures! { (A) (A B) (A B C) (A B C D) (A B C D E) }

/// Axum has a form of its own for handlers that take nothing.
impl<F, Answer, Found> Signature<((),)> for F
where
    F: Handler<((),), Server> + FnOnce() -> Answer,
    Answer: Future<Output = Found>,
    Found: Outcome,
{
    fn describe(entry: &mut Entry<'_>) {
        Found::describe(entry);
    }
}

/// Arguments of which a client sees nothing.
macro_rules! unseen {
    ($($argument:ty)*) => {$(
        impl Argument for $argument {
            fn describe(_: &mut Entry<'_>) {}
        }
    )*};
}

unseen! { State<Server> HeaderMap Request Attempt Query }

/// An argument that comes down to another one, and may find nothing at the path's ids.
macro_rules! found_through {
    ($($argument:ty: $other:ty),*) => {$(
        impl Argument for $argument {
            fn describe(entry: &mut Entry<'_>) {
                <$other>::describe(entry);
                entry.refuses(StatusCode::NOT_FOUND);
            }
        }
    )*};
}

found_through! {
    InMessage: Member, InInbox: Member, NoteOf: Member, OwnAccount: App, OwnUser: App, OwnBot: App,
    Visitor: AtInbox, InVisit: AtInbox
}

impl<W: Argument> Argument for InConversation<W> {
    fn describe(entry: &mut Entry<'_>) {
        W::describe(entry);
        entry.refuses(StatusCode::NOT_FOUND);
    }
}

impl<W: Argument, R> Argument for Of<W, R> {
    fn describe(entry: &mut Entry<'_>) {
        W::describe(entry);
        entry.refuses(StatusCode::NOT_FOUND);
    }
}

impl<T> Argument for Path<T> {
    fn describe(entry: &mut Entry<'_>) {
        entry.refuses(StatusCode::NOT_FOUND);
    }
}

/// Handlers that take what was refused say the refusal in other words.
impl<T: Argument, E> Argument for Result<T, E> {
    fn describe(entry: &mut Entry<'_>) {
        T::describe(entry);
        entry.refuses(StatusCode::NOT_FOUND);
    }
}

impl Argument for Scope {
    fn describe(entry: &mut Entry<'_>) {
        Member::describe(entry);
        entry.secured_by(&["bot_token"]);
    }
}

impl Argument for Member {
    fn describe(entry: &mut Entry<'_>) {
        Person::describe(entry);
        entry.refuses(StatusCode::NOT_FOUND);
    }
}

impl Argument for Administrator {
    fn describe(entry: &mut Entry<'_>) {
        Member::describe(entry);
        entry.remarks("For administrators.");
    }
}

impl Argument for Reporter {
    fn describe(entry: &mut Entry<'_>) {
        Administrator::describe(entry);
    }
}

impl Argument for Person {
    fn describe(entry: &mut Entry<'_>) {
        entry.secured_by(&["token"]);
        SignedInPerson::describe(entry);
    }
}

impl Argument for SignedInPerson {
    fn describe(entry: &mut Entry<'_>) {
        entry.secured_by(&["access_token", "client", "uid"]);
        entry.refuses(StatusCode::UNAUTHORIZED);
    }
}

impl Argument for App {
    fn describe(entry: &mut Entry<'_>) {
        entry.secured_by(&["platform_token"]);
        entry.refuses(StatusCode::UNAUTHORIZED);
    }
}

/// Nobody shows a credential here. Suspended accounts and proofs that do not fit are refused.
impl Argument for AtInbox {
    fn describe(entry: &mut Entry<'_>) {
        entry.refuses(StatusCode::UNAUTHORIZED);
        entry.refuses(StatusCode::NOT_FOUND);
    }
}

impl<T: JsonSchema> Argument for Params<T> {
    fn describe(entry: &mut Entry<'_>) {
        entry.takes::<T>();
    }
}

impl<T: Wrap + JsonSchema> Argument for Wrapped<T> {
    fn describe(entry: &mut Entry<'_>) {
        entry.takes_below::<T>(T::NAME);
    }
}

impl<T: JsonSchema> Argument for Body<T> {
    fn describe(entry: &mut Entry<'_>) {
        entry.takes::<T>();
    }
}

impl<T: Wrap + JsonSchema> Argument for Body<Wrapped<T>> {
    fn describe(entry: &mut Entry<'_>) {
        entry.takes_below::<T>(T::NAME);
    }
}

impl Argument for ImportFile {
    fn describe(entry: &mut Entry<'_>) {
        entry.carries(ImportFile::PART);
    }
}

impl<T: JsonSchema> Outcome for Json<T> {
    fn describe(entry: &mut Entry<'_>) {
        entry.answers::<T>();
    }
}

impl<T: Outcome, E> Outcome for Result<T, E> {
    fn describe(entry: &mut Entry<'_>) {
        T::describe(entry);
    }
}

/// Headers that say who is signed in now.
impl<T: Outcome> Outcome for (HeaderMap, T) {
    fn describe(entry: &mut Entry<'_>) {
        T::describe(entry);
        entry.remarks(
            "The headers `access-token`, `client` and `uid` of the answer sign its caller in.",
        );
    }
}

impl Outcome for () {
    fn describe(entry: &mut Entry<'_>) {
        entry.answers_nothing(StatusCode::OK);
    }
}

impl Outcome for StatusCode {
    fn describe(entry: &mut Entry<'_>) {
        entry.answers_nothing(StatusCode::OK);
    }
}

impl Outcome for NoContent {
    fn describe(entry: &mut Entry<'_>) {
        entry.answers_nothing(StatusCode::NO_CONTENT);
    }
}

impl Outcome for Upgrade {
    fn describe(entry: &mut Entry<'_>) {
        entry.answers_nothing(StatusCode::SWITCHING_PROTOCOLS);
        entry.refuses(StatusCode::NOT_FOUND);
    }
}

impl Outcome for SurveyPage {
    fn describe(entry: &mut Entry<'_>) {
        entry.answers_text("text/html");
    }
}

impl Outcome for CsvFile {
    fn describe(entry: &mut Entry<'_>) {
        entry.answers_text("text/csv");
    }
}
