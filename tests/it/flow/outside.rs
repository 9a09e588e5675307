//! What a flow asks outside, and where what comes back leads.

use quartet::flow::call::{Answer, Context, Fault};
use quartet::flow::call::{Ask, Call, Choice, Detected, Outcome, Returned, Said};
use quartet::flow::{Effect, Input, Place};
use quartet::model::{Rich, RichKind};
use serde_json::{Map, Value, json};

use super::Chat;

fn map(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        other => panic!("{other} is no object"),
    }
}

fn call(effects: &[Effect]) -> Call {
    let Some(Effect::Call(call)) = effects.last() else {
        panic!("{effects:?}")
    };
    call.clone()
}

impl Chat {
    fn returns(&mut self, outcome: &Result<Returned, Fault>) -> Vec<String> {
        self.lines(Input::Returned(outcome))
    }
}

const SCRIPT: &str = "
version: 1
start: ask
region: US
on_error: sorry
variables: { score: 1 }
nodes:
  ask:
    free_text: { text: How many?, next: script }
  script:
    script:
      source: |
        context.set('tier', 'gold');
        next();
      next: thanks
      ways: [ask, end]
  thanks:
    say: { text: 'You are {{ vars.tier }}, {{ user.plan }}, {{ results.script }}', next: end }
  sorry:
    say: { text: Sorry, next: end }
";

/// A chat whose script runs.
fn script() -> (Chat, Context) {
    let mut chat = Chat::with(SCRIPT);
    chat.visitor.name = "Ann".to_owned();
    chat.visitor.properties = json!({ "plan": "free" }).into();
    chat.visitor.metadata = json!({ "shop": 7 }).into();
    chat.start();
    let effects = chat.put(Input::Reply {
        text: "12",
        payload: None,
    });
    let call = call(&effects);
    assert_eq!(call.node, "script");
    let Ask::Script { source, context } = call.ask else {
        panic!("{call:?}")
    };
    assert_eq!(source, "context.set('tier', 'gold');\nnext();\n");
    (chat, context)
}

fn outcome(next: Option<&str>) -> Outcome {
    Outcome {
        next: next.map(str::to_owned),
        user: map(
            json!({ "plan": "paid", "name": "Ann B", "email": "no address", "phone": "415 555 2671" }),
        ),
        vars: map(json!({ "tier": "gold" })),
        said: vec!["Counting".to_owned(), " ".to_owned()],
        result: json!(12),
        ..Outcome::default()
    }
}

#[test]
fn a_script_knows_the_chat() {
    let (_, context) = script();
    assert_eq!(
        context,
        Context {
            user: map(json!({ "name": "Ann", "email": null, "phone": null, "plan": "free" })),
            answers: map(json!({ "ask": "12" })),
            metadata: map(json!({ "shop": 7 })),
            vars: map(json!({ "score": 1 })),
            goals: Vec::new(),
        }
    );
}

#[test]
fn a_script_goes_on_and_leaves_what_it_set() {
    let (mut chat, _) = script();
    let lines = chat.returns(&Ok(Returned::Script(outcome(None))));
    assert_eq!(
        lines,
        [
            "sets Name(\"Ann B\")",
            "sets PhoneNumber(PhoneNumber(\"+14155552671\"))",
            "sets Property(\"plan\", String(\"paid\"))",
            "says Counting",
            "says You are gold, paid, 12",
            "ends"
        ]
    );
}

#[test]
fn a_script_names_a_node_only_if_the_flow_says_so() {
    let named = |name| {
        let (mut chat, _) = script();
        let lines = chat.returns(&Ok(Returned::Script(outcome(Some(name)))));
        lines
            .into_iter()
            .filter(|line| !line.starts_with("sets"))
            .collect::<Vec<_>>()
    };
    assert_eq!(named("ask"), ["says Counting", "says How many?"]);
    assert_eq!(named("end"), ["says Counting", "ends"]);
    assert_eq!(named("thanks"), ["says Sorry", "ends"]);
    assert_eq!(named("nowhere"), ["says Sorry", "ends"]);
}

#[test]
fn a_script_that_fails_takes_its_error_way() {
    for fault in [Fault::TimedOut, Fault::Failed, Fault::OutOfTime] {
        let (mut chat, _) = script();
        assert_eq!(chat.returns(&Err(fault)), ["says Sorry", "ends"]);
    }
    let (mut chat, _) = script();
    let other = Returned::Dialogflow(Detected::default());
    assert_eq!(chat.returns(&Ok(other)), ["says Sorry", "ends"]);
    let (mut chat, _) = script();
    let mut huge = outcome(None);
    huge.vars.insert("x".to_owned(), "a".repeat(70_000).into());
    assert_eq!(
        chat.returns(&Ok(Returned::Script(huge))),
        ["says Sorry", "ends"]
    );
    assert_eq!(chat.session.vars, map(json!({ "score": 1 })));
}

