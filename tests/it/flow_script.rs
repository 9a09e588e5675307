//! Scripts of flows: what they can do, and what no script may do to its neighbours.

use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use proptest::prelude::*;
use quartet::flow::script::{Call, Context, Failure, Outcome, Scripts, Syntax, check};
use quartet::model::AccountId;
use serde_json::{Map, Value, json};

/// Nothing here may take longer, however slow the machine. The built-in below alone would take minutes.
const BOUND: Duration = Duration::from_secs(10);

/// One instruction of the engine, during which it never asks whether to stop.
const LONG_BUILT_IN: &str = "const text = 'a'.repeat(1000000);
    text.lastIndexOf('a'.repeat(500000) + 'b')";

const OWNER: AccountId = AccountId(1);

fn program() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_quartet"))
}

fn call(source: &str) -> Call {
    Call {
        source: source.to_owned(),
        context: Context::default(),
    }
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(object) => object,
        other => panic!("{other} is no object"),
    }
}

fn goes_on() -> Outcome {
    Outcome::default()
}

fn goes_to(node: &str) -> Outcome {
    Outcome {
        next: Some(node.to_owned()),
        ..Outcome::default()
    }
}

/// Runs a script on the only worker of a pool, which must then serve the next one.
async fn run(source: &str) -> Result<Outcome, Failure> {
    let scripts = Scripts::new(program(), 1);
    let begun = Instant::now();
    let ran = scripts.run(OWNER, call(source)).await;
    assert_eq!(
        scripts.run(OWNER, call("next('on')")).await,
        Ok(goes_to("on"))
    );
    assert!(begun.elapsed() < BOUND, "{source}: {:?}", begun.elapsed());
    ran
}

async fn each_fails(sources: &[&str], failure: Failure) {
    for source in sources {
        assert_eq!(run(source).await, Err(failure.clone()), "{source}");
    }
}

async fn throws(source: &str, text: &str) {
    assert_eq!(
        run(source).await,
        Err(Failure::Thrown(text.to_owned())),
        "{source}"
    );
}

