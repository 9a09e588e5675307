//! What no script may have: more time, memory or room than is its own, or a way to its neighbours and the machine.

use quartet::flow::script::{Failure, Outcome, Scripts};
use serde_json::{Value, json};

use super::{
    LONG_BUILT_IN, OWNER, call, each_fails, goes_on, goes_to, object, program, run, throws,
};

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
