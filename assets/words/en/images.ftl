### Why an image can't be read or written: the details of errors. Texts of libraries exist in English only.

## Any format

decoder_text = { $text }
encoder_text = { $text }
image_no_size = its size is { $width } x { $height } px
image_side_limit = { $width } x { $height } px; at most { $most } px per side
image_pixel_limit = { $width } x { $height } px; at most { $most } megapixels
format_side_limit = { $width } x { $height } px; { $format } allows { $most } px per side
format_side_most = { $format } allows { $most } px per side
no_memory_for = couldn't allocate { $size }
no_memory = not enough memory
needs_too_much_memory = decoding needs more memory than an image of this size should
image_format_unknown = { $format } images are not supported
image_format_left_out = this build of Pixloom can't open { $format } images. Use a build with the feature "{ $feature }", or convert them to JPEG first
no_image = it contains no image
image_no_pixels = it has no pixels
size_mismatch = its pixel data doesn't match its size
sample_type = { $type } samples
truncated_rows = { $had } of { $count ->
        [one] 1 row
       *[other] { $count } rows
    }
truncated_passes = { $had } of { $count ->
        [one] 1 pass
       *[other] { $count } passes
    }
truncated_frames = { $had } of { $count ->
        [one] 1 frame
       *[other] { $count } frames
    }
truncated_frames_or_more = { $had } of at least { $count ->
        [one] 1 frame
       *[other] { $count } frames
    }
truncated_at_least = { $had } of at least { $wanted }
truncated_about = { $had } of about { $wanted }
truncated_in_rows = rows are missing
truncated_in_pass = within pass { $pass }

## What other files look like

looks_like_zip = it looks like a ZIP archive or an office document
looks_like_gzip = it looks like gzip
looks_like_7z = it looks like a 7z archive
looks_like_rar = it looks like a RAR archive
looks_like_audio = it looks like audio
looks_like_ogg = it looks like audio or video
looks_like_video = it looks like a video
looks_like_database = it looks like a database
looks_like_program = it looks like a program
looks_like_html = it looks like HTML
looks_like_xml = it looks like XML
looks_like_zeros = it contains only zeros
looks_like_json = it looks like JSON
looks_like_text = it looks like text
looks_like_nothing = it is not a known image format
claimed_type = { $text }, though the server calls it { $claim }

## Animations

too_many_frames = { $frames } frames; at most { $most }
too_many_frame_pixels = { $frames } frames have { $had } megapixels together; at most { $most }
one_frame_only = { $format } files hold only one frame
frames_missing = it has { $had } of { $wanted } frames
frame_outside = a frame lies outside the canvas
frame_too_large = a frame is much larger than the canvas
no_frames = it contains no frames

## Formats

heif_item_type = unknown item type
heif_grid = invalid grid description
heif_tiles_differ = the tiles of its grid differ in size or type
heif_tiles_odd = the tiles of its grid have odd sizes
heif_planes_small = its planes are too small for its size
heif_no_codec = missing codec configuration (av1C or hvcC)
heif_type = images of type { $type } are not supported
heif_aperture = its clean aperture lies outside the image
heif_frame_codec = its frame doesn't match its codec configuration
heif_alpha_size = images with an alpha plane of another size are not supported
heif_matrix = images with colour matrix { $matrix } are not supported
heif_box = its { $box } box is invalid
heif_sequence = it has neither an image nor a sequence that can be read
heif_fragments = sequences in fragments are not supported
heif_no_primary = its primary item is missing
heif_no_tile = a tile of its grid is missing
heif_protected = files that are protected or refer to other files are not supported
heif_no_data = an item has no data
heif_overlap = overlapping extents
heif_no_size = an image item has no size
heif_property = images with the property { $property } are not supported
avif_frame_large = its frame is too large
heif_frame_size = its frame differs in size from the file's description
heif_frame_larger = its frame is larger than the file says
avif_data = invalid AV1 data
avif_frame_type = unknown type of AV1 frame
avif_no_plane = a plane is missing
avif_no_header = missing AV1 sequence header
avif_rows_overlap = overlapping rows in a plane
heic_data = invalid HEVC data: { $why }
heic_units = the units of its HEVC data are invalid
heic_chroma = images with { $chroma } chroma are not supported
heic_depths_differ = images whose luma and chroma differ in depth are not supported
heic_tool = images that use a part of HEVC that the decoder lacks are not supported ({ $tool })
box_too_long = a box extends beyond its parent
box_too_short = a box is smaller than its header
jxl_primaries = JPEG XL can't hold the primaries of its HDR (number { $number })
jxl_part = a part of its codestream has no number
jxl_codestream = invalid codestream
jxl_cmyk = CMYK JPEG XL images are not supported
jxl_frame = its frame doesn't match its header
file_over_4_gb = the file would be larger than 4 GB
score_failed = the image can't be compared with its original: { $detail }
jp2_colours = JPEG 2000 images in these colours are not supported ({ $colours })
jp2_no_codestream = it has no codestream
dds_compression = DDS images with this compression are not supported ({ $compression })
dds_uncompressed = uncompressed DDS images are not supported
exr_channels = OpenEXR images without red, green and blue are not supported
pdf_password = it needs a password, and PDF files with passwords are not supported
pdf_encryption = its encryption is not supported
pdf_invalid = its structure is invalid
gif_frame_over = a frame can't be drawn over the previous one
png_checksum = the checksum of its { $chunk } chunk is wrong
png_no_control = a frame has no control chunk
png_no_header = the first chunk is not IHDR
png_frames_palette = its frames can't share one palette; leave the palette out, or save as GIF
webp_data = invalid WebP data
webp_feature = unknown WebP feature
svg_elements = more than { $most } elements
svg_expand = its elements expand to too many others
svg_size = its size depends on what it draws
svg_layers = its layers need { $size } of memory
svg_too_large = { $width } x { $height } px is too large to draw
svg_text = more than { $most } of SVG text
svg_utf8 = its text is not valid UTF-8
jpeg_colour = its colour space
jpeg_scans = it has { $scans } scans; at most { $most }
jpeg_ends = its data ends at row { $row }
jpeg_codes = invalid Huffman codes near row { $row }
jpeg_lossless = lossless JPEG with these components
tga_palette = its palette is missing
jpeg_hierarchical = hierarchical JPEG
jpeg_arithmetic = JPEG with arithmetic coding
jpeg_scan = a scan without a frame
jpeg_segment = a segment without a length
jpeg_frame = a frame without a size
jpeg_precision = JPEG with { $bits } bits per sample
jpeg_components = JPEG with { $count } components
jpeg_height = JPEG without a height in its header
tiff_raw = this build of Pixloom can't open { $format } raw images. Use a build with the feature "raw", or convert them to JPEG first
tiff_raw_unknown = this build of Pixloom can't open camera raw images. Use a build with the feature "raw", or convert them to JPEG first
raw_camera = raw files of { $camera } can't be read
raw_camera_data = raw files of { $camera } in this mode can't be read ({ $detail })
raw_data = the sensor's data can't be read ({ $detail })
raw_header = only its decoder can read its header
raw_unknown = no supported camera wrote this raw file
tiff_no_page = it has { $count ->
        [one] 1 page
       *[other] { $count } pages
    }, so there is no page { $page }
