### Messages that code refers to by id, with arguments.

## The program and the machine

no_window = The window can't be shown: { $detail }. `pixloom run` works without it.
no_home = There is no home folder for the catalog. Name a file with --catalog.
path = { $path }: { $detail }
no_job = There is no job { $job } in this catalog.
thread = Couldn't start the thread { $name }: { $detail }.
recorder_gone = The recorder has stopped. Restart Pixloom.
engine_ended = The engine has stopped.
network_gone = Network lost.
too_many_failures = { $failed ->
        [one] 1 item has failed
       *[other] { $failed } items have failed
    }, more than --max-failures { $allowed } allows. `pixloom jobs { $job }` shows the causes.
    .window = { $failed ->
        [one] 1 item has failed
       *[other] { $failed } items have failed
    }, more than the job allows ({ $allowed }).
list_cut_off = A list could not be read to its end.
output_missing = The output folder { $path } with the job's results was moved or deleted. Move it back, or create an empty folder in its place, then resume the job.
output_lost = The output folder { $path } was moved or deleted while the job was running. Move it back, then resume the job.
nothing_failed = Nothing to retry: no item of job { $job } has failed.
retry_futile = Nothing to retry: the failed rows of job { $job } have no valid link. Correct the list and run it again.
nothing_to_retry = Nothing to retry: job { $job } has no such failures.
recipe_in_use = A running job's recipe can't be changed. Cancel it, or wait until it ends.
recipe_query = A query job has no recipe. Start a new job.
too_many_sources = Too many sources were added at once. Wait until they have been read, then add the rest.
settings_write = Couldn't write the settings { $path }: { $detail }.
export = Couldn't write the export: { $detail }.
export_file = Couldn't write { $path }: { $detail }.
samples = Couldn't write the sample images to { $folder }: { $detail }.
folder_unopened = No file manager opened the folder { $folder }. Your results are there: open it by hand.
results_gone = The folder { $folder } with the results was moved or deleted.
http_client = Couldn't set up the HTTP client: { $detail }.

## Why the system refused something

system_not_found = no such file or folder
system_denied = permission denied
system_exists = a file of that name exists
system_is_folder = it is a folder
system_no_folder = part of the path is not a folder
system_read_only = the file system is read-only
system_full = the disk is full
system_name = the name is invalid or too long
system_memory = not enough memory
system_timed_out = timed out
system_pipe = the receiving program has ended
system_refused = connection refused
system_reset = the connection was closed
system_unreachable = the host or its network is unreachable
system_loop = its links lead in a circle
system_device = the device, or the connection to it, reported an error
system_files = too many files are open
system_utf8 = it is not UTF-8 text
system_too_large = File too large
system_busy = it is in use
system_stale = the network drive is gone
system_text = { $text }
database_unopened = the file can't be opened
database_read_only = it may only be read

## Sources

folder_missing = Couldn't open the folder { $folder }: there is no such folder.
folder_denied = Couldn't open the folder { $folder }: permission denied.
folder_none = Couldn't open the folder { $folder }: it is not a folder.
folder_unread = Couldn't open the folder { $folder } ({ $detail }).
list_missing = Couldn't read the list { $list }: there is no such file.
list_denied = Couldn't read the list { $list }: permission denied.
list_short = Couldn't read the list { $list } completely: its compressed data ends early.
list_unread = Couldn't read the list { $list } ({ $detail }).
list_encoding = Couldn't read the list { $list }: there is no encoding "{ $encoding }".
list_json = Couldn't read the list { $list }: its JSON is damaged ({ $detail }).
list_several = Couldn't read the list { $list }: several columns hold links: { $columns }. Name the right one with --url-column.
    .window = Couldn't read the list { $list }: several columns hold links: { $columns }. Choose the right one.