#[tokio::test]
async fn a_script_reads_the_chat_and_changes_it() {
    let context = Context {
        user: object(json!({"name": "Ada", "email": "ada@example.com"})),
        answers: object(json!({"size": "L"})),
        metadata: object(json!({"plan": "gold", "__proto__": {"plan": "none"}})),
        vars: object(json!({"count": 1, "list": [1, {"a": null}], "gone": true})),
        goals: vec!["greeted".to_owned()],
    };
    let source = "
        const user = context.getUser();
        context.setUserProperty('plan', context.metadata.plan);
        context.setUserProperty('seen', {name: user.name, plan: context.getUser().plan});
        context.set('count', context.get('count') + 1);
        context.set('again', context.get('count') + 1);
        context.set('list', context.get('list'));
        context.set('gone', undefined);
        context.set('result', [context.getAnswer('size'), typeof context.getAnswer('none'), context.goals]);
        context.say(`Hi ${user.name} 👋`);
        context.say(42);
        console.log('user', {plan: 1}, 2, undefined);
        await null;
        next('vip');
    ";
    let scripts = Scripts::new(program(), 1);
    let ran = scripts.run(
        OWNER,
        Call {
            source: source.to_owned(),
            context,
        },
    );
    let result = json!(["L", "undefined", ["greeted"]]);
    assert_eq!(
        ran.await,
        Ok(Outcome {
            next: Some("vip".to_owned()),
            user: object(json!({"plan": "gold", "seen": {"name": "Ada", "plan": "gold"}})),
            vars: object(json!({
                "count": 2, "again": 3, "list": [1, {"a": null}], "gone": null, "result": result,
            })),
            said: vec!["Hi Ada 👋".to_owned(), "42".to_owned()],
            result,
            logged: vec![r#"user {"plan":1} 2 undefined"#.to_owned()],
        })
    );
}

#[tokio::test]
async fn the_first_next_counts() {
    assert_eq!(run("next()").await, Ok(goes_on()));
    assert_eq!(run("next(undefined); next('b')").await, Ok(goes_on()));
    assert_eq!(run("next('a'); next('b'); next()").await, Ok(goes_to("a")));
    let inner = "next({toString() { next('inner'); return 'outer' }})";
    assert_eq!(run(inner).await, Ok(goes_to("inner")));
}

#[tokio::test]
async fn a_script_that_never_calls_next_fails() {
    let sources = [
        "",
        "1",
        "if (false) next()",
        "await new Promise(() => {}); next()",
    ];
    each_fails(&sources, Failure::NoNext).await;
}

#[tokio::test]
async fn promises_run_to_their_end() {
    let later = "Promise.resolve('a').then(async (name) => { await null; next(name) })";
    assert_eq!(run(later).await, Ok(goes_to("a")));
    let handled = "const lost = Promise.reject(1); next(); await null; lost.catch(() => {})";
    assert_eq!(run(handled).await, Ok(goes_on()));
    throws(
        "next(); Promise.reject(new Error('late'))",
        "Error: late (line 1)",
    )
    .await;
    throws("next(); queueMicrotask(() => { throw 'later' })", "later").await;
}

#[tokio::test]
async fn a_date_and_a_random_number_are_to_be_had() {
    let source = "
        const offset = new Date().getTimezoneOffset();
        const chance = Math.random();
        if (Date.now() > 1.6e12 && offset === 0 && chance >= 0 && chance < 1) next()";
    assert_eq!(run(source).await, Ok(goes_on()));
}

#[tokio::test]
async fn an_endless_script_ends() {
    let sources = [
        "for (;;) {}",
        "const again = () => { Promise.resolve().then(again) }; again(); next()",
        "next(); for (;;) await null",
        "for (;;) { try { for (;;) {} } catch {} }",
        "/^(a+)+$/.test('a'.repeat(40) + 'b'); next()",
        "throw {get message() { for (;;) {} }}",
        "context.set('x', {get x() { for (;;) {} }}); next()",
        "context.say({toString() { for (;;) {} }}); next()",
        "new Proxy({}, {get() { for (;;) {} }}).x",
    ];
    each_fails(&sources, Failure::TimedOut).await;
}

#[tokio::test]
async fn a_long_built_in_ends_with_its_worker() {
    each_fails(&[LONG_BUILT_IN], Failure::TimedOut).await;
}

#[tokio::test]
async fn memory_is_limited() {
    let sources = [
        "let text = 'x'; for (;;) { text += text; text.charCodeAt(0) }",
        "'x'.repeat(1e9)",
        "const all = []; for (;;) all.push([])",
        "const all = []; for (;;) all.push({a: all.length})",
        "new Array(1e9).fill(0)",
        "new Uint8Array(1e9)",
        "new SharedArrayBuffer(1e9)",
    ];
    each_fails(&sources, Failure::Memory).await;
    let rope = "let text = 'x'; for (;;) text += text";
    throws(rope, "InternalError: string too long (line 1)").await;
    let caught = "try { const all = []; for (;;) all.push([]) } catch { next() }";
    assert_eq!(run(caught).await, Ok(goes_on()));
}

#[tokio::test]
async fn the_stack_is_limited() {
    let sources = [
        "function deeper() { return deeper() + 1 } deeper()",
        "const deeper = () => [1].map(deeper); deeper()",
        "let o = {}; for (let i = 0; i < 100000; i++) o = {o}; context.set('o', o); next()",
        "JSON.parse('['.repeat(1000000)); next()",
    ];
    each_fails(&sources, Failure::Stack).await;
}

#[tokio::test]
async fn whatever_is_thrown_is_told_in_one_short_line() {
    throws(
        "throw null",
        "null, as the engine does when no memory is left",
    )
    .await;
    throws("throw undefined", "undefined").await;
    throws("throw Symbol('x')", "a symbol").await;
    throws("throw 'a\\nb\\0c'", "a b\u{fffd}c").await;
    throws("throw {message: 1, toString() { throw 2 }}", "an object").await;
    throws("throw {get message() { throw this }}", "an object").await;
    throws("throw new Proxy({}, {get() { throw 1 }})", "an object").await;
    throws(
        "\n\nundefined.x",
        "TypeError: cannot read property 'x' of undefined (line 3)",
    )
    .await;
    throws(
        "next(",
        "SyntaxError: unexpected token in expression: '' (line 1)",
    )
    .await;
    throws("next(); throw 1", "1").await;
    throws(
        "throw 'x'.repeat(1000000)",
        &format!("{}…", "x".repeat(200)),
    )
    .await;
    let deceit = "const e = new Error('x'); e.name = {toString() { throw 1 }}; \
        Object.defineProperty(e, 'stack', {get() { throw 2 }}); throw e";
    throws(deceit, "x").await;
}

#[tokio::test]
async fn tampering_with_the_language_ends_with_the_script() {
    let scripts = Scripts::new(program(), 1);
    let tamper = "
        Object.prototype.toJSON = () => 'stolen';
        Array.prototype.map = JSON.stringify = JSON.parse = () => 'stolen';
        String.prototype.toString = Promise.prototype.then = null;
        Object.defineProperty(globalThis, 'next', {value: () => {}});
        globalThis.left = 1;
        Object.freeze(globalThis)";
    assert_eq!(scripts.run(OWNER, call(tamper)).await, Err(Failure::NoNext));
    let honest = "
        context.set('seen', {list: [1].map((x) => x + 1), left: typeof left, json: JSON.parse('1')});
        next(await 'on')";
    let seen = json!({"list": [2], "left": "undefined", "json": 1});
    assert_eq!(
        scripts.run(OWNER, call(honest)).await,
        Ok(Outcome {
            vars: object(json!({"seen": seen})),
            ..goes_to("on")
        })
    );
}

#[tokio::test]
async fn there_is_no_door_to_the_machine() {
    let source = "
        const names = ['std', 'os', 'process', 'require', 'print', 'load', 'scriptArgs', 'fetch', 'navigator',
            'performance', 'setTimeout', 'Worker', 'WebAssembly', 'bjson', 'gc'];
        const found = names.filter((name) => name in globalThis);
        for (const name of ['std', 'os', 'qjs:std', '/etc/passwd', './x.js', 'data:text/javascript,1'])
            await import(name).then(() => found.push(name), () => {});
        try { Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0); found.push('wait') } catch {}
        next(found.join() || 'none')";
    assert_eq!(run(source).await, Ok(goes_to("none")));
    let fixed = "import * as std from 'std'; next()";
    assert!(matches!(run(fixed).await, Err(Failure::Thrown(_))));
    let evaluated = "eval('var kept = 1'); next(new Function('return typeof kept')())";
    assert_eq!(run(evaluated).await, Ok(goes_to("undefined")));
}

