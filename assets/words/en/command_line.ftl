### Help, and messages of the command line only.

## Help

about = Edits, converts and downloads images in batches; interrupted jobs resume
usage_heading = Usage
commands_heading = Commands
arguments_heading = Arguments
options_heading = Options
options_word = [OPTIONS]
command_word = <COMMAND>
links_heading = Links
databases_heading = Databases
examples_heading = Examples
help_default = default: { $value }
help_values = possible values: { $values }
command-run = Run a job without a window
command-watch = Process every new image in folders, until interrupted
command-query = Run many statements of a database at once
command-resume = Resume an interrupted job (default: the most recent)
command-retry = Retry a job's failed items
command-undo = Move a job's results to the system's trash, and bring back the files that they replaced
command-jobs = List jobs, show one in detail, or delete old ones from the history
command-export = Write a job's items to a table for other programs
command-ops = List the operations, or show one in detail; `ops save` lists output formats and their options
command-formats = List the image formats and what is read and written of each, or show one in detail
command-licenses = Print the licenses of the software that Pixloom contains
command-help = Print this message or the help of a command
option-help = Print help
option-version = Print version
option-inputs = { $inputs } to add to the window
option-catalog = The catalog, which records every item of every job [default: pixloom/catalog.sqlite in the user's data folder]
option-lang = The language of messages and help [default: from LC_ALL, LC_MESSAGES or LANG]
option-no_config = Ignore PIXLOOM_* variables and the section [run] of settings.toml
option-job = The job's number
option-retry-kind = Only failures of this kind, such as timeout or not_a_picture (repeatable)
option-redo = Bring an undone job's results back from the trash
option-undo-dry_run = Only count what would be moved and what would stay
option-undo-json = Print JSON lines to standard output
option-undo-quiet = Report only files that stay
option-status = Only failures with this HTTP status, such as 404, 500-503 or 5xx (repeatable)
option-json = Print JSON lines to standard output: progress, failures and remarks, or with --json=items also every item
option-jobs-json = Print JSON lines to standard output
option-command = Print the command line that repeats the job; secrets are references
option-state = Only jobs in this state; failed are those with failed items (repeatable)
option-jobs-since = Only jobs since then: 7d ago, 2026-11-01 or 2026-11-01T12:00
option-until = Only jobs until then; a date includes that day
option-search = Only jobs with this text in a folder, a host, a list, an operation or a format, or with this number
option-prune = Delete jobs from the history: those that have ended, or those in the states that --state names. Running jobs stay, and so do all results. Deleted jobs can't be resumed, retried or undone, and --update no longer knows their results
option-older_than = Delete only jobs that ended at least this long ago, such as 30d, 12w or 1y
option-keep = Keep this many of the latest jobs in any case
option-jobs-dry_run = Say what would be deleted, and delete nothing
option-proxy_login = User name and password of the proxy, as a reference to user:password: env:NAME or settings:NAME
option-quiet = Report only failures and what stops the job
option-verbose = Report every item, and the files that were left out
option-export-format = csv (with a header), jsonl (one JSON object per line) or parquet
option-export-rows = What to export: items, their outputs, or rows that a database rejected
option-export-out = The file to write; an existing file is replaced [default: standard output]
option-ops-name = The name of an operation, such as resize; or save
option-formats-name = The name, file name extension or media type of a format, such as avif
option-formats-json = Print JSON lines to standard output
option-run-inputs = { $inputs }; - is one image on standard input
option-watch-inputs = Folders to watch; images that are there already are processed as well
option-watch-once = Process what is new, then exit (for cron and the like)
option-watch-poll = Look through the folders every TIME, such as 10s, instead of waiting for the system to report changes [default: every 5s on network file systems]
option-recursive = Include subfolders
option-all_files = Also copy files of folders that are not images, hidden ones included
option-allow_empty = Exit with 0 even if nothing was found
option-urls = A list of URLs ({ $formats }, each also .gz): { $lists } (repeatable)
option-files = A list of local paths, one on each line or separated by NUL (find -print0): a file, or - for standard input; relative paths are relative to the current folder (repeatable)
option-sql = Items from the rows of a query, such as 'SELECT url, id FROM products': the column url or path (or --url-column, or the first) is the item, the others are {"{col:NAME}"}; the session is read-only
option-key = A column of the query that identifies its rows; an interrupted job continues after the greatest value that was read [default: the query is repeated, and recorded rows are skipped]
option-since = A column that grows when a row changes, such as updated: the parameter :last in the query is its greatest value that earlier jobs have completed, and NULL at first
option-db_connections = Connections to each database
series_and = { $most } and { $last }
series_or = { $most } or { $last }
option-url_column = The column of URLs in the lists or the query (case-insensitive), or its number in lists without a header [default: the only column that holds links, else url]
option-checksum_column = The column of checksums in the lists: MD5, SHA-1, SHA-256, SHA-384 or SHA-512; items whose checksum differs fail
option-encoding = Encoding of the lists, such as euc-kr, shift_jis, windows-1252 or utf-16le [default: detected]
option-recipes = A recipe file (paths in it are relative to its folder), or a preset: web, thumbnails, archive, convert; repeatable: each is one output of the same decoded image, in a folder of its name
option-steps = A step, such as 'resize:long_edge=1024,kernel=lanczos3' (repeatable, in order; after the recipe's steps)
option-out = The output folder [default: a new one next to the first input]; - writes the only result to standard output
option-format = The output format [default: keep]
option-quality = Quality from 1 (smallest) to 100 (best) [default: 85 for JPEG, 82 for WebP, 80 for AVIF]
option-name = Names of results, without extension; fields: {"{stem}"} {"{page}"} {"{ext}"} {"{index}"} {"{index:05}"} {"{parent}"} {"{host}"} {"{width}"} {"{height}"} {"{date}"} {"{date:%Y-%m-%d}"} {"{hash}"} {"{dir}"} {"{col:NAME}"}; the date is the date taken, or else the file's; {"{col:NAME}"} is a column of the item's list
option-tree = Whether to recreate the folder structure in the output folder
option-on_conflict = What to do if the output file exists; skip requests no link whose result is recorded and exists
option-trash = Move files that are replaced (--on-conflict overwrite, --update) to the system's trash first, so that `pixloom undo` can bring them back
option-update = Process only what changed since an earlier job with the same recipe and output folder: unchanged links and files are skipped, changed ones replace their results
option-save = Format and its settings in one, such as 'webp:quality=82'; `pixloom ops save` lists them all
option-colour = Convert to sRGB or another colour space (its profile is embedded), or keep each image's own [default: srgb]
option-hdr = Map a high dynamic range to a standard one (sdr), or keep it in formats that can hold it: gain maps in JPEG, PQ and HLG in AVIF, JPEG XL and PNG [default: sdr]
option-metadata = Which EXIF, XMP and IPTC data to keep [default: no-gps]
option-min_saving = Keep the original's bytes unless re-encoding saves at least this many percent
option-keep_smaller = Keep the original's bytes unless re-encoding makes the file smaller
option-lossless_jpeg = Turn, flip and crop JPEG files without loss, in whole blocks of 8 or 16 px, instead of encoding them again; without steps, turn them upright. Partial blocks at an edge that would become the first ones are cut off
option-workers = Images processed at once [default: one per core]
option-connections = URLs fetched at once
option-per_host = URLs fetched at once per host
option-memory = Memory for images and downloads in progress, such as 512MiB [default: half of free memory, at most 2GiB]
option-db = The database: { $databases }. Its password is a named reference such as ?password=env:NAME
option-write_back = Write results back into a table: 'products(id=col:id): thumb=output, width=width, state=state'. The key columns in parentheses find the row; col:NAME is a column of the list or query
option-write_back_mode = update changes existing rows, upsert also inserts missing ones, insert only inserts [default: update; upsert with --write-back-table]
option-write_back_table = Create this table for results, unless it exists, and write a row for each item into it; 'results(id=col:id)' chooses the key [default key: that of --key, else locator]
option-database_wait = How long to wait for a database that can't be reached, such as 30s or 5m
option-network_wait = How long to wait for the network to come back, such as 30s or 5m
option-max_megapixels = Refuse images with more megapixels than this [default: 1000]
option-max_side = Refuse images wider or higher than this many pixels [default: 65535]
option-item_memory = Memory one item may use, such as 512MiB [default: the same as --memory; larger images run alone unless they look like decompression bombs]
option-item_timeout = Time limit per item, such as 90s or 1h: its requests, the pauses between them, and processing [default: 10m]
option-max_bytes = Largest file to fetch from a link, such as 500M or 4G; larger ones fail [default: no limit]
option-max_failures = Stop the job (exit code 3, can be resumed) when more items than this have failed [default: no limit]
option-truncated = What to do with images that end early: fail, or keep what is there and mark it in the catalog
option-damaged = What to do with images whose data is damaged: fail, or save what can be decoded, with a remark (keep also accepts those that end early)
option-raw = How camera raw files are read: preview uses the image that the camera embedded if it is as large as the result needs, and develops the sensor's data otherwise; develop always develops it, with 16 bits
option-raw_pairs = What to do with a camera raw file and a JPEG or HEIC file of the same name in one folder: process both, or only the raw or the other file
option-pages = Which pages of TIFF and PDF documents to process, each as an item with its own result: all of them, only the first, or a page or range such as 3, 2-5 or 2-; without {"{page}"} in --name, the page follows the stem (scan-03)
option-keep_times = Give results the modification times of their inputs; for links, Last-Modified
option-dry_run = Print the plan and stop: outputs, conflicts, estimated size, time and memory
option-durable = Count an item as done only when it is safe on disk and in the catalog (the default)
option-fast = Don't wait for the disk: faster, but a power cut may lose finished items
option-robots = Whether to obey robots.txt: auto obeys it at hosts with more than 100 links
option-obey_noai = Skip content marked noai or noimageai (X-Robots-Tag)
option-proxy = The proxy: a URL (http, https, socks5 or socks5h), none, or the system's. A proxy looks names up itself, so only numeric addresses in links can be checked
option-ca_file = Also trust the certificate authorities in this PEM file
option-insecure_host = Accept any certificate from this host, and only from this host (repeatable)
option-header = A header for one host: 'https://api.example X-Key=env:KEY'. REF is env:NAME, netrc or settings:NAME (a line of secrets.toml in the settings folder, readable only by you). It is never sent to another host, scheme or port; the default scheme is https (repeatable)
option-cookie = Cookies for one host: 'https://h.example=env:COOKIES' (repeatable)
option-basic = User name and password for one host: 'https://h.example me=env:PASSWORD', 'https://h.example=netrc', or a REF that contains user:password (repeatable)
option-digest = The same for hosts with Digest authentication, which never receive the password itself: 'http://h.example me=env:PASSWORD' (repeatable)
option-user_agent = The User-Agent header [default: Pixloom/VERSION]
option-referer = The Referer header of every request
option-load_cookies = Send the cookies in this file (cookies.txt, as browsers, curl and wget write it) to the sites they are for
option-client_cert = A PEM file with a client certificate and its key, for hosts that ask for one
option-bearer = A bearer token for one host: 'https://api.example=env:TOKEN' (repeatable)
option-requests_per_second = Maximum requests per second per host, such as 5 or 0.5
option-bytes_per_second = Maximum bytes per second in total, such as 2MB
option-query-db = The database: { $databases }. Passwords come from env:NAME or settings:NAME (?password=env:NAME), or from where the database's own programs keep them
option-query-sql = The statement; :NAME is a column of the list that --each names
option-query-file = A file with the statement
option-query-each = Run the statement once for each row of a list ({ $formats }, each also .gz): { $lists }. Columns are bound as :NAME, and the lines of a text as :value; an empty cell is NULL
option-query-encoding = Encoding of the list, such as euc-kr, shift_jis, windows-1252 or utf-16le [default: detected]
option-query-split = Divide the statement's result by ranges of this column and run the parts at once
option-query-parts = How many parts
option-query-out = One file for all rows, in the order of the statements; or a folder (existing, ending in /, or with --name) for a file per statement [default: standard output]
option-query-format = The format of the rows [default: by the file's extension, else csv]
option-query-name = Names of the files, one per statement, without extension: {"{index}"} {"{index:05}"} {"{col:NAME}"} [default: {"{index:05}"}]
option-query-on_conflict = What to do if a file exists
option-query-into = Insert the rows into this table, which is created if it doesn't exist. Repeating a statement replaces its rows
option-query-into_db = The database of that table [default: the same]
option-query-key = The columns that identify a row of that table [default: its unique key, or for a new table the statement and the row's number]
option-query-write = Let statements change the database. Without it, the database refuses changes
option-query-db_connections = Connections, and so statements that run at once
option-query-statement_timeout = Time limit per statement, such as 30s or 5m [default: none]
option-query-retries = Further attempts after a failure that may be temporary
option-query-max_failures = Stop the job (exit code 3, can be resumed) when more statements than this have failed [default: no limit]
option-query-allow_empty = Exit with 0 even if the list is empty
option-query-fast = Don't wait for the disk: faster, but a power cut may lose finished results
option-timeout = Time without a byte after which an attempt fails, such as 10s [default: 30s]
option-connect_timeout = Time limit for connecting [default: 15s]
option-retries = Further attempts after a failure that may be temporary [default: 3]

## Examples at the end of help

examples-pixloom =
    pixloom photos/                                       open the window with a folder
    pixloom run photos/ -s resize:long_edge=1600 -o web   the same without a window
    pixloom run --urls links.csv -o images                fetch a list of links
    pixloom resume                                        continue what was interrupted
config_help = Every option can also be set by a variable, such as PIXLOOM_PER_HOST=4, or in the section [run] of settings.toml in the settings folder, such as per-host = 4. The command line comes first, then variables, then the settings.
examples-watch =
    pixloom watch inbox/ -r web -o web                    every new image, until Ctrl+C
    pixloom watch camera/ scans/ -R --format webp -o out  two folders with their subfolders
    pixloom watch inbox/ -r web -o web --once             what is new, then exit
    pixloom watch /mnt/share/inbox -o out --poll 30s      look every 30 seconds
examples-run =
    pixloom run photos/ -r web -o web
    pixloom run photos/ -R -s resize:long_edge=1600 --format webp --quality 82 -o web
    pixloom run *.png -s resize:50% -s sharpen:sigma=1,amount=0.8 -o half
    pixloom run --urls products.csv --name '{"{col:sku}"}' -o images
    pixloom run photos/ --metadata strip -o clean
    find . -name '*.tif' -print0 | pixloom run --files - --format jpeg -o jpeg
    pixloom run - -s resize:width=320 --format webp -o - < in.png > out.webp
    pixloom run photos/ -s resize:long_edge=1600 -o web --dry-run
examples-query =
    pixloom query --db shop.sqlite --sql 'SELECT * FROM orders WHERE region = :region' --each regions.csv -o orders.csv
    pixloom query --db shop.sqlite --sql 'SELECT * FROM events' --split id --parts 16 -o events.parquet
    pixloom query --db shop.sqlite --write --sql 'UPDATE products SET price = :price WHERE id = :id' --each prices.csv
examples-resume =
    pixloom resume      the most recent job that was interrupted
    pixloom resume 12   job 12
examples-retry =
    pixloom retry 12                  all failed items of job 12
    pixloom retry 12 --kind timeout   only those that timed out
    pixloom retry 12 --status 5xx     only those that a server refused with 500 to 599
examples-undo =
    pixloom undo 12             the unchanged results of job 12 go to the trash
    pixloom undo 12 --dry-run   only count them
    pixloom undo 12 --redo      bring them back
examples-jobs =
    pixloom jobs             all jobs, newest first
    pixloom jobs 12          job 12, with its failures by cause
    pixloom jobs 12 --json   the same for programs
    pixloom jobs 12 --command          the command line that repeats job 12
    pixloom jobs --state failed --since 7d --search shop.example
    pixloom jobs --prune --older-than 90d
examples-export =
    pixloom export 12 --format csv -o job-12.csv
    pixloom export 12 --format jsonl | jq -r 'select(.state == "failed") | .locator'
examples-ops =
    pixloom ops          all operations
    pixloom ops resize   one operation, with its parameters
    pixloom ops save     output formats and their settings
examples-formats =
    pixloom formats          all formats
    pixloom formats avif     one format, with its limits and save settings
    pixloom formats --json | jq -r 'select(.written) | .name'

## Wrong usage

usage_hint = For more information, try '--help'.
usage_error = error: { $text }
usage_invalid_value = invalid value '{ $value }' for '{ $option }'
usage_invalid_value_why = invalid value '{ $value }' for '{ $option }': { $why }
usage_unknown_option = unexpected argument '{ $option }' found
usage_missing = the following required arguments were not provided: { $options }
usage_conflict = the argument '{ $option }' cannot be used with: { $others }
usage_no_value = a value is required for '{ $option }' but none was supplied
usage_unknown_command = unrecognized subcommand '{ $command }'
usage_repeated = the argument '{ $option }' cannot be used multiple times
usage_similar = did you mean '{ $name }'?
usage_range = allowed: { $from } to { $to }
usage_whole_number = a whole number is expected
not_shown = (not shown)
option_source = { $option } comes from { $source }.
run_key_twice = { $place }: { $key } and { $other } in [run] are the same option. Keep one of them.
variable_near = There is no option for { $name }; did you mean { $near }?
option_sources = These options are not from the command line: { $sources }. --no-config ignores them.
run_key = { $place }: [run] has no option "{ $key }". `pixloom run --help` lists the options.
run_key_near = { $place }: [run] has no option "{ $key }"; did you mean "{ $near }"? `pixloom run --help` lists the options.
run_value = { $place }: { $key } in [run] must be a text, a number, true or false; or a list of them for an option that can be repeated.
run_flag = { $source } must be true or false, not "{ $value }".
stdin_twice = Standard input can be read only once: use - for one image or one list.
stdin_terminal = There is no image on standard input. Pipe one in, such as: pixloom run - -o - < in.jpg > out.jpg
stdin_empty = Standard input is empty: there is no image to process.
standard_output = standard output
stdin_unread = Couldn't read standard input: { $detail }.
no_scratch = Couldn't make a temporary folder: { $detail }. Check TMPDIR.
stdout_outputs = Several outputs can't go to standard output (-o -). Name a folder with -o.
stdout_pages = Standard output can take only one page: use --pages N.
stdout_one = Standard output can take only one result: give a single file, URL or -.
stdout_write_back = Results that go to standard output leave no record from which rows could be written back: name a folder with -o.
stdout_json = --json can't be combined with -o -, since both write to standard output.
stdout_terminal = An image is binary: redirect standard output to a file or pipe it, or use -o DIR.
stdout_nothing = There is no result to write to standard output.
command_first = Put the command before its inputs: pixloom run INPUT...
output_failed = Couldn't write to standard output: { $detail }.
no_such_command_near = There is no command and no file "{ $word }"; did you mean `pixloom { $near }`? `pixloom --help` lists the commands.
no_such_command = There is no command and no file "{ $word }". `pixloom --help` lists the commands.
input_empty = One of the inputs is empty: name a file, a folder or a URL.
nothing_to_do = Nothing to do: name files, folders or URLs, or a list with --urls FILE.
other_scheme = { $url } is a { $scheme } URL; only http and https URLs are fetched.
no_gps_copy = Without steps or --format, files are copied byte for byte, including the GPS position. Use --format to re-encode them without it, or --metadata strip to remove all metadata and keep the pixels as they are.
colour_idle = --colour has no effect: without steps or --format, pixels and profiles stay as they are.
formats_differ = --save says { $one }, --format says { $other }: use only one of them.
said_twice = --save { $save } sets { $name }, and so does --{ $name } { $value }: use only one of them.
ca_not_there = There is no certificate file { $path }. Check its name.
parquet_terminal = Parquet is binary: use -o FILE or pipe the output.
no_operation_listed_near = There is no operation "{ $name }"; did you mean "{ $near }"? `pixloom ops` lists them all.
no_operation_listed = There is no operation "{ $name }". `pixloom ops` lists them all.
no_format_near = There is no format "{ $name }"; did you mean "{ $near }"? Formats: { $names }.
no_format = There is no format "{ $name }". Formats: { $names }.
format_not_read = Pixloom doesn't read { $format } images. `pixloom formats` lists the formats that it reads.
format_left_out = This build of Pixloom doesn't read { $format } images. Use a build with the feature "{ $feature }".
no_job_listed = There is no job { $job } in this catalog. `pixloom jobs` lists the jobs.
without_window = This Pixloom was built without its window. See `pixloom run --help`.
size_format = a size is a number with B, kB, MB, GB, KiB, MiB or GiB, such as 512MiB
size_range = allowed: 1MB to 1000TB
file_size_format = a size is a number above 0 with B, kB, MB, GB, KiB, MiB or GiB, such as 500M or 4G (1024 each); at most 1000TB
status_format = a status is a number from 100 to 599, a range such as 500-503, or a class such as 5xx
time_format = a time is a number with s, m or h, such as 30s or 5m
time_range = allowed: { $from } to 168h
megapixels_format = expected a number of megapixels, such as 24 or 0.5
megapixels_range = allowed: 0.000001 to { $most }
kind_unknown_near = no such kind; did you mean { $near }? `pixloom jobs JOB` lists the kinds of a job's failures
kind_unknown = no such kind; `pixloom jobs JOB` lists the kinds of a job's failures
reference_missing = a REF is missing: env:NAME, netrc or settings:NAME
header_name_missing = a header name is missing: HOST NAME=REF
header_not_settable = the header "{ $name }" can't be set

## Formats

formats_format = Format
formats_read = Read
formats_written = Written
formats_alpha = Alpha
formats_animation = Animation
formats_pages = Pages
formats_bits = { $bits } bits
formats_legend =
    Read, Written: bits per sample. r: read, w: written, -: neither.
    `pixloom formats NAME` shows limits and save settings.
hdr_kind-pq = PQ
hdr_kind-hlg = HLG
hdr_kind-gain_map = gain map
hdr_kind-linear_light = linear light
has_alpha = alpha
has_animation = animation
has_pages = pages
format_extensions = Extensions: { $list }
format_media_types = Media types: { $list }
format_read = Read: { $list }
format_written = Written: { $list }
format_only_read = Written: no
format_depth = up to { $bits } bits per sample
format_sides = sides up to { $side } px and { $megapixels } megapixels
format_isolated = Decoded in a helper process, within { $base } s of processor time plus { $megapixel } s per megapixel and { $megabyte } s per megabyte
format_feature = Needs a build with the feature "{ $feature }" (on by default)
format_save = Save settings: --save '{ $format }:KEY=VALUE,...', or [save] in a recipe file

## Operations

ops_default = { $value }
ops_unset = unset
ops_no_parameters = No parameters.
ops_preview = Scaled-down previews are approximate.
ops_save = Save settings: --save 'FORMAT:KEY=VALUE,...', or [save] in a recipe file
ops_save_keep = keep is each input's own format, or PNG if that can't be written
ops_only_for = Only for { $formats }
allowed_number = a number from { $min } to { $max }{ $unit }
allowed_whole = a whole number from { $min } to { $max }{ $unit }
allowed_boolean = true or false
allowed_choice = one of { $options }
allowed_text = text
allowed_field_text = text with the fields { $fields }
allowed_colour = white, black, transparent, #rgb, #rrggbb or #rrggbbaa
allowed_opaque_colour = a colour: white, black, #rgb or #rrggbb
allowed_image = the path of an image
allowed_table = the path of a .cube file
allowed_curve = points such as 0,0;64,50;255,255, from 0 to 255, in order of input
allowed_size = a size, such as 200KB, 1.5MB or 64KiB
unit_levels = {" "}levels

## Progress and results

holds_links = { $list } contains links. To fetch them, pass it as a list: pixloom run --urls { $list }
watch_option = { $option } doesn't apply to watch, which only reads folders. Leave it out, or use `pixloom run`.
watch_stdout = watch writes files: name an output folder with -o.
watch_no_folder = { $path } is not a folder: watch takes folders.
watch_nothing_there = There is no folder { $path } to watch.
watch_no_inputs = Name at least one folder to watch.
watch_begins = Watching for new images. Press Ctrl+C to stop.
watch_continues = Continuing job { $job }, which has watched the same folders: images that it has processed are not processed again.
watch_stopped = Stopped watching. Continue with: { $command }
nothing_to_resume = Nothing to resume: no job was interrupted.
job_done_already = Job { $job } is already done.
retry_with = Retry its failed items with: { $command }
others_failed = { $count ->
        [one] 1 other item of job { $job } remains failed.
       *[other] { $count } other items of job { $job } remain failed.
    }
resume_with = Resume with: { $command }
interrupted = Interrupted. Resume with: { $command }
network_gone_waiting = Network lost; waiting for it to come back.
database_lost_waiting = The database can't be reached; waiting for it to come back.
database_back = The database is back.
network_back = The network is back.
missed_messages = { $count ->
        [one] 1 more message about sources arrived too fast to be shown.
       *[other] { $count } more messages about sources arrived too fast to be shown.
    }
results_in = Results are in { $folder }.
bar_of_total = { $percent } %  { $finished } of { $total }
bar_so_far = { $finished } of { $total } so far
bar_rates = { $rate }/s  { $bytes }/s
bar_bytes_rate = { $bytes }/s
bar_left = { $time } left
summary_sizes = { $before } -> { $after } in { $time }
skips = { $count ->
        [one] 1 skipped: { $cause }
       *[other] { $count } skipped, such as: { $cause }
    }

nothing_found = Nothing was found to process. If you expect that, use --allow-empty.
file_ignored = Left out { $path } ({ $reason })
ignored_not_an_image = not an image
ignored_hidden = hidden
ignored_result = holds results
ignored_raw_pair = its pair is used
item_skipped = { $item }: skipped, { $reason }
skipped_duplicate = the same link or file came earlier
skipped_unchanged = unchanged since the last run
skipped_exists = its file exists
skipped_declined = its publisher does not allow fetching it
skipped_chosen = by choice
skipped_undone = its job was undone

## Undo

undo_moved = { $count ->
        [one] 1 result is in the trash now.
       *[other] { $count } results are in the trash now.
    }
undo_returned = { $count ->
        [one] 1 file that a result had replaced is back.
       *[other] { $count } files that results had replaced are back.
    }
undo_folders = { $count ->
        [one] 1 empty folder was removed.
       *[other] { $count } empty folders were removed.
    }
undo_stayed = { $count ->
        [one] 1 file stays as it is (see above).
       *[other] { $count } files stay as they are (see above).
    }
undo_lost = { $count ->
        [one] 1 file was replaced without --trash: nothing can bring it back.
       *[other] { $count } files were replaced without --trash: nothing can bring them back.
    }
undo_would_move = { $count ->
        [one] 1 result would go to the trash.
       *[other] { $count } results would go to the trash.
    }
undo_would_return = { $count ->
        [one] 1 file that a result replaced would come back.
       *[other] { $count } files that results replaced would come back.
    }
undo_would_stay = { $count ->
        [one] 1 result would stay as it is.
       *[other] { $count } results would stay as they are.
    }
redo_moved = { $count ->
        [one] 1 result is back.
       *[other] { $count } results are back.
    }
redo_replaced = { $count ->
        [one] 1 file that a result replaces is in the trash again.
       *[other] { $count } files that results replace are in the trash again.
    }
undo_redo_with = Bring the results back with: { $command }
undo_stopped = Stopped. Run the command again to finish.
nothing_to_undo = Job { $job } has no results to undo.
nothing_to_redo = Job { $job } has no results in the trash.

## Dry run

plan_write_back = Results would be written back into { $database }:
plan_unknown = (known after the run)
rows_written = { $count ->
    [one] 1 row
   *[other] { $count } rows
} written back ({ $changed } changed)
rows_missing = { $count } not found
rows_rejected = { $count } rejected
row_rejected = The database rejected the row { $key }: { $detail }
plan_fails = fails: { $error }
plan_repeats = skipped: the same file came earlier
plan_skipped = skipped: { $output } exists already
plan_replaces = replaces the existing file
plan_renamed = renamed: the name is taken
plan_unnamed = name known after processing
plan_items = { $count ->
        [one] 1 item to { $folder }
       *[other] { $count } items to { $folder }
    }
plan_failing = { $count } would fail
plan_skips = { $count } would be skipped
plan_taken = { $count ->
        [one] 1 name is taken
       *[other] { $count } names are taken
    }
plan_sizes = { $before } -> about { $after }
plan_cost = in about { $time }, with about { $memory } of memory
plan_links = { $count ->
        [one] 1 link: its size is known once it is fetched
       *[other] { $count } links: their sizes are known once they are fetched
    }

## Jobs

no_jobs_yet = No jobs yet.
no_jobs_listed = No job matches.
job_began = began
job_ran = ran
age_format = write a number and a unit: 36h, 30d, 12w or 1y
moment_format = write how long ago (7d), a date (2026-11-01), or a time (2026-11-01T12:00)
prune_needs = Which jobs? Name them with --older-than 30d, --keep 100, --state, --since, --until or --search.
prune_running = A running job can't be deleted. Cancel it first, or leave running out of --state.
pruned = Deleted { $jobs ->
        [one] 1 job
       *[other] { $jobs } jobs
    } with { $items ->
        [one] 1 item
       *[other] { $items } items
    } from the history; the catalog is { $bytes } smaller. Results were not touched.
prune_plan = Would delete { $jobs ->
        [one] 1 job
       *[other] { $jobs } jobs
    } with { $items ->
        [one] 1 item
       *[other] { $items } items
    } from the history, about { $bytes } of the catalog. Results would not be touched.
prune_in_use = { $count ->
        [one] 1 job stays because it is in use.
       *[other] { $count } jobs stay because they are in use.
    }
prune_free = { $bytes } of the catalog are free for later jobs. Prune again while no job is running to return them to the disk.
column-job = job
column-created = created
column-state = state
column-items = items
column-done = done
column-failed = failed
column-skipped = skipped
column-to = to
unchecked_hosts = certificates not checked: { $hosts }
job_title = Job { $job }: { $state }
job_created = created
job_ended = ended
job_to = to
job_trust = trust
job_trust_unchecked = certificates are not checked at { $hosts }
job_items = items
job_rows = rows
job_rejected = List them all with: { $command }. When the cause is fixed: { $retry }
job_counts = { $total }: { $done } done, { $failed } failed, { $skipped } skipped, { $waiting } waiting
job_bytes = bytes
job_failures = failures by cause:
job_retry = retry these: { $command }
job_retry_futile = a retry can't change these
job_retry_status = retry only { $status }: { $command }
job_example = e.g. { $error }
job_first_statuses = among the first failures { $statuses }
job_remarks = remarks:
job_remarks_more = { $count ->
        [one] and 1 more (`pixloom export` lists them all)
       *[other] and { $count } more (`pixloom export` lists them all)
    }
job_continue = to continue: { $command }
job_state-draft = draft
job_state-queued = queued
job_state-running = running
job_state-watching = watching
job_state-paused = paused
job_state-cancelled = cancelled
job_state-done = done
