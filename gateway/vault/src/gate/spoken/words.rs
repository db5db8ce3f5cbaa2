//! The words that tell talk about a secret from the secret itself, as lists.

/// Whether a word stands in a list. The empty word, which is no word, stands in none.
pub(super) fn one_of(word: &str, list: &str) -> bool {
    !word.is_empty() && list.split(' ').any(|known| known == word)
}

/// What begins a remark about a password: "my password is too …".
pub(super) const ABOUT: &str = "\
    not too very already always never in on at under inside with from about this these it \
    which where how why who when what if because as than something anything nothing none \
    null nil undefined being been going gonna supposed probably maybe perhaps really quite \
    pretty kind only more less needed required stored saved kept written hidden encrypted \
    hashed expired invalid incorrect compromised gone asked for or and allowed rejected \
    ignored no also almost there one true false empty blank optional missing like up out";

/// What makes a number the length or the age of a password.
pub(super) const UNITS: &str = "\
    character characters chars letters digits symbols words days weeks months years minutes \
    hours long times percent bytes bits of";

/// How a password can be. They begin passphrases too ("correct horse …"), so [`GOES_ON`] decides.
pub(super) const ADJECTIVES: &str = "\
    wrong right correct weak strong secure safe unsafe short long easy hard difficult simple \
    complicated complex old new different unknown forgotten lost stolen leaked reset changed \
    set same working broken stuck locked good bad fine great okay ok terrible awful perfect \
    unique random private public secret valid available important useless shared cached read \
    sent shown used guessable better worse longer shorter stronger weaker enough default \
    temporary confidential sacred annoying";

/// How a sentence about a password goes on behind an adjective.
pub(super) const GOES_ON: &str = "\
    and or but so because if when as than that to for in on at by from with of about now \
    again enough then too though thanks please right here there already every before after \
    until anyway i it you we what how why is isn into via the a an my your everywhere today \
    yesterday";

/// Nouns behind "my password is the …" that describe it.
pub(super) const DESCRIBES: &str = "\
    same problem one only first last best worst most key thing default name word number date \
    usual old new wrong right correct reason issue question answer way part bit secret good \
    bad great mess joke mix combination mixture string random long short phrase sentence \
    hash strong weak must requirement pain little second big birthday hassle nightmare lot \
    few";

/// What people say before they say it.
pub(super) const FILLERS: &str = "\
    uh um er erm now still just actually basically currently simply literally number well";