#[tokio::test]
async fn too_much_in_or_out_is_refused() {
    let sources = [
        "context.set('big', 'x'.repeat(70000)); next()",
        "try { context.set('big', 'x'.repeat(70000)) } catch {} next()",
        "for (let i = 0; ; i++) context.setUserProperty('k' + i, i)",
        "for (let i = 0; i < 33; i++) context.say('x'); next()",
        "context.say('\\u0001'.repeat(20000)); next()",
        "context.set('k'.repeat(70000), 1); next()",
        "next('x'.repeat(70000))",
        "next('\\u0001'.repeat(60000))",
        "context.set('\\u0001'.repeat(60000), 1); next()",
        &format!("next(); {}", " ".repeat(70_000)),
    ];
    each_fails(&sources, Failure::TooLarge).await;
    let again = "for (let i = 0; i < 99; i++) context.set('same', 'x'.repeat(9000)); next()";
    assert_eq!(run(again).await.map(|outcome| outcome.vars.len()), Ok(1));

    let full = "
        context.set('result', 'x'.repeat(65000));
        for (let i = 0; i < 64; i++) console.log('👍'.repeat(200));
        next()";
    assert!(run(full).await.is_ok());

    let mut large = call("next()");
    large
        .context
        .vars
        .insert("v".to_owned(), json!("x".repeat(70_000)));
    let scripts = Scripts::new(program(), 1);
    assert_eq!(scripts.run(OWNER, large).await, Err(Failure::TooLarge));
    let mut deep = call("next()");
    let nested = (0..200).fold(Value::Null, |inner, _| json!([inner]));
    deep.context.vars.insert("v".to_owned(), nested);
    assert_eq!(scripts.run(OWNER, deep).await, Err(Failure::TooLarge));
}

