//! The HTTP half of [`crate::Probes`] for the real outside world: pictures and forwarding targets.
//!
//! The addresses come from partners, so every look goes through the one client that refuses private addresses. Whether a
//! domain is delegated is asked of the DNS and is not in here; a live adapter is made of this and of that.

use peeker_domain::{FailureClass, WebUrl};
use peeker_webhooks::{Fetched, OutboundClient};

use crate::TargetProblem;

#[cfg(test)]
mod tests;

/// How much of a picture is loaded to see that there is one.
const PICTURE_START: usize = 1024;
/// Pictures that mail providers take, and how their files begin.
const PICTURES: [(&str, &[u8]); 4] = [
    ("image/jpeg", &[0xff, 0xd8, 0xff]),
    ("image/png", b"\x89PNG\r\n\x1a\n"),
    ("image/gif", b"GIF8"),
    ("image/webp", b"RIFF"),
];

/// Looks at web addresses as anybody on the internet can.
#[derive(Debug, Clone)]
pub struct WebProbes {
    client: OutboundClient,
}

impl WebProbes {
    /// Looks through `client`, whose address policy and time limit hold.
    pub fn new(client: OutboundClient) -> Self {
        Self { client }
    }

    /// Whether anybody on the internet can load a picture at `url`: a 2xx answer that says it is a picture and begins like
    /// one. A redirect is none: whoever loads the picture later may not follow it.
    pub async fn picture_reachable(&self, url: &WebUrl) -> bool {
        let fetched = self.client.get(url, PICTURE_START).await;
        fetched.is_ok_and(|fetched| is_picture(&fetched))
    }

    /// What is wrong with forwarding to `target`; `None` when nothing is. Any answer will do, an error or a redirect too:
    /// somebody is there. A name that does not resolve is nobody.
    pub async fn target_problem(&self, target: &WebUrl) -> Option<TargetProblem> {
        match self.client.get(target, 0).await {
            Ok(_) => None,
            Err(FailureClass::Refused) => Some(TargetProblem::Invalid),
            Err(_) => Some(TargetProblem::Unreachable),
        }
    }
}

fn is_picture(fetched: &Fetched) -> bool {
    let begins_like_one = PICTURES.iter().any(|(media_type, start)| {
        fetched.content_type.as_deref() == Some(media_type) && fetched.start.starts_with(start)
    });
    (200..300).contains(&fetched.status) && begins_like_one
}
