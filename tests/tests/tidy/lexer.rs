//! As much of Rust's grammar as is needed to tell code from comments and literals.

/// A Rust text, taken apart.
pub(super) struct Lexed {
    /// The code: literals are empty, comments are gone, lines are kept.
    pub(super) code: String,
    /// String literals with their line, from 1.
    pub(super) literals: Vec<(usize, String)>,
}

/// Takes a text apart. Character literals stay in the code: none of the rules looks for one.
pub(super) fn lex(text: &str) -> Lexed {
    let chars: Vec<char> = text.chars().collect();
    let mut lexer = Lexer {
        chars,
        at: 0,
        line: 1,
        out: Lexed {
            code: String::new(),
            literals: Vec::new(),
        },
    };
    while lexer.at < lexer.chars.len() {
        lexer.step();
    }
    lexer.out
}

struct Lexer {
    chars: Vec<char>,
    at: usize,
    line: usize,
    out: Lexed,
}

impl Lexer {
    fn peek(&self, ahead: usize) -> char {
        self.chars.get(self.at + ahead).copied().unwrap_or('\0')
    }

    /// Passes over one character; line breaks stay in the code.
    fn skip(&mut self) -> char {
        let passed = self.peek(0);
        if passed == '\n' {
            self.line += 1;
            self.out.code.push('\n');
        }
        self.at += 1;
        passed
    }

    fn step(&mut self) {
        match (self.peek(0), self.peek(1)) {
            ('/', '/') => {
                while self.at < self.chars.len() && self.peek(0) != '\n' {
                    self.skip();
                }
            }
            ('/', '*') => self.block_comment(),
            ('"', _) => self.literal(),
            ('r', '"' | '#') if !self.follows_word() && self.raw_hashes().is_some() => self.raw_literal(),
            ('\'', _) => self.quote(),
            (other, _) => {
                if other != '\n' {
                    self.out.code.push(other);
                }
                self.skip();
            }
        }
    }

    /// The character before belongs to a name; `b` of a byte string does not count.
    fn follows_word(&self) -> bool {
        let before = self.out.code.chars().next_back().unwrap_or(' ');
        (before.is_alphanumeric() && before != 'b') || before == '_'
    }

    fn block_comment(&mut self) {
        let mut depth = 0;
        while self.at < self.chars.len() {
            match (self.peek(0), self.peek(1)) {
                ('/', '*') => depth += 1,
                ('*', '/') => depth -= 1,
                _ => {
                    self.skip();
                    continue;
                }
            }
            self.at += 2;
            if depth == 0 {
                return;
            }
        }
    }

    fn literal(&mut self) {
        let line = self.line;
        let mut text = String::new();
        self.skip();
        while self.at < self.chars.len() && self.peek(0) != '"' {
            if self.peek(0) == '\\' {
                self.skip();
            }
            text.push(self.skip());
        }
        self.skip();
        self.keep(line, text);
    }

    fn keep(&mut self, line: usize, text: String) {
        self.out.code.push_str("\"\"");
        self.out.literals.push((line, text));
    }

    /// How many `#` stand between `r` and the quotation mark; none when it is no raw literal.
    fn raw_hashes(&self) -> Option<usize> {
        let hashes = self.chars[self.at + 1..]
            .iter()
            .take_while(|c| **c == '#')
            .count();
        (self.peek(1 + hashes) == '"').then_some(hashes)
    }

    fn raw_literal(&mut self) {
        let hashes = self.raw_hashes().expect("the caller has looked");
        let line = self.line;
        let mut text = String::new();
        self.at += 2 + hashes;
        while self.at < self.chars.len() {
            let is_end = self.peek(0) == '"' && (1..=hashes).all(|n| self.peek(n) == '#');
            if is_end {
                break;
            }
            text.push(self.skip());
        }
        self.at += 1 + hashes;
        self.keep(line, text);
    }

    /// A character or a lifetime.
    fn quote(&mut self) {
        let length = match (self.peek(1), self.peek(2)) {
            ('\\', _) => {
                let rest = self.chars[self.at + 3..].iter().position(|c| *c == '\'');
                rest.map_or(1, |n| n + 4)
            }
            (_, '\'') => 3,
            _ => 1,
        };
        let end = (self.at + length).min(self.chars.len());
        self.out.code.extend(&self.chars[self.at..end]);
        self.at = end;
    }
}

#[test]
fn literals_and_comments_are_told_from_code() {
    let text = "let a = \"x\\\"//y\"; // \"no\"\n/* /* \"no\" */ */ let b = r#\"q\"w\"#;\nlet c = '\"'; let d: &'a str = b\"z\";";
    let lexed = lex(text);
    let literals: Vec<_> = lexed
        .literals
        .iter()
        .map(|(line, text)| (*line, text.as_str()))
        .collect();
    assert_eq!(literals, [(1, "x\"//y"), (2, "q\"w"), (3, "z")]);
    assert_eq!(
        lexed.code,
        "let a = \"\"; \n let b = \"\";\nlet c = '\"'; let d: &'a str = b\"\";"
    );
}
