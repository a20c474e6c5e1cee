### Details of errors of items, links and lists.

## What items and files are

no_name_chosen = no name was chosen
not_regular = it is not a regular file
pipe_or_device = it is a pipe or a device
file_in_fetched_list = its list was fetched
file_bytes = { $size } bytes, at most { $most }
path_and_reason = { $path }: { $reason }
sample_mismatch = a band of another sample type
image_side_limit_is = it is { $width } x { $height } px; the limit is { $most } px per side
image_pixel_limit_is = it is { $width } x { $height } px; the limit is { $most } megapixels
result_side_limit = the result would be { $width } x { $height } px; the limit is { $most } px per side
result_pixel_limit = the result would be { $width } x { $height } px; the limit is { $most } megapixels
memory_per_item = it would take { $memory } of memory; the limit is { $most } per item
memory_available = it would take { $memory } of memory, more than the { $most } available, from a file of { $file }

## What is wrong in a list

in_line = line { $number } of { $list } { $why }
in_row = row { $number } of { $list } { $why }
link_in_line = line { $number } of { $list }: { $why }
link_in_row = row { $number } of { $list }: { $why }
parquet_panic = its reader panicked
line_not_encoded = has bytes that are not valid { $encoding }; name the right encoding with --encoding
    .window = has bytes that are not valid { $encoding }
line_no_link = has no link
line_long_link = has a link longer than { $most } KiB
line_long = is longer than { $most } KiB
line_long_or_quote = is longer than { $most } KiB or opens a quote that isn't closed; reading continues at line { $next }
line_open_quote = opens a quote that isn't closed, so everything up to line { $last } belongs to it; close the quote and run the list again
line_not_utf8 = is not UTF-8
line_link_not_utf8 = has a link that is not UTF-8
line_link_not_text = has a link that is not text
line_json_type = is neither a JSON object nor a string
line_no_json = is not valid JSON ({ $detail })
line_no_keys = is empty, and has no "{ $key }"
line_no_key = has no "{ $key }"; it has { $keys }
line_key_not_text = has a "{ $key }" that is not text
line_short = has { $had } of { $of } columns, and "{ $column }" is not among them
url_begins = a link must begin with http:// or https://
url_names_no_host = it names no host
url_control_character = it contains a control character
url_two = it contains two links; put each on a line of its own
url_no_host = it has no host
url_scheme = only http and https are supported

## What is wrong with an answer

name_no_address = its name resolves to no address
name_forbidden = its name resolves to { $address }
name_private = its name resolves to { $address }, which is inside this network
link_failed = the request failed
link_closed = the server closed the connection before answering: { $detail }
link_headers = too many headers, or too long ones
link_body = invalid body: { $detail }
link_decode = couldn't decode its body: { $detail }
link_part = it sent a part, although the whole was requested
link_accepted = the server accepted the request, but has no content yet
link_coding = unknown content encoding: { $coding }
link_transfer_coding = unsupported transfer encoding: { $coding }
link_more = it sent more than announced
link_unconditional = 304 to a request without conditions
link_asks_wait = it asks to wait { $seconds } s
robots_no_answer = no robots.txt within { $seconds } s
robots_status = the server answered { $status }
robots_cut_off = its robots.txt was cut off
