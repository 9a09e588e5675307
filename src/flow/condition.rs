//! What a condition asks, checked, and whether it is so.

use serde_json::Value;

use super::compile::fold;
use super::file::Operator;
use super::template::{Reference, Template, as_text};

/// Something that is true or false of a chat.
#[derive(Debug, Clone, PartialEq)]
pub enum Test {
    /// Each of these is true.
    All(Vec<Self>),
    /// One of these is true.
    Any(Vec<Self>),
    /// One check.
    Check(Check),
}

/// One input, compared.
#[derive(Debug, Clone, PartialEq)]
pub struct Check {
    /// What is looked at.
    pub input: Reference,
    /// How.
    pub operator: Operator,
    /// What it is compared with; empty where nothing is compared.
    pub value: Template,
    /// Whether `A` is another letter than `a`.
    pub case_sensitive: bool,
}

impl Test {
    /// Whether it is so.
    pub fn holds(&self, value: &impl Fn(&Reference) -> Option<Value>) -> bool {
        match self {
            Self::All(tests) => tests.iter().all(|test| test.holds(value)),
            Self::Any(tests) => tests.iter().any(|test| test.holds(value)),
            Self::Check(check) => check.holds(value),
        }
    }
}

impl Check {
    fn holds(&self, value: &impl Fn(&Reference) -> Option<Value>) -> bool {
        let input = value(&self.input).and_then(as_text);
        let input = input.filter(|text| !text.is_empty());
        let operand = || self.letters(&self.value.render(value));
        let text = |is: fn(&str, &str) -> bool| {
            let input = input.as_deref().map(|text| self.letters(text));
            input.is_some_and(|input| is(&input, &operand()))
        };
        let numbers = |is: fn(&f64, &f64) -> bool| {
            let numbers = input.as_deref().and_then(number).zip(number(&operand()));
            numbers.is_some_and(|(input, operand)| is(&input, &operand))
        };
        match self.operator {
            Operator::Matches => text(|a, b| a == b),
            Operator::DoesNotMatch => !text(|a, b| a == b),
            Operator::Contains => text(|a, b| a.contains(b)),
            Operator::DoesNotContain => !text(|a, b| a.contains(b)),
            Operator::StartsWith => text(|a, b| a.starts_with(b)),
            Operator::EndsWith => text(|a, b| a.ends_with(b)),
            Operator::Exists => input.is_some(),
            Operator::DoesNotExist => input.is_none(),
            Operator::GreaterThan => numbers(f64::gt),
            Operator::LessThan => numbers(f64::lt),
        }
    }

    /// A text as this check compares it: blanks around it never count.
    fn letters(&self, text: &str) -> String {
        if self.case_sensitive {
            text.trim().to_owned()
        } else {
            fold(text)
        }
    }
}

/// A text read as a number.
pub(super) fn number(text: &str) -> Option<f64> {
    let number: f64 = text.trim().parse().ok()?;
    number.is_finite().then_some(number)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn holds(input: &Value, operator: Operator, operand: &str) -> bool {
        check(input, operator, operand, false)
    }

    fn check(input: &Value, operator: Operator, operand: &str, case_sensitive: bool) -> bool {
        let check = Check {
            input: Reference::Var("x".to_owned()),
            operator,
            value: Template::parse(operand).unwrap(),
            case_sensitive,
        };
        Test::Check(check).holds(&|_| Some(input.clone()))
    }

    #[test]
    fn texts_are_compared_as_people_read_them() {
        use Operator::{Contains, DoesNotContain, DoesNotMatch, EndsWith, Matches, StartsWith};
        let input = || json!("  Extra Large ");
        for (operator, operand, expected) in [
            (Matches, "extra large", true),
            (Matches, "extra", false),
            (DoesNotMatch, "EXTRA LARGE", false),
            (DoesNotMatch, "large", true),
            (Contains, "A L", true),
            (Contains, "small", false),
            (DoesNotContain, "small", true),
            (DoesNotContain, "large", false),
            (StartsWith, "EX", true),
            (StartsWith, "large", false),
            (EndsWith, "rge", true),
            (EndsWith, "extra", false),
        ] {
            assert_eq!(
                holds(&input(), operator, operand),
                expected,
                "{operator:?} {operand}"
            );
        }
        assert!(!check(&input(), Matches, "extra large", true));
        assert!(check(&input(), Matches, "Extra Large", true));
        assert!(!check(&input(), Contains, "large", true));
    }

    #[test]
    fn numbers_are_compared_as_numbers() {
        use Operator::{GreaterThan, LessThan};
        assert!(holds(&json!("10"), GreaterThan, "9"));
        assert!(holds(&json!(9.5), LessThan, " 10 "));
        assert!(!holds(&json!(9), LessThan, "9"));
        assert!(!holds(&json!(9), GreaterThan, "9"));
        for none in [
            json!("many"),
            json!(null),
            json!("NaN"),
            json!("inf"),
            json!(true),
        ] {
            assert!(!holds(&none, GreaterThan, "1"), "{none}");
            assert!(!holds(&none, LessThan, "1"), "{none}");
        }
        assert!(!holds(&json!(5), GreaterThan, "many"));
    }

    #[test]
    fn nothing_and_an_empty_text_do_not_exist() {
        use Operator::{Contains, DoesNotContain, DoesNotExist, DoesNotMatch, Exists, Matches};
        for none in [json!(null), json!("")] {
            assert!(!holds(&none, Exists, ""));
            assert!(holds(&none, DoesNotExist, ""));
            assert!(!holds(&none, Matches, ""));
            assert!(!holds(&none, Contains, ""));
            assert!(holds(&none, DoesNotMatch, "a"));
            assert!(holds(&none, DoesNotContain, "a"));
        }
        for some in [json!(0), json!(false), json!([]), json!("a")] {
            assert!(holds(&some, Exists, ""), "{some}");
            assert!(!holds(&some, DoesNotExist, ""));
        }
    }

    #[test]
    fn groups_are_true_together_or_one_by_one() {
        let exists = |name: &str| {
            Test::Check(Check {
                input: Reference::Var(name.to_owned()),
                operator: Operator::Exists,
                value: Template::parse("").unwrap(),
                case_sensitive: false,
            })
        };
        let holds = |test: &Test| test.holds(&|path| (path.root() == "a").then(|| json!(1)));
        let mixed = || vec![exists("b"), exists("a")];
        assert!(!holds(&Test::All(mixed())));
        assert!(holds(&Test::Any(mixed())));
        assert!(holds(&Test::All(vec![exists("a"), Test::Any(mixed())])));
        assert!(!holds(&Test::Any(vec![exists("b"), Test::All(mixed())])));
    }

    #[test]
    fn what_is_compared_with_may_be_looked_up_too() {
        let check = Check {
            input: Reference::Var("a".to_owned()),
            operator: Operator::GreaterThan,
            value: Template::parse("{{ vars.b }}").unwrap(),
            case_sensitive: false,
        };
        let numbers = |path: &Reference| Some(json!(if path.root() == "a" { 3 } else { 2 }));
        assert!(Test::Check(check).holds(&numbers));
    }
}
