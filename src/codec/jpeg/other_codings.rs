//! Arithmetic and lossless JPEG. The files were made by libjpeg-turbo (cjpeg 2.1 and imagecodecs) and imagecodecs' ljpeg.

#![expect(clippy::unwrap_used, reason = "tests")]

use crate::codec::{DecodeOptions, open};
use crate::error::ErrorKind;
use crate::model::{Band, Channels, Samples};

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len() / 2).map(|n| u8::from_str_radix(&hex[n * 2..n * 2 + 2], 16).unwrap()).collect()
}

fn read(file: &[u8]) -> (Samples, Channels) {
    let mut opened = open(file, &DecodeOptions::default()).unwrap();
    let info = opened.rows.info();
    let mut band = Band::empty(&info);
    assert_eq!(opened.rows.read_rows(u32::MAX, &mut band).unwrap(), info.height_px);
    (band.samples, info.channels)
}

#[test]
fn arithmetic_coding_is_read_with_one_scan_and_with_several() {
    let head = "ffd8ffe000104a46494600010100000100010000ffdb0043000302020302020303030304030304050805050404050a070706080c0a0c0\
                c0b0a0b0b0d0e12100d0e110e0b0b1016101113141515150c0f171816141812141514ffdb00430103040405040509050509140d0b0d14\
                14141414141414141414141414141414141414141414141414141414141414141414141414141414141414141414141414";
    let one = "ffc90011080010001803011100021101031101ffcc000a0010100501101105ffda000c03010002110311003f00ff00e56aea97fd4b29fc\
               51444e24e4802e5276ce18c2116d9891fd1901c78e2d14e84199ad64762a7f3d331085030c79626a32bdb29c4a018332946f07c34f66de\
               b51e6f75776d017fba360c1240ffd9";
    let several = "ffca0011080010001803011100021101031101ffcc000600100110ffda000c03010002100310000001ff00cad7e366a97cd8e474eba\
                   83049adf786efd021345c482b65ffcc00041005ffda0008010100010502144380f8cf10e4ffcc00041105ffda0008010301013f011a\
                   ee65cb4ef6ffcc00041105ffda0008010201013f01392ee3910addd2ffcc00041005ffda0008010100063f02c0ffcc00041005ffda0\
                   008010100013f21510ef3a0ffda000c03010002000300000010a06980ffcc00041105ffda0008010301013f101920ffcc00041105ff\
                   da0008010201013f10d46808efe0ffcc00041005ffda0008010100013f10d34a717ebad9c0ffd9";
    let one = bytes(&[head, one].concat());
    let (pixels, channels) = read(&one);
    assert_eq!(channels, Channels::Rgb);
    let Samples::U8(pixels) = pixels else { panic!("8 bits") };
    let mean: f64 = pixels
        .chunks(3)
        .enumerate()
        .map(|(n, pixel)| {
            let value = (n % 24 * 5 + n / 24 * 3) % 256;
            [value, value / 2, 255 - value]
                .iter()
                .zip(pixel)
                .map(|(a, b)| a.abs_diff(usize::from(*b)) as f64)
                .sum::<f64>()
        })
        .sum::<f64>()
        / pixels.len() as f64;
    assert!(mean < 2.0, "{mean}");
    assert_eq!(read(&bytes(&[head, several].concat())).0, Samples::U8(pixels), "the same coefficients");
    let mut cut = open(&one[..one.len() - 60], &DecodeOptions::default()).unwrap();
    let mut band = Band::empty(&cut.rows.info());
    assert_eq!(cut.rows.read_rows(u32::MAX, &mut band).unwrap_err().kind, ErrorKind::Truncated);
}

#[test]
fn lossless_files_of_8_to_16_bits_are_exact() {
    let gray = "ffd8ffe000104a46494600010100000100010000ffc3000b080007000d01011100ffc400160001010100000000000000000000000000040\
                508ffda0008010100010000cfe94a5294a5294a5345294a5294a5294a68a5294a5294a5294d14a5294a5294a529a294a5294a5294a53452\
                94a5294a5294a68a5294a5294a5294ff00ffd9";
    let colour = "ffd8ffee000e41646f626500640000000000ffc30011080007000d03521100471100421100ffc40018000101010101000000\
                  00000000000000000405080607ffda000c03520047004200010000cffeff009fd26b6935b49ada4d6d26b6935b49ada4d6d2\
                  6b69361a49ada4d6e8ceecd26b6935b49ada4d6d26b6935b49ada4d86926b6935b49ada4d6e8ceecd26b6935b49ada4d6d26\
                  b69361a49ada4d6d26b6935b49ada4d6e8ceecd26b6935b49ada4d86926b6935b49ada4d6d26b6935b49ada4d6e8ceecd26b\
                  69361a49ada4d6d26b6935b49ada4d6d26b6935b49ada4d86a8ceecd26c34935b49ada4d6d26b6935b49ada4d6d26b69361a\
                  49ada4d6e8cec64935b49ada4d6d26b6935b49ada4d6d26c34935b49ada4d6d26b7fffd9";
    let sixteen = "ffd8ffc4001600010101000000000000000000000000000c0d0fffc3000b100007000d01001100ffda0008010000060000c0\
                   009212909484a425212909484a425212909484a426888a225112889444a225112889444a225112889444d111444a22511288\
                   9444a225112889444a225112889a222889444a225112889444a225112889444a2251134445112889444a225112889444a225\
                   112889444a226888a225112889444a225112889444a225112889444d111444a225112889444a225112889444a225112889ff\
                   d9";
    let twelve = "ffd8ffc40016000101010000000000000000000000000008090cffc3000b0c0007000d01001100ffda0008010000060000cf\
        fe90482412090482412090482412144110884422110884422110884422288221108844221108844221108844510442211088\
        442211088442211088a208844221108844221108844221114411088442211088442211088442228822110884422110884422\
        11088440ffd9";
    let values = || (0..13 * 7usize).map(|n| (n % 13 * 9 + n / 13 * 17) % 256);
    assert_eq!(read(&bytes(gray)), (Samples::U8(values().map(|v| v as u8).collect()), Channels::Gray));
    let three = values().flat_map(|v| [v, 255 - v, v * 3 % 256]).map(|v| v as u8).collect();
    assert_eq!(read(&bytes(colour)), (Samples::U8(three), Channels::Rgb));
    let deep = values().map(|v| (v * 257 + 3) as u16).collect();
    assert_eq!(read(&bytes(sixteen)), (Samples::U16(deep), Channels::Gray));
    let deep = values().map(|v| ((v * 16 * 65_535 + 2_047) / 4_095) as u16).collect();
    assert_eq!(read(&bytes(twelve)), (Samples::U16(deep), Channels::Gray));
    let cut = bytes(gray);
    let kind = open(&cut[..cut.len() - 30], &DecodeOptions::default()).map(|_| ()).unwrap_err().kind;
    assert_eq!(kind, ErrorKind::Truncated);
}
