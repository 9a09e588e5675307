//! Whatever the graph and whatever comes in, a turn stops somewhere sensible.

use proptest::prelude::*;
use quartet::flow::{Effect, Flow, Input, Place, Session, Visitor, advance};

/// A node that leads to any of `count` nodes or to the end.
fn node(count: usize) -> impl Strategy<Value = String> {
    let way = move || {
        (0..=count).prop_map(move |at| {
            if at == count {
                "end".to_owned()
            } else {
                format!("n{at}")
            }
        })
    };
    prop_oneof![
        way().prop_map(|next| format!("{{ say: {{ text: Hi, next: {next} }} }}")),
        way().prop_map(|next| format!("{{ link: {{ next: {next} }} }}")),
        way().prop_map(|next| format!("{{ goal: {{ name: g, next: {next} }} }}")),
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
    ]
}

fn flow() -> impl Strategy<Value = String> {
    (1usize..12)
        .prop_flat_map(|count| prop::collection::vec(node(count), count))
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
    ) {
        let Some(flow) = soundest(&file) else { return Ok(()) };
        let mut turn = advance(&flow, Session::default(), Visitor::default(), Input::Start);
        for (kind, text, payload) in &inputs {
            let stopped = matches!(
                (&turn.session.place, turn.effects.last()),
                (_, None)
                    | (Place::Question { .. }, Some(Effect::Say(_)))
                    | (Place::Live { .. }, Some(Effect::HandOver { .. }))
                    | (Place::Ended, Some(Effect::End))
            );
            prop_assert!(stopped, "{file}\n{turn:?}");
            let ends = turn.effects.iter().filter(|effect| matches!(effect, Effect::End | Effect::HandOver { .. }));
            prop_assert!(ends.count() <= 1);
            let input = match kind {
                0 => Input::AgentEnded,
                1 => Input::LiveTimeout,
                2 => Input::VisitorDeclined,
                3 => Input::Start,
                _ => Input::Reply { text, payload: *payload },
            };
            turn = advance(&flow, turn.session, Visitor::default(), input);
        }
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in ".{0,400}") {
        let _ = Flow::parse(&text);
        let _ = Flow::parse(&format!("version: 1\nstart: a\nnodes:\n  a: {text}"));
        let _ = Flow::parse(&format!("version: 1\nstart: a\nnodes: {{ a: {{ say: {{ text: {text:?}, next: end }} }} }}"));
    }
}
