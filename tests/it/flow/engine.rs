//! What each node does with each input.

use quartet::flow::{Effect, Input, Place};
use quartet::model::RichKind;
use serde_json::json;

use super::{Chat, DEMO};

const STARTED: [&str; 2] = [
    "says Hello!",
    "says Please choose an option [Option 1] [Option 2]",
];

#[test]
fn the_demo_asks_name_email_and_phone() {
    let mut chat = Chat::with(DEMO);
    assert_eq!(chat.start(), STARTED);
    assert_eq!(
        chat.choose("Option 1", 478_137_613),
        ["says What is your name?"]
    );
    assert_eq!(
        chat.say(" Ann "),
        [
            "sets Name(\"Ann\")",
            "says Nice to meet you, Ann. What is your e-mail address?"
        ]
    );
    assert_eq!(
        chat.say("ann at home"),
        ["says That does not look like an e-mail address. Please try again"]
    );
    assert_eq!(
        chat.say("Ann@Example.org"),
        [
            "sets Email(Email(\"ann@example.org\"))",
            "says And your phone number?"
        ]
    );
    assert_eq!(
        chat.say("12"),
        ["says That does not look like a phone number. Please try again"]
    );
    assert_eq!(
        chat.say("(415) 555-2671"),
        [
            "sets PhoneNumber(PhoneNumber(\"+14155552671\"))",
            "says Thank you, Ann. We will be in touch.",
            "ends"
        ]
    );
    assert_eq!(chat.say("hello?"), [""; 0]);
    assert_eq!(
        json!(chat.session),
        json!({
            "place": { "at": "ended" },
            "answers": {
                "menu": "Option 1", "name": "Ann", "email": "ann@example.org", "phone": "+14155552671"
            },
            "goals": [],
            "words": "(415) 555-2671",
        })
    );
}

#[test]
fn an_option_is_chosen_by_its_number_or_else_by_its_title() {
    let retry = ["says Please choose one of the options [Option 1] [Option 2]"];
    let mut chat = Chat::with(DEMO);
    chat.start();
    assert_eq!(chat.say("Option 3"), retry);
    assert_eq!(chat.say(""), retry);
    assert_eq!(
        chat.choose("Option 1", 5),
        retry,
        "a wrong number is not mended by its words"
    );
    assert_eq!(chat.say("  oPTION 1\n"), ["says What is your name?"]);

    let mut chat = Chat::with(DEMO);
    chat.start();
    assert_eq!(
        chat.choose("whatever", 478_137_613),
        ["says What is your name?"]
    );
}

#[test]
fn a_live_agent_has_three_ways_out() {
    let live = || {
        let mut chat = Chat::with(DEMO);
        chat.start();
        assert_eq!(
            chat.choose("Option 2", 478_137_614),
            [
                "says One moment, I am fetching a colleague",
                "hands over, Some(600)"
            ]
        );
        assert_eq!(chat.say("Anybody there?"), [""; 0]);
        assert_eq!(
            chat.session.place,
            Place::Live {
                node: "agent".to_owned()
            }
        );
        chat
    };
    assert_eq!(
        live().lines(Input::AgentEnded),
        ["says Thank you for talking to us. Goodbye!", "ends"]
    );
    assert_eq!(
        live().lines(Input::LiveTimeout),
        [
            "says Sorry, nobody is free right now. We will write to you.",
            "ends"
        ]
    );
    assert_eq!(live().lines(Input::VisitorDeclined), ["ends"]);
}

#[test]
fn an_agent_may_be_offered_first() {
    let offered = || {
        let mut chat = Chat::with(
            "
version: 1
start: agent
nodes:
  agent:
    live_agent:
      offer: { text: Talk to an agent?, retry: Yes or no?, accept: 'Yes', decline: 'No' }
      ended: end
      declined: fine
  fine:
    say: { text: Fine., next: end }
",
        );
        assert_eq!(chat.start(), ["says Talk to an agent? [Yes] [No]"]);
        assert_eq!(chat.say("hm"), ["says Yes or no? [Yes] [No]"]);
        chat
    };
    assert_eq!(offered().say("yes"), ["hands over, None"]);
    assert_eq!(offered().say("no"), ["says Fine.", "ends"]);
    assert_eq!(offered().lines(Input::AgentEnded), [""; 0]);
}

#[test]
fn a_visitor_who_does_not_get_it_right_may_be_given_another_way() {
    let mut chat = Chat::with(
        "
version: 1
start: ask
nodes:
  ask:
    free_text: { text: Say something, next: end, give_up: { after: 2, next: bye } }
  bye:
    say: { text: Never mind, next: end }
",
    );
    assert_eq!(chat.start(), ["says Say something"]);
    assert_eq!(chat.say("  "), ["says Say something"]);
    assert_eq!(chat.say(""), ["says Never mind", "ends"]);
}

#[test]
fn texts_tell_answers_and_what_the_chat_began_with() {
    let mut chat = Chat::with(
        "
version: 1
start: ask
nodes:
  ask:
    free_text: { text: ['Hello from {{ metadata.shop }}', 'Which size, {{ metadata.none }}?'], next: goal }
  goal:
    goal: { name: sized, next: link }
  link:
    link: { next: done }
  done:
    say:
      text: '{{ answers.ask }} it is'
      rich: { type: card, card: { title: T } }
      next: end
",
    );
    chat.visitor.metadata = json!({ "shop": 7 }).into();
    assert_eq!(chat.start(), ["says Hello from 7", "says Which size, ?"]);
    let effects = chat.put(Input::Reply {
        text: " {{ user.name }} ",
        payload: Some(1),
    });
    let Effect::Say(say) = &effects[0] else {
        panic!("{effects:?}")
    };
    assert_eq!(say.text, "{{ user.name }} it is");
    let rich = say.rich.as_ref().unwrap();
    assert_eq!(
        (rich.kind, &rich.body),
        (RichKind::Card, &json!({ "buttons": [], "title": "T" }))
    );
    assert_eq!(effects[1..], [Effect::End]);
    assert!(chat.session.goals.contains("sized"));
}

#[test]
fn an_input_out_of_place_changes_nothing() {
    let mut chat = Chat::with(DEMO);
    assert_eq!(chat.say("hi"), [""; 0]);
    chat.start();
    let before = chat.session.clone();
    for input in [
        Input::Start,
        Input::AgentEnded,
        Input::LiveTimeout,
        Input::VisitorDeclined,
    ] {
        assert_eq!(chat.put(input), []);
    }
    assert_eq!(chat.session, before);
}