#[tokio::test]
async fn the_console_never_fails_a_script() {
    let source = "
        const round = {}; round.round = round;
        console.error(round, 10n, Symbol(), () => 1, new Error('x'), {toJSON() { throw 1 }}, '\\ud800');
        for (let i = 0; i < 1000; i++) console.log('x'.repeat(1000));
        next()";
    let logged = run(source).await.unwrap().logged;
    let unshown = "something that cannot be shown";
    assert_eq!(
        logged[0],
        format!("{unshown} 10 a symbol () => 1 Error: x {unshown} \u{fffd}")
    );
    assert_eq!(logged.len(), 64);
    assert!(logged.iter().all(|line| line.chars().count() <= 201));
}

#[tokio::test]
async fn what_cannot_be_kept_as_text_is_replaced() {
    let source = "
        context.set('a\\0', ['\\ud83d', {'\\udc4d': 'x\\0y'}, '👍', '\\\\u0000']);
        context.say('\\ud83d\\ud83d\\udc4d');
        next('\\0')";
    assert_eq!(
        run(source).await,
        Ok(Outcome {
            vars: object(json!({
                "a\u{fffd}": ["\u{fffd}", {"\u{fffd}": "x\u{fffd}y"}, "👍", "\\u0000"],
            })),
            said: vec!["\u{fffd}👍".to_owned()],
            ..goes_to("\u{fffd}")
        })
    );
}

#[tokio::test]
async fn a_value_is_taken_once() {
    let source = "
        let reads = 0;
        const value = {get reads() { return ++reads }, f() {}, d: new Date(0), n: NaN, u: undefined};
        context.set('value', value);
        context.set('copy', context.get('value'));
        context.set('nested', {toJSON() { context.set('inner', 1); return 2 }});
        next()";
    let value = json!({"reads": 1, "d": "1970-01-01T00:00:00.000Z", "n": null});
    assert_eq!(
        run(source).await.map(|outcome| outcome.vars),
        Ok(object(
            json!({"value": value, "copy": value, "nested": 2, "inner": 1})
        ))
    );
    throws(
        "context.set('n', 1n)",
        "TypeError: BigInt are forbidden in JSON.stringify (line 1)",
    )
    .await;
    let deepest = "let o = 1; for (let i = 0; i < 64; i++) o = {o}; context.set('o', o); next()";
    assert!(run(deepest).await.is_ok());
    let deeper = "let o = 1; for (let i = 0; i < 65; i++) o = [o]; context.set('o', o); next()";
    throws(
        deeper,
        "RangeError: the value is nested too deeply (line 1)",
    )
    .await;
    throws("context.set()", "TypeError: a name is missing (line 1)").await;
}

#[tokio::test]
async fn two_workers_serve_two_hundred_chats() {
    let scripts = Scripts::new(program(), 2);
    let runs = (0..200).map(|chat| {
        let scripts = scripts.clone();
        async move {
            let mut call = call("context.set('chat', context.get('chat')); next()");
            call.context.vars.insert("chat".to_owned(), json!(chat));
            scripts.run(OWNER, call).await.unwrap().vars["chat"] == json!(chat)
        }
    });
    assert!(join_all(runs).await.into_iter().all(|own| own));
}

#[tokio::test]
async fn a_chat_waits_no_longer_than_the_queue_lasts() {
    let scripts = Scripts::new(program(), 1);
    let calls = (0..1100).map(|_| scripts.run(OWNER, call("for (;;) {}")));
    let begun = Instant::now();
    let ended = join_all(calls).await;
    assert!(begun.elapsed() < 2 * BOUND, "took {:?}", begun.elapsed());
    assert!(ended.contains(&Err(Failure::TimedOut)));
    assert!(ended.contains(&Err(Failure::Unavailable)));
    assert_eq!(scripts.run(OWNER, call("next()")).await, Ok(goes_on()));
}