#[test]
fn what_comes_from_outside_has_no_nul() {
    let (mut chat, _) = script();
    let outcome = Outcome {
        vars: map(json!({ "tier": "g\0old", "\0x": [{ "\0": "\0" }] })),
        user: map(json!({ "pl\0an": "\0" })),
        said: vec!["a\0b".to_owned()],
        result: json!("\0"),
        ..Outcome::default()
    };
    let lines = chat.returns(&Ok(Returned::Script(outcome)));
    assert_eq!(lines[1], "says ab");
    let kept = json!([chat.session, chat.visitor.properties.0]).to_string();
    assert!(!kept.contains("\\u0000") && !kept.contains('\0'), "{kept}");
}

const PLUGIN: &str = "
version: 1
start: shop
nodes:
  shop:
    plugin:
      url: https://plugin.example.org/shop
      timeout_ms: 1500
      next: thanks
      ways: { sold_out: gone }
      retry: Please press a button
      timed_out: slow
      on_error: broken
  thanks: { say: { text: 'Thanks for {{ answers.shop }}{{ vars.size }}', next: end } }
  gone: { say: { text: Gone, next: end } }
  slow: { say: { text: Slow, next: end } }
  broken: { say: { text: Broken, next: end } }
variables: { size: '' }
";

fn plugin(file: &str) -> Chat {
    let mut chat = Chat::with(file);
    assert_eq!(chat.start(), ["calls shop"]);
    chat
}

fn answer(way: Option<&str>, done: bool) -> Answer {
    Answer {
        messages: vec![Said {
            text: "Which size?".to_owned(),
            rich: None,
        }],
        vars: map(json!({ "size": "L" })),
        user: map(json!({ "vip": true })),
        way: way.map(str::to_owned),
        done,
        options: Vec::new(),
    }
}

fn sizes(way: Option<&str>, done: bool) -> Answer {
    let option = |title: &str| Choice {
        title: title.to_owned(),
        value: title.to_lowercase(),
    };
    Answer {
        options: vec![option("Small"), option("Large")],
        ..answer(way, done)
    }
}

#[test]
fn a_plugin_is_asked_with_what_its_node_says() {
    let mut chat = Chat::with(PLUGIN);
    let effects = chat.put(Input::Start);
    let Ask::Plugin {
        url,
        timeout_ms,
        text,
        turn,
        context,
    } = call(&effects).ask
    else {
        panic!("{effects:?}")
    };
    assert_eq!(url, "https://plugin.example.org/shop");
    assert_eq!((timeout_ms, text, turn), (1500, None, 1));
    assert_eq!(context.vars, map(json!({ "size": "" })));
}

#[test]
fn a_plugin_has_a_way_for_each_outcome() {
    let after = |outcome: Result<Returned, Fault>| plugin(PLUGIN).returns(&outcome);
    let answered = |way: Option<&str>| after(Ok(Returned::Plugin(answer(way, true))));
    let set = "sets Property(\"vip\", Bool(true))";
    assert_eq!(
        answered(None),
        [set, "says Which size?", "says Thanks for L", "ends"]
    );
    assert_eq!(
        answered(Some("sold_out")),
        [set, "says Which size?", "says Gone", "ends"]
    );
    assert_eq!(
        answered(Some("gone")),
        ["says Broken", "ends"],
        "no such way"
    );
    assert_eq!(after(Err(Fault::TimedOut)), ["says Slow", "ends"]);
    assert_eq!(after(Err(Fault::Failed)), ["says Broken", "ends"]);
    assert_eq!(after(Err(Fault::OutOfTime)), ["says Broken", "ends"]);
    let other = Ok(Returned::Script(Outcome::default()));
    assert_eq!(after(other), ["says Broken", "ends"]);
}

#[test]
fn a_plugin_may_offer_options_of_its_own() {
    let mut chat = plugin(PLUGIN);
    let lines = chat.returns(&Ok(Returned::Plugin(sizes(None, true))));
    assert_eq!(lines[1..], ["says Which size? [Small] [Large]"]);
    assert_eq!(
        chat.say("Medium"),
        ["says Please press a button [Small] [Large]"]
    );
    assert_eq!(
        chat.choose("Large", 3),
        ["says Please press a button [Small] [Large]"]
    );
    assert_eq!(chat.choose("x", 2), ["says Thanks for LargeL", "ends"]);

    let mut chat = plugin(&PLUGIN.replace("      retry: Please press a button\n", ""));
    let options = Answer {
        messages: Vec::new(),
        ..sizes(Some("sold_out"), false)
    };
    let lines = chat.returns(&Ok(Returned::Plugin(options)));
    assert_eq!(lines[1..], ["says Small / Large [Small] [Large]"]);
    assert_eq!(chat.say("hm"), ["says Small / Large [Small] [Large]"]);
    assert_eq!(chat.say("small"), ["says Gone", "ends"]);
}

