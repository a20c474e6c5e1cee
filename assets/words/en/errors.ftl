### Why an item failed, why a job could not run, and what was left out.
###
### $detail is empty or " (...)"; $untouched is empty or the text of original_untouched after a space.
### `.brief` is the short name of a kind, for chips and tables. `.window` replaces a text in the window, which names no
### option of the command line.

## Items

error-not_found = Couldn't open { $name }: there is no such file. Check the name and the folder.
    .brief = Not found
error-unreadable = Couldn't open { $name }: permission denied. Allow reading it, then retry.
    .brief = Not readable
error-empty = Couldn't open { $name }: it is empty (0 bytes).
    .brief = Empty
error-not_a_picture = Couldn't open { $name }: it is not an image{ $detail }.{ $untouched }
    .brief = Not an image
error-unsupported = Couldn't open { $name }: this kind of image is not supported{ $detail }.{ $untouched }
    .brief = Not supported
error-truncated = Couldn't open { $name }: the file ends early{ $detail }.{ $untouched }
    .brief = Ends early
error-corrupt = Couldn't open { $name }: the file is damaged{ $detail }.{ $untouched }
    .brief = Damaged
error-corrupt_whole = Couldn't open { $name }: the file is damaged{ $detail }, and no part of it could be decoded.{ $untouched }
error-too_large = Couldn't open { $name }: it is larger than the limit{ $detail }.{ $untouched }
    .brief = Too large
error-input_changed = { $name } changed while it was being read. Retry it.
    .brief = Changed during reading
error-bad_url = Couldn't fetch { $name }: it is not a valid link{ $detail }.
    .brief = Invalid link
error-unknown_host = Couldn't fetch { $name }: the host's name was not found{ $detail }. Check the link.
    .brief = Unknown host
error-connect = Couldn't fetch { $name }: no connection{ $detail }. Retry later.
    .brief = No connection
error-tls = Couldn't fetch { $name }: no secure connection{ $detail }.
    .brief = Not secure
error-tls_issuer = Couldn't fetch { $name }: its certificate is not from a trusted authority{ $detail }. If you trust this server, add its certificate authority (--ca-file) or the host itself (--insecure-host).
    .window = Couldn't fetch { $name }: its certificate is not from a trusted authority{ $detail }. If you trust this server, add its certificate authority or the host itself in the network settings.
error-tls_expired = Couldn't fetch { $name }: its certificate has expired or is not valid yet{ $detail }. Check this computer's clock. If you trust the server anyway, add the host with --insecure-host.
    .window = Couldn't fetch { $name }: its certificate has expired or is not valid yet{ $detail }. Check this computer's clock. If you trust the server anyway, add the host in the network settings.
error-tls_name = Couldn't fetch { $name }: its certificate is for another host{ $detail }. Check the host name in the link. If you trust the server anyway, add the host with --insecure-host.
    .window = Couldn't fetch { $name }: its certificate is for another host{ $detail }. Check the host name in the link. If you trust the server anyway, add the host in the network settings.
error-tls_certificate = Couldn't fetch { $name }: its certificate is not valid{ $detail }. If you trust the server anyway, add the host with --insecure-host.
    .window = Couldn't fetch { $name }: its certificate is not valid{ $detail }. If you trust the server anyway, add the host in the network settings.
error-tls_client = Couldn't fetch { $name }: the server wants a client certificate that it trusts{ $detail }. Pass one with --client-cert.
    .window = Couldn't fetch { $name }: the server wants a client certificate that it trusts{ $detail }. Run the job on the command line with one.
error-tls_old = Couldn't fetch { $name }: the server supports no TLS version or cipher that is still secure{ $detail }. Its owner has to enable TLS 1.2 or later.
error-tls_plain = Couldn't fetch { $name }: the server does not use TLS on this port{ $detail }. Use http:// or the port for https.
error-timeout = Couldn't fetch { $name }: the server took too long{ $detail }. Retry later.
    .brief = Timed out
error-http_status = Couldn't fetch { $name }: the server answered { $status }{ $detail }.
    .brief = Server error
error-proxy_auth = Couldn't fetch { $name }: the proxy requires a user name and a password. Add them to its address.
error-redirect = Couldn't fetch { $name }: redirect failed{ $detail }.
    .brief = Redirect failed
error-short_body = Couldn't fetch { $name }: the transfer was interrupted{ $detail }. Retry it.
    .brief = Interrupted
