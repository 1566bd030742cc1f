#![forbid(unsafe_code)]
//! Entry point; everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    rssmgrd::app::main()
}
