//! Lets the linker leave the functions of Node.js open.

fn main() {
    napi_build::setup();
}
