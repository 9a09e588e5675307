//! Whatever the graph and whatever comes in, a turn stops somewhere sensible.

use proptest::prelude::*;
use quartet::flow::call::{Answer, Choice, Detected, Fault, Outcome, Returned, Said};
use quartet::flow::{Effect, Flow, Input, Place, Session, Turn, Visitor, advance};
use serde_json::{Map, Value, json};

/// One of `count` nodes, from the one at `from` on, or the end.
fn way(from: usize, count: usize) -> impl Strategy<Value = String> {
    (from..=count).prop_map(move |at| {
        if at == count {
            "end".to_owned()
        } else {
            format!("n{at}")
        }
    })
}

/// The node at a place among `count`. One that waits leads anywhere, and any other onwards: that makes no circle.
fn node(at: usize, count: usize) -> impl Strategy<Value = String> {
    let way = move || way(0, count);
    let on = move || self::way(at + 1, count);
    prop_oneof![
        on().prop_map(|next| format!("{{ say: {{ text: Hi, next: {next} }} }}")),
        on().prop_map(|next| format!("{{ link: {{ next: {next} }} }}")),
        on().prop_map(|next| format!("{{ goal: {{ name: g, next: {next} }} }}")),
        (way(), way()).prop_map(|(a, b)| format!(
            "{{ multiple_choice: {{ text: Which?, options: [{{ title: a, next: {a} }}, {{ title: b, next: {b} }}] }} }}"
        )),
        way().prop_map(|next| format!("{{ free_text: {{ text: What?, next: {next} }} }}")),
        (way(), way()).prop_map(|(next, lost)| format!(
            "{{ email: {{ text: Where?, next: {next}, give_up: {{ after: 2, next: {lost} }} }} }}"
        )),
        (way(), way(), way()).prop_map(|(ended, declined, late)| format!(
            "{{ live_agent: {{ offer: {{ text: Agent?, accept: a, decline: b }}, timeout_secs: 5, ended: {ended}, \
             declined: {declined}, timed_out: {late} }} }}"
        )),
        on().prop_map(|next| format!("{{ set: {{ vars: {{ x: '{{{{ user.a }}}}' }}, next: {next} }} }}")),
        (on(), on()).prop_map(|(a, b)| format!(
            "{{ condition: {{ any: [{{ input: user.a, operator: exists }}], then: {a}, else: {b} }} }}"
        )),
        (on(), on(), on()).prop_map(|(next, named, error)| format!(
            "{{ script: {{ source: next(), next: {next}, ways: [{named}], on_error: {error} }} }}"
        )),
        (on(), on(), on(), any::<bool>()).prop_map(|(next, named, error, until_done)| format!(
            "{{ plugin: {{ url: 'https://x.org', until_done: {until_done}, next: {next}, ways: {{ a: {named} }}, \
             on_error: {error} }} }}"
        )),
        (on(), on(), on(), any::<bool>()).prop_map(|(next, fallback, error, listen)| format!(
            "{{ dialogflow: {{ agent: a, listen: {listen}, next: {next}, intents: {{ a: {fallback} }}, \
             fallback: {fallback}, on_error: {error} }} }}"
        )),
    ]
}

fn flow() -> impl Strategy<Value = String> {
    (1usize..12)
        .prop_flat_map(|count| (0..count).map(|at| node(at, count)).collect::<Vec<_>>())
        .prop_map(|nodes| {
            let lines = nodes
                .iter()
                .enumerate()
                .map(|(at, node)| format!("  n{at}: {node}\n"));
            format!(
                "version: 1\nstart: n0\nnodes:\n{}",
                lines.collect::<String>()
            )
        })
}

fn input() -> impl Strategy<Value = (u8, String, Option<i64>)> {
    let text = prop_oneof![
        Just("a".to_owned()),
        Just("b".to_owned()),
        Just("a@example.org".to_owned()),
        ".*"
    ];
    (0u8..8, text, prop::option::of(0i64..20))
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<f64>().prop_map(|number| json!(number)),
        ".{0,9}".prop_map(Value::from),
        Just(json!({ "a": [1, { "\0": "\0" }] })),
        Just(Value::from("a".repeat(70_000))),
    ]
}

fn map() -> impl Strategy<Value = Map<String, Value>> {
    let key = prop_oneof![Just("a".to_owned()), Just("email".to_owned()), ".{0,3}"];
    prop::collection::vec((key, value()), 0..3).prop_map(Map::from_iter)
}

fn name() -> impl Strategy<Value = Option<String>> {
    prop::option::of(prop_oneof![
        Just("a".to_owned()),
        Just("n1".to_owned()),
        Just("end".to_owned()),
        ".{0,3}"
    ])
}

