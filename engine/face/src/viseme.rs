//! The shapes of a mouth.

/// How many there are, silence included.
pub const VISEMES: usize = 10;

/// How much a face shows of each, 0..=1, in the order of [`Viseme`].
pub type Weights = [f32; VISEMES];

/// The shapes of a mouth that a face frame can name, in the order in which they are numbered on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Viseme {
    /// At rest: silence.
    Sil,
    /// Open: *father*.
    A,
    /// Half open and spread: *bed*.
    E,
    /// Spread: *see*.
    I,
    /// Rounded and open: *law*.
    O,
    /// Rounded and narrow: *too*.
    U,
    /// Lips together: *m*, *b*, *p*.
    M,
    /// Lower lip at the upper teeth: *f*, *v*.
    F,
    /// Tongue at the teeth: *th*, and what is made behind them.
    Th,
    /// Lips that open with a burst, and consonants that leave them a little open.
    P,
}

impl Viseme {
    /// All, in their order.
    pub const ALL: [Self; VISEMES] = [
        Self::Sil,
        Self::A,
        Self::E,
        Self::I,
        Self::O,
        Self::U,
        Self::M,
        Self::F,
        Self::Th,
        Self::P,
    ];

    /// Its number on the wire.
    pub const fn as_u8(self) -> u8 {
        self as u8
    }

    /// The one of this number.
    pub fn from_u8(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }

    /// Its name in tables and documents.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sil => "sil",
            Self::A => "A",
            Self::E => "E",
            Self::I => "I",
            Self::O => "O",
            Self::U => "U",
            Self::M => "M",
            Self::F => "F",
            Self::Th => "Th",
            Self::P => "P",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_places_in_the_order() {
        for (at, viseme) in Viseme::ALL.into_iter().enumerate() {
            assert_eq!(usize::from(viseme.as_u8()), at);
            assert_eq!(Viseme::from_u8(viseme.as_u8()), Some(viseme));
        }
        assert_eq!(Viseme::from_u8(10), None);
        let names: Vec<&str> = Viseme::ALL.into_iter().map(Viseme::name).collect();
        assert_eq!(names.join(" "), "sil A E I O U M F Th P");
    }
}