#[test]
fn a_plugin_may_take_several_turns() {
    let mut chat = plugin(&PLUGIN.replace("plugin:\n", "plugin:\n      until_done: true\n"));
    let asked = |chat: &mut Chat, text: &str, payload| {
        let effects = chat.put(Input::Reply { text, payload });
        match call(&effects).ask {
            Ask::Plugin { text, turn, .. } => (text.unwrap(), turn),
            other => panic!("{other:?}"),
        }
    };
    chat.returns(&Ok(Returned::Plugin(sizes(None, false))));
    assert_eq!(
        asked(&mut chat, "Something else", None),
        ("Something else".to_owned(), 2)
    );
    chat.returns(&Ok(Returned::Plugin(sizes(None, false))));
    assert_eq!(asked(&mut chat, "?", Some(2)), ("large".to_owned(), 3));
    chat.returns(&Ok(Returned::Plugin(answer(None, false))));
    assert!(matches!(
        &chat.session.place,
        Place::Plugin { turns: 3, .. }
    ));
    assert_eq!(
        asked(&mut chat, "I am done", None),
        ("I am done".to_owned(), 4)
    );
    let lines = chat.returns(&Ok(Returned::Plugin(answer(None, true))));
    assert_eq!(lines[2..], ["says Thanks for I am doneL", "ends"]);
}

#[test]
fn a_plugin_says_rich_content() {
    let mut chat = plugin(PLUGIN);
    let rich = Rich::parse(RichKind::Card, &json!({ "title": "Shirt" })).unwrap();
    let mut said = answer(None, true);
    said.messages[0].rich = Some(rich.clone());
    let returned = Ok(Returned::Plugin(said));
    let effects = chat.put(Input::Returned(&returned));
    let Effect::Say(say) = &effects[1] else {
        panic!("{effects:?}")
    };
    assert_eq!(say.rich, Some(rich));
}

const DIALOGFLOW: &str = "
version: 1
start: hello
on_error: broken
nodes:
  hello: { say: { text: Hello, next: detect } }
  detect:
    dialogflow:
      agent: support
      listen: true
      text: How can I help?
      payload: extra
      parameters: { city: city }
      intents: { weather: sunny }
      next: detect_again
      fallback: detect
  detect_again: { dialogflow: { agent: support, language: sv, silent: true, next: end, fallback: unsure } }
  sunny: { say: { text: 'Sunny in {{ vars.city }} {{ vars.extra.a }} {{ results.detect.intent }}', next: end } }
  unsure: { say: { text: Unsure, next: end } }
  broken: { say: { text: Broken, next: end } }
";

fn dialogflow() -> Chat {
    let mut chat = Chat::with(DIALOGFLOW);
    chat.visitor.metadata = json!({ "language": "en-GB" }).into();
    assert_eq!(chat.start(), ["says Hello", "says How can I help?"]);
    chat
}

fn detected(intent: &str, is_fallback: bool) -> Result<Returned, Fault> {
    Ok(Returned::Dialogflow(Detected {
        intent: Some(intent.to_owned()),
        is_fallback,
        texts: vec!["I see".to_owned()],
        payload: Some(json!({ "a": 1 })),
        parameters: map(json!({ "city": "Malmö", "other": 1 })),
        confidence: 0.5,
    }))
}

#[test]
fn dialogflow_is_asked_what_the_visitor_said() {
    let mut chat = dialogflow();
    let ask = |chat: &mut Chat, input: Input<'_>| call(&chat.put(input)).ask;
    let said = Input::Reply {
        text: " Weather? ",
        payload: None,
    };
    let expected = |language: &str| Ask::Dialogflow {
        agent: "support".to_owned(),
        language: language.to_owned(),
        text: "Weather?".to_owned(),
    };
    assert_eq!(ask(&mut chat, said), expected("en-GB"));
    assert_eq!(
        ask(&mut chat, Input::Returned(&detected("other", false))),
        expected("sv"),
        "the same words go to the next one"
    );
    assert_eq!(chat.returns(&detected("weather", false)), ["ends"]);
}

#[test]
fn dialogflow_leads_on_by_intent() {
    let after = |outcome: Result<Returned, Fault>| {
        let mut chat = dialogflow();
        assert_eq!(chat.say("Weather?"), ["calls detect"]);
        chat.returns(&outcome)
    };
    assert_eq!(
        after(detected("weather", false)),
        ["says I see", "says Sunny in Malmö 1 weather", "ends"]
    );
    assert_eq!(
        after(detected("weather", true)),
        ["says I see", "says How can I help?"]
    );
    assert_eq!(
        after(detected("x", false)),
        ["says I see", "calls detect_again"]
    );
    assert_eq!(after(Err(Fault::TimedOut)), ["says Broken", "ends"]);
    assert_eq!(after(Err(Fault::Failed)), ["says Broken", "ends"]);
}

#[test]
fn dialogflow_is_not_asked_what_nobody_said() {
    let mut chat = dialogflow();
    assert_eq!(chat.say("  "), ["says Broken", "ends"]);
}

#[test]
fn nothing_comes_back_to_a_chat_that_asked_nothing() {
    let mut chat = dialogflow();
    let before = chat.session.clone();
    assert_eq!(chat.returns(&Err(Fault::Failed)), [""; 0]);
    assert_eq!(chat.session, before);
    assert_eq!(chat.say("Weather?"), ["calls detect"]);
    assert_eq!(chat.say("And now?"), [""; 0], "a turn is under way");
}
