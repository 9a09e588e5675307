//! Scenarios: what they compare and how they fail, those of every flow that is shipped, and those of the page that
//! teaches flows.

mod order_status;
mod page;
mod shipped;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use quartet::flow::Flow;
use quartet::flow::scenario::Scenarios;
use quartet::flow::script::Scripts;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("config/flows")
}

fn scripts() -> Scripts {
    Scripts::new(env!("CARGO_BIN_EXE_quartet").into(), 1)
}

/// Everything that goes wrong when scenarios are played on a flow.
async fn failures(flow: &str, scenarios: &str) -> String {
    let flow = Flow::parse(flow).unwrap();
    let scenarios = Scenarios::parse(scenarios).unwrap();
    let played = scenarios.play(&flow, &scripts()).await;
    let failures = played.iter().filter_map(|played| {
        let failure = played.failure.as_ref()?;
        let line = failure.line.unwrap();
        Some(format!("{}, line {line}: {failure}\n", played.name))
    });
    failures.collect()
}

const FLOW: &str = "
version: 1
start: size
on_error: sorry
variables: { tries: 1 }
nodes:
  size:
    multiple_choice:
      text: Which size?
      typing_ms: 500
      options: [{ title: Small, payload: 7, next: price }, { title: Large, next: agent }]
  price:
    plugin: { url: https://plugin.example.org, next: count, timed_out: end }
  count:
    script:
      source: |
        console.log('tries:', context.get('tries'));
        if (context.metadata.broken) throw new Error('broken');
        context.set('tries', context.get('tries') + 1);
        next();
      next: understand
  understand:
    dialogflow: { agent: shop, next: card, fallback: sorry }
  card:
    say: { text: Here you are, rich: { type: card, card: { title: A shirt } }, next: bought }
  bought:
    goal: { name: bought, next: end }
  agent:
    live_agent: { text: One moment, timeout_secs: 60, ended: end, timed_out: sorry }
  sorry:
    say: { text: Sorry, next: end }
";

#[tokio::test]
async fn plugins_and_dialogflow_answer_as_the_scenario_says() {
    let scenarios = r#"
scenarios:
  - name: All is well
    steps:
      - bot:
          - { text: Which size?, options: [{ title: Small, payload: 7 }, Large], typing_ms: 500 }
      - chooses: 7
        returns:
          price: { messages: [{ text: Nine crowns }], variables: { price: 9 }, user: { vip: true } }
          understand: { queryResult: { fulfillmentText: Understood, intent: { displayName: buy } } }
        bot:
          - Nine crowns
          - Understood
          - { text: Here you are, rich: { type: card, card: { title: A shirt } } }
        ends: true
        vars: { price: 9, tries: 2, other: null }
        user: { vip: true, name: null }
        answers: { size: Small }
        results: { understand.intent: buy }
        goals: [bought]
  - name: Nothing comes back
    steps:
      - says: small
        fails: { price: timed_out }
        ends: true
"#;
    assert_eq!(failures(FLOW, scenarios).await, "");
}

/// Scenarios of it, none of which is right.
const WRONG: &str = r#"
scenarios:
  - name: Other words
    steps:
      - bot: What size?
        at: price
        vars: { tries: 2, none: 1 }
        goals: [bought]
  - name: Another number and another time
    steps:
      - bot: { text: Which size?, options: [{ title: Small, payload: 8 }, Large], typing_ms: 5 }
  - name: Nothing is said to come back
    steps:
      - chooses: Small
        bot: Sorry
        ends: true
  - name: What comes back is malformed
    steps:
      - chooses: Small
        returns: { price: { messages: Hello }, count: {} }
        bot: Sorry
        ends: true
  - name: A script throws
    given: { from: count, metadata: { broken: true } }
    steps:
      - fails: { understand: failed }
        bot: Here you are
  - name: There is no such option
    steps:
      - chooses: Medium
  - name: It is over
    steps:
      - says: large
        bot: One moment
        hands_over: true
      - agent_ends: true
        ends: true
      - says: Hello?
  - name: No agent is there
    steps:
      - agent_ends: true
  - name: It begins nowhere
    given: { from: nowhere }
    steps:
      - bot: Hello
"#;

#[tokio::test]
async fn a_failure_shows_what_was_expected_beside_what_came() {
    insta::assert_snapshot!(failures(FLOW, WRONG).await, @r#"
    Other words, line 5: the chat begins
      - says What size?
      - waits at price
      - vars.none = 1
      - vars.tries = 2
      - goals reached: [bought]
      + says Which size? [Small] [Large]
      + waits at size
      + vars.none is not set
      + vars.tries = 1
      + goals reached: []
    Another number and another time, line 11: the chat begins
      - says Which size? [Small = 8] [Large] after 5 ms of typing
      + says Which size? [Small = 7] [Large] after 500 ms of typing
    Nothing is said to come back, line 14: the visitor chooses "Small"
      node `price`: asks, and nothing comes back: `returns` or `fails` lacks it
    What comes back is malformed, line 19: the visitor chooses "Small"
      node `price`: the answer is malformed: messages: invalid type: string "Hello", expected a sequence
      node `count`: asks nothing
    A script throws, line 26: the chat begins
      node `understand`: asks nothing
      - says Here you are
      + says Sorry
      + ends
      script `count` failed: the script threw Error: broken (line 2)
    There is no such option, line 30: the visitor chooses "Medium"
      only this is offered: Small, Large
    It is over, line 38: the visitor says "Hello?"
      the chat has ended
    No agent is there, line 41: the agent ends the live part
      the agents do not have the chat
    It begins nowhere, line 43: the chat begins
      `nowhere` is no node
    "#);
}

#[tokio::test]
async fn the_clock_of_a_script_is_the_scenarios() {
    let flow = "
version: 1
start: tell
on_error: end
nodes:
  tell:
    script:
      source: |
        const then = new Date(0);
        context.set('now', [new Date().toISOString(), Date.now(), then.getTime(), Date.UTC(1970, 0, 2)]);
        context.set('kinds', [typeof Date(), new Date() instanceof Date, Date.length]);
        next();
      next: ask
  ask:
    free_text: { text: Again?, next: tell }
";
    let scenarios = "
scenarios:
  - name: A day
    given: { now: 2026-03-01T12:00:00Z }
    steps:
      - bot: Again?
        vars:
          now: ['2026-03-01T12:00:00.000Z', 1772366400000, 0, 86400000]
          kinds: [string, true, 7]
      - wait: 1d
      - says: 'yes'
        bot: Again?
        vars: { now.0: '2026-03-02T12:00:00.000Z' }
";
    assert_eq!(failures(flow, scenarios).await, "");
}

fn quartet(arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_quartet"));
    let Output {
        status,
        stdout,
        stderr,
    } = command
        .args(arguments)
        .current_dir(folder())
        .env_remove("DATABASE_URL")
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code(), text(stdout), text(stderr))
}

#[test]
fn the_command_plays_the_scenarios_beside_a_flow() {
    let (code, out, error) = quartet(&["bot", "test", "demo.yaml"]);
    insta::assert_snapshot!(out, @r#"
    passed  A visitor leaves name, e-mail address and phone number
    passed  Every question is asked again until the answer will do
    passed  The title of an option is as good as its button
    passed  A visitor talks with an agent
    passed  Nobody comes within ten minutes
    passed  A visitor gives up waiting
    6 passed, 0 failed
    "#);
    assert_eq!((code, error.as_str()), (Some(0), ""));
}

#[test]
fn the_command_fails_when_a_scenario_does() {
    let folder = tempfile::TempDir::new().unwrap();
    let path = folder.path().join("other.yaml");
    std::fs::write(
        &path,
        "scenarios:\n  - name: A\n    steps:\n      - bot: Good morning!\n",
    )
    .unwrap();
    let path = path.to_str().unwrap();
    let (code, out, error) = quartet(&["bot", "test", "demo.yaml", "--scenarios", path]);
    assert_eq!(code, Some(1));
    insta::assert_snapshot!(out.replace(path, "other.yaml"), @r#"
    FAILED  A
    other.yaml:4: the chat begins
      - says Good morning!
      + says Hello!
      + says Please choose an option [Option 1] [Option 2]
    0 passed, 1 failed
    "#);
    insta::assert_snapshot!(error, @"quartet: demo.yaml does not do what its scenarios say");

    std::fs::write(path, "scenarios:\n  - name: A\n    step: []\n").unwrap();
    let (code, out, error) = quartet(&["bot", "test", "demo.yaml", "--scenarios", path]);
    assert_eq!((code, out.as_str()), (Some(1), ""));
    insta::assert_snapshot!(error.replace(path, "other.yaml"), @r#"
    quartet: other.yaml is not sound
    other.yaml:3: unknown field `step`, expected one of name, given, steps
    "#);
}

fn problems(text: &str) -> String {
    Scenarios::parse(text).unwrap_err().to_string()
}

#[test]
fn what_is_wrong_with_a_scenario_is_told_with_its_line() {
    let steps = "scenarios:\n  - name: A\n    steps:\n";
    let told = [
        problems("scenarios: []"),
        problems("scenarios:\n  - name: A\n    steps: []"),
        problems("scenarios:\n  - name: A\n    giving: {}\n    steps: []"),
        problems(&format!("{steps}      - bot: Hi\n      - bot: Ho")),
        problems(&format!("{steps}      - says: a\n        wait: 10m")),
        problems(&format!("{steps}      - wait: 10")),
        problems(&format!("{steps}      - say: a")),
        problems(&format!("{steps}      - bot: 5")),
        problems(&format!(
            "{steps}      - bot:\n          - text: a\n            option: b"
        )),
        problems(&format!(
            "{steps}      - bot: {{ text: a, options: [{{ titel: b }}] }}"
        )),
        problems(&format!(
            "{steps}      - returns: {{ a: {{}} }}\n        fails: {{ a: failed }}"
        )),
        problems(&format!("{steps}      - fails: {{ a: slow }}")),
    ];
    insta::assert_snapshot!(told.join("\n"), @r"
    holds no scenario
    line 2: the scenario has no steps
    line 3: unknown field `giving`, expected one of name, given, steps
    line 5: nothing happens in this step: it needs `says`, `chooses`, `agent_says`, `agent_ends`, `visitor_declines` or `wait`
    line 4: more than one thing happens in this step
    line 4: `10` is no time to wait, such as 90s, 10m, 2h or 1d
    line 4: unknown field `say`, expected one of says, chooses, agent_says, agent_ends, visitor_declines, wait, returns, fails, bot, hands_over, ends, at, vars, answers, user, results, goals
    line 4: invalid type: integer `5`, expected a text (in quotes if it looks like something else), a map, or a list of them
    line 6: unknown field `option`, expected one of text, options, rich, typing_ms
    line 4: unknown field `titel`, expected one of title, payload
    line 4: `a` stands in `returns` and in `fails`
    line 4: unknown variant `slow`, expected one of timed_out, failed
    ");
}
