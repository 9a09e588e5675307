//! What a script can do, and what is told of what it threw.

use quartet::flow::script::{Call, Context, Failure, Outcome, Scripts};
use serde_json::json;

use super::{OWNER, each_fails, goes_on, goes_to, object, program, run, throws};

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
