//! What a script sees of the chat, and what is kept of what it does.

use std::cell::RefCell;
use std::rc::Rc;

use rquickjs::convert::Coerced;
use rquickjs::function::{Func, Opt, Rest};
use rquickjs::{Ctx, Exception, FromJs, Object, Result};
use serde::Serialize;
use serde_json::{Map, Value};

use super::protocol::Answer;
use super::text::{line, mend};
use super::{Context, DATA_BYTES, Failure, MESSAGES, Outcome};

/// How deeply a value may be nested. It is read again inside other JSON, and the parser stops at 128.
const DEPTH: usize = 64;
const LOG_LINES: usize = 64;
const LONGEST_LOG_LINE: usize = 200;

/// What the console has for a value that throws when it is looked at, or goes round in a circle.
const UNSHOWN: &str = "something that cannot be shown";

type JsValue<'js> = rquickjs::Value<'js>;

/// A chat as a script has it before it.
pub(super) struct Host {
    given: Context,
    done: RefCell<Done>,
}

/// What a script has done so far.
#[derive(Default)]
struct Done {
    next: Option<Option<String>>,
    user: Map<String, Value>,
    vars: Map<String, Value>,
    said: Vec<String>,
    logged: Vec<String>,
    /// How much of the above counts, as JSON.
    bytes: usize,
    too_large: bool,
    /// Promises that were rejected and not handled since, and what the last one was rejected with.
    rejected: usize,
    rejection: Option<Failure>,
}

impl Done {
    /// Takes note of so many bytes more, and fewer for what they replace.
    fn count(&mut self, more: usize, fewer: usize) -> bool {
        let bytes = (self.bytes + more).saturating_sub(fewer);
        if bytes > DATA_BYTES {
            self.too_large = true;
        } else {
            self.bytes = bytes;
        }
        !self.too_large
    }
}

impl Host {
    pub(super) fn new(given: Context) -> Self {
        Self {
            given,
            done: RefCell::default(),
        }
    }

    /// Takes note of a promise that was rejected with nobody listening, or of somebody who has come to listen since.
    pub(super) fn rejected(&self, handled: bool, reason: impl FnOnce() -> Failure) {
        // Looked at first: the script's own code may run, and reject another promise.
        let reason = (!handled).then(reason);
        let mut done = self.done.borrow_mut();
        match reason {
            Some(reason) => {
                done.rejected += 1;
                done.rejection = Some(reason);
            }
            None => done.rejected = done.rejected.saturating_sub(1),
        }
    }

    /// What has become of the script, which has ended.
    pub(super) fn outcome(&self, ended: std::result::Result<(), Failure>) -> Answer {
        let done = self.done.take();
        if done.too_large {
            return Err(Failure::TooLarge);
        }
        ended?;
        if let Some(rejection) = done.rejection.filter(|_| done.rejected > 0) {
            return Err(rejection);
        }
        Ok(Outcome {
            next: done.next.ok_or(Failure::NoNext)?,
            result: done.vars.get("result").cloned().unwrap_or_default(),
            user: done.user,
            vars: done.vars,
            said: done.said,
            logged: done.logged,
        })
    }