/// Whatever may come back from outside, fitting or not.
fn returned() -> impl Strategy<Value = Result<Returned, Fault>> {
    let script =
        (name(), map(), map(), value(), ".{0,5}").prop_map(|(next, user, vars, result, said)| {
            Ok(Returned::Script(Outcome {
                next,
                user,
                vars,
                said: vec![said],
                result,
                ..Outcome::default()
            }))
        });
    let plugin = (name(), map(), map(), any::<(bool, bool)>(), ".{0,5}").prop_map(
        |(way, user, vars, (done, offers), said)| {
            let option = Choice {
                title: said.clone(),
                value: "v".to_owned(),
            };
            Ok(Returned::Plugin(Answer {
                messages: vec![Said {
                    text: said,
                    rich: None,
                }],
                options: if offers { vec![option] } else { Vec::new() },
                vars,
                user,
                way,
                done,
            }))
        },
    );
    let detected = (name(), any::<bool>(), map(), value()).prop_map(
        |(intent, is_fallback, parameters, payload)| {
            Ok(Returned::Dialogflow(Detected {
                intent,
                is_fallback,
                texts: vec!["I see".to_owned(), String::new()],
                payload: Some(payload),
                parameters,
                confidence: 0.5,
            }))
        },
    );
    let fault = prop_oneof![
        Just(Fault::TimedOut),
        Just(Fault::Failed),
        Just(Fault::OutOfTime)
    ];
    prop_oneof![script, plugin, detected, fault.prop_map(Err)]
}

/// Walks until the bot asks nothing outside any more.
fn settle(
    flow: &Flow,
    session: Session,
    input: Input<'_>,
    outcomes: &mut impl Iterator<Item = Result<Returned, Fault>>,
) -> (Turn, usize) {
    let mut turn = advance(flow, session, Visitor::default(), input);
    let mut calls = 0;
    while turn.effects.last().is_some_and(Effect::is_call) {
        calls += 1;
        assert!(calls <= 100, "asks for ever");
        let outcome = outcomes.next().unwrap();
        turn = advance(flow, turn.session, turn.visitor, Input::Returned(&outcome));
    }
    (turn, calls)
}

/// Drops what cannot be reached, so that more of the graphs are sound.
fn soundest(file: &str) -> Option<Flow> {
    let mut file = file.to_owned();
    loop {
        let problems = match Flow::parse(&file) {
            Ok(flow) => return Some(flow),
            Err(problems) => problems,
        };
        let lost: Vec<String> = problems
            .0
            .iter()
            .map(|problem| {
                let is_lost = problem.cause.starts_with("cannot be reached");
                let node = problem.node.clone().filter(|_| is_lost)?;
                Some(format!("  {node}: "))
            })
            .collect::<Option<_>>()?;
        file = file
            .lines()
            .filter(|line| !lost.iter().any(|lost| line.starts_with(lost)))
            .map(|line| format!("{line}\n"))
            .collect();
    }
}

proptest! {
    #[test]
    fn a_turn_ends_in_a_question_a_hand_over_or_the_end(
        file in flow(),
        inputs in prop::collection::vec(input(), 0..12),
        outcomes in prop::collection::vec(returned(), 1..8),
    ) {
        let Some(flow) = soundest(&file) else { return Ok(()) };
        let mut outcomes = outcomes.into_iter().cycle();
        let (mut turn, mut calls) = settle(&flow, Session::default(), Input::Start, &mut outcomes);
        for (kind, text, payload) in &inputs {
            let stopped = match (&turn.session.place, turn.effects.last()) {
                (Place::Live { .. }, Some(last)) => matches!(last, Effect::HandOver { .. }),
                (Place::Ended, Some(last)) => *last == Effect::End,
                (Place::Question { .. } | Place::Plugin { .. }, last) => {
                    !matches!(last, Some(Effect::End | Effect::HandOver { .. } | Effect::Call(_)))
                }
                (_, None) => calls == 0,
                (Place::Beginning | Place::Calling { .. }, Some(_)) => false,
            };
            prop_assert!(stopped, "{file}\n{turn:?}");
            let ends = turn.effects.iter().filter(|effect| matches!(effect, Effect::End | Effect::HandOver { .. }));
            prop_assert!(ends.count() <= 1);
            let kept = json!(turn.session);
            prop_assert!(!kept.to_string().contains("\\u0000"));
            prop_assert_eq!(&serde_json::from_value::<Session>(kept).unwrap(), &turn.session);
            let input = match kind {
                0 => Input::AgentEnded,
                1 => Input::LiveTimeout,
                2 => Input::VisitorDeclined,
                3 => Input::Start,
                _ => Input::Reply { text, payload: *payload },
            };
            (turn, calls) = settle(&flow, turn.session, input, &mut outcomes);
        }
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in ".{0,400}") {
        let _ = Flow::parse(&text);
        let _ = Flow::parse(&format!("version: 1\nstart: a\nnodes:\n  a: {text}"));
        let _ = Flow::parse(&format!("version: 1\nstart: a\nnodes: {{ a: {{ say: {{ text: {text:?}, next: end }} }} }}"));
    }
}
