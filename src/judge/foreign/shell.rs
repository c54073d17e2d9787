//! The simple commands of a shell's command line, as far as they can be known without running it.
//!
//! For health checks: a shell may execute the last command in its own place, so that nothing of the shell is left to see.

/// An argument vector.
pub(super) type Words = Vec<Vec<u8>>;

/// Every command that has no expansion in it; redirections and variables in front are left out.
pub(super) fn commands(line: &str) -> Vec<Words> {
    let mut reader = Reader::default();
    let mut characters = line.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\'' => reader.quoted(characters.by_ref().take_while(|next| *next != '\'')),
            '"' => {
                let text: Vec<char> = characters
                    .by_ref()
                    .take_while(|next| *next != '"')
                    .collect();
                reader.unknown |= text.iter().any(|inside| "$`\\".contains(*inside));
                reader.quoted(text.into_iter());
            }
            '\\' => reader.quoted(characters.next().into_iter()),
            '$' | '`' | '*' | '?' | '[' | '~' => reader.unknown = true,
            '<' | '>' => {
                while characters.next_if(|next| "<>&|".contains(*next)).is_some() {}
                reader.redirection();
            }
            ';' | '&' | '|' | '(' | ')' | '\n' => reader.end_of_command(),
            ' ' | '\t' => reader.end_of_word(),
            other => reader.word.get_or_insert_default().push(other),
        }
    }
    reader.end_of_command();
    reader.commands
}

#[derive(Default)]
struct Reader {
    commands: Vec<Words>,
    command: Words,
    word: Option<String>,
    /// The next word is a file's.
    redirects: bool,
    /// The shell puts in what we do not know.
    unknown: bool,
}

impl Reader {
    fn quoted(&mut self, text: impl Iterator<Item = char>) {
        self.word.get_or_insert_default().extend(text);
    }

    /// `2>` has a number in front that is no word.
    fn redirection(&mut self) {
        let is_number = |word: &mut String| word.chars().all(|digit| digit.is_ascii_digit());
        self.word.take_if(is_number);
        self.end_of_word();
        self.redirects = true;
    }

    fn end_of_word(&mut self) {
        let Some(word) = self.word.take() else {
            return;
        };
        let is_file = std::mem::take(&mut self.redirects);
        let is_prefix = self.command.is_empty() && (word == "exec" || is_assignment(&word));
        if !is_file && !is_prefix {
            self.command.push(word.into_bytes());
        }
    }

    fn end_of_command(&mut self) {
        self.end_of_word();
        let command = std::mem::take(&mut self.command);
        let unknown = std::mem::take(&mut self.unknown);
        self.redirects = false;
        if !unknown && !command.is_empty() {
            self.commands.push(command);
        }
    }
}

fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty() && name.chars().all(|c| c == '_' || c.is_ascii_alphanumeric())
    })
}

#[cfg(test)]
mod tests {
    use super::commands;

    fn of(line: &str) -> Vec<String> {
        let joined = |command: Vec<Vec<u8>>| {
            let words: Vec<_> = command
                .into_iter()
                .map(|word| String::from_utf8(word).unwrap())
                .collect();
            words.join("|")
        };
        commands(line).into_iter().map(joined).collect()
    }

    #[test]
    fn a_list_is_its_commands() {
        assert_eq!(
            of("curl -fs localhost:8080/health || exit 1"),
            ["curl|-fs|localhost:8080/health", "exit|1"]
        );
        assert_eq!(of("a && b; (c | d) &"), ["a", "b", "c", "d"]);
    }

    #[test]
    fn redirections_and_variables_in_front_are_not_arguments() {
        assert_eq!(of("A=1 exec curl x >/dev/null 2>&1"), ["curl|x"]);
        assert_eq!(of("nc -z host 80 < in >>out"), ["nc|-z|host|80"]);
    }

    #[test]
    fn quotes_hold_words_together() {
        assert_eq!(of(r#"sh -c 'a b' "c d" e\ f """#), ["sh|-c|a b|c d|e f|"]);
    }

    #[test]
    fn what_the_shell_puts_in_is_not_guessed() {
        assert_eq!(of("curl $URL || test -f /tmp/ok"), ["test|-f|/tmp/ok"]);
        assert_eq!(of("ls *.txt; echo \"$x\""), [] as [&str; 0]);
    }
}