    fn next<'js>(&self, ctx: &Ctx<'js>, node: Option<JsValue<'js>>) -> Result<()> {
        let node = match node {
            Some(node) if !node.is_undefined() && !node.is_null() => Some(text(ctx, node)?),
            _ => None,
        };
        let mut done = self.done.borrow_mut();
        if done.next.is_none() {
            let fits = done.count(written(&node), 0);
            done.next = Some(node);
            return fit(ctx, fits);
        }
        Ok(())
    }

    fn user<'js>(&self, ctx: &Ctx<'js>) -> Result<JsValue<'js>> {
        let mut user = self.given.user.clone();
        user.extend(self.done.borrow().user.clone());
        given(ctx, &user)
    }

    fn variable<'js>(&self, ctx: &Ctx<'js>, name: Option<JsValue<'js>>) -> Result<JsValue<'js>> {
        let name = name_of(ctx, name)?;
        let value = self.done.borrow().vars.get(&name).cloned();
        given_or_undefined(ctx, value.as_ref().or_else(|| self.given.vars.get(&name)))
    }

    fn answer<'js>(&self, ctx: &Ctx<'js>, node: Option<JsValue<'js>>) -> Result<JsValue<'js>> {
        let node = name_of(ctx, node)?;
        given_or_undefined(ctx, self.given.answers.get(&node))
    }

    fn keep<'js>(
        &self,
        ctx: &Ctx<'js>,
        place: fn(&mut Done) -> &mut Map<String, Value>,
        name: Option<JsValue<'js>>,
        value: Option<JsValue<'js>>,
    ) -> Result<()> {
        let name = name_of(ctx, name)?;
        let value = match value {
            Some(value) => taken(ctx, value)?,
            None => Value::Null,
        };
        let mut done = self.done.borrow_mut();
        let more = written(&name) + written(&value);
        let before = place(&mut done).get(&name).map(written);
        let fewer = before.map_or(0, |before| written(&name) + before);
        let fits = done.count(more, fewer);
        if fits {
            place(&mut done).insert(name, value);
        }
        fit(ctx, fits)
    }

    fn say<'js>(&self, ctx: &Ctx<'js>, said: Option<JsValue<'js>>) -> Result<()> {
        let Some(said) = said else {
            return Ok(());
        };
        let said = text(ctx, said)?;
        let mut done = self.done.borrow_mut();
        if done.said.len() == MESSAGES {
            done.too_large = true;
        }
        let fits = done.count(written(&said), 0);
        if fits {
            done.said.push(said);
        }
        fit(ctx, fits)
    }

    fn log<'js>(&self, ctx: &Ctx<'js>, values: Vec<JsValue<'js>>) {
        if self.done.borrow().logged.len() == LOG_LINES {
            return;
        }
        let words: Vec<String> = values
            .into_iter()
            .map(|value| shown(ctx, value).unwrap_or_else(|| UNSHOWN.to_owned()))
            .collect();
        let mut done = self.done.borrow_mut();
        // Again: showing a value may have run the script's own code, and that may have logged.
        if done.logged.len() < LOG_LINES {
            done.logged.push(line(&words.join(" "), LONGEST_LOG_LINE));
        }
    }
}

/// Puts the chat where a script finds it.
pub(super) fn install<'js>(ctx: &Ctx<'js>, host: &Rc<Host>) -> Result<()> {
    let context = Object::new(ctx.clone())?;
    context.set("metadata", given(ctx, &host.given.metadata)?)?;
    context.set("goals", given(ctx, &host.given.goals)?)?;
    reading(&context, host)?;
    writing(&context, host)?;
    let globals = ctx.globals();
    globals.set("context", context)?;
    let own = Rc::clone(host);
    let next = move |ctx: Ctx<'js>, node: Opt<JsValue<'js>>| own.next(&ctx, node.0);
    globals.set("next", Func::from(next))?;
    globals.set("console", console(ctx, host)?)
}

fn reading<'js>(context: &Object<'js>, host: &Rc<Host>) -> Result<()> {
    let own = Rc::clone(host);
    let user = move |ctx: Ctx<'js>| own.user(&ctx);
    context.set("getUser", Func::from(user))?;
    let own = Rc::clone(host);
    let answer = move |ctx: Ctx<'js>, node: Opt<JsValue<'js>>| own.answer(&ctx, node.0);
    context.set("getAnswer", Func::from(answer))?;
    let own = Rc::clone(host);
    let variable = move |ctx: Ctx<'js>, name: Opt<JsValue<'js>>| own.variable(&ctx, name.0);
    context.set("get", Func::from(variable))
}

