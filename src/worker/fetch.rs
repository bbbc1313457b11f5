//! [`Fetch`] by the network.

use std::pin::Pin;

use wasm_bindgen::JsCast;
use worker::js_sys::Uint8Array;

use super::glue;
use super::turns::settled;
use crate::jwt::fetch::{DOCUMENT_MAX, Fetch};

/// How long to wait, in milliseconds.
const PAUSE: u32 = 700;

/// The network, as the platform reaches it.
pub struct Network;

impl Fetch for Network {
    fn get<'a>(&'a self, url: &'a str) -> Pin<Box<dyn Future<Output = Option<Vec<u8>>> + 'a>> {
        #[expect(clippy::cast_possible_truncation, reason = "64 KiB")]
        let document = glue::get(url, DOCUMENT_MAX as u32);
        Box::pin(async { Some(settled(document).await.ok()?.dyn_ref::<Uint8Array>()?.to_vec()) })
    }

    fn pause<'a>(&'a self) -> Pin<Box<dyn Future<Output = ()> + 'a>> {
        let passed = glue::pause(PAUSE);
        Box::pin(async { drop(settled(passed).await) })
    }
}
