//! Enumerations whose variants have a name elsewhere.

/// Makes an enumeration of unit variants with `COUNT`, `ALL`, `name()`, `from_name()` and `at()`,
/// its place in `ALL`.
macro_rules! named {
    ($(#[$doc:meta])* $type:ident { $($variant:ident = $name:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[allow(missing_docs, reason = "the variants are what their names say, and are documented where those are published")]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $type { $($variant),+ }

        impl $type {
            /// How many there are.
            pub const COUNT: usize = [$($name),+].len();
            /// All, in the order of their places.
            pub const ALL: [Self; Self::COUNT] = [$(Self::$variant),+];

            /// As it is spelled where it was published.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            /// The one that is spelled exactly so.
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.into_iter().find(|one| one.name() == name)
            }

            /// Its place in [`Self::ALL`].
            pub const fn at(self) -> usize {
                self as usize
            }
        }

        #[cfg(test)]
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.name())
            }
        }
    };
}

pub(crate) use named;