fn writing<'js>(context: &Object<'js>, host: &Rc<Host>) -> Result<()> {
    let own = Rc::clone(host);
    let property = move |ctx: Ctx<'js>, name: Opt<JsValue<'js>>, value: Opt<JsValue<'js>>| {
        own.keep(&ctx, |done| &mut done.user, name.0, value.0)
    };
    context.set("setUserProperty", Func::from(property))?;
    let own = Rc::clone(host);
    let variable = move |ctx: Ctx<'js>, name: Opt<JsValue<'js>>, value: Opt<JsValue<'js>>| {
        own.keep(&ctx, |done| &mut done.vars, name.0, value.0)
    };
    context.set("set", Func::from(variable))?;
    let own = Rc::clone(host);
    let say = move |ctx: Ctx<'js>, said: Opt<JsValue<'js>>| own.say(&ctx, said.0);
    context.set("say", Func::from(say))
}

fn console<'js>(ctx: &Ctx<'js>, host: &Rc<Host>) -> Result<Object<'js>> {
    let console = Object::new(ctx.clone())?;
    for name in ["debug", "error", "info", "log", "warn"] {
        let own = Rc::clone(host);
        let log = move |ctx: Ctx<'js>, values: Rest<JsValue<'js>>| own.log(&ctx, values.0);
        console.set(name, Func::from(log))?;
    }
    Ok(console)
}

/// A value of ours, made the script's.
fn given<'js>(ctx: &Ctx<'js>, value: &impl Serialize) -> Result<JsValue<'js>> {
    let json = serde_json::to_vec(value).expect("JSON can be written as JSON");
    ctx.json_parse(json)
}

fn given_or_undefined<'js>(ctx: &Ctx<'js>, value: Option<&Value>) -> Result<JsValue<'js>> {
    match value {
        Some(value) => given(ctx, value),
        None => Ok(JsValue::new_undefined(ctx.clone())),
    }
}

/// A value of the script's, made ours. Getters and `toJSON` run now, and never again.
fn taken<'js>(ctx: &Ctx<'js>, value: JsValue<'js>) -> Result<Value> {
    let Some(json) = ctx.json_stringify(value)? else {
        return Ok(Value::Null);
    };
    let json = json.to_string()?;
    match serde_json::from_str(&mend(&json)) {
        Ok(value) if is_shallow(&value, DEPTH) => Ok(value),
        // What the engine writes is JSON: only its depth can be too much for the parser.
        _ => Err(Exception::throw_range(
            ctx,
            "the value is nested too deeply",
        )),
    }
}

fn is_shallow(value: &Value, depth: usize) -> bool {
    match value {
        Value::Array(items) => depth > 0 && items.iter().all(|item| is_shallow(item, depth - 1)),
        Value::Object(fields) => {
            depth > 0 && fields.values().all(|item| is_shallow(item, depth - 1))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
    }
}

/// The text that a value is, or is turned into.
fn text<'js>(ctx: &Ctx<'js>, value: JsValue<'js>) -> Result<String> {
    let text = Coerced::<rquickjs::String<'js>>::from_js(ctx, value)?;
    match taken(ctx, text.0.into_value())? {
        Value::String(text) => Ok(text),
        other => Ok(other.to_string()),
    }
}

/// A value as the console shows it, if it can be shown.
pub(super) fn shown<'js>(ctx: &Ctx<'js>, value: JsValue<'js>) -> Option<String> {
    let shown = if value.is_object() && !value.is_function() && !value.is_error() {
        taken(ctx, value).map(|value| value.to_string())
    } else if value.is_symbol() {
        Ok("a symbol".to_owned())
    } else {
        text(ctx, value)
    };
    if shown.is_err() {
        ctx.catch();
    }
    shown.ok()
}

fn name_of<'js>(ctx: &Ctx<'js>, name: Option<JsValue<'js>>) -> Result<String> {
    let missing = || Exception::throw_type(ctx, "a name is missing");
    text(ctx, name.ok_or_else(missing)?)
}

/// How long a value is as JSON.
fn written(value: &impl Serialize) -> usize {
    serde_json::to_string(value).map_or(0, |json| json.len())
}

fn fit(ctx: &Ctx<'_>, fits: bool) -> Result<()> {
    if fits {
        return Ok(());
    }
    Err(Exception::throw_range(ctx, "the script makes too much"))
}
