### Words of the window.

## Header and menus

open = Open
add_path = Path or link…
path_or_link = Path or link
path_hint = /home/me/Pictures or https://…
paste_links = Paste links
edit = Edit
undo = Undo
redo = Redo
search = Search or command
jobs = Jobs
settings = Settings
palette_title = Commands
palette_none = No such command
select_all = Select all
remove_selected = Remove selected
copy_location = Copy location

## Sources

sources = Sources
nothing_added = Nothing added yet
photos = Images
links = Links
add = Add…
limit_now = Limit now
cores = Cores
network = Network
disk = Disk
memory = Memory
more_groups = and { $count } more
columns_choose = Choose column…
columns_title = Columns of the lists
columns_note = They apply to every list of this job.
columns_of = Columns: { $list }
url_column = Link column
checksum_column = Checksum column
no_checksum = None
checksum_note = MD5, SHA-1, SHA-256, SHA-384 or SHA-512 in hex or Base64. An item whose checksum differs fails.
lacks_column = { $list }: no column “{ $column }”
list_lacks_column = { $list } has no column “{ $column }”.

## Items

grid = Grid
table = Table
layout = Layout
filter_items = Filter items
filter_hint = Filter
all = All
no_match = No item matches this filter
with_remarks = With remarks
clear_filter = Show all items
filter_by = Show items whose name contains “{ $text }”
loading = Loading…
items = Items
items_count = { $count ->
        [one] 1 item
       *[other] { $count } items
    }
items_shown = { $count ->
        [one] { $shown } of 1 item
       *[other] { $shown } of { $count } items
    }
selected_count = { $count } selected
name = Name
state = State
size = Size
output_size = Output size
dimensions = Dimensions
error = Error
scroll_bar = Scroll items
sort_by = Sort: { $order }
sort-added = added
sort-name = name
sort-state = state
sort-size = size
item-waiting = Waiting
item-running = Running
item-done = Done
item-failed = Failed
item-skipped = Skipped
low_space = Not enough free space
retry_these = Retry these
removed = { $count ->
        [one] 1 item removed
       *[other] { $count } items removed
    }
added_items = { $count ->
        [one] 1 item added
       *[other] { $count } items added
    }
added_links = { $count ->
        [one] 1 link added
       *[other] { $count } links added
    }
added_duplicates = { $added }, { $count ->
        [one] 1 duplicate left out
       *[other] { $count } duplicates left out
    }
nothing_to_add = That text contains no link and no file

## Preview

preview = Preview
preview_height = Height of the preview
score = score { $score }
copied_unchanged = copied unchanged
before = Before
after = After
histogram = Histogram
histogram_plot = Histogram of the result
not_applied = Not applied: { $steps }
split = Split
side_by_side = Side by side
compare = Compare
zoom = Zoom
fit = Fit
full = 100 %
pixel = Pixel
divider = Divider between before and after
approximate = Approximate at this size; exact at 100 %
select_an_item = Select an item to preview it
not_fetched = This link is fetched when the job starts.
preparing = Preparing the preview…
retry = Retry
skip = Skip
details = Details
attempts = Attempts
location = Location
kind = Kind

## Recipe

recipe = Recipe
presets = Presets
preset-web = Web
preset-thumbnails = Thumbnails
preset-archive = Archive
preset-convert = Convert only
load_recipe = Load recipe…
save_recipe = Save recipe…
custom = Custom
outputs = Outputs
add_output = Add output
duplicate_output = Duplicate
remove_output = Remove output
output_name_label = Output name
output_name_word = output
output_with_format = { $output } ({ $format })
add_output_filter = Add filter to this output
add_filter = Add filter
search_filters = Search filters
no_filter_found = No filter with that name
no_steps = No filters: images are only converted and saved.
no_steps_copy = No filters: files are copied unchanged.
group_geometry = Size and shape
group_colour = Light and colour
group_detail = Detail
group_finish = Watermark and frame
recipe_fixed = This job keeps the recipe it was started with. Choose “New job” to use another one.
move_up = Move up
move_down = Move down
remove = Remove
remove_named = Remove: { $name }
more = More
less = Less
how_it_works = How it works
drag_to_reorder = Drag to reorder
automatic = auto
pick_colour = Pick colour
hue = Hue
saturation = Saturation
brightness = Brightness
opacity = Opacity

## Save

save = Save
format = Format
format_keep = Original format
folder = Folder
folder_default = Next to the originals
folder_default_hint = A new folder next to the originals
choose_folder = Choose folder…
choose_file = Choose file…
conflict = If the file exists
conflict-rename = Keep both
conflict-skip = Skip the item
conflict-overwrite = Replace the old file
conflict-fail = Report an error
metadata = Metadata
metadata-keep = Keep all
metadata-no_gps = Without GPS
metadata-strip = None
subfolders = Subfolders
tree-keep = Keep
tree-flat = All in one folder

## Run bar

start = Start
start_items = { $count ->
        [one] Start 1 item
       *[other] Start { $count } items
    }