header_value = The value of a header must be text without control characters.
cookies_not_there = There is no cookie file { $path }. Check its name.
cookies_none = { $path } is not a cookies.txt file in Netscape's format. Choose another file.
client_cert_none = { $path } contains no PEM certificate with its private key. Choose another file.
client_cert_not_there = There is no client certificate { $path }. Check its name.
encoding_unknown = There is no encoding "{ $encoding }". Use a name such as utf-8, euc-kr, cp949, shift_jis, gbk, big5, windows-1252 or utf-16le.
list_packed = Couldn't read the list { $list }: it is compressed twice.
list_zip = Couldn't read the list { $list }: it is a ZIP archive or a spreadsheet. Save it as CSV.
list_binary = Couldn't read the list { $list }: it is binary data.
list_markup = Couldn't read the list { $list }: it is a web page or XML. Save the links in it as text, one a line.
list_parquet = Couldn't read the list { $list }: its Parquet data is damaged ({ $detail }).
list_parquet_row = Couldn't read the list { $list }: its Parquet data is damaged after row { $row } ({ $detail }).
list_lacks = Couldn't read the list { $list }: it has no column "{ $column }"; its columns are { $columns }. Name the right one with { $option }.
    .window = Couldn't read the list { $list }: it has no column "{ $column }"; its columns are { $columns }.
list_lacks_has_one = Couldn't read the list { $list }: it has no column "{ $column }"; its only column is { $columns }. Name the right one with { $option }.
    .window = Couldn't read the list { $list }: it has no column "{ $column }"; its only column is { $columns }.
list_no_header = Couldn't read the list { $list }: its first line is a link, so it has no header and no column "{ $column }"; its columns are { $columns }. Name the right one with { $option }.
    .window = Couldn't read the list { $list }: its first line is a link, so it has no header and no column "{ $column }"; its columns are { $columns }.
list_not_fetched = The list { $list } was not fetched.
list_given_up = Fetching the list { $list } was cancelled.
list_not_kept = Couldn't store the list { $list } while reading it ({ $detail }).
list_changed = The list { $list } has changed since the job was interrupted. Pixloom continues at the same position in the new list; start a new job to process every link.
stdin_not_stored = { $count ->
        [one] A link from standard input could not be recorded and is not part of the job: run it
       *[other] { $count } links from standard input could not be recorded and are not part of the job: run them
    } as a new job.
stdin_cut_off = The job was interrupted before standard input was read completely. Links that had not arrived are missing: run them as a new job.

## Names of results

name_brace = The name template "{ $template }" has a stray brace "{ $brace }". Write it twice for the brace itself. Its fields are { $fields }.
name_field = The name template "{ $template }" has an unknown field {"{"}{ $field }{"}"}. Its fields are { $fields }.
name_field_near = The name template "{ $template }" has an unknown field {"{"}{ $field }{"}"}. Did you mean {"{"}{ $near }{"}"}? Its fields are { $fields }.
name_empty = The name template "{ $template }" is empty. Its fields are { $fields }.
name_leading = The name template "{ $template }" must not start with "/". Its fields are { $fields }.
name_last = The name template "{ $template }" has no name after its last "/". Its fields are { $fields }.
name_lacks_column = The list of this item has no column "{ $column }".
name_no_column_near = The name template uses {"{"}col:{ $column }{"}"}, but the list { $source } has only the columns { $columns }. Did you mean {"{"}col:{ $near }{"}"}?
name_no_columns = The name template uses {"{"}col:{ $column }{"}"}, but { $source } has no columns.
name_no_column = The name template uses {"{"}col:{ $column }{"}"}, but the list { $source } has only the columns { $columns }.

## Links

