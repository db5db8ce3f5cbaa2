//! The fifteen visemes of Oculus Lipsync.

use super::mix::{Row, add};
use crate::named::named;
use crate::viseme::{VISEMES, Viseme, Weights};

named! {
    /// A viseme of Oculus Lipsync, in the order of its `ovrLipSyncViseme`.
    Ovr {
        Sil = "sil",
        PP = "PP",
        FF = "FF",
        TH = "TH",
        DD = "DD",
        KK = "kk",
        CH = "CH",
        SS = "SS",
        NN = "nn",
        RR = "RR",
        AA = "aa",
        E = "E",
        Ih = "ih",
        Oh = "oh",
        Ou = "ou",
    }
}

impl Ovr {
    /// Its name as a morph target of a GLB avatar.
    pub const fn morph_name(self) -> &'static str {
        match self {
            Self::Sil => "viseme_sil",
            Self::PP => "viseme_PP",
            Self::FF => "viseme_FF",
            Self::TH => "viseme_TH",
            Self::DD => "viseme_DD",
            Self::KK => "viseme_kk",
            Self::CH => "viseme_CH",
            Self::SS => "viseme_SS",
            Self::NN => "viseme_nn",
            Self::RR => "viseme_RR",
            Self::AA => "viseme_aa",
            Self::E => "viseme_E",
            // Avatars write these three with their letter.
            Self::Ih => "viseme_I",
            Self::Oh => "viseme_O",
            Self::Ou => "viseme_U",
        }
    }

    /// What one of our shapes is in this vocabulary. Each row sums to 1.
    pub const fn of_viseme(viseme: Viseme) -> Row<Self> {
        match viseme {
            Viseme::Sil => &[(Self::Sil, 1.0)],
            Viseme::A => &[(Self::AA, 1.0)],
            Viseme::E => &[(Self::E, 1.0)],
            Viseme::I => &[(Self::Ih, 1.0)],
            Viseme::O => &[(Self::Oh, 1.0)],
            Viseme::U => &[(Self::Ou, 1.0)],
            Viseme::M => &[(Self::PP, 1.0)],
            Viseme::F => &[(Self::FF, 1.0)],
            // Ours stands for all that the tongue does at the teeth and just behind them.
            Viseme::Th => &[
                (Self::TH, 0.4),
                (Self::DD, 0.25),
                (Self::NN, 0.2),
                (Self::SS, 0.15),
            ],
            // Lips a little open: what the throat and the palate do alone looks most like it.
            Viseme::P => &[(Self::KK, 0.6), (Self::DD, 0.4)],
        }
    }

    /// All of ours in this vocabulary, each 0..=1.
    pub fn weights(ours: &Weights) -> [f32; Self::COUNT] {
        let mut out = [0.0; Self::COUNT];
        for (viseme, &weight) in Viseme::ALL.into_iter().zip(ours) {
            add(&mut out, Self::of_viseme(viseme), weight, Self::at);
        }
        out
    }

    /// The shape of ours that comes nearest. Many of theirs are one of ours.
    pub const fn nearest(self) -> Viseme {
        match self {
            Self::Sil => Viseme::Sil,
            Self::PP => Viseme::M,
            Self::FF => Viseme::F,
            Self::TH | Self::DD | Self::NN | Self::SS => Viseme::Th,
            Self::KK => Viseme::P,
            // Pursed: sh, ch, r.
            Self::CH | Self::RR | Self::Ou => Viseme::U,
            Self::AA => Viseme::A,
            Self::E => Viseme::E,
            Self::Ih => Viseme::I,
            Self::Oh => Viseme::O,
        }
    }

    /// Weights of theirs in our vocabulary, each 0..=1.
    pub fn to_ours(theirs: &[f32; Self::COUNT]) -> Weights {
        let mut out = [0.0; VISEMES];
        for (viseme, &weight) in Self::ALL.into_iter().zip(theirs) {
            if weight > 0.0 {
                let sum = &mut out[usize::from(viseme.nearest().as_u8())];
                *sum = (*sum + weight).min(1.0);
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn only(viseme: Viseme) -> Weights {
        let mut weights = [0.0; VISEMES];
        weights[usize::from(viseme.as_u8())] = 1.0;
        weights
    }

    #[test]
    fn a_mouth_that_moves_fully_moves_fully_in_theirs() {
        for viseme in Viseme::ALL {
            let sum: f32 = Ovr::weights(&only(viseme)).iter().sum();
            assert!((sum - 1.0).abs() < 1e-6, "{viseme:?} sums to {sum}");
        }
    }

    #[test]
    fn there_and_back_the_strongest_shape_stays() {
        for viseme in Viseme::ALL {
            let back = Ovr::to_ours(&Ovr::weights(&only(viseme)));
            let strongest = (0..VISEMES)
                .max_by(|&a, &b| back[a].total_cmp(&back[b]))
                .and_then(|at| Viseme::from_u8(at as u8));
            assert_eq!(strongest, Some(viseme), "{back:?}");
        }
    }

    #[test]
    fn what_is_no_number_moves_nothing() {
        let mut weights = [f32::NAN; VISEMES];
        weights[1] = f32::INFINITY;
        weights[2] = -3.0;
        let theirs = Ovr::weights(&weights);
        assert_eq!(theirs[Ovr::AA.at()], 1.0);
        assert_eq!(theirs.iter().sum::<f32>(), 1.0);
        assert_eq!(Ovr::to_ours(&[f32::NAN; 15]), [0.0; VISEMES]);
    }
}
