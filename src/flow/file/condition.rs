//! What a condition asks, as its author writes it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{At, Way};

/// Goes one way or the other.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// True when each of these is; instead of `any`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub all: Option<Vec<At<Test>>>,
    /// True when one of these is; instead of `all`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub any: Option<Vec<At<Test>>>,
    /// What comes when it is true.
    #[serde(default)]
    pub then: Way,
    /// What comes when it is false.
    #[serde(default, rename = "else")]
    pub otherwise: Way,
}

/// One check (`input`, `operator`, `value`), or a group of them (`all` or `any`).
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Test {
    /// True when each of these is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub all: Option<Vec<At<Self>>>,
    /// True when one of these is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub any: Option<Vec<At<Self>>>,
    /// What is looked at: `answers.<node>`, `user.<property>`, `metadata.<key>`, `vars.<name>`, `results.<node>` or
    /// `goals.<name>`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<At<String>>,
    /// How it is compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator: Option<At<Operator>>,
    /// What it is compared with; a text may hold placeholders.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<At<Value>>,
    /// Whether `A` is another letter than `a`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub case_sensitive: bool,
}

/// How an input is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Operator {
    /// The whole text is the value.
    Matches,
    /// It is not.
    DoesNotMatch,
    /// The value is somewhere in the text.
    Contains,
    /// It is not.
    DoesNotContain,
    /// The text begins with the value.
    StartsWith,
    /// The text ends with the value.
    EndsWith,
    /// There is something.
    Exists,
    /// There is nothing.
    DoesNotExist,
    /// It is a number over the value.
    GreaterThan,
    /// It is a number under the value.
    LessThan,
}
