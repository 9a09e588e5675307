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
fn a_visitor_may_leave_the_agents() {
    let live = || {
        let mut chat = Chat::with(
            "
version: 1
start: agent
nodes:
  agent:
    live_agent: { text: One moment, leave: Cancel, ended: end, declined: fine }
  fine:
    say: { text: Fine., next: end }
",
        );
        assert_eq!(
            chat.start(),
            ["says One moment [Cancel]", "hands over, None"]
        );
        assert_eq!(chat.say("Please do not cancel"), [""; 0]);
        assert_eq!(chat.choose("cancel", 77), [""; 0]);
        chat
    };
    assert_eq!(live().say(" cancel"), ["says Fine.", "ends"]);
    assert_eq!(live().choose("", 1), ["says Fine.", "ends"]);
}

#[test]
fn a_condition_looks_at_all_that_is_known() {
    let file = |check: &str| {
        format!(
            "
version: 1
start: ask
variables: {{ order: {{ state: Sent, lines: [3] }} }}
nodes:
  ask: {{ free_text: {{ text: Size?, next: goal }} }}
  goal: {{ goal: {{ name: asked, next: if }} }}
  if: {{ condition: {{ {check}, then: yes, else: no }} }}
  yes: {{ say: {{ text: 'Yes', next: more }} }}
  no: {{ say: {{ text: 'No', next: more }} }}
  more: {{ script: {{ source: next(), next: end, on_error: end }} }}
"
        )
    };
    let says = |check: &str| {
        let mut chat = Chat::with(&file(check));
        chat.visitor.email = Some("ann@example.org".to_owned());
        chat.visitor.properties = json!({ "plan": "Gold", "age": 41 }).into();
        chat.visitor.metadata = json!({ "shop": "Malmö" }).into();
        chat.start();
        chat.say("Large")[0].clone()
    };
    for check in [
        "all: [{ input: answers.ask, operator: matches, value: large }]",
        "all: [{ input: user.plan, operator: starts_with, value: g }]",
        "all: [{ input: user.email, operator: ends_with, value: '@example.org' }]",
        "all: [{ input: user.phone, operator: does_not_exist }]",
        "all: [{ input: user.age, operator: greater_than, value: 40 }]",
        "all: [{ input: metadata.shop, operator: contains, value: alm }]",
        "all: [{ input: vars.order.state, operator: does_not_match, value: open }]",
        "all: [{ input: vars.order.lines.0, operator: less_than, value: 4 }]",
        "all: [{ input: goals.asked, operator: exists }]",
        "all: [{ input: results.more, operator: does_not_exist }]",
        "all: [{ input: user.plan, operator: does_not_contain, value: '{{ metadata.shop }}' }]",
        "any: [{ input: user.x, operator: exists }, { all: [{ input: answers.ask, operator: exists }] }]",
    ] {
        assert_eq!(says(check), "says Yes", "{check}");
    }
    for check in [
        "all: [{ input: answers.ask, operator: matches, value: large, case_sensitive: true }]",
        "all: [{ input: user.plan, operator: exists }, { input: user.x, operator: exists }]",
        "any: [{ input: user.age, operator: less_than, value: '40' }]",
    ] {
        assert_eq!(says(check), "says No", "{check}");
    }
}

#[test]
fn a_flow_remembers_what_it_sets() {
    let mut chat = Chat::with(
        "
version: 1
start: set
nodes:
  set:
    set:
      vars: { n: 5, hello: 'Hi {{ user.name }}', list: [1, 2] }
      user: { plan: '{{ user.name }}s', old: null, name: ' Ann ' }
      next: ask
  ask:
    free_text: { text: '{{ vars.hello }} {{ vars.n }} {{ vars.list.1 }} {{ user.plan }} {{ user.old }}', next: end }
",
    );
    chat.visitor.name = "Bo".to_owned();
    chat.visitor.properties = json!({ "old": 1 }).into();
    assert_eq!(
        chat.start(),
        [
            "sets Name(\"Ann\")",
            "sets Property(\"old\", Null)",
            "sets Property(\"plan\", String(\"Bos\"))",
            "says Hi Bo 5 2 Bos "
        ]
    );
    assert_eq!(
        json!(chat.session.vars),
        json!({ "n": 5, "hello": "Hi Bo", "list": [1, 2] })
    );
}

#[test]
fn a_bot_speaks_the_visitors_language_and_seems_to_type() {
    let file = "
version: 1
start: ask
language: en
nodes:
  ask:
    multiple_choice:
      text: { en: Coffee?, sv: [Hej!, Kaffe?], pt-BR: Café? }
      retry: { en: Yes or no?, sv: Ja eller nej? }
      typing_ms: 700
      options:
        - { title: { en: 'Yes', sv: Ja }, next: end }
        - { title: { en: 'No', sv: Nej }, next: end }
";
    let started = |language: &str| {
        let mut chat = Chat::with(file);
        chat.visitor.metadata = json!({ "language": language }).into();
        (chat.start(), chat)
    };
    assert_eq!(started("sv-FI").0, ["says Hej!", "says Kaffe? [Ja] [Nej]"]);
    assert_eq!(started("pt-br").0, ["says Café? [Yes] [No]"]);
    assert_eq!(started("pt").0, ["says Coffee? [Yes] [No]"]);
    assert_eq!(started("").0, ["says Coffee? [Yes] [No]"]);
    let (_, mut chat) = started("sv");
    assert_eq!(chat.say("?"), ["says Ja eller nej? [Ja] [Nej]"]);
    assert_eq!(chat.say("yes"), ["ends"], "any language's title will do");
    assert_eq!(chat.session.answers["ask"], "Ja");
    let effects = Chat::with(file).put(Input::Start);
    let Effect::Say(say) = &effects[0] else {
        panic!("{effects:?}")
    };
    assert_eq!(say.typing_ms, Some(700));
}

#[test]
fn rich_content_has_placeholders_and_words_of_its_own() {
    let mut chat = Chat::with(
        "
version: 1
start: card
nodes:
  card:
    say:
      rich: { type: card, card: { title: 'For {{ user.name }}', desc: A shirt } }
      next: end
",
    );
    chat.visitor.name = "Ann".to_owned();
    let effects = chat.put(Input::Start);
    let Effect::Say(say) = &effects[0] else {
        panic!("{effects:?}")
    };
    let rich = say.rich.as_ref().unwrap();
    assert_eq!(rich.body["title"], json!("For Ann"));
    assert_eq!(say.text, rich.fallback_text());
    assert!(say.text.starts_with("For Ann"), "{}", say.text);
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