#[tokio::test]
async fn an_account_with_many_scripts_keeps_no_other_from_its_own() {
    let scripts = Scripts::new(program(), 1);
    let crowd = join_all((0..600).map(|_| scripts.run(OWNER, call("for (;;) {}"))));
    let neighbour = scripts.run(AccountId(2), call("next()"));
    tokio::select! {
        biased;
        ended = crowd => panic!("{} were served first", ended.len()),
        ended = neighbour => assert_eq!(ended, Ok(goes_on())),
    }
}

#[tokio::test]
async fn a_chat_that_goes_away_takes_its_script_along() {
    let scripts = Scripts::new(program(), 1);
    let begun = Instant::now();
    let left = tokio::time::timeout(
        Duration::from_millis(50),
        scripts.run(OWNER, call(LONG_BUILT_IN)),
    );
    left.await.unwrap_err();
    assert_eq!(scripts.run(OWNER, call("next()")).await, Ok(goes_on()));
    assert!(begun.elapsed() < BOUND);
}

#[tokio::test]
async fn without_a_worker_no_script_runs() {
    for program in ["/nowhere/quartet", "/bin/true", "/bin/cat"] {
        let scripts = Scripts::new(PathBuf::from(program), 1);
        let ran = scripts.run(OWNER, call("next()")).await;
        assert_eq!(ran, Err(Failure::Unavailable), "{program}");
    }
}

/// What only Linux shows of a process.
#[cfg(target_os = "linux")]
mod processes {
    use std::os::unix::fs::symlink;

    use rustix::process::{Pid, Signal, kill_process};
    use tempfile::TempDir;

    use super::*;

    /// A name of its own for the program, by which a test finds its own workers.
    struct Named {
        folder: TempDir,
    }

    impl Named {
        fn new() -> Self {
            let folder = TempDir::new().unwrap();
            symlink(program(), folder.path().join("quartet")).unwrap();
            Self { folder }
        }

        fn program(&self) -> PathBuf {
            self.folder.path().join("quartet")
        }

        fn workers(&self) -> Vec<Pid> {
            let program = self.program();
            let processes = std::fs::read_dir("/proc").unwrap().flatten();
            let ours = processes.filter(|process| {
                std::fs::read_to_string(process.path().join("cmdline"))
                    .is_ok_and(|line| line.starts_with(program.to_str().unwrap()))
            });
            let pids = ours.filter_map(|process| process.file_name().to_str()?.parse().ok());
            pids.filter_map(Pid::from_raw).collect()
        }
    }

    #[tokio::test]
    async fn a_worker_that_is_killed_is_replaced() {
        let named = Named::new();
        let scripts = Scripts::new(named.program(), 3);
        let warm = || join_all((0..3).map(|_| scripts.run(OWNER, call("next()"))));
        assert!(warm().await.iter().all(Result::is_ok));
        let before = named.workers();
        assert!(!before.is_empty());
        for worker in &before {
            kill_process(*worker, Signal::KILL).unwrap();
        }
        assert!(warm().await.iter().all(Result::is_ok));
        let after = named.workers();
        assert!(after.iter().all(|worker| !before.contains(worker)));
    }