ca_missing = There is no certificate file { $path }. Check its name.
ca_none = { $path } contains no PEM certificate. Choose another file.
proxy_no_url = Invalid proxy URL: { $detail }.
proxy_url = Invalid proxy URL: use http://HOST:PORT.
proxy_bare = A proxy URL has a host and a port, such as http://proxy.example:3128, and nothing after them.
proxy_scheme = A proxy must be an http, https, socks5 or socks5h URL.
no_origin = { $place } is not a host: use https://HOST or https://HOST:PORT.
origin_scheme = { $place }: only http and https hosts can have credentials.
netrc_basic = { $place }: netrc contains users and passwords, which only Basic uses.
rate = A rate must be above 0.
timeout_range = A time-out must be above 0.
secret_variable = The secret { $name } for { $place } is missing: set the environment variable { $variable }, then resume the job.
secret_no_file = The secret { $name } for { $place } is missing: no secrets file is configured. Use an env: reference instead, then resume the job.
secret_line = The secret { $name } for { $place } is missing: add the line "{ $kept_as }" = "..." to { $path }, which only you may read, then resume the job.
secret_netrc = The secret { $name } for { $place } is missing: set NETRC to a file with the line { $line }, then resume the job.
secret_netrc_line = The secret { $name } for { $place } is missing: add the line { $line } to { $path }, then resume the job.
access_open = { $path } is readable by other users. Run chmod 600 on it, then resume the job.
access_file = Couldn't use { $path }: { $detail }. Fix it, then resume the job.
access_full = { $place } has more than { $most } users; use fewer.
access_not_sent = The credentials for { $place } can't be sent.
access_cookies = A second Cookie header for { $place } can't be sent.
access_header = The header "{ $name }" for { $place } can't be sent.
access_secret = The secret { $name } for { $place } can't be sent.
link_silent = not requested: its host has not answered any request for { $seconds } s
link_at_rest = to another link, and asks to wait { $seconds } s more
link_no_answer = no answer within { $seconds } s
link_incomplete = the response was incomplete
link_stopped = it stopped sending after { $had }
link_unfinished = not finished within { $seconds } s
link_slow = slower than { $bytes } bytes per second for { $seconds } s
link_circle = the redirects form a loop
link_redirects = more than { $most }
link_nowhere = it has no target
link_no_address = its target is not a valid URL
link_scheme = { $scheme }: is not supported
address_forbidden = { $host } is never requested
address_forbidden_redirect = it redirects to { $host }, which is never requested
address_private_redirect = it redirects to { $host }, which is inside this network; to fetch from there, use that address directly
address_private = { $host } is inside this network
address_private_list = { $host } is inside this network; to use a fetched list with such links, save it and pass it as a file
address_proxy = { $host } is the proxy
checksum_none = "{ $shown }" is not an MD5, SHA-1, SHA-256, SHA-384 or SHA-512 checksum
checksum_differs = its { $name } is { $had }, the list says { $wanted }

## Recipe files

no_preset = There is no recipe file and no preset "{ $name }". Presets: { $names }.
no_preset_near = There is no recipe file and no preset "{ $name }"; did you mean "{ $near }"? Presets: { $names }.
settings_unread = Couldn't read the settings { $path }: { $detail }.
settings_wrong = The settings { $path } are not valid TOML (line { $line }: { $detail }). Correct them, or use --no-config.
    .window = The settings { $path } are not valid TOML (line { $line }: { $detail }).
settings_run = The settings { $path }: run must be a section, [run].
recipe_unread = Couldn't read the recipe { $path }: { $detail }.
recipe_unwritten = Couldn't write the recipe { $path }: { $detail }.
recipe_no_toml = { $detail }
recipe_version = version must be { $version } or { $newer }, not { $given }
recipe_no_version = version = { $version } is missing
recipe_needs_version = { $key } needs version = { $version }
recipe_steps = steps must be written as [[step]]
recipe_step = steps must be [[step]] tables
recipe_save = save must be a [save] table
recipe_outputs = outputs must be written as [[output]]
recipe_output_save = save of an output must be a table, such as save = {"{"} format = "webp" {"}"}
recipe_output_sink = sink of an output must be a table, such as sink = {"{"} folder = "small" {"}"}
recipe_input = input must be an [input] table
recipe_text = { $key } must be a text in quotes
recipe_word = { $key } must be one of { $words }
output_name = an output can't be called "{ $name }": its name is the name of a folder, of at most { $most } characters and without / \ : * ? " < > |
output_twice = two outputs are called "{ $name }": give each [[output]] or recipe file a name of its own
recipe_key_near = unknown key "{ $key }"; available: { $known }; did you mean "{ $near }"?
recipe_key = unknown key "{ $key }"; available: { $known }
recipe_no_op = the step has no op
recipe_op = op must be a quoted name
recipe_value = expected a number, text, true or false, not { $given }

