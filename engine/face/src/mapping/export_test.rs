//! `data/mapping.json` is what the constants say.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Arkit, Looking, Ovr, Row, Vrm};
use crate::animator::Gesture;
use crate::export_test::hold;
use crate::tone::Tone;
use crate::viseme::Viseme;

/// A row in order, as an object.
struct Object<T: 'static>(Row<T>);

impl<T: Serialize + 'static> Serialize for Object<T> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(shape, weight)| (shape, weight)))
    }
}

/// Names and what they stand for, in order.
struct Named<V>(Vec<(&'static str, V)>);

impl<V: Serialize> Serialize for Named<V> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

#[derive(Serialize)]
struct Vocabulary<T: Serialize + 'static> {
    names: Vec<T>,
    visemes: Named<Object<T>>,
    #[serde(flatten)]
    face: Option<Face<T>>,
}

#[derive(Serialize)]
struct Face<T: Serialize + 'static> {
    tones: Named<Object<T>>,
    gestures: Named<Object<T>>,
    looking: Named<Object<T>>,
    blink: Object<T>,
}

#[derive(Serialize)]
struct Mapping {
    visemes: Vec<&'static str>,
    /// The angle of an eye at which the weight of a `looking` row is 1.
    looking_full_rad: f64,
    ovr: Vocabulary<Ovr>,
    ovr_morph_names: Named<&'static str>,
    ovr_to_ours: Named<&'static str>,
    arkit: Vocabulary<Arkit>,
    vrm: Vocabulary<Vrm>,
    vrm0_preset_names: Named<&'static str>,
}

fn mapping() -> Mapping {
    fn visemes<T: 'static>(row: impl Fn(Viseme) -> Row<T>) -> Named<Object<T>> {
        Named(
            Viseme::ALL
                .into_iter()
                .map(|viseme| (viseme.name(), Object(row(viseme))))
                .collect(),
        )
    }
    fn face<T: Serialize + 'static>(
        tone: impl Fn(Tone) -> Row<T>,
        gesture: impl Fn(Gesture) -> Row<T>,
        looking: impl Fn(Looking) -> Row<T>,
        blink: Row<T>,
    ) -> Option<Face<T>> {
        Some(Face {
            tones: Named(
                Tone::ALL
                    .into_iter()
                    .map(|one| (one.name(), Object(tone(one))))
                    .collect(),
            ),
            gestures: Named(
                Gesture::ALL
                    .into_iter()
                    .map(|one| (one.name(), Object(gesture(one))))
                    .collect(),
            ),
            looking: Named(
                Looking::ALL
                    .into_iter()
                    .map(|one| (one.name(), Object(looking(one))))
                    .collect(),
            ),
            blink: Object(blink),
        })
    }
    Mapping {
        visemes: Viseme::ALL.map(Viseme::name).to_vec(),
        looking_full_rad: Looking::FULL_RAD,
        ovr: Vocabulary {
            names: Ovr::ALL.to_vec(),
            visemes: visemes(Ovr::of_viseme),
            face: None,
        },
        ovr_morph_names: Named(
            Ovr::ALL
                .into_iter()
                .map(|one| (one.name(), one.morph_name()))
                .collect(),
        ),
        ovr_to_ours: Named(
            Ovr::ALL
                .into_iter()
                .map(|one| (one.name(), one.nearest().name()))
                .collect(),
        ),
        arkit: Vocabulary {
            names: Arkit::ALL.to_vec(),
            visemes: visemes(Arkit::of_viseme),
            face: face(
                Arkit::of_tone,
                Arkit::of_gesture,
                Arkit::of_looking,
                Arkit::BLINK,
            ),
        },
        vrm: Vocabulary {
            names: Vrm::ALL.to_vec(),
            visemes: visemes(Vrm::of_viseme),
            face: face(Vrm::of_tone, Vrm::of_gesture, Vrm::of_looking, Vrm::BLINK),
        },
        vrm0_preset_names: Named(
            Vrm::ALL
                .into_iter()
                .filter_map(|one| Some((one.name(), one.preset_name_0()?)))
                .collect(),
        ),
    }
}

#[test]
fn the_checked_in_mapping_is_what_the_tables_say() {
    let mut text = serde_json::to_string_pretty(&mapping()).expect("numbers and names");
    text.push('\n');
    hold("mapping.json", &text);
}

#[test]
fn the_data_can_be_read_by_its_names() {
    let text = serde_json::to_string(&mapping()).expect("numbers and names");
    let read: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(
        read["arkit"]["visemes"]["A"]["jawOpen"],
        serde_json::json!(0.6)
    );
    assert_eq!(read["ovr"]["visemes"]["M"], serde_json::json!({"PP": 1.0}));
    assert_eq!(read["vrm0_preset_names"]["aa"], "a");
    let names: BTreeMap<String, serde_json::Value> =
        serde_json::from_value(read["vrm"]["visemes"].clone()).expect("an object");
    assert_eq!(names.len(), 10);
}
