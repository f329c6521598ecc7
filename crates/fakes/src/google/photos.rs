//! Pictures of users, in web-safe base64.

use base64::Engine;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde::Deserialize;
use serde_json::{Value, json};

use super::error::{body, invalid, not_found, query};
use super::state::{Photo, User};
use super::users::{to_read, to_write};
use crate::World;
use crate::call::{Answer, Call, Outcome};
use crate::lag::Lag;
use crate::vendor::Vendor;

const LARGEST: usize = 5 << 20;

/// With padding or without, as clients differ.
const WEB_SAFE: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Wanted {
    photo_data: Option<String>,
    #[serde(rename = "etag")]
    _etag: Option<String>,
    #[serde(rename = "height")]
    _height: Option<u32>,
    #[serde(rename = "id")]
    _id: Option<String>,
    #[serde(rename = "kind")]
    _kind: Option<String>,
    #[serde(rename = "mimeType")]
    _mime_type: Option<String>,
    #[serde(rename = "primaryEmail")]
    _primary_email: Option<String>,
    #[serde(rename = "width")]
    _width: Option<u32>,
}

fn shown(user: &User, photo: &Photo) -> Value {
    json!({
        "kind": "admin#directory#user#photo",
        "id": user.id,
        "primaryEmail": user.email,
        "mimeType": photo.mime_type,
        "width": 96,
        "height": 96,
        "photoData": WEB_SAFE.encode(&photo.bytes),
    })
}

pub(crate) fn update(world: &mut World, call: &Call) -> Outcome {
    query(call, &[])?;
    let wanted: Wanted = body(call)?;
    let lag = world.lag(Vendor::Google);
    let user = to_write(world.google.of(call)?, call)?;
    let bytes = WEB_SAFE.decode(wanted.photo_data.unwrap_or_default());
    let bytes = bytes.map_err(|_| invalid("Invalid value for: photoData"))?;
    let kind = mime_type(&bytes).filter(|_| bytes.len() <= LARGEST);
    let Some(mime_type) = kind else {
        return Err(invalid("Invalid Input: photo"));
    };
    let photo = Photo {
        bytes,
        mime_type,
        unseen: Lag::of(lag),
    };
    let answer = Answer::json(200, &shown(user, &photo));
    user.photo = Some(photo);
    let email = user.email.clone();
    world.counts.add(Vendor::Google, "photos", &email, 1);
    Ok(answer)
}

pub(crate) fn get(world: &mut World, call: &Call) -> Outcome {
    query(call, &[])?;
    let user = to_read(world.google.of(call)?, call)?;
    let hidden = user.photo.as_mut().is_none_or(|photo| photo.unseen.hides());
    match &user.photo {
        Some(photo) if !hidden => Ok(Answer::json(200, &shown(user, photo))),
        _ => Err(not_found("photo")),
    }
}

/// The kind of a picture, by how it begins.
fn mime_type(bytes: &[u8]) -> Option<&'static str> {
    let kinds: [(&[u8], &str); 4] = [
        (b"\xff\xd8\xff", "image/jpeg"),
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"GIF87a", "image/gif"),
        (b"GIF89a", "image/gif"),
    ];
    let found = kinds.iter().find(|(begin, _)| bytes.starts_with(begin));
    found.map(|(_, kind)| *kind)
}
