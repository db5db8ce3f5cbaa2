//! The names, against the lists as they are published.

use super::{Arkit, Ovr, Vrm};

/// Meta, "Viseme Reference" of Oculus Lipsync
/// (developers.meta.com/horizon/documentation/unity/audio-ovrlipsync-viseme-reference), in the order of
/// `ovrLipSyncViseme`.
const OVR: &str = "sil PP FF TH DD kk CH SS nn RR aa E ih oh ou";

/// Apple, `ARFaceAnchor.BlendShapeLocation` (developer.apple.com/documentation/arkit/arfaceanchor/
/// blendshapelocation): left eye, right eye, mouth and jaw, brows, cheeks and nose, tongue.
const ARKIT: &str = "
    eyeBlinkLeft eyeLookDownLeft eyeLookInLeft eyeLookOutLeft eyeLookUpLeft eyeSquintLeft eyeWideLeft
    eyeBlinkRight eyeLookDownRight eyeLookInRight eyeLookOutRight eyeLookUpRight eyeSquintRight
    eyeWideRight
    jawForward jawLeft jawRight jawOpen
    mouthClose mouthFunnel mouthPucker mouthLeft mouthRight mouthSmileLeft mouthSmileRight
    mouthFrownLeft mouthFrownRight mouthDimpleLeft mouthDimpleRight mouthStretchLeft mouthStretchRight
    mouthRollLower mouthRollUpper mouthShrugLower mouthShrugUpper mouthPressLeft mouthPressRight
    mouthLowerDownLeft mouthLowerDownRight mouthUpperUpLeft mouthUpperUpRight
    browDownLeft browDownRight browInnerUp browOuterUpLeft browOuterUpRight
    cheekPuff cheekSquintLeft cheekSquintRight noseSneerLeft noseSneerRight
    tongueOut";

/// VRM Consortium, VRMC_vrm-1.0 expressions, "Preset Expressions"
/// (github.com/vrm-c/vrm-specification/blob/master/specification/VRMC_vrm-1.0/expressions.md).
const VRM: &str = "happy angry sad relaxed surprised aa ih ou ee oh blink blinkLeft blinkRight
    lookUp lookDown lookLeft lookRight neutral";

/// VRM Consortium, VRM 0.0, `vrm.blendshape.group.schema.json`, enumeration of `presetName`, without
/// `unknown` (github.com/vrm-c/vrm-specification/blob/master/specification/0.0).
const VRM_0: &str =
    "neutral a i u e o blink joy angry sorrow fun lookup lookdown lookleft lookright
    blink_l blink_r";

fn words(list: &str) -> Vec<&str> {
    list.split_whitespace().collect()
}

#[test]
fn oculus_names_and_their_order_are_the_published_ones() {
    assert_eq!(Ovr::ALL.map(Ovr::name).to_vec(), words(OVR));
    // As in Ready Player Me's "Oculus OVR LipSync" morph targets: the name behind `viseme_`, and a
    // capital letter for ih, oh and ou.
    for ovr in Ovr::ALL {
        let name = match ovr.name() {
            "ih" => "I",
            "oh" => "O",
            "ou" => "U",
            name => name,
        };
        assert_eq!(ovr.morph_name(), format!("viseme_{name}"));
    }
}

#[test]
fn arkit_names_and_their_order_are_the_published_ones() {
    assert_eq!(Arkit::COUNT, 52);
    assert_eq!(Arkit::ALL.map(Arkit::name).to_vec(), words(ARKIT));
}

#[test]
fn vrm_names_are_the_published_ones() {
    assert_eq!(Vrm::ALL.map(Vrm::name).to_vec(), words(VRM));
    let mut ours: Vec<&str> = Vrm::ALL
        .into_iter()
        .filter_map(Vrm::preset_name_0)
        .collect();
    let mut published = words(VRM_0);
    ours.sort_unstable();
    published.sort_unstable();
    assert_eq!(ours, published);
}

#[test]
fn a_name_leads_back_to_its_shape() {
    for shape in Arkit::ALL {
        assert_eq!(Arkit::from_name(shape.name()), Some(shape));
        assert_eq!(Arkit::ALL[shape.at()], shape);
    }
    assert_eq!(Arkit::from_name("JawOpen"), None);
}