    #[tokio::test]
    async fn a_pool_that_is_dropped_leaves_no_worker() {
        let named = Named::new();
        let scripts = Scripts::new(named.program(), 1);
        assert_eq!(scripts.run(OWNER, call("next()")).await, Ok(goes_on()));
        assert_eq!(named.workers().len(), 1);
        drop(scripts);
        let begun = Instant::now();
        while !named.workers().is_empty() {
            assert!(begun.elapsed() < BOUND);
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn a_worker_has_nothing_that_it_does_not_need() {
        let named = Named::new();
        let scripts = Scripts::new(named.program(), 1);
        assert_eq!(scripts.run(OWNER, call("next()")).await, Ok(goes_on()));
        let worker = named.workers()[0];
        let about = |what: &str| format!("/proc/{}/{what}", worker.as_raw_pid());

        let environment = std::fs::read_to_string(about("environ")).unwrap();
        assert_eq!(environment, "TZ=UTC\0");
        let folder = std::fs::read_link(about("cwd")).unwrap();
        assert_eq!(folder, PathBuf::from("/"));
        let limits = std::fs::read_to_string(about("limits")).unwrap();
        let limit = |name: &str| {
            let line = limits.lines().find_map(|line| line.strip_prefix(name));
            let columns: Vec<&str> = line.unwrap().split_whitespace().take(2).collect();
            columns.join(" ")
        };
        assert_eq!(limit("Max open files"), "0 0");
        assert_eq!(limit("Max file size"), "0 0");
        assert_eq!(limit("Max core file size"), "0 0");
        assert_eq!(limit("Max processes"), "0 0");
        assert_eq!(limit("Max address space"), "536870912 536870912");
        assert_eq!(limit("Max cpu time"), "2 unlimited");
    }
}

#[test]
fn a_worker_ends_with_its_server_also_inside_a_long_built_in() {
    let mut worker = Command::new(program())
        .arg("script-worker")
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut ready = [1; 4];
    worker
        .stdout
        .as_mut()
        .unwrap()
        .read_exact(&mut ready)
        .unwrap();
    assert_eq!(ready, [0; 4]);
    let call = serde_json::to_vec(&call(LONG_BUILT_IN)).unwrap();
    let mut input = worker.stdin.take().unwrap();
    input
        .write_all(&u32::try_from(call.len()).unwrap().to_le_bytes())
        .unwrap();
    input.write_all(&call).unwrap();
    drop(input);
    let begun = Instant::now();
    assert!(worker.wait().unwrap().success());
    assert!(begun.elapsed() < BOUND);
}

#[test]
fn the_worker_is_no_command_of_its_own() {
    let help = Command::new(program()).arg("--help").output().unwrap();
    assert!(
        !String::from_utf8(help.stdout)
            .unwrap()
            .contains("script-worker")
    );
}

#[test]
fn a_check_tells_the_line_of_what_does_not_parse() {
    let syntax = |line, message: &str| {
        Err(Syntax {
            line,
            message: message.to_owned(),
        })
    };
    assert_eq!(check(""), Ok(()));
    assert_eq!(check("const a = await 1;\nnext(a)"), Ok(()));
    assert_eq!(check("throw 1; next(context.get('x'))"), Ok(()));
    assert_eq!(check("for (;;) {}"), Ok(()));
    assert_eq!(check("next(\n'a'\n"), syntax(3, "Unexpected end of input"));
    assert_eq!(check("\n\nreturn 1"), syntax(3, "return not in a function"));
    assert_eq!(
        check("undeclared = 1; with (x) {}"),
        syntax(1, "invalid keyword: with")
    );
    assert_eq!(check("a\nb\0c"), syntax(2, "holds a NUL"));
    assert_eq!(check(&" ".repeat(33_000)), syntax(1, "longer than 32 KiB"));
}

#[test]
fn no_source_harms_the_server_that_checks_it() {
    let begun = Instant::now();
    let pieces = [
        "(",
        "[",
        "{",
        "{a:",
        "`${",
        "!",
        "-",
        "a?",
        "a?b:",
        "new ",
        "()=>",
        "(a,",
        "async()=>",
        "x=>{",
        "function f(){",
        "class A{static{",
        "class A extends(",
        "a:",
        "if(1)",
        "for(;;)",
        "await ",
        "[...",
        "a=",
        "a**",
        "a.b",
        "a[",
        "a(",
        "a`",
        "/(/",
        "typeof ",
        "do ",
        "switch(1){case ",
        "try{",
        "({get a(){",
        "/((((",
    ];
    for piece in pieces {
        let _ = check(&piece.repeat(32_000 / piece.len()));
        let closed = piece.repeat(300);
        let _ = check(&format!("{closed}1{}", "})]}".repeat(300)));
    }
    for pattern in [
        "(",
        "(?:",
        "(?=",
        "[",
        "a{1000}{1000}",
        "(a|",
        "(?<n>",
        "a|",
        "\\1",
        "[a-z",
    ] {
        let _ = check(&format!("/{}/", pattern.repeat(32_000 / pattern.len())));
        let closed = format!("/{}a{}/", pattern.repeat(5000), ")".repeat(5000));
        let _ = check(&closed);
    }
    assert!(begun.elapsed() < 6 * BOUND, "took {:?}", begun.elapsed());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_text_is_checked(source in "(?s).{0,200}") {
        let _ = check(&source);
    }
}
