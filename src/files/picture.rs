//! Pictures: how large they are, and small ones of them. A picture may be made to take more memory and time to open than
//! any server has, so its size is read and judged before anything is decoded.

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, ImageDecoder, ImageReader, Limits, RgbImage, RgbaImage};

/// The most pixels that are decoded: a large camera's.
const MAX_PIXELS: u64 = 50_000_000;

/// The most memory that a decoder may take beside.
const MAX_MEMORY_BYTES: u64 = 256 * 1024 * 1024;

const JPEG_QUALITY: u8 = 82;

/// Width and height, from the beginning of a file.
pub(super) fn dimensions(head: &[u8]) -> Option<(u32, u32)> {
    ImageReader::new(Cursor::new(head))
        .with_guessed_format()
        .ok()?
        .into_dimensions()
        .ok()
}

/// Whether a picture of this size is opened.
pub(super) fn is_bearable((width, height): (u32, u32)) -> bool {
    u64::from(width) * u64::from(height) <= MAX_PIXELS
}

/// The picture as a JPEG that fits into a square of this edge, the right way up, on white where one could see through.
pub(super) fn thumbnail(file: &[u8], edge: u32) -> Option<Vec<u8>> {
    let mut reader = ImageReader::new(Cursor::new(file))
        .with_guessed_format()
        .ok()?;
    let mut limits = Limits::default();
    limits.max_alloc = Some(MAX_MEMORY_BYTES);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().ok()?;
    if !is_bearable(decoder.dimensions()) {
        return None;
    }
    let orientation = decoder.orientation().ok();
    let mut picture = DynamicImage::from_decoder(decoder).ok()?;
    if picture.width() > edge || picture.height() > edge {
        picture = picture.thumbnail(edge, edge);
    }
    if let Some(orientation) = orientation {
        picture.apply_orientation(orientation);
    }
    let mut jpeg = Vec::new();
    let encoder = JpegEncoder::new_with_quality(&mut jpeg, JPEG_QUALITY);
    on_white(&picture.to_rgba8())
        .write_with_encoder(encoder)
        .ok()?;
    Some(jpeg)
}

fn on_white(picture: &RgbaImage) -> RgbImage {
    RgbImage::from_fn(picture.width(), picture.height(), |x, y| {
        let [red, green, blue, alpha] = picture.get_pixel(x, y).0.map(u16::from);
        let over = |colour: u16| {
            u8::try_from((colour * alpha + 255 * (255 - alpha)) / 255).unwrap_or(u8::MAX)
        };
        image::Rgb([over(red), over(green), over(blue)])
    })
}

#[cfg(test)]
mod tests {
    use image::ImageFormat;

    use super::*;

    fn png(width: u32, height: u32) -> Vec<u8> {
        let mut file = Cursor::new(Vec::new());
        RgbaImage::from_pixel(width, height, image::Rgba([200, 0, 0, 0]))
            .write_to(&mut file, ImageFormat::Png)
            .unwrap();
        file.into_inner()
    }

    #[test]
    fn a_small_picture_fits_and_keeps_its_form() {
        let file = png(400, 100);
        assert_eq!(dimensions(&file[..64]), Some((400, 100)));
        let small = thumbnail(&file, 200).unwrap();
        assert_eq!(dimensions(&small), Some((200, 50)));
        let seen = image::load_from_memory(&small).unwrap().to_rgb8();
        assert!(seen.get_pixel(5, 5).0.iter().all(|colour| *colour > 250));
        assert_eq!(
            dimensions(&thumbnail(&png(3, 2), 200).unwrap()),
            Some((3, 2))
        );
    }

    #[test]
    fn a_picture_that_claims_to_be_vast_is_not_opened() {
        let mut file = png(4, 4);
        // The size stands behind the signature and the name of the first chunk, whose checksum follows.
        file[16..24].copy_from_slice(&[0, 0, 0xEA, 0x60, 0, 0, 0xEA, 0x60]);
        let checksum = crc32(&file[12..29]);
        file[29..33].copy_from_slice(&checksum.to_be_bytes());
        assert_eq!(dimensions(&file), Some((60_000, 60_000)));
        assert!(!is_bearable((60_000, 60_000)));
        assert_eq!(thumbnail(&file, 200), None);
    }

    #[test]
    fn what_is_no_picture_has_no_size() {
        assert_eq!(dimensions(b"hello"), None);
        assert_eq!(thumbnail(&png(40, 40)[..60], 20), None);
        assert_eq!(thumbnail(b"", 20), None);
    }

    fn crc32(bytes: &[u8]) -> u32 {
        !bytes.iter().fold(u32::MAX, |crc, byte| {
            (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
                (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg())
            })
        })
    }
}
