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
    line 12: node `lost`: goes round in a circle with no question in it: lost → round → lost
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

/// The problems of a flow with one node and what else is said.
fn node_problems(node: &str) -> String {
    problems(&format!(
        "version: 1\nstart: a\nnodes:\n  a: {{ {node} }}\n  b: {{ free_text: {{ text: B, next: a }} }}"
    ))
}

#[test]
fn an_unsound_condition_is_refused() {
    let told = [
        "",
        "all: [], any: [], ",
        "all: [], ",
        "all: [{ all: [], any: [] }], ",
        "all: [{ all: [{ input: user.x, operator: exists }], input: user.x }], ",
        "any: [{ input: user.x }], ",
        "any: [{ operator: exists }], ",
        "any: [{ input: user.x, operator: exists, value: 1 }], ",
        "any: [{ input: user.x, operator: contains }], ",
        "any: [{ input: user.x, operator: contains, value: '' }], ",
        "any: [{ input: user.x, operator: contains, value: [1] }], ",
        "any: [{ input: user.x, operator: contains, value: '{{ x }}' }], ",
        "any: [{ input: user.x, operator: less_than, value: many }], ",
        "any: [{ input: x, operator: exists }], ",
        "any: [{ input: user.x, operator: equals, value: 1 }], ",
    ]
    .map(|test| node_problems(&format!("condition: {{ {test}then: b, else: b }}")));
    insta::assert_snapshot!(told.join("\n"), @r"
    line 4: node `a`: needs `all` or `any`, one of them
    line 4: node `a`: needs `all` or `any`, one of them
    line 4: node `a`: has a condition without a check
    line 4: node `a`: has `all` and `any` in one condition
    line 4: node `a`: a check has `input` and `operator`, or else `all` or `any`
    line 4: node `a`: a check has `input` and `operator`, or else `all` or `any`
    line 4: node `a`: a check has `input` and `operator`, or else `all` or `any`
    line 4: node `a`: compares nothing, so it has no `value`
    line 4: node `a`: has nothing to compare with: `value` is missing
    line 4: node `a`: is compared with nothing; use exists
    line 4: node `a`: is compared with a text or a number
    line 4: node `a`: `x` stands for nothing: use user.<property>, answers.<node>, metadata.<key>, vars.<name>, results.<node> or goals.<name>
    line 4: node `a`: is compared with a text that is no number
    line 4: node `a`: `x` stands for nothing: use user.<property>, answers.<node>, metadata.<key>, vars.<name>, results.<node> or goals.<name>
    line 4: unknown variant `equals`, expected one of matches, does_not_match, contains, does_not_contain, starts_with, ends_with, exists, does_not_exist, greater_than, less_than
    ");
}

#[test]
fn what_is_looked_at_must_come_from_somewhere() {
    let file = "
version: 1
start: ask
variables: { known: 1 }
nodes:
  ask: { free_text: { text: '{{ vars.known.x }} {{ vars.unknown }} {{ answers.card }}', next: script } }
  script:
    script:
      source: |
        context.set('single', 1); context.set(\"double\", 1);
        context.set( `back`, 1)
      next: card
      on_error: end
  card:
    say:
      text: '{{ vars.single }} {{ vars.double }} {{ vars.back }} {{ results.script.x }} {{ answers.ask }}'
      rich: { type: card, card: { title: '{{ vars.titled }} {{ results.ask }}' } }
      next: if
  if:
    condition:
      all:
        - { input: vars.nothing, operator: exists }
        - { input: goals.reached, operator: exists }
        - { input: user.x, operator: matches, value: '{{ vars.nowhere }}' }
      then: set
      else: detect
  set: { set: { vars: { x: '{{ vars.y }}{{ vars.x }}{{ vars.z }}' }, next: end } }
  detect:
    dialogflow: { agent: a, listen: true, parameters: { p: y }, payload: z, next: end, fallback: end, on_error: end }
";
    insta::assert_snapshot!(problems(file), @r"
    line 6: node `ask`: reads the variable `unknown`, which nothing sets: give it a first value in `variables`
    line 6: node `ask`: reads the answer of `card`, which is no question
    line 17: node `card`: reads the variable `titled`, which nothing sets: give it a first value in `variables`
    line 17: node `card`: reads the result of `ask`, which is no script, plugin or Dialogflow
    line 22: node `if`: reads the variable `nothing`, which nothing sets: give it a first value in `variables`
    line 23: node `if`: reads the goal `reached`, which no node marks
    line 24: node `if`: reads the variable `nowhere`, which nothing sets: give it a first value in `variables`
    ");
}

#[test]
fn an_unsound_outside_node_is_refused() {
    let told = [
        "script: { source: ' ', next: b }",
        "script: { source: next(), ways: [b, b, nowhere, end] }",
        "plugin: { url: 'ftp://x', next: b, on_error: b, timed_out: nowhere }",
        "plugin: { url: /x, timeout_ms: 99, next: b, ways: { x: nowhere } }",
        "plugin: { url: 'https://x.org', timeout_ms: 10001, on_error: b }",
        "dialogflow: { agent: a b, text: Hi }",
        "dialogflow: { agent: a, language: '', payload: a b, parameters: { x: '' }, intents: { x: nowhere },
           next: b, fallback: b, on_error: b }",
        "set: { next: b }",
        "set: { vars: { a b: 1 }, next: b }",
        "say: { next: b }",
        "say: { text: Hi, typing_ms: 60001, next: b }",
        "say: { rich: { type: card, card: { desc: 1 } }, next: b }",
        "say: { text: { en: Hi }, next: b }",
        "say: { text: { en-: Hi }, next: b }",
        "live_agent: { leave: Bye, ended: b }",
    ]
    .map(node_problems);
    insta::assert_snapshot!(told.join("\n"), @r"
    line 4: node `a`: has an empty script
    line 4: node `a`: has no way for a failure: `on_error` is missing here and in the flow
    line 4: node `a`: names the way `b` twice
    line 4: node `a`: leads to `nowhere`, which is no node
    line 4: node `a`: has no way out: `next` is missing
    line 4: node `a`: has no way for a failure: `on_error` is missing here and in the flow
    line 4: node `a`: `url` must be an http or https URL of at most 2048 characters
    line 4: node `a`: leads to `nowhere`, which is no node
    line 4: node `a`: `url` must be an http or https URL of at most 2048 characters
    line 4: node `a`: `timeout_ms` is from 100 to 10000
    line 4: node `a`: has no way for a failure: `on_error` is missing here and in the flow
    line 4: node `a`: leads to `nowhere`, which is no node
    line 4: node `a`: `timeout_ms` is from 100 to 10000
    line 4: node `a`: has no way out: `next` is missing
    line 4: node `a`: an agent's name is letters, digits, `_` and `-`
    line 4: node `a`: has `text` but does not `listen`
    line 4: node `a`: has no way out: `next` is missing
    line 4: node `a`: has no way out: `fallback` is missing
    line 4: node `a`: has no way for a failure: `on_error` is missing here and in the flow
    line 5: node `b`: cannot be reached from `start`
    line 4: node `a`: `a b` is no name of a variable: use letters, digits, `_` and `-`
    line 4: node `a`: `` is no name of a variable: use letters, digits, `_` and `-`
    line 4: node `a`: `` is no language tag, such as en or pt-BR
    line 4: node `a`: leads to `nowhere`, which is no node
    line 4: node `a`: sets nothing: `vars` or `user` is missing
    line 4: node `a`: `a b` is no name of a variable: use letters, digits, `_` and `-`
    line 4: node `a`: has nothing to say: `text` is missing
    line 4: node `a`: `typing_ms` is at most 60000
    line 4: node `a`: `rich`: card.title is missing
    line 4: node `a`: has texts by language, but the flow has no `language` for those who speak none of them
    line 4: node `a`: `en-` is no language tag, such as en or pt-BR
    line 4: node `a`: has texts by language, but the flow has no `language` for those who speak none of them
    line 4: node `a`: has no way out: `declined` is missing
    line 4: node `a`: has `leave` but no `text` to offer it with
    ");
}

#[test]
fn a_flow_in_several_languages_says_everything_in_its_own() {
    let file = "
version: 1
start: a
language: sv
on_error: nowhere
variables: { 'a b': 1, c: \"\\0\" }
nodes:
  a:
    multiple_choice:
      text: { en: Hi, EN: Ho }
      options:
        - { title: { sv: Ja, en: 'Yes' }, next: s }
        - { title: { sv: Jo, en: ' yes' }, next: s }
        - { title: { sv: Nej, en: '' }, next: end }
  s: { script: { source: next(), next: end } }
";
    insta::assert_snapshot!(problems(file), @r"
    line 5: leads to `nowhere`, which is no node
    line 6: `a b` is no name of a variable: use letters, digits, `_` and `-`
    line 6: holds a NUL character
    line 10: node `a`: has two texts in `en`
    line 10: node `a`: has no text in `sv`, the flow's language
    line 13: node `a`: two options read `Jo`
    line 14: node `a`: an option's title has 1 to 255 characters
    ");
}

#[test]
fn a_circle_through_whatever_waits_for_nobody_is_refused() {
    let file = "
version: 1
start: ask
on_error: sorry
nodes:
  ask: { free_text: { text: Well?, next: if } }
  if: { condition: { all: [{ input: user.x, operator: exists }], then: script, else: plugin } }
  script: { script: { source: next(), next: ask, ways: [if, detect] } }
  plugin: { plugin: { url: 'https://x.org', next: ask, ways: { again: plugin } } }
  detect: { dialogflow: { agent: a, next: script, fallback: listen } }
  listen: { dialogflow: { agent: a, listen: true, next: listen, fallback: if } }
  sorry: { link: { next: ask } }
";
    insta::assert_snapshot!(problems(file), @r"
    line 8: node `script`: goes round in a circle with no question in it: script → if → script
    line 9: node `plugin`: goes round in a circle with no question in it: plugin → plugin
    line 10: node `detect`: goes round in a circle with no question in it: detect → script → detect
    ");
}

#[test]
fn the_schema_knows_every_node_and_refuses_other_keys() {
    let schema = File::schema();
    let nodes = schema["$defs"]["Node"]["oneOf"].as_array().unwrap();
    let names: Vec<&str> = nodes
        .iter()
        .map(|node| node["required"][0].as_str().unwrap())
        .collect();
    assert_eq!(
        names,
        [
            "say",
            "multiple_choice",
            "free_text",
            "name",
            "email",
            "phone",
            "link",
            "live_agent",
            "goal",
            "set",
            "condition",
            "script",
            "dialogflow",
            "plugin"
        ]
    );
    assert_eq!(schema["additionalProperties"], false);
    assert_eq!(schema["$defs"]["Say"]["additionalProperties"], false);
    assert_eq!(
        schema["required"],
        serde_json::json!(["version", "start", "nodes"])
    );
    let text = &schema["$defs"]["Question"]["properties"]["text"];
    assert_eq!(text["$ref"], "#/$defs/Localised", "{text}");
}

#[test]
fn a_script_that_does_not_parse_is_told_with_its_own_line() {
    let file = "\
version: 1
start: a
nodes:
  a:
    script:
      source: |
        const a = 1;
        const b = ;
        next();
      next: b
      on_error: end
  b: { script: { source: 'next(', next: end, on_error: end } }
";
    insta::assert_snapshot!(problems(file), @r"
    line 8: node `a`: has a script that does not parse: line 2: unexpected token in expression: ';'
    line 12: node `b`: has a script that does not parse: line 1: unexpected token in expression: ''
    ");
}
