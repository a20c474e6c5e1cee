### Names of operations, parameters and choices where they differ from the id. All others follow from the id
### (`long_edge` is shown as "Long edge"), and summaries and formulas are in the code's declarations.

save-max_bytes = Largest file
save-target = Visual quality
save-transcode = JPEG without loss
save-lossless_jpeg = Lossless JPEG edits
save-subsampling =
    .choice-420 = 4:2:0
    .choice-422 = 4:2:2
    .choice-444 = 4:4:4
save-compression =
    .choice-keep = Like the original
    .choice-lzw = LZW
    .choice-zstd = Zstandard
    .choice-packbits = PackBits
    .choice-g4 = Fax group 4
    .choice-g3 = Fax group 3
save-hdr = HDR
    .choice-sdr = SDR
    .choice-keep = Keep
save-colour =
    .choice-srgb = sRGB
    .choice-display-p3 = Display P3
    .choice-adobe-rgb = Adobe RGB
    .choice-prophoto-rgb = ProPhoto RGB
    .choice-rec2020 = Rec. 2020
