//! What a user signs in with.

use secrecy::{ExposeSecret, SecretString};

/// Why a text is no password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPassword {
    /// Easily guessed.
    #[error("is too short (minimum is {} characters)", Password::MIN)]
    TooShort,
    /// Hashing takes longer the longer it is.
    #[error("is too long (maximum is {} characters)", Password::MAX)]
    TooLong,
}

/// A password worth keeping.
#[derive(Debug, Clone)]
pub struct Password(SecretString);

impl Password {
    const MIN: usize = 8;
    const MAX: usize = 128;

    /// Takes a text that is neither too short nor too long, as it is.
    pub fn parse(text: SecretString) -> Result<Self, InvalidPassword> {
        match text.expose_secret().chars().count() {
            ..Self::MIN => Err(InvalidPassword::TooShort),
            Self::MIN..=Self::MAX => Ok(Self(text)),
            _ => Err(InvalidPassword::TooLong),
        }
    }

    /// The password.
    pub fn into_secret(self) -> SecretString {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_has_8_to_128_characters() {
        for good in ["correct1", &"å".repeat(128)] {
            assert!(Password::parse(good.into()).is_ok(), "{good}");
        }
        let parse = |text: &str| Password::parse(text.into()).map(drop);
        assert_eq!(parse("seven77"), Err(InvalidPassword::TooShort));
        assert_eq!(parse(&"a".repeat(129)), Err(InvalidPassword::TooLong));
    }
}
