//! Single signs, letters with accents, and what is dropped.

/// The word for a sign, if it has one where it stands: `before` and `after` are its neighbours.
pub(super) fn word(sign: char, before: Option<char>, after: Option<char>) -> Option<&'static str> {
    let alone = before.is_none_or(char::is_whitespace) && after.is_none_or(char::is_whitespace);
    let digit = |side: Option<char>| side.is_some_and(|c| c.is_ascii_digit());
    Some(match sign {
        '&' => "and",
        '@' => "at",
        '%' => "percent",
        '+' if alone || digit(before) || digit(after) => "plus",
        '=' => "equals",
        '×' => "times",
        '÷' => "divided by",
        '±' => "plus or minus",
        '≈' => "about",
        '~' if digit(after) => "about",
        '<' if alone => "less than",
        '>' if alone && before.is_some() => "greater than",
        '≤' => "at most",
        '≥' => "at least",
        '→' if alone => "to",
        '#' if digit(after) => "number",
        '°' => "degrees",
        '−' if digit(after) => "minus",
        '-' if digit(after) && before.is_none_or(|c| c.is_whitespace() || c == '(') => "minus",
        '½' => "one half",
        '¼' => "one quarter",
        '¾' => "three quarters",
        '€' => "euros",
        '£' => "pounds",
        '$' => "dollars",
        _ => return None,
    })
}

/// The stop that a mark stands for.
pub(super) fn stop(mark: char) -> Option<char> {
    Some(match mark {
        ',' | '、' | '，' => ',',
        ';' => ';',
        ':' => ':',
        '.' | '。' => '.',
        '!' | '¡' | '！' => '!',
        '?' | '¿' | '？' => '?',
        '…' | '—' | '(' | ')' | '[' | ']' | '|' => ',',
        _ => return None,
    })
}

/// A letter without its accent, or nothing when it is none of ours.
pub(super) fn plain(letter: char) -> &'static str {
    const ASCII: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    if let Some(at) = ASCII.find(letter) {
        return &ASCII[at..=at];
    }
    match letter {
        'á' | 'à' | 'â' | 'ä' | 'ã' | 'å' | 'ā' | 'ă' | 'ą' => "a",
        'Á' | 'À' | 'Â' | 'Ä' | 'Ã' | 'Å' | 'Ā' => "A",
        'æ' | 'Æ' => "ae",
        'ç' | 'ć' | 'č' => "c",
        'Ç' | 'Ć' | 'Č' => "C",
        'ď' | 'đ' | 'ð' => "d",
        'é' | 'è' | 'ê' | 'ë' | 'ē' | 'ę' | 'ě' => "e",
        'É' | 'È' | 'Ê' | 'Ë' | 'Ē' => "E",
        'ğ' => "g",
        'í' | 'ì' | 'î' | 'ï' | 'ī' | 'ı' => "i",
        'Í' | 'Ì' | 'Î' | 'Ï' | 'İ' => "I",
        'ł' => "l",
        'Ł' => "L",
        'ñ' | 'ń' | 'ň' => "n",
        'Ñ' => "N",
        'ó' | 'ò' | 'ô' | 'ö' | 'õ' | 'ø' | 'ō' | 'ő' => "o",
        'Ó' | 'Ò' | 'Ô' | 'Ö' | 'Õ' | 'Ø' => "O",
        'œ' | 'Œ' => "oe",
        'ř' => "r",
        'š' | 'ś' | 'ş' => "s",
        'Š' | 'Ś' | 'Ş' => "S",
        'ß' => "ss",
        'ť' => "t",
        'þ' => "th",
        'ú' | 'ù' | 'û' | 'ü' | 'ū' | 'ů' | 'ű' => "u",
        'Ú' | 'Ù' | 'Û' | 'Ü' => "U",
        'ý' | 'ÿ' => "y",
        'ž' | 'ź' | 'ż' => "z",
        'Ž' | 'Ź' | 'Ż' => "Z",
        _ => "",
    }
}

/// Whether it is written within words in place of an apostrophe.
pub(super) fn is_apostrophe(letter: char) -> bool {
    matches!(letter, '\'' | '’' | 'ʼ' | '‘')
}
