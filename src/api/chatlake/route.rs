//! The table of routes: which handler answers a method of a path, and in one line what for. All else that the API's
//! document says of it stands in the handler's signature ([`openapi`](super::openapi)), or else beside it here.

use axum::http::StatusCode;
use axum::routing::{MethodFilter, MethodRouter};

use super::Server;
use super::openapi::{Entry, Signature};

/// A path, and what answers there.
pub(super) type Route = (&'static str, Methods);

/// What answers at a path, for each method.
#[derive(Clone, Default)]
pub(super) struct Methods {
    pub(super) router: MethodRouter<Server>,
    pub(super) operations: Vec<Operation>,
}

/// One method of a path.
#[derive(Clone)]
pub(super) struct Operation {
    pub(super) method: &'static str,
    /// Where the handler is in the code.
    pub(super) handler: &'static str,
    pub(super) summary: &'static str,
    /// Says what the handler takes and answers.
    pub(super) signature: fn(&mut Entry<'_>),
    /// What may stand in the query.
    pub(super) asked: Vec<Asked>,
    /// The part of a form that is a file; brackets behind it stand for several.
    pub(super) file: Option<&'static str>,
    /// Refusals that the signature does not show.
    pub(super) refusals: Vec<StatusCode>,
}

/// A parameter of a query.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked {
    pub(super) name: &'static str,
    pub(super) kind: AskedKind,
    pub(super) description: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AskedKind {
    Text,
    Number,
    /// Several texts, each under the name with brackets behind it.
    Texts,
}

impl Asked {
    pub(super) const fn text(name: &'static str, description: &'static str) -> Self {
        Self::of(AskedKind::Text, name, description)
    }

    pub(super) const fn number(name: &'static str, description: &'static str) -> Self {
        Self::of(AskedKind::Number, name, description)
    }

    pub(super) const fn texts(name: &'static str, description: &'static str) -> Self {
        Self::of(AskedKind::Texts, name, description)
    }

    const fn of(kind: AskedKind, name: &'static str, description: &'static str) -> Self {
        Self {
            name,
            kind,
            description,
        }
    }
}

pub(super) fn get<T: 'static>(handler: impl Signature<T>, summary: &'static str) -> Methods {
    Methods::default().on(MethodFilter::GET, "get", handler, summary)
}

pub(super) fn post<T: 'static>(handler: impl Signature<T>, summary: &'static str) -> Methods {
    Methods::default().post(handler, summary)
}

pub(super) fn put<T: 'static>(handler: impl Signature<T>, summary: &'static str) -> Methods {
    Methods::default().on(MethodFilter::PUT, "put", handler, summary)
}

pub(super) fn edit<T: 'static>(handler: impl Signature<T>, summary: &'static str) -> Methods {
    Methods::default().edit(handler, summary)
}

pub(super) fn delete<T: 'static>(handler: impl Signature<T>, summary: &'static str) -> Methods {
    Methods::default().delete(handler, summary)
}

impl Methods {
    pub(super) fn post<T: 'static>(
        self,
        handler: impl Signature<T>,
        summary: &'static str,
    ) -> Self {
        self.on(MethodFilter::POST, "post", handler, summary)
    }

    /// Both `PATCH` and `PUT`, which are the same in this API.
    pub(super) fn edit<T: 'static>(
        self,
        handler: impl Signature<T>,
        summary: &'static str,
    ) -> Self {
        self.on(MethodFilter::PATCH, "patch", handler.clone(), summary)
            .on(MethodFilter::PUT, "put", handler, summary)
    }

    pub(super) fn delete<T: 'static>(
        self,
        handler: impl Signature<T>,
        summary: &'static str,
    ) -> Self {
        self.on(MethodFilter::DELETE, "delete", handler, summary)
    }

    /// What may stand in the query of the handler before.
    pub(super) fn asks(self, asked: &[Asked]) -> Self {
        self.amend(|operation| operation.asked.extend(asked))
    }

    /// Which part of a form to the handler before is a file.
    pub(super) fn carries(self, part: &'static str) -> Self {
        self.amend(|operation| operation.file = Some(part))
    }

    /// How the handler before may refuse, beyond what its signature says.
    pub(super) fn or(self, status: StatusCode) -> Self {
        self.amend(|operation| operation.refusals.push(status))
    }

    /// The same, with something around every handler.
    pub(super) fn within(
        self,
        around: impl FnOnce(MethodRouter<Server>) -> MethodRouter<Server>,
    ) -> Self {
        Self {
            router: around(self.router),
            operations: self.operations,
        }
    }

    fn on<T: 'static, H: Signature<T>>(
        mut self,
        filter: MethodFilter,
        method: &'static str,
        handler: H,
        summary: &'static str,
    ) -> Self {
        self.operations.push(Operation {
            method,
            handler: std::any::type_name::<H>(),
            summary,
            signature: H::describe,
            asked: Vec::new(),
            file: None,
            refusals: Vec::new(),
        });
        Self {
            router: self.router.on(filter, handler),
            operations: self.operations,
        }
    }

    fn amend(mut self, change: impl Fn(&mut Operation)) -> Self {
        let last = self.operations.last().map(|operation| operation.handler);
        let operations = self.operations.iter_mut();
        operations
            .filter(|operation| Some(operation.handler) == last)
            .for_each(change);
        self
    }
}
