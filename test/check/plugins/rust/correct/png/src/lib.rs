//! png - turns a PNG upside down. It needs an input that is a PNG.

use tenon::{Error, Host, Output, Plugin};

/// The most bytes of samples that a picture may have.
const MOST: usize = 64 << 20;

struct Flip;

fn flip(input: &[u8]) -> Result<Vec<u8>, String> {
    let mut decoder = png::Decoder::new(input);
    decoder.set_limits(png::Limits { bytes: MOST });
    let mut reader = decoder.read_info().map_err(|e| e.to_string())?;
    if reader.output_buffer_size() > MOST {
        return Err("the picture is too large".to_owned());
    }
    let mut samples = vec![0; reader.output_buffer_size()];
    let frame = reader.next_frame(&mut samples).map_err(|e| e.to_string())?;
    samples.truncate(frame.buffer_size());
    let rows: Vec<u8> = samples.chunks_exact(frame.line_size).rev().flatten().copied().collect();
    let mut flipped = Vec::new();
    let mut encoder = png::Encoder::new(&mut flipped, frame.width, frame.height);
    encoder.set_color(frame.color_type);
    encoder.set_depth(frame.bit_depth);
    if let Some(palette) = &reader.info().palette {
        encoder.set_palette(palette.to_vec());
    }
    let mut writer = encoder.write_header().map_err(|e| e.to_string())?;
    writer.write_image_data(&rows).map_err(|e| e.to_string())?;
    writer.finish().map_err(|e| e.to_string())?;
    Ok(flipped)
}

impl Plugin for Flip {
    const NAME: &'static str = "corpus-png";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const DETERMINISTIC: bool = true;

    fn new(_host: Host, _config: &str) -> Result<Self, Error> {
        Ok(Flip)
    }

    fn something(&mut self, input: &[u8], out: &mut Output<'_>) -> Result<(), Error> {
        out.append(&flip(input).map_err(Error::invalid)?)
    }
}

tenon::plugin!(Flip);
