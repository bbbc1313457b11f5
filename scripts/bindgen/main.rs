//! `postern-bindgen WASM FOLDER`: writes the wasm of the crate without wasm-bindgen's descriptions into the folder, with the JavaScript
//! that calls it, as `index_bg.wasm` and `index.js`.

use std::error::Error;

use wasm_bindgen_cli_support::Bindgen;

fn main() -> Result<(), Box<dyn Error>> {
    let [wasm, folder] =
        std::env::args_os().skip(1).collect::<Vec<_>>().try_into().map_err(|_| "usage: WASM FOLDER")?;
    Bindgen::new()
        .input_path(wasm)
        .module(true)?
        .out_name("index")
        .typescript(false)
        // After a trap, the next call creates a new instance (docs/decisions/0004).
        .reset_state_function(true)
        .force_enable_abort_handler(true)
        .generate(folder)?;
    Ok(())
}
