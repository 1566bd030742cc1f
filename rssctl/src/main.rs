#![forbid(unsafe_code)]
//! Entry point; everything is in the library.

fn main() -> std::process::ExitCode {
    rssctl::main()
}
