//! One script's engine: made for it, limited, and thrown away after it.

use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use rquickjs::context::{EvalOptions, intrinsic as js};
use rquickjs::{Ctx, Object, Promise, Runtime, Value};

use super::check::Syntax;
use super::host::{self, Host};
use super::protocol::Answer;
use super::{Call, Failure, HEAP_BYTES, STACK_BYTES, TIME, text};

/// What the engine calls the script in its stack traces.
const FILE: &str = "script";
/// How much of what was thrown is told.
const LONGEST_TOLD: usize = 200;
/// What is told of null. Without the memory for an error the engine throws it itself.
const NULL: &str = "null, as the engine does when no memory is left";
/// Leaves before the server kills: a script that can be interrupted does not cost its worker.
const TIME_INSIDE: Duration = TIME.saturating_sub(Duration::from_millis(10));

/// The language. `performance` is left out: no script needs a finer clock than `Date`.
type Language = (
    (js::Date, js::Eval, js::RegExpCompiler, js::RegExp, js::Json),
    (js::Proxy, js::MapSet, js::TypedArrays, js::Promise),
    (js::WeakRef, js::DOMException),
);

/// An engine that nothing has run in.
pub(super) struct Sandbox {
    context: rquickjs::Context,
    runtime: Runtime,
    watch: Rc<Watch>,
}

/// Tells when the time is over.
#[derive(Default)]
struct Watch {
    deadline: Cell<Option<Instant>>,
    rang: Cell<bool>,
}

impl Watch {
    fn start(&self) {
        self.deadline.set(Some(Instant::now() + TIME_INSIDE));
    }

    fn rings(&self) -> bool {
        if self
            .deadline
            .get()
            .is_some_and(|deadline| Instant::now() >= deadline)
        {
            self.rang.set(true);
        }
        self.rang.get()
    }
}

impl Sandbox {
    /// A fresh engine with everything of the language and nothing of the machine.
    pub(super) fn new() -> rquickjs::Result<Self> {
        let watch = Rc::new(Watch::default());
        let runtime = Runtime::new()?;
        runtime.set_memory_limit(HEAP_BYTES);
        runtime.set_max_stack_size(STACK_BYTES);
        let alarm = Rc::clone(&watch);
        runtime.set_interrupt_handler(Some(Box::new(move || alarm.rings())));
        let context = rquickjs::Context::custom::<Language>(&runtime)?;
        Ok(Self {
            context,
            runtime,
            watch,
        })
    }

    /// Parses a script without running it.
    pub(super) fn parse(&self, source: &str) -> Result<(), Syntax> {
        // On the first line, so that lines keep their numbers. Scripts are strict whatever stands on top of them, so
        // it does not matter that nothing stands on top any more.
        let source = format!("throw 0;{source}");
        self.context
            .with(|ctx| evaluate(&ctx, source).map_err(|_| syntax(&ctx)))
    }

    /// Runs a script to its end.
    pub(super) fn run(&self, call: Call) -> Answer {
        self.watch.start();
        let host = Rc::new(Host::new(call.context));
        let guard = Rc::clone(&host);
        self.runtime
            .set_host_promise_rejection_tracker(Some(Box::new(move |ctx, _, reason, handled| {
                guard.rejected(handled, || thrown(&ctx, &reason));
            })));
        let ran = self.context.with(|ctx| {
            host::install(&ctx, &host)
                .and_then(|()| evaluate(&ctx, call.source))
                .map_err(|error| failure(&ctx, error))
        });
        let ended = ran.and_then(|()| self.run_jobs());
        if self.watch.rings() {
            return Err(Failure::TimedOut);
        }
        match host.outcome(ended) {
            Err(Failure::Thrown(told)) if told == NULL && self.is_full() => Err(Failure::Memory),
            answer => answer,
        }
    }

    fn is_full(&self) -> bool {
        usize::try_from(self.runtime.memory_usage().malloc_size)
            .is_ok_and(|used| used > HEAP_BYTES / 2)
    }

    fn run_jobs(&self) -> Result<(), Failure> {
        while !self.watch.rings() {
            match self.runtime.execute_pending_job() {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => return error.0.with(|ctx| Err(thrown(&ctx, &ctx.catch()))),
            }
        }
        Ok(())
    }
}

/// Compiles a script and runs it to its first `await`. What it throws becomes a rejection.
fn evaluate(ctx: &Ctx<'_>, source: String) -> rquickjs::Result<()> {
    let mut options = EvalOptions::default();
    options.strict = true;
    options.promise = true;
    options.filename = Some(FILE.to_owned());
    ctx.eval_with_options::<Promise<'_>, _>(source, options)?;
    Ok(())
}

fn failure(ctx: &Ctx<'_>, error: rquickjs::Error) -> Failure {
    match error {
        rquickjs::Error::Exception => thrown(ctx, &ctx.catch()),
        rquickjs::Error::Allocation => Failure::Memory,
        error => Failure::Thrown(text::line(&error.to_string(), LONGEST_TOLD)),
    }
}

/// What a script threw, which may be an object that fights being looked at.
fn thrown<'js>(ctx: &Ctx<'js>, value: &Value<'js>) -> Failure {
    if value.is_null() {
        return Failure::Thrown(NULL.to_owned());
    }
    let Some(object) = value.as_object() else {
        // Showing what is no object runs no code of the script: it only takes memory.
        return host::shown(ctx, value.clone()).map_or(Failure::Memory, |told| {
            Failure::Thrown(text::line(&told, LONGEST_TOLD))
        });
    };
    let name = own_words(ctx, object, "name");
    let message = own_words(ctx, object, "message");
    if object.is_error() {
        match message.as_deref() {
            Some("out of memory" | "out of memory in regexp execution") => return Failure::Memory,
            Some("Maximum call stack size exceeded") => return Failure::Stack,
            _ => {}
        }
    }
    let mut told = match (name, message) {
        (Some(name), Some(message)) => format!("{name}: {message}"),
        (Some(told), None) | (None, Some(told)) => told,
        (None, None) => "an object".to_owned(),
    };
    told = text::line(&told, LONGEST_TOLD);
    if let Some(line) = own_words(ctx, object, "stack").and_then(|stack| line_in(&stack)) {
        told.push_str(&format!(" (line {line})"));
    }
    Failure::Thrown(told)
}

/// A property if it is a string. Getting it may run the script's own code, and whatever that throws is dropped.
fn own_words<'js>(ctx: &Ctx<'js>, object: &Object<'js>, name: &str) -> Option<String> {
    match object.get::<_, Value<'js>>(name) {
        Ok(value) if value.is_string() => host::shown(ctx, value),
        Ok(_) => None,
        Err(_) => {
            ctx.catch();
            None
        }
    }
}

/// The first line of the script that a stack trace names.
fn line_in(stack: &str) -> Option<usize> {
    let (_, after) = stack.split_once(&format!("{FILE}:"))?;
    after
        .split(|c: char| !c.is_ascii_digit())
        .next()?
        .parse()
        .ok()
}

/// Why a script did not parse.
fn syntax(ctx: &Ctx<'_>) -> Syntax {
    let error = ctx.catch();
    let told = |name| own_words(ctx, error.as_object()?, name);
    let line = told("stack").and_then(|stack| line_in(&stack));
    let message = told("message").unwrap_or_else(|| "cannot be parsed".to_owned());
    Syntax::new(line.unwrap_or(1), text::line(&message, LONGEST_TOLD))
}

impl From<rquickjs::Error> for Syntax {
    fn from(error: rquickjs::Error) -> Self {
        Self::new(1, format!("cannot be checked: {error}"))
    }
}
