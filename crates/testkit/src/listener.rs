//! A listener of an event stream that reads one piece after the other.

use std::time::Duration;

use axum::body::Body;
use http_body_util::BodyExt;

/// How long a piece may take that has to come.
const PATIENCE: Duration = Duration::from_secs(20);

/// An open event stream.
#[derive(Debug)]
pub struct Listener {
    body: Body,
    text: String,
}

/// A piece of a stream: what stands between two blank lines.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Heard {
    pub comment: Option<String>,
    /// Its `id`.
    pub id: Option<String>,
    /// Its `event`.
    pub event: Option<String>,
    /// Its `data`.
    pub data: Option<String>,
}

impl Listener {
    pub(crate) fn new(body: Body) -> Self {
        Self {
            body,
            text: String::new(),
        }
    }

    /// The next piece, comments too; `None` at the end of the stream.
    pub async fn next(&mut self) -> Option<Heard> {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let heard = parse(block);
                self.text = rest.to_owned();
                return Some(heard);
            }
            let frame = tokio::time::timeout(PATIENCE, self.body.frame());
            let frame = frame.await.expect("the stream says nothing for too long")?;
            let data = frame.unwrap().into_data().unwrap();
            self.text.push_str(std::str::from_utf8(&data).unwrap());
        }
    }

    /// The next event; `None` at the end of the stream.
    pub async fn event(&mut self) -> Option<Heard> {
        loop {
            let heard = self.next().await?;
            if heard.data.is_some() {
                return Some(heard);
            }
        }
    }

    /// All events until the end of the stream.
    pub async fn all(&mut self) -> Vec<Heard> {
        let mut all = Vec::new();
        while let Some(heard) = self.event().await {
            all.push(heard);
        }
        all
    }
}

fn parse(block: &str) -> Heard {
    let mut heard = Heard::default();
    for line in block.lines() {
        let (field, value) = line.split_once(": ").unwrap();
        let place = match field {
            "" => &mut heard.comment,
            "id" => &mut heard.id,
            "event" => &mut heard.event,
            "data" => &mut heard.data,
            other => panic!("a field that nobody knows: {other}"),
        };
        assert!(place.replace(value.to_owned()).is_none(), "{block}");
    }
    heard
}