error-short_body_sizes = Couldn't fetch { $name }: the transfer ended early{ $detail }. Retry it.
error-bad_response = Couldn't fetch { $name }: the server's response is invalid{ $detail }.
    .brief = Invalid response
error-body_too_large = Couldn't fetch { $name }: it is larger than the limit of { $limit }. Raise --max-bytes to fetch it.
    .window = Couldn't fetch { $name }: it is larger than the limit of { $limit }. Raise the limit in the settings to fetch it.
    .brief = Too large
error-body_unpacked = Couldn't fetch { $name }: its compressed response expands beyond { $size } and to more than { $times } times its own size, as decompression bombs do. If you trust the server, set a limit with --max-bytes.
    .window = Couldn't fetch { $name }: its compressed response expands beyond { $size } and to more than { $times } times its own size, as decompression bombs do. If you trust the server, set a limit for downloads in the settings.
error-body_no_space = Couldn't fetch { $name }: { $size } are still to be received, but only { $free } are free on the disk. Free some space, then retry.
error-checksum = Didn't keep { $name }: its checksum differs from the list{ $detail }.
    .brief = Wrong checksum
error-no_column = Couldn't process { $name }: its list has no column "{ $column }".
    .brief = Column missing
error-refused_address = Didn't fetch { $name }: its address is not allowed{ $detail }.
    .brief = Not allowed
error-robots = Didn't fetch { $name }: the robots.txt of { $host } disallows it.
    .brief = Disallowed (robots.txt)
error-robots_unavailable = Didn't fetch { $name }: couldn't load the robots.txt of { $host }{ $detail }, so the host was skipped. Retry later.
    .brief = No robots.txt
error-no_ai = Didn't fetch { $name }: its publisher marked it { $reason }.
    .brief = Not for training
error-missing_secret = Didn't fetch { $name }: { $reason }
    .brief = Secret missing
error-conflict = Couldn't save { $name }: { $output } already exists. Choose another --name or --on-conflict rule.
    .window = Couldn't save { $name }: { $output } already exists. Choose another name or another conflict rule.
    .brief = Name exists
error-would_replace_input = Didn't save { $name }: { $output } is an original, and originals are never replaced. Choose another folder.
    .brief = Is an original
error-not_trashed = Couldn't save { $name }: the file that it replaces can't be moved to the trash{ $detail }. Choose another folder, or run without --trash.
    .window = Couldn't save { $name }: the file that it replaces can't be moved to the trash{ $detail }. Choose another folder, or replace files without keeping them.
    .brief = No trash
error-unwritable = Couldn't save { $name }: the folder can't be written to{ $detail }. Choose another folder.
    .brief = Not writable
error-disk_full = Couldn't save { $name }: the disk is full. Free some space, then resume.
    .brief = Disk full
error-read_only = Couldn't save { $name }: the output's file system is read-only. Make it writable, then resume.
    .brief = Read-only disk
error-device_failed = Couldn't save { $name }: the output's drive or the connection to it failed{ $detail }. Check the drive, then resume.
    .brief = Drive failed
error-cant_encode = Couldn't save { $name }: the format can't store it{ $detail }.
    .brief = Can't encode
error-cant_encode_limit = Couldn't save { $name }: it is larger than allowed{ $detail }. Allow more bytes, or make the image smaller.
error-recipe = Couldn't process { $name }: a step doesn't fit this image{ $detail }.
    .brief = Recipe
error-recipe_step = Couldn't process { $name }: step { $step } doesn't fit this image{ $detail }.
error-db_unreachable = Couldn't run { $name }: the database can't be reached{ $detail }. Retry when it is back.
    .brief = Database unreachable
error-db_connection_lost = Couldn't run { $name }: the connection to the database was lost{ $detail }. Retry it.
    .brief = Connection lost
error-db_too_many_connections = Couldn't run { $name }: the database has no connection left{ $detail }. Use fewer connections, or retry later.
    .brief = No connection left
error-db_login = Couldn't run { $name }: the database refused the login{ $detail }. Check the user and the password.
    .brief = Login refused
error-db_tls = Couldn't run { $name }: the database has no secure connection{ $detail }. Check its certificate.
    .brief = No secure connection
error-db_missing_database = Couldn't run { $name }: the database can't be opened{ $detail }. Check its name.
    .brief = No such database
error-db_missing_table = Couldn't run { $name }: a table is missing{ $detail }. Check its name.
    .brief = No such table