tiff_tiles_wide = its tiles are { $width } px wide
tiff_samples = TIFF images of { $count } samples per pixel are not supported
tiff_bits = TIFF images of { $bits } bits per sample are not supported
tiff_float_bits = TIFF images of { $bits }-bit floats are not supported
tiff_signed = TIFF images with signed samples are not supported
tiff_complex = TIFF images with complex samples are not supported
tiff_itu_lab = TIFF images in ITU Lab (fax) are not supported
tiff_logluv = TIFF images in LogLuv are not supported
tiff_cfa = TIFF images with a colour filter array (camera raw) are not supported
tiff_photometric = TIFF images with photometric interpretation { $number } are not supported
tiff_few_samples = it has { $samples } samples per pixel, too few for { $colours } colours
tiff_layout = TIFF images with this sample layout are not supported
tiff_palette_size = TIFF images with a palette of this size are not supported
tiff_palette = its palette is missing or too short
tiff_compression = TIFF images compressed as { $method } are not supported
tiff_subsampling = TIFF images with chroma subsampling are not supported
tiff_strip = invalid data in a strip or tile
tiff_no_strips = its strips or tiles have no size
tiff_fax_rows = missing rows in its fax data
tiff_jpeg = invalid JPEG data in a strip or tile
tiff_webp = invalid WebP data in a strip or tile
tiff_jpeg_large = its JPEG data is larger than its strips or tiles
tiff_samples_size = its samples don't match its size
tiff_loop = its pages form a loop
pages_fewer = it has { $count ->
        [one] 1 page
       *[other] { $count } pages
    }, and pages { $pages } were requested
pages_too_many = more than { $most } of its { $count } pages were requested
pages_of_link = it has { $count } pages, and only one page of a link can be processed; request a single page, or download the file first
pages_not_known = its { $count } pages were not known when it was added; add it again
tiff_no_pages = it contains no page
pnm_signature = invalid Netpbm signature
pnm_number = invalid number in its header or data
pnm_large_number = number too large in its header or data
pnm_ascii = its header is not ASCII text
pnm_line = missing line break in its header
pnm_repeated = repeated field in its header
pnm_unknown = unknown field in its header
pnm_missing = missing field in its header
pnm_sample = invalid sample in its data
pnm_range = a sample is outside the range given in its header
pnm_format = invalid sample format in its header
qoi_signature = invalid QOI signature
qoi_channels = invalid number of channels in its header
qoi_colour = invalid colour space in its header
qoi_size = invalid size in its header
qoi_end = missing end marker

## Decoder helpers

decoder_crashed = its decoder crashed
decoder_crashed_signal = its decoder crashed (signal { $number })
decoder_crashed_code = its decoder crashed (exit code { $number })
decoder_contradicts = its pixels contradict its header
decoder_memory = decoding it takes more than { $limit } of memory
decoder_input = the file couldn't be passed to its decoder: { $detail }
decoder_output = its pixels couldn't be passed on: { $detail }
decoding_time = decoding it takes more than { $seconds } s of processor time, too much for its size; most likely it was made to be slow
drawing_time = drawing it takes more than { $seconds } s of processor time; simplify its filters, patterns or repeated parts
probing_time = finding out its size takes more than { $seconds } s of processor time; give the drawing a width and a height
helper_other = the program that was started is not Pixloom
helper_ended = it ended at once
helper_ended_signal = it ended at once (signal { $number })
helper_ended_code = it ended at once (exit code { $number })
helper_failed = { $detail }

## Saving

one_frame_format = a { $format } file holds only one frame
not_written = Pixloom can't write { $format } files; choose { $written } or another
encoder_state = the encoder is in an invalid state
encoder_not_started = the encoder was not started
encoder_started_twice = the encoder was started twice
encoder_short = the encoder's file is too short
rows_mismatch = its rows don't match its header
rows_given = { $had } of { $wanted } rows were given
frames_given = { $had } of { $wanted } frames were given
frame_no_rows = a frame has no rows
frame_sizes = its frames have different sizes
quality_none = no quality fits
max_bytes_lowest = even with quality 1 it takes { $had } bytes; max_bytes allows { $most }
max_bytes_fixed = { $format } has no quality to lower, and it takes { $had } bytes; max_bytes allows { $most }
