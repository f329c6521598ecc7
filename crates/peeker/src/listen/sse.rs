//! Reading Server-Sent Events, as far as the server sends them: one event from the bytes that come in.

/// What stands between two blank lines.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Block {
    /// Where to go on after it.
    pub id: Option<String>,
    /// The type of the event.
    pub event: Option<String>,
    /// The body of the event; `None` for what is no event.
    pub data: Option<String>,
}

/// Bytes on their way to become blocks.
#[derive(Debug, Default)]
pub struct Parser {
    line: Vec<u8>,
    block: Block,
}

impl Parser {
    /// Takes bytes as they come; gives back the blocks that are complete.
    pub fn push(&mut self, bytes: &[u8]) -> Vec<Block> {
        let mut complete = Vec::new();
        for byte in bytes {
            if *byte != b'\n' {
                self.line.push(*byte);
                continue;
            }
            let line = std::mem::take(&mut self.line);
            let line = String::from_utf8_lossy(&line);
            let line = line.trim_end_matches('\r');
            if line.is_empty() {
                complete.push(std::mem::take(&mut self.block));
            } else {
                self.take(line);
            }
        }
        complete
    }

    fn take(&mut self, line: &str) {
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "id" => self.block.id = Some(value.to_owned()),
            "event" => self.block.event = Some(value.to_owned()),
            "data" => match &mut self.block.data {
                Some(data) => {
                    data.push('\n');
                    data.push_str(value);
                }
                None => self.block.data = Some(value.to_owned()),
            },
            // Comments, and fields of a later version.
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_the_same_however_the_bytes_are_cut() {
        let text = ": open\nid: 1\n\nid: 2.0\r\nevent: order.failed\r\ndata: {\"a\":\"ë: b\"}\r\n\r\n: heartbeat\n\n";
        let expected = [
            Block {
                id: Some("1".into()),
                ..Block::default()
            },
            Block {
                id: Some("2.0".into()),
                event: Some("order.failed".into()),
                data: Some("{\"a\":\"ë: b\"}".into()),
            },
            Block::default(),
        ];
        for size in 1..text.len() {
            let mut parser = Parser::default();
            let blocks: Vec<_> = text
                .as_bytes()
                .chunks(size)
                .flat_map(|bytes| parser.push(bytes))
                .collect();
            assert_eq!(blocks, expected, "{size}");
        }
    }
}