error-db_missing_column = Couldn't run { $name }: a column is missing{ $detail }. Check its name.
    .brief = No such column
error-db_statement = Couldn't run { $name }: the statement is wrong for these values{ $detail }. Check both.
    .brief = Wrong statement
error-db_permission = Couldn't run { $name }: the database's user lacks a permission{ $detail }. Ask the database's administrator.
    .brief = No permission
error-db_read_only = Couldn't run { $name }: the database or its session is read-only{ $detail }.
    .brief = Read-only
error-db_conflict = Couldn't run { $name }: other sessions changed the same rows{ $detail }. Retry it.
    .brief = Conflict
error-db_locked = Couldn't run { $name }: another session held a lock for too long{ $detail }. Retry it when that session is done.
    .brief = Locked
error-db_timeout = Couldn't run { $name }: the statement took longer than its time limit{ $detail }. Allow more time, or make it faster.
    .brief = Statement too slow
error-db_rejected = Couldn't run { $name }: the database refused a value{ $detail }. Correct the value.
    .brief = Value refused
error-db_full = Couldn't run { $name }: the database's disk or memory is full{ $detail }. Free some space, then retry.
    .brief = Database full
error-db_other = Couldn't run { $name }: the database reported an error{ $detail }.
    .brief = Database error
error-took_too_long = Stopped { $name }: it took longer than { $limit }. Allow more time, then retry.
    .brief = Took too long
error-io = Couldn't process { $name }: a read or write failed{ $detail }.
    .brief = Read or write failed
error-no_decoder = Couldn't process { $name }: its decoder process couldn't be started{ $detail }. Retry later.
    .brief = No decoder
error-panic = Couldn't process { $name }: a bug in Pixloom{ $detail }.
    .brief = Bug in Pixloom
error-crash = Couldn't process { $name }: Pixloom ended unexpectedly { $deaths } times while processing it, the last time with nothing else in progress.{ $untouched }
    .brief = Pixloom ended
error-cancelled = { $name } was stopped before it finished.
    .brief = Stopped
of_output = output { $output }: { $error }
item_and_output = { $item } (output { $output })
page_name = { $name }, page { $page }
pages_value = “{ $value }” names no pages: all, first, a page such as 3, or a range such as 2-5 or 2-, up to { $most }
unnamed_item = the item
standard_input = standard input
original_untouched = Original untouched.
kind_and_detail = { $kind }: { $detail }
had_of_wanted = { $had } of { $wanted }
with_proxy = { $text }; the proxy in use is { $proxy }

## Jobs

job-catalog = Couldn't use the catalog { $path }: { $detail }. Choose another one with --catalog.
    .window = Couldn't use the catalog { $path }: { $detail }.
job-output = Couldn't write to the output folder { $path } ({ $detail }). Choose another one with --out.
    .window = Couldn't write to the output folder { $path } ({ $detail }). Choose another one.
job-locked = Job { $job } is running in another Pixloom process.
place-step = step { $number }
place-output = output { $output }, { $part }
place-save = save
place-line = { $file }:{ $line }
in_file = { $file }: { $text }
at_line = line { $line }: { $text }
in_file_at_line = { $file }: line { $line }: { $text }

## What was left out

remark-no_pictures = There are no images in { $folder }.
remark-watched_folder_gone = { $folder } is not there. Pixloom waits until it is back.
remark-watched_folder_back = { $folder } is back.
remark-watched_folder_polled = Changes in { $folder } are not reported, so Pixloom looks through it every { $interval }.
remark-only_below = There are no images in { $folder } itself, only in its subfolders. Use -R (--recursive) to include them.
    .window = There are no images in { $folder } itself, only in its subfolders.
remark-not_pictures = { $count ->
        [one] Skipped 1 file in { $folder } that is not an image.
       *[other] Skipped { $count } files in { $folder } that are not images.
    }
remark-no_links = There are no links in { $list }.
remark-no_links_on_stdin = There are no links on standard input.
remark-empty_rows = { $count ->
        [one] Skipped 1 row of { $list } without a link or path.
       *[other] Skipped { $count } rows of { $list } without a link or path.
    }
remark-known_rows = { $count ->
        [one] Skipped 1 row of { $list } that an earlier job has processed.
       *[other] Skipped { $count } rows of { $list } that earlier jobs have processed.
    }
