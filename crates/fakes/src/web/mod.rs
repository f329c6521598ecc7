//! The web: pictures for inboxes, and a page for forwarding to.

use serde_json::{Value, json};

use crate::World;
use crate::call::{Answer, Call, Outcome};
use crate::route::Route;
use crate::strict::Refusal;
use crate::vendor_api::VendorApi;

/// A grey JPEG of 240 by 240 pixels, and a coloured PNG of the same size.
const JPEG: &[u8] = include_bytes!("jane.jpg");
const PNG: &[u8] = include_bytes!("jane.png");

const ROUTES: &[Route] = &[
    Route::at_once("GET /", page),
    Route::at_once("HEAD /", page),
    Route::at_once("GET /pictures/{}.jpg", jpeg),
    Route::at_once("HEAD /pictures/{}.jpg", jpeg),
    Route::at_once("GET /pictures/{}.png", png),
    Route::at_once("HEAD /pictures/{}.png", png),
];

fn page(_: &mut World, _: &Call) -> Outcome {
    let page = "<!doctype html><title>Brand</title><h1>Brand</h1>";
    Ok(Answer::bytes(200, "text/html; charset=utf-8", page))
}

fn jpeg(_: &mut World, _: &Call) -> Outcome {
    Ok(Answer::bytes(200, "image/jpeg", JPEG))
}

fn png(_: &mut World, _: &Call) -> Outcome {
    Ok(Answer::bytes(200, "image/png", PNG))
}

/// Anybody may read, as often as they like.
pub(crate) struct Web;

impl VendorApi for Web {
    fn routes(&self) -> &'static [Route] {
        ROUTES
    }

    fn refuse(&self, refusal: &Refusal) -> Answer {
        match refusal {
            Refusal::NotFound => Answer::bytes(404, "text/plain", "not found"),
            Refusal::Method(_) => Answer::bytes(405, "text/plain", "method not allowed"),
            Refusal::Fault(status) => Answer::bytes(*status, "text/plain", "out of order"),
            Refusal::TooManyRequests(seconds) => Answer::bytes(429, "text/plain", "too many")
                .with("retry-after", seconds.to_string()),
            Refusal::ContentType | Refusal::Body(_) | Refusal::Query(_) => {
                Answer::bytes(400, "text/plain", "bad request")
            }
        }
    }

    fn authenticate(&self, _: &World, _: &Call) -> Result<String, Answer> {
        Ok(String::new())
    }

    fn limit(
        &self,
        _: &mut World,
        _: &Call,
        _: Option<&str>,
    ) -> Result<Vec<(&'static str, String)>, Answer> {
        Ok(Vec::new())
    }

    fn open_account(&self, _: &mut World, _: &Value) -> Result<Value, String> {
        Err("the web has no accounts".to_owned())
    }

    fn credentials(&self, _: &World) -> Vec<Value> {
        Vec::new()
    }

    fn change(&self, _: &mut World, _: &str, _: &str, _: &Value) -> Result<(), String> {
        Err("the web has nothing to change".to_owned())
    }

    fn holdings(&self, _: &World) -> Value {
        json!({})
    }
}