start_hint = Add images or links to begin
pause = Pause
resume = Resume
cancel = Cancel
retry_failed = Retry { $count } failed
open_results = Open results
new_job = New job
counting = Counting…
network_lost = Network lost. Fetching resumes automatically.
paused = Paused
cancelled = Cancelled
queued = Waiting for another job
running_elsewhere = Another job is running.
job_progress = Progress
of_total = { $finished } of { $total }
of_total_so_far = { $finished } of { $total }+
rates = { $rate } /s · { $bytes }/s
bytes_rate = { $bytes }/s
time_left = { $time } left
saved_count = { $count } saved
failed_count = { $count } failed
skipped_count = { $count } skipped
sizes_in_time = { $before } → { $after } in { $time }
text_size = in total
seconds_short = { $seconds } s
estimate_seconds = ~{ $seconds } s, ~{ $size }
estimate_minutes = ~{ $minutes } min, ~{ $size }

## Empty window, notices, boxes

drop_title = Drop images here, or paste a list of links
drop_now = Drop to add
try_samples = Try with sample images
originals_safe = Originals are never changed.
paste_title = Paste links
paste_note = One link or path per line. Other text is ignored.
paste_box = Links and paths
add_links = Add links
close = Close
undo_job = Undo job…
redo_job = Redo job
undo_job_title = Undo { $job }
undo_waiting = Another undo ends first.
undo_checking = Checking which results are still what the job saved
undo_running = Moving results to the trash
redo_running = Bringing results back
undo_stop = Stop
undo_now = Move to trash
undo_close = Close undo
undo_nothing = There are no results to undo.
undo_stopped_here = Stopped here; undo or redo again to finish.
undo_plan = { $count ->
        [one] 1 result goes to the trash.
       *[other] { $count } results go to the trash.
    }
undo_plan_stays = { $count ->
        [one] 1 result goes
       *[other] { $count } results go
    } to the trash; { $stays ->
        [one] 1 changed since and stays.
       *[other] { $stays } changed since and stay.
    }
undo_plan_all_stay = { $count ->
        [one] 1 result changed since and stays.
       *[other] { $count } results changed since and stay.
    }
undo_plan_returns = { $count ->
        [one] 1 file that a result replaced comes back.
       *[other] { $count } files that results replaced come back.
    }
undo_plan_lost = { $count ->
        [one] 1 file was replaced without being kept in the trash: nothing can bring it back.
       *[other] { $count } files were replaced without being kept in the trash: nothing can bring them back.
    }
undo_stay = { $count ->
        [one] 1 file stays as it is:
       *[other] { $count } files stay as they are:
    }
undo_more = { $count ->
        [one] And 1 more
       *[other] And { $count } more
    }
trash_check = Replaced files go to the trash
trash_words = Keep replaced files in the trash
close_title = A job is still running
close_note = Closing Pixloom pauses it. Finished results are kept, and you can resume the job the next time you open Pixloom.
close_not = Keep it open
close_now = Pause and close
dismiss = Dismiss
dialog_failed = No file chosen. If no dialog appeared, type a path here.
engine_gone = The engine doesn't respond. Restart Pixloom; nothing was lost.
opening_catalog = Opening the catalog…

## Jobs

no_jobs = No job has run yet
show = Show
no_jobs_match = No job matches
jobs_search = Search jobs
jobs_search_hint = Folder, host, database or number
jobs_age = Started
jobs-all = All jobs
jobs-failures = With failures
jobs_age-any = At any time
jobs_age-today = Today
jobs_age-week = Last 7 days
jobs_age-month = Last 30 days
jobs_age-older = Older
jobs_count = { $count ->
        [one] 1 job
       *[other] { $count } jobs
    }
jobs_found = { $count ->
        [one] 1 job found
       *[other] { $count } jobs found
    }
job_ran_for = Ran { $time }
run_again = Run again
job_more = More
copy_command = Copy as command
delete_job = Delete from history
job_deleted = Job { $job } was deleted from the history. Its results stay.
command_copied = The command that repeats job { $job } was copied.
section_history = History
catalog = Catalog
catalog_needs = Size
catalog_size = { $bytes } · { $jobs ->
        [one] 1 job
       *[other] { $jobs } jobs
    } · { $items ->
        [one] 1 item
       *[other] { $items } items
    }
measuring = Measuring the catalog…
clean_up = Clean up…
cleaning_up = Deleting old jobs…
clean_up_title = Delete old jobs from the history
clean_up_older = Jobs that ended more than this long ago
clean_up_note = Results stay where they are. Deleted jobs can't be resumed, retried or undone, and later jobs no longer recognize their results.
days = { $count ->
        [one] 1 day
       *[other] { $count } days
    }
delete_jobs = { $count ->
        [one] Delete 1 job
       *[other] Delete { $count } jobs
    }
cleaned_up = Deleted { $jobs ->
        [one] 1 job
       *[other] { $jobs } jobs
    } with { $items ->
        [one] 1 item
       *[other] { $items } items
    } from the history; the catalog is { $bytes } smaller.