remark-database_lost = { $detail } Pixloom waits and tries again.
remark-no_files = There are no paths in { $list }.
remark-no_files_on_stdin = There are no paths on standard input.
remark-hidden_files = { $count ->
        [one] Skipped 1 hidden file or folder in { $folder }.
       *[other] Skipped { $count } hidden files and folders in { $folder }.
    }
remark-own_results = { $count ->
        [one] Left out 1 result of an earlier job in { $folder }.
       *[other] Left out { $count } results of earlier jobs in { $folder }.
    }
remark-results_folder = Left out { $folder }, which holds results. To process them, give it as an input.
    .window = Left out { $folder }, which holds results. To process them, add that folder itself.
remark-list_encoding = Read { $list } as { $encoding }, which was detected; --encoding names another encoding.
    .window = Read { $list } as { $encoding }, which was detected.
remark-repeated_links = { $count ->
        [one] Skipped 1 line of { $list } that repeats a link.
       *[other] Skipped { $count } lines of { $list } that repeat links.
    }
remark-repeated_links_of = { $count ->
        [one] Skipped 1 line of { $list } that repeats a link.
       *[other] Skipped { $count } lines of { $list } that repeat links.
    } Only its first { $compared } links were compared.
remark-first_page = Only the first of { $pages } pages was used.
remark-first_pages = { $count ->
        [one] 1 multi-page image: only the first page was used (page=N in --save selects another).
       *[other] { $count } multi-page images: only the first page was used (page=N in --save selects another).
    }
    .window = { $count ->
        [one] 1 multi-page image: only the first page was used. "Page" in the save settings selects another.
       *[other] { $count } multi-page images: only the first page was used. "Page" in the save settings selects another.
    }
remark-developed = Developed from the sensor's data: the file has no usable preview image.
remark-developed_small = Developed from the sensor's data: its preview image ({ $width }x{ $height } px) is smaller than needed.
remark-many_developed = { $count ->
        [one] 1 camera raw file was developed: its preview image is missing or too small.
       *[other] { $count } camera raw files were developed: their preview images are missing or too small.
    }
remark-raw_pairs_raw = { $count ->
        [one] Skipped 1 JPEG or HEIC file: the raw file of the same name is used instead.
       *[other] Skipped { $count } JPEG or HEIC files: the raw files of the same names are used instead.
    }
remark-raw_pairs_jpeg = { $count ->
        [one] Skipped 1 camera raw file: the JPEG or HEIC file of the same name is used instead.
       *[other] Skipped { $count } camera raw files: the JPEG or HEIC files of the same names are used instead.
    }
remark-damaged = Damaged: only what could be decoded was saved.
remark-cut_between_blocks = Cut to { $width } x { $height } px at { $x },{ $y } instead of { $asked_width } x { $asked_height } px: without loss, JPEG is cut between blocks only.
remark-many_cut_between_blocks = { $count ->
        [one] 1 JPEG file was cut at other places than requested: without loss, JPEG is cut between blocks only.
       *[other] { $count } JPEG files were cut at other places than requested: without loss, JPEG is cut between blocks only.
    }
remark-not_lossless_steps = Encoded again: steps other than quarter turns, flips and crops change pixels. Without them, JPEG is changed without loss.
remark-not_lossless_blocks = Encoded again: the image has too few whole blocks to be turned without loss.
remark-not_lossless_colours = Encoded again: its colours had to be converted. With --colour keep, JPEG is changed without loss.
    .window = Encoded again: its colours had to be converted. With "Keep" as its colour space, JPEG is changed without loss.
remark-not_lossless_size = Encoded again: without loss, the file would be larger than the limit. A larger limit avoids that.
remark-not_lossless_data = Encoded again: its data is damaged or coded in an unusual way, so it can't be changed without loss.
remark-target_missed = A score of { $target } can't be reached in this format; saved with the highest quality.
remark-target_of_animation = Saved with the default quality: animations have no score.
remark-kept_original = Re-encoding did not save enough, so the original was kept.
remark-grew = Larger than the original: { $from } became { $to }. A lower quality, or --keep-smaller, avoids that.
    .window = Larger than the original: { $from } became { $to }. A lower quality, or a minimum saving, avoids that.
remark-many_grew = { $count } images became larger than their originals. A lower quality, or --keep-smaller, avoids that.
    .window = { $count } images became larger than their originals. A lower quality, or a minimum saving, avoids that.
