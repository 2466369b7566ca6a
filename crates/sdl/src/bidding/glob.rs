//! Patterns as Go's `filepath.Match` has them.

/// Whether the whole `name` is what `pattern` means.
///
/// `*` stands for any characters but `/`, `?` for one of them, `[a-z]` and `[^a-z]` for one of a class, and a `\` takes the next
/// character as it is. A pattern that is malformed matches nothing.
pub fn is_match(pattern: &str, name: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let name: Vec<char> = name.chars().collect();
    let (mut pattern, mut name) = (pattern.as_slice(), name.as_slice());
    while !pattern.is_empty() {
        let stars = pattern.iter().take_while(|c| **c == '*').count();
        let (chunk, rest) = pattern[stars..].split_at(chunk_len(&pattern[stars..]));
        if stars > 0 && chunk.is_empty() {
            return !name.contains(&'/');
        }
        // The first place where the chunk fits is as good as any: what comes after it can stretch as far. The last chunk must end
        // where the name ends.
        let reach = if stars == 0 { 0 } else { name.iter().take_while(|c| **c != '/').count() };
        let fits =
            (0..=reach).find_map(|skipped| prefix(chunk, &name[skipped..]).filter(|left| !rest.is_empty() || left.is_empty()));
        let Some(left) = fits else { return false };
        (pattern, name) = (rest, left);
    }
    name.is_empty()
}

/// Length of the part up to the next star that is not in a class and not escaped.
fn chunk_len(pattern: &[char]) -> usize {
    let (mut at, mut in_class) = (0, false);
    while at < pattern.len() {
        match pattern[at] {
            '\\' => at += 1,
            '[' => in_class = true,
            ']' => in_class = false,
            '*' if !in_class => break,
            _ => {}
        }
        at += 1;
    }
    at.min(pattern.len())
}

/// What is left of a name that begins with what a chunk without stars means.
fn prefix<'n>(mut chunk: &[char], mut name: &'n [char]) -> Option<&'n [char]> {
    while let Some((first, rest)) = chunk.split_first() {
        let (c, left) = name.split_first()?;
        chunk = match first {
            '?' if *c != '/' => rest,
            '?' => return None,
            '[' => class(rest, *c)?,
            '\\' => {
                let (escaped, rest) = rest.split_first()?;
                (escaped == c).then_some(rest)?
            }
            literal => (literal == c).then_some(rest)?,
        };
        name = left;
    }
    Some(name)
}

/// What follows a class that has this character; none for another character, or a class that is malformed.
fn class(mut chunk: &[char], c: char) -> Option<&[char]> {
    let negated = chunk.first() == Some(&'^');
    chunk = &chunk[usize::from(negated)..];
    let (mut found, mut ranges) = (false, 0);
    loop {
        if chunk.first() == Some(&']') && ranges > 0 {
            return (found != negated).then_some(&chunk[1..]);
        }
        let (low, rest) = bound(chunk)?;
        let (high, rest) = match rest.split_first() {
            Some(('-', rest)) => bound(rest)?,
            _ => (low, rest),
        };
        found |= (low..=high).contains(&c);
        ranges += 1;
        chunk = rest;
    }
}

/// One end of a range. A class ends by a bracket, so the end of the chunk is none.
fn bound(chunk: &[char]) -> Option<(char, &[char])> {
    let (first, rest) = chunk.split_first()?;
    let (c, rest) = match first {
        '-' | ']' => return None,
        '\\' => rest.split_first()?,
        _ => (first, rest),
    };
    (!rest.is_empty()).then_some((*c, rest))
}

#[cfg(test)]
mod tests {
    use super::is_match;

    /// Examples of the documentation and of its own tests.
    #[test]
    fn patterns_mean_what_go_says() {
        for (pattern, name, matches) in [
            ("abc", "abc", true),
            ("*", "abc", true),
            ("*c", "abc", true),
            ("a*", "a", true),
            ("a*", "abc", true),
            ("a*", "ab/c", false),
            ("a*/b", "abc/b", true),
            ("a*/b", "a/c/b", false),
            ("a*b*c*d*e*/f", "axbxcxdxe/f", true),
            ("a*b*c*d*e*/f", "axbxcxdxexxx/f", true),
            ("a*b*c*d*e*/f", "axbxcxdxe/xxx/f", false),
            ("a*b?c*x", "abxbbxdbxebxczzx", true),
            ("a*b?c*x", "abxbbxdbxebxczzy", false),
            ("ab[c]", "abc", true),
            ("ab[b-d]", "abc", true),
            ("ab[e-g]", "abc", false),
            ("ab[^c]", "abc", false),
            ("ab[^b-d]", "abc", false),
            ("ab[^e-g]", "abc", true),
            ("a\\*b", "a*b", true),
            ("a\\*b", "ab", false),
            ("a?b", "aäb", true),
            ("a[^a]b", "aäb", true),
            ("a???b", "aäb", false),
            ("[a-ζ]*", "α", true),
            ("*[a-ζ]", "A", false),
            ("a?b", "a/b", false),
            ("a*b", "a/b", false),
            ("[\\]a]", "]", true),
            ("[\\-]", "-", true),
            ("[x\\-]", "-", true),
            ("[\\-x]", "a", false),
            ("[]a]", "]", false),
            ("[-]", "-", false),
            ("[x-]", "x", false),
            ("[-x]", "x", false),
            ("\\", "a", false),
            ("[a-b-c]", "a", false),
            ("[", "a", false),
            ("[^", "a", false),
            ("[^bc", "a", false),
            ("a[", "ab", false),
            ("*x", "xxx", true),
            ("", "", true),
            ("", "a", false),
            ("vendor/nvidia/model/*", "vendor/nvidia/model/a100", true),
            ("vendor/nvidia/model/*", "vendor/nvidia/model/a100/ram/80Gi", false),
        ] {
            assert_eq!(is_match(pattern, name), matches, "{pattern} {name}");
        }
    }

    #[test]
    fn many_stars_take_no_long_time() {
        assert!(!is_match(&"*a".repeat(200), &"a".repeat(199)));
        assert!(is_match(&"*a".repeat(200), &"a".repeat(400)));
    }
}