## Parameters

no_operation_near = unknown operation "{ $name }"; available: { $names }; did you mean "{ $near }"?
no_operation = unknown operation "{ $name }"; available: { $names }
no_parameters = unknown parameter "{ $name }"; this operation has none
no_parameter_near = unknown parameter "{ $name }"; available: { $names }; did you mean "{ $near }"?
no_parameter = unknown parameter "{ $name }"; available: { $names }
given_twice = { $param } is given twice
open_quote = a quote (") is not closed
no_pair_such_as = "{ $text }" is not name=value, such as { $example }; available: { $names }
value_missing = { $param } needs a value: { $allowed }
no_pair = "{ $text }" is not name=value
must_be_number = { $param } must be a number from { $min } to { $max }{ $unit }, not { $given }
must_be_whole = { $param } must be a whole number from { $min } to { $max }{ $unit }, not { $given }
must_be_boolean = { $param } must be true or false, not { $given }
must_be_choice_near = { $param } must be one of { $options }, not { $given }; did you mean "{ $near }"?
must_be_choice = { $param } must be one of { $options }, not { $given }
must_be_text = { $param } must be text, not { $given }
must_be_colour = { $param } must be white, black, transparent, #rgb, #rrggbb or #rrggbbaa, not { $given }
must_be_image = { $param } must be the path of an image, not { $given }
must_be_table = { $param } must be the path of a .cube file, not { $given }
must_be_curve = { $param } must be points such as 0,0;64,50;255,255, from 0 to 255, in order of input, not { $given }
must_be_size = { $param } must be a size, such as 200KB, 1.5MB or 64KiB, not { $given }
must_be_opaque_colour = { $param } must be a colour: white, black, #rgb or #rrggbb, not { $given }
result_too_large = the result would be { $size }, which exceeds the limit

## Saving

no_save_key_near = unknown key "{ $name }"; available: format, { $names }; did you mean "{ $near }"?
no_save_key = unknown key "{ $name }"; available: format, { $names }
save_inapplicable = { $param } doesn't apply to { $format } (only { $theirs }); { $format } supports { $ours }
save_max_bytes_lossless = max_bytes works by lowering the quality, so it can't be combined with lossless
    .window = the largest file size is reached by lowering the quality, so it can't be combined with lossless
save_target_and = target chooses the quality itself, so it can't be combined with { $other }
    .window = the visual quality decides how the image is saved, so it can't be combined with quality, largest file or lossless
save_no_profile = colour={ $colour } needs a format that can hold its profile; { $format } can't
    .window = the colour space { $colour } needs a format that can hold its profile; { $format } can't
save_effort_deflate = for tiff, effort needs compression=deflate
    .window = for TIFF, the effort needs the compression deflate

## Files that steps use

file_none = { $path } is not a file
file_large = { $path } is too large: { $size } MB, at most { $most } MB
file_missing = there is no file { $path }
file_denied = permission denied: { $path }
file_unread = couldn't read { $path }: { $detail }
file_no_image = { $path } can't be used as an image ({ $detail })

## Operations

resize_no_size = a size is required: long_edge, short_edge, width, height, megapixels or percent
    .window = enter a size: long edge, short edge, width, height, megapixels or percent
resize_one_size = use only one of long_edge, short_edge, percent, megapixels, or width and height
    .window = use only one of long edge, short edge, percent, megapixels, or width and height
resize_fit = fit={ $fit } needs both width and height
    .window = this way to fit needs both a width and a height
crop_ways = choose one way: px, edge percentages, size percentages, or aspect (optionally with a width or a height)
crop_start_or_gravity = use either x and y or gravity, not both
    .window = use either a left and top position or an anchor, not both
crop_edges_or_gravity = use either edge percentages or gravity, not both
    .window = use either edge percentages or an anchor, not both
crop_aspect = aspect must look like 16:9, not "{ $given }"
    .window = enter the aspect ratio like 16:9, not "{ $given }"
crop_aspect_sides = aspect can be combined with a width or a height, not with both
crop_aspect_start = aspect can be combined with gravity, not with x and y
    .window = an aspect ratio can be combined with an anchor, not with a left and top position
crop_all = nothing would remain: left and right, or top and bottom, must add up to less than 100 percent
crop_outside_x = x={ $start } is outside the image, which is { $available } px wide here
    .window = it begins { $start } px from the left, but the image is only { $available } px wide here
crop_outside_y = y={ $start } is outside the image, which is { $available } px high here
    .window = it begins { $start } px from the top, but the image is only { $available } px high here
levels_order = black ({ $black }) must be below white ({ $white })
shadow_background = background must be transparent or a solid colour
font_lacks = the bundled font supports Latin and Hangul, but not { $letters }
text_not_drawn = the text can't be drawn: { $detail }
text_empty_drawing = the bundled font can't draw any of "{ $text }"
watermark_text = text is required
    .window = enter the text of the watermark
watermark_long = text can have at most { $most } characters
text_brace = { $param } has a stray brace "{ $brace }"; write it twice for the brace itself; available: { $fields }
text_field = { $param } has an unknown field {"{"}{ $field }{"}"}; available: { $fields }
text_field_near = { $param } has an unknown field {"{"}{ $field }{"}"}; did you mean {"{"}{ $near }{"}"}? available: { $fields }
text_field_late = {"{"}{ $field }{"}"} works only in file names: it is known only when the result is saved; available: { $fields }
text_no_columns = The text "{ $text }" uses {"{"}col:{ $column }{"}"}, but { $source } has no columns.
text_no_column = The text "{ $text }" uses {"{"}col:{ $column }{"}"}, but the list { $source } has only the columns { $columns }.
text_no_column_near = The text "{ $text }" uses {"{"}col:{ $column }{"}"}, but the list { $source } has only the columns { $columns }. Did you mean {"{"}col:{ $near }{"}"}?
plan_text = text: "{ $text }"
watermark_file = file is required: the path of the image to overlay
    .window = choose the image to overlay
watermark_margin = a margin of { $margin } % on every side leaves no room for it; use at most { $most } %
step_changes_nothing = { $op } needs a value: without one it changes nothing, for example { $example }
watermark_empty = the image has no pixels
watermark_unread = it could not be read
lut_file = file is required: the path of a .cube file
    .window = choose a .cube file
cube_no_number = "{ $word }" is not a number
cube_numbers = expected { $wanted } numbers, found { $count }
cube_twice = duplicate line
cube_no_word = unknown keyword "{ $word }"
cube_domain = the domain must end above its start
cube_size = expected a size from 2 to { $most }
cube_early_numbers = numbers before LUT_1D_SIZE or LUT_3D_SIZE
cube_more = more than the expected { $wanted } lines of numbers
cube_no_size = LUT_1D_SIZE or LUT_3D_SIZE is missing
cube_short = the file ends after { $count } of { $wanted } lines of numbers

## Values

not_a_url = not a usable URL: { $detail }
requests_format = use a number, such as 5 or 0.5
requests_range = use a number of at least 0.001
bytes_range = use at least 1000 bytes, such as 500kB or 2MB
not_a_host = { $shown } is not a host: use https://HOST, https://HOST:PORT or http://HOST
host_format = use only a host name or address, such as nas.local
secret_format = use a reference to the secret: env:NAME, netrc or settings:NAME
catalog_postgres = A catalog on PostgreSQL is not supported yet; give the path of a SQLite file.
catalog_dsn = --catalog { $dsn }: { $detail }.
job_unfinished = The catalog doesn't have an outcome for every item of the job.
source_kind = This version of Pixloom has no source of the kind { $kind }. Use the version that created the job.
list_folder = The list { $list } is a folder, not a file.
list_unnamed = The name of the list is empty. Name a file, or - for standard input.
list_not_paths = { $list } is not a list of paths. Give a text with one path on each line or paths separated by NUL; images themselves are inputs without an option.
listed_folder = it is a folder; folders are inputs of their own, not lines of --files
listed_link = it is a link; lists of links are read with --urls
list_none = The list { $list } does not exist. Check its name.
not_a_list = { $list } is not a list of URLs.
disk_panic = An internal error occurred while accessing a disk.
disk_stuck = A disk is not responding. Try again when it does.
verify_stopped = The check of the job's earlier results was stopped. Resume the job to check them again.
catalog_locked = The catalog { $path } is locked by another program. Pixloom continues as soon as it is free.
catalog_busy = The catalog { $path } is locked by another program. Wait until that program is done.
catalog_full = The disk with the catalog { $path } is full. Free some space.
catalog_gone = The catalog { $path } was deleted or replaced while the job was running. The job's record is lost, and it can't be resumed; its results are in the output folder.
catalog_damaged = The catalog { $path } is damaged ({ $detail }), and none of its jobs can be read. Result files are kept outside the catalog. Choose another one with --catalog.
    .window = The catalog { $path } is damaged ({ $detail }), and none of its jobs can be read. Result files are kept outside the catalog.
catalog_damaged_in_part = The catalog { $path } is damaged ({ $detail }). Jobs that can still be read: { $jobs }, with { $items } items, { $done } of them done; later entries may be missing. Choose another one with --catalog.
    .window = The catalog { $path } is damaged ({ $detail }). Jobs that can still be read: { $jobs }, with { $items } items, { $done } of them done; later entries may be missing.

## Databases

db_dsn = The name of the database is wrong: { $detail }.
db_unreachable = The database { $database } can't be reached: { $detail }. Check its address and that the server is running.
db_too_many_connections = The database { $database } has no connection left: { $detail }. Use fewer with --db-connections, or try again later.
    .window = The database { $database } has no connection left: { $detail }. Try again later.
db_login = The database { $database } refused the login: { $detail }. Check the user and the password.
db_tls = The database { $database } has no secure connection: { $detail }. Check its certificate and sslmode.
db_missing_database = The database { $database } can't be opened: { $detail }. Check its name.
db_missing_table = The database { $database } doesn't know a table: { $detail }. Check its name and schema.
db_missing_column = The database { $database } doesn't know a column: { $detail }. Check its name.
db_statement = The database { $database } can't run the statement: { $detail }.
db_permission = The database { $database } lacks a permission: { $detail }. Ask its administrator for it.
db_read_only = The database { $database } is read-only: { $detail }.
db_locked = The database { $database } is locked by another session: { $detail }. Try again when that is done.
db_timeout = The database { $database } took too long: { $detail }. Allow more with --statement-timeout.
    .window = The database { $database } took too long: { $detail }.
db_other = The database { $database } reported an error: { $detail }.
query_no_database = The query has no database. Name it with --db.
query_parameter = The query has the parameter :{ $name }, which has no value; only :last is known. Write its value into the query.
query_last_alone = The query has the parameter :last, but no --since names its column. Add --since COLUMN.
query_since_alone = --since { $column } needs the parameter :last in the query, as in (:last IS NULL OR { $column } >= :last).
query_since_item = --since { $column } is the column of links. Name another column.
query_item_column = The query has no column url or path, and its first column, { $column }, has the type { $type }, which holds neither. Name the column of links or paths with --url-column.
query_no_columns = The statement for the database { $database } is not a query that only reads rows. Write a SELECT.
query_lacks = The query has no column "{ $column }"; its columns are { $columns }. Name the right one with { $option }.

## Undo: why a file stays

undo_rows_stay = Rows that the job wrote into its database stay as they are.
stays_changed = { $path } stays: it has changed since the job saved it.
stays_gone = { $path } is not there any more.
stays_not_a_file = { $path } stays: it is not a regular file any more.
stays_behind_link = { $path } stays: one of its folders is a link now.
stays_unreadable = { $path } stays: it can't be read ({ $detail }).
stays_no_trash = { $path } stays: it can't be moved to the trash ({ $detail }). Delete it yourself if you don't need it.
stays_taken = { $path } can't be brought back: another file has its name. Move that file, then repeat.
stays_not_in_trash = { $path } can't be brought back: it is not in the trash any more.
stays_not_returned = { $path } can't be brought back from the trash ({ $detail }).
stays_replaced_not_back = { $path } is in the trash, but the file that it had replaced is not back: { $detail }
stays_back_changed = { $path } stays: the file that undo brought back has changed since. Move it, then repeat.

## Writing results back

write_back_syntax = --write-back: can't read '{ $map }' near '{ $near }'. Write it like '{ $example }'; names with special characters go in quotes.
write_back_ends_early = --write-back: '{ $map }' ends early. Write it like '{ $example }'.
write_back_field = --write-back: { $field } is not a field. The fields are: { $fields }. A column of the list or query is col:{ $field }.
write_back_twice = --write-back: the column { $column } is named twice in { $map }.
    .window = The column { $column } is chosen twice. Remove one.
write_back_mode_alone = --write-back-mode needs --write-back or --write-back-table.
db_alone = --db is given, but nothing reads from or writes to the database. Add --sql, --write-back or --write-back-table.
write_back_no_table = The database { $database } has no table { $table }. Check its name and schema.
write_back_no_column = The table { $table } has no column { $column }. It has: { $columns }.
write_back_generated = The column { $column } of { $table } is computed by the database and can't be written.
write_back_type = The column { $column } of { $table } has the type { $type }, which can't hold { $field }. Choose another column.
write_back_not_unique = The table { $table } has no unique key on exactly these columns: { $columns }. Add a primary key or unique index, or choose other key columns.
write_back_required = The column { $column } of { $table } requires a value, so rows can't be inserted without it. Add it to --write-back, or use --write-back-mode update.
    .window = The column { $column } of { $table } requires a value, so rows can't be inserted without it. Add it, or only change existing rows.
write_back_no_outputs = --write-back: there is no output named { $output }; the only output is called output.
    .window = There is no output named { $output }; the only output is called output.
write_back_no_output = --write-back: there is no output named { $output }. These are: { $outputs }.
    .window = There is no output named { $output }. These are: { $outputs }.
write_back_no_columns = --write-back uses the column { $column }, but { $source } has no columns.
    .window = The column { $column } is used, but { $source } has no columns.
write_back_no_list_column = --write-back uses the column { $column }, but { $source } has only: { $columns }. The link or path itself is the field locator.
    .window = The column { $column } is used, but { $source } has only: { $columns }. The link or path itself is the field locator.
write_back_no_list_column_near = --write-back uses the column { $column }, which { $source } doesn't have; did you mean { $near }?
    .window = The column { $column } is used, which { $source } doesn't have; did you mean { $near }?
write_back_gave_up = Writing results back into { $database } has failed for { $time }: { $detail }. Nothing is lost: once the database works again, resume the job to write the rest.

## The command line that repeats a job

command_stdin = The job read standard input: give the same data to the command.
command_source = { $source } can't be named on the command line and is left out.
command_order = The command reads files, folders and links first, then lists of links, then lists of paths; the job read them in another order. Numbers in names may differ.
command_folders = The job read some folders with their subfolders and some without; the command reads all of them with subfolders.
command_logins = The job had several logins for { $host }; the command uses one of them.
command_items = { $count ->
        [one] 1 item was added by hand and is left out.
       *[other] { $count } items were added by hand and are left out.
    } To get a list of { $count ->
        [one] it
       *[other] them
    }, run: pixloom export { $job } --format csv
    .window = { $count ->
        [one] 1 item was added by hand and is left out.
       *[other] { $count } items were added by hand and are left out.
    }
command_removed = { $count ->
        [one] 1 item was removed by hand before the job started; the command processes it as well.
       *[other] { $count } items were removed by hand before the job started; the command processes them as well.
    }
command_copied_items = The items were copied from another job. The command names them one by one, without their subfolders and list columns.
command_none = The command line of a job can't be written here.
job_in_use = Job { $job } is in use: end it first.
proxy_login_alone = --proxy-login needs the proxy's URL: --proxy http://HOST:PORT