job_name = Job { $job }
state-draft = Draft
state-queued = Queued
state-running = Running
state-watching = Watching
watched_folders = Watched folders
watch_named = Watched: { $folders }
stop_watch = Stop watching
stop_watching = Stop watching { $folders }
watch_gone = Folder is not there
watch_saved = { $count } saved
watch_waiting = { $count } waiting
state-paused = Paused
state-cancelled = Cancelled
state-done = Done
certificates_unchecked = Certificates not checked: { $hosts }

## Settings

language = Language
theme = Theme
system = System
dark = Dark
light = Light
connections = Connections
per_host = Per host
max_bytes = Largest download
workers = Workers
memory_budget = Memory
network_wait = Wait for network
timeout = Time-out
connect_timeout = Connection time-out
retries = Retries
section_window = Window
section_limits = Limits
limits_of_links = Links
lists = Lists
section_documents = Documents
pages = Pages
pages_first = First
pages_all = All
pages_range = Range
pages_from = First page
pages_to = Last page
pages_to_end = the last one
pages_note = Applies to TIFF and PDF files. Each page becomes an item with its own result; its number follows the name unless the name template contains {"{page}"}.
section_raw = Camera raw files
raw_files = Image
raw_preview = Preview
raw_develop = Developed
raw_pairs = Raw and JPEG
raw_pairs_both = Both
raw_pairs_raw = Raw only
raw_pairs_jpeg = JPEG only
raw_note = A preview that is too small is replaced by the developed image. Pairs of files with the same name (raw, and JPEG or HEIC) are recognised when they are added.
settings_note = Automatic values depend on this computer.
seconds_unit = {" "}s
links_note = Applies to jobs you start from now on.
robots = robots.txt
robots-auto = For many links
robots-always = Always
robots-never = Never
robots_note-auto = Obeyed at hosts with more than { $count } links in a job.
robots_note-always = Obeyed at every host.
robots_note-never = Never read. Only fetch what you have the right to fetch.
noai = Marked noai
noai_check = Skip content marked noai
noai_words = Skip it
requests_per_s = Requests per second
bytes_per_s = Bytes per second
at_each_host = per host
in_all = in total
no_limit = no limit
wrong_requests = Enter a number of at least 0.001, such as 5 or 0.5.
wrong_bytes = Enter 1 kB or more, such as 500kB or 2MB.
proxy = Proxy
proxy_none = None
proxy_own = Address
proxy_address = Proxy address
wrong_proxy = Enter an http, https, socks5 or socks5h address, such as http://proxy:3128.
proxy_secret = The user name and password are stored separately, readable only by you.
proxy_unset_none = Until you enter an address, no proxy is used.
proxy_unset_system = Until you enter an address, the system's proxy is used.
ca_file = CA file
ca_hint = in addition to the system's
client_cert = Client certificate
client_cert_hint = PEM, with its key
cookie_file = Cookie file
cookie_file_hint = in the format of cookies.txt
network_fault-missing = There is no such file. Jobs can't start until it exists.
network_fault-no_certificate = This file contains no PEM certificate. Jobs can't start with it.
network_fault-no_key = This file contains no PEM certificate with its private key. Jobs can't start with it.
network_fault-no_cookies = This is not a cookies.txt file in Netscape's format. Jobs can't start with it.
user_agent = User-Agent
user_agent_hint = Pixloom's own
referer = Referer
wrong_header_value = Enter text on one line.
insecure_hosts = Hosts with certificate checks off
insecure_warning = Their certificates aren't checked: anyone on the network can read and change the data.
new_host = Host to add
add_host = Add host
wrong_host = Enter only a host name or address, such as nas.local.

## Credentials

access = Credentials
access_add = Add credentials…
access_note = Sent only to this host, never after a redirect to another one.
access_host = Host
access_kind = Credential type
access_as_header = Header
access_cookie = Cookie
access_basic = User name and password
access_bearer = Token
access_scheme = Sign-in method
access_scheme_basic = Basic
access_scheme_digest = Digest
access_digest_note = Digest answers the server's challenge and never sends the password itself.
access_header_name = Header name
access_user = User name
access_from = Stored in
access_typed = Enter here
access_variable = Environment variable
access_netrc = ~/.netrc
access_password = Password
access_value = Value
access_variable_name = Variable name
access_unchanged = unchanged
access_kept = stored so that only you can read it
access_plain = http is not encrypted: anyone on the network can read it.
access_save = Save credentials
access_cancel = Discard
wrong_place = Enter a host such as api.example.com, or https://api.example.com:8443.
wrong_header = This header can't be set. Enter a name such as X-Api-Key.
wrong_user = Enter a user name without a colon.
wrong_variable = Enter the name of a variable, such as API_TOKEN.
wrong_secret = Enter it here, without line breaks.
access_twice = This host already has this credential: edit it instead.
edit_named = Edit: { $name }
removed_named = Removed: { $name }
