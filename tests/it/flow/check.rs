//! What a flow file may not hold.

use quartet::flow::{File, Flow};

fn problems(file: &str) -> String {
    Flow::parse(file).unwrap_err().to_string()
}

#[test]
fn the_demo_flow_is_sound() {
    let flow = Flow::parse(super::DEMO).unwrap();
    let options: Vec<_> = flow
        .choices()
        .map(|(node, choice)| (node, choice.title.default.as_str(), choice.payload))
        .collect();
    assert_eq!(
        options,
        [
            ("menu", "Option 1", 478_137_613),
            ("menu", "Option 2", 478_137_614)
        ]
    );
}

#[test]
fn a_flow_is_the_same_in_json_and_after_being_kept() {
    let file = File::parse(super::DEMO).unwrap();
    let document = file.to_document();
    let flow = Flow::new(&file).unwrap();
    assert_eq!(Flow::parse(&document.to_string()).unwrap(), flow);
    assert_eq!(Flow::load(&document, []).unwrap(), flow);
}

#[test]
fn a_kept_flow_takes_the_numbers_that_were_given() {
    let file = File::parse(TWO_OPTIONS).unwrap();
    let given = ("ask".to_owned(), "No".to_owned(), 77);
    let flow = Flow::load(&file.to_document(), [given]).unwrap();
    let payloads: Vec<_> = flow.choices().map(|(_, choice)| choice.payload).collect();
    assert_eq!(payloads, [1, 77]);
}

const TWO_OPTIONS: &str = "
version: 1
start: ask
nodes:
  ask:
    multiple_choice:
      text: Well?
      options:
        - { title: 'Yes', next: end }
        - { title: 'No', next: end }
";

#[test]
fn every_problem_is_told_with_its_line_and_node() {
    let file = "\
version: 1
start: ask
nodes:
  ask:
    multiple_choice:
      text: Hello {{ visitor.age }}
      options:
        - { title: One, next: nowhere }
        - { title: ' one', next: end }
        - { title: Two }
  lost:
    say: { text: '{{ answers.lost }}', next: round }
  round:
    link: { next: lost }
";
    insta::assert_snapshot!(problems(file), @r"
    line 6: node `ask`: `visitor.age` stands for nothing: use user.<property>, answers.<node>, metadata.<key>, vars.<name>, results.<node> or goals.<name>
    line 8: node `ask`: leads to `nowhere`, which is no node
    line 9: node `ask`: two options read ` one`
    line 10: node `ask`: has no way out: `next` of option `Two` is missing
    line 12: node `lost`: reads the answer of `lost`, which is no question
    line 12: node `lost`: goes round in a circle with no question in it
    line 12: node `lost`: cannot be reached from `start`
    line 14: node `round`: cannot be reached from `start`
    ");
}

#[test]
fn a_file_of_another_shape_is_told_with_its_line() {
    let nodes = "version: 1\nstart: a\nnodes:\n  a:\n";
    let told = [
        problems(""),
        problems("nodes: ["),
        problems("version: 2\nstart: a\nnodes: {}"),
        problems(&format!("{nodes}    shout: {{ text: Hi }}")),
        problems(&format!("{nodes}    say: {{ text: Hi, nxt: end }}")),
        problems(&format!("{nodes}    say: {{ text: 5, next: end }}")),
        problems(&format!("{nodes}    say: {{ text: \"\\0\", next: end }}")),
        problems(&format!("{nodes}    link: {{ next: end }}\n  a: {{}}")),
    ];
    insta::assert_snapshot!(told.join("\n"), @r"
    line 1: unexpected end of file
    line 1: expected mapping start
    line 1: `version` must be 1
    line 2: `start` names `a`, which is no node
    line 5: unknown variant `shout`, expected one of say, multiple_choice, free_text, name, email, phone, link, live_agent, goal, set, condition, script, dialogflow, plugin
    line 5: unknown field `nxt`, expected one of text, rich, next, typing_ms
    line 5: invalid type: integer `5`, expected a text (in quotes if it looks like something else), or texts by language
    line 5: node `a`: holds a NUL character
    line 6: duplicate mapping key: a not allowed here
    ");
}

#[test]
fn an_unsound_node_is_refused() {
    let told = [
        "live_agent: { offer: { text: A?, accept: Ok, decline: ok }, timeout_secs: 0, ended: end }",
        "live_agent: { ended: end, timed_out: end }",
        "phone: { text: Number?, region: Sweden, next: end, give_up: { after: 0 } }",
        "say: { text: Look, rich: { type: poster, poster: {} }, next: end }",
        "say: { text: Look, rich: { type: card, card: {}, more: 1 }, next: end }",
        "say: { text: [], next: end }",
        "goal: { name: a b, next: end }",
        "multiple_choice: { text: Well?, options: [] }",
        "multiple_choice: { text: Well?, options: [{ title: a, payload: 5, next: end },
           { title: b, payload: 5, next: end }, { title: c, payload: 0, next: end }] }",
    ]
    .map(|node| problems(&format!("version: 1\nstart: a\nnodes:\n  a: {{ {node} }}")));
    insta::assert_snapshot!(told.join("\n"), @r"
    line 4: node `a`: `timeout_secs` must be at least 1
    line 4: node `a`: has no way out: `timed_out` is missing
    line 4: node `a`: has no way out: `declined` is missing
    line 4: node `a`: `accept` and `decline` read the same
    line 4: node `a`: has `timed_out` but no `timeout_secs`
    line 4: node `a`: a region is two capital letters, such as US
    line 4: node `a`: `give_up.after` must be at least 1
    line 4: node `a`: has no way out: `give_up.next` is missing
    line 4: node `a`: `rich.type` is none of the rich content types
    line 4: node `a`: `rich` holds `type` and `card` and nothing else
    line 4: node `a`: has an empty text
    line 4: node `a`: a goal's name is letters, digits, `_` and `-`
    line 4: node `a`: has no options
    line 4: node `a`: has payload 5, as node `a` has
    line 5: node `a`: a payload is a whole number from 1 to 2^53 - 1
    ");
}

#[test]
fn a_chain_that_no_turn_could_walk_is_refused() {
    let mut file = "version: 1\nstart: n0\nnodes:\n".to_owned();
    for at in 0..101 {
        let next = if at == 100 {
            "end".to_owned()
        } else {
            format!("n{}", at + 1)
        };
        file.push_str(&format!("  n{at}: {{ link: {{ next: {next} }} }}\n"));
    }
    insta::assert_snapshot!(problems(&file), @"line 4: node `n0`: starts more than 100 nodes in a row without a question");
}
