//! Sentences as people have them remembered, made of parts: many, all different, with words that are
//! everywhere and names that are almost nowhere.

use std::collections::HashSet;

const PEOPLE: &[&str] = &[
    "My aunt",
    "My uncle",
    "My neighbour",
    "My sister",
    "My brother",
    "My colleague",
    "My old friend",
    "The plumber",
    "The gardener",
    "The music teacher",
    "The landlord",
    "My cousin",
    "The baker",
    "My grandmother",
    "The bookseller",
    "My running partner",
    "The electrician",
    "Our accountant",
];
const SYLLABLES: &[&str] = &[
    "ol", "ber", "ta", "sen", "mar", "ko", "wal", "ski", "ru", "iz", "pri", "ya", "ne", "lin",
    "gar", "do", "fel", "der", "ash", "mo", "vik", "tor", "han", "ste", "qui", "bal", "zor", "im",
    "pel", "gru",
];
const THINGS: &[&str] = &[
    "white lilies",
    "strong coffee",
    "old maps",
    "crime novels",
    "blue cheese",
    "long walks by the sea",
    "wooden toys",
    "jazz records",
    "black tea with honey",
    "crossword puzzles",
    "sailing boats",
    "fresh bread",
    "board games",
    "mountain bikes",
    "silk scarves",
    "cactus plants",
    "fountain pens",
    "lemon cake",
    "silent films",
    "hot chilli peppers",
    "chess problems",
    "woollen socks",
    "steam engines",
    "red apples",
];
const PLACES: &[&str] = &[
    "Lisbon",
    "the old harbour",
    "Kyoto",
    "the flat upstairs",
    "Bergen",
    "the village by the lake",
    "Toronto",
    "the house with the green door",
    "Marseille",
    "the town library",
    "Prague",
    "the garden shed",
    "Valencia",
    "the market square",
    "Dublin",
    "the cabin in the woods",
];
const TIMES: &[&str] = &[
    "on Mondays",
    "every spring",
    "in the first week of May",
    "before breakfast",
    "on the last Friday of the month",
    "at noon",
    "in late autumn",
    "after the summer holidays",
    "on rainy days",
    "around midnight",
    "every other weekend",
    "in January",
    "at half past seven",
    "once a year",
];
const DEEDS: &[&str] = &[
    "plays the cello",
    "repairs bicycles",
    "feeds the cat",
    "waters the tomatoes",
    "bakes rye bread",
    "teaches Spanish",
    "paints landscapes",
    "goes swimming",
    "services the boiler",
    "sings in a choir",
    "collects mushrooms",
    "cleans the gutters",
    "reads to the children",
    "flies a kite",
    "mends shoes",
    "studies the stars",
    "brews beer",
    "keeps bees",
    "walks three dogs",
    "writes letters by hand",
];

/// So many different sentences, and so many questions about what they are about.
pub(crate) fn made(
    random: &mut fastrand::Rng,
    sentences: usize,
    questions: usize,
) -> (Vec<String>, Vec<String>) {
    let names: Vec<String> = (0..sentences / 2).map(|_| name(random)).collect();
    let mut seen = HashSet::new();
    while seen.len() < sentences {
        seen.insert(sentence(random, &names));
    }
    let mut sentences: Vec<_> = seen.into_iter().collect();
    // Sets have an order of their own in each run.
    sentences.sort();
    let questions = (0..questions).map(|_| question(random, &names)).collect();
    (sentences, questions)
}

fn name(random: &mut fastrand::Rng) -> String {
    let mut name: String = (0..random.usize(2..5))
        .map(|_| *any(random, SYLLABLES))
        .collect();
    name[..1].make_ascii_uppercase();
    name
}

fn sentence(random: &mut fastrand::Rng, names: &[String]) -> String {
    let who = format!("{} {}", any(random, PEOPLE), any(random, names));
    let (thing, place) = (any(random, THINGS), any(random, PLACES));
    let (time, deed) = (any(random, TIMES), any(random, DEEDS));
    match random.u8(..7) {
        0 => format!("{who} likes {thing} and {deed} {time}."),
        1 => format!("{who} {deed} in {place} {time}."),
        2 => format!("{who} never has enough of {thing}."),
        3 => format!("{who} moved to {place} and {deed} there."),
        4 => format!("{} {deed} {time}.", any(random, PEOPLE)),
        5 => format!("{who} wants {thing} as a present."),
        _ => format!("In {place} {} sells {thing} {time}.", any(random, names)),
    }
}

fn question(random: &mut fastrand::Rng, names: &[String]) -> String {
    let (person, name) = (any(random, PEOPLE).to_lowercase(), any(random, names));
    let (thing, place) = (any(random, THINGS), any(random, PLACES));
    let (time, deed) = (any(random, TIMES), any(random, DEEDS));
    match random.u8(..7) {
        0 => format!("What does {person} {name} like?"),
        1 => format!("Who {deed} {time}?"),
        2 => format!("Who would be glad of {thing}?"),
        3 => format!("Where does {person} {name} live now?"),
        4 => format!("What do I know about {place}?"),
        5 => format!("When is it that {person} {deed}?"),
        _ => format!("Tell me about {name} and {thing}."),
    }
}

fn any<'a, T>(random: &mut fastrand::Rng, of: &'a [T]) -> &'a T {
    &of[random.usize(..of.len())]
}
