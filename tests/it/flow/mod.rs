//! The bot: its file, its steps, and its turns on a database.

mod check;
mod engine;
mod killed;
mod outside;
mod property;
mod reach;
mod turns;

use quartet::flow::{Effect, Flow, Input, Session, Visitor, advance};

/// The flow that the demo runs.
pub(crate) const DEMO: &str = include_str!("../../../config/flows/demo.yaml");

/// A chat with a flow, kept in memory.
struct Chat {
    flow: Flow,
    session: Session,
    visitor: Visitor,
}

impl Chat {
    fn with(file: &str) -> Self {
        Self {
            flow: Flow::parse(file).unwrap(),
            session: Session::default(),
            visitor: Visitor::default(),
        }
    }

    fn put(&mut self, input: Input<'_>) -> Vec<Effect> {
        let turn = advance(
            &self.flow,
            self.session.clone(),
            self.visitor.clone(),
            input,
        );
        self.session = turn.session;
        self.visitor = turn.visitor;
        turn.effects
    }

    /// What the bot does, a line each.
    fn lines(&mut self, input: Input<'_>) -> Vec<String> {
        self.put(input).iter().map(line).collect()
    }

    fn start(&mut self) -> Vec<String> {
        self.lines(Input::Start)
    }

    fn say(&mut self, text: &str) -> Vec<String> {
        self.lines(Input::Reply {
            text,
            payload: None,
        })
    }

    fn choose(&mut self, text: &str, payload: i64) -> Vec<String> {
        let payload = Some(payload);
        self.lines(Input::Reply { text, payload })
    }
}

fn line(effect: &Effect) -> String {
    match effect {
        Effect::Say(say) => {
            let titles = say
                .options
                .iter()
                .map(|option| format!(" [{}]", option.title));
            format!("says {}{}", say.text, titles.collect::<String>())
        }
        Effect::SetContact(change) => format!("sets {change:?}"),
        Effect::Call(call) => format!("calls {}", call.node),
        Effect::HandOver { timeout_secs } => format!("hands over, {timeout_secs:?}"),
        Effect::End => "ends".to_owned(),
    }
}