remark-many_first_frame = Only the first frame of { $count } animations was used: the format of the results holds one.
remark-many_cut_short = { $count } images end early: their complete rows or frames were saved.
remark-first_frame = Only the first frame of the animation was used.
remark-first_frame_of = Only the first of { $frames } frames was used: the result's format holds one.
remark-taken_for_srgb = Its colours ({ $colours }) can't be converted; they were treated as sRGB.
remark-many_taken_for_srgb = { $count ->
        [one] The colours of 1 image (PQ, HLG or video range) were treated as sRGB.
       *[other] The colours of { $count } images (PQ, HLG or video range) were treated as sRGB.
    }
remark-not_stored_yet = The catalog can't be written, so links from standard input are not recorded yet. Trying again.
remark-results_intact = { $count ->
        [one] The earlier result is
       *[other] All { $count } earlier results are
    } intact.
remark-results_damaged = { $count ->
        [one] One earlier result is missing or damaged, and is
       *[other] { $count } earlier results are missing or damaged, and are
    } made again.
remark-above_white = Came out white: float values should be 0 to 1, but most are higher.
remark-many_above_white = { $count ->
        [one] 1 image came out white: float values should be 0 to 1, but most are higher.
       *[other] { $count } images came out white: float values should be 0 to 1, but most are higher.
    }
remark-left_over = May be damaged: compressed data remains after the last row.
remark-many_left_over = { $count ->
        [one] 1 image may be damaged: compressed data remains after the last row.
       *[other] { $count } images may be damaged: compressed data remains after the last row.
    }
remark-many_items = { $count ->
        [one] 1 image: { $text }
       *[other] { $count } images: { $text }
    }
remark-of_items = { $text } ({ $names })
remark-of_items_and_more = { $text } ({ $names }, and { $more } more)
remark-cut_short = Ends early: { $rows } of { $of_rows } rows were saved.
remark-cut_short_frames = Ends early: { $frames } of { $of_frames } frames were saved.
remark-low_space_for_rest = { $items ->
        [one] By the average of the first { $measured }, the remaining item needs about { $needed }, but only { $free } are free in { $folder }. The job pauses when the disk is full: free some space.
       *[other] By the average of the first { $measured }, the remaining { $items } items need about { $needed }, but only { $free } are free in { $folder }. The job pauses when the disk is full: free some space.
    }
remark-low_space = The results need about { $needed }, but only { $free } are free in { $folder }. The job pauses when the disk is full: free some space, or choose another folder with --out.
    .window = The results need about { $needed }, but only { $free } are free in { $folder }.
remark-drawn_small = Drawn at its own size and enlarged as pixels, because the result of { $step } depends on the size. Put the resize before that step.
remark-drawn_too_large = Drawn at its own size and enlarged as pixels, because the whole drawing would be too large. Crop less, or enlarge less.
remark-tone_mapped = Its high dynamic range ({ $colours }) was mapped to SDR.
remark-many_tone_mapped = { $count ->
        [one] The high dynamic range of 1 image (PQ or HLG) was mapped to SDR.
       *[other] The high dynamic range of { $count } images (PQ or HLG) was mapped to SDR.
    }
remark-converted_to_srgb = Its colours were converted to sRGB: { $format } holds no colour profile.
remark-many_converted_to_srgb = { $count ->
        [one] The colours of 1 image were converted to sRGB: its format holds no colour profile.
       *[other] The colours of { $count } images were converted to sRGB: their format holds no colour profile.
    }
remark-left_out = Not kept in { $format }: { $parts }.
remark-many_left_out = { $count ->
        [one] 1 image lost metadata or other parts that its result can't hold; its remark names them.
       *[other] { $count } images lost metadata or other parts that their results can't hold; their remarks name them.
    }
part-none = nothing
part-several = { $first }, { $rest }
part-exif = EXIF
part-maker_notes = EXIF maker notes
part-large_exif = large EXIF values (more than 64 KB together)
part-tiff_tags = TIFF tags { $tags }
part-xmp = XMP
part-iptc = IPTC
part-iptc_fields = IPTC fields { $names }
part-comment = comment
part-text = text "{ $keyword }"
part-clipping_path = Photoshop clipping path
part-density = print resolution
part-profile = colour profile (too large)
part-unusable_profile = colour profile that can't be used
part-credentials = Content Credentials (C2PA)
part-thermal = thermal data
part-gain_map = gain map (HDR)
part-video = video of a motion photo
part-other_images = further images in the file
remark-unused_access = The credentials for { $place } were not used: no link led there.
remark-unused_access_near = The credentials for { $place } were not used: the links led to { $near }. If you meant that address, set them for it.
