### Why an item failed, why a job could not run, and what was left out.
###
### $detail is empty or " (...)"; $untouched is empty or the text of original_untouched after a space.
### `.brief` is the short name of a kind, for chips and tables. `.window` replaces a text in the window, which names no
### option of the command line.

## Items

error-not_found = Couldn't open { $name }: there is no such file. Check its name and folder.
    .brief = Not found
error-unreadable = Couldn't open { $name }: permission denied. Allow reading it, then retry.
    .brief = Not readable
error-empty = Couldn't open { $name }: it is empty (0 bytes).
    .brief = Empty
error-not_a_picture = Couldn't open { $name }: it is not a picture{ $detail }.{ $untouched }
    .brief = Not a picture
error-unsupported = Couldn't open { $name }: not supported{ $detail }.{ $untouched }
    .brief = Not supported
error-truncated = Couldn't open { $name }: the file ends early{ $detail }.{ $untouched }
    .brief = Ends early
error-corrupt = Couldn't open { $name }: the file is damaged{ $detail }.{ $untouched }
    .brief = Damaged
error-too_large = Couldn't open { $name }: it is larger than the limit{ $detail }.{ $untouched }
    .brief = Too large
error-input_changed = { $name } changed while it was read. Retry it.
    .brief = Changed meanwhile
error-bad_url = Couldn't fetch { $name }: it is not a usable link{ $detail }.
    .brief = Bad link
error-unknown_host = Couldn't fetch { $name }: the host's name was not found{ $detail }. Check the link.
    .brief = Unknown host
error-connect = Couldn't fetch { $name }: no connection{ $detail }. Retry later.
    .brief = No connection
error-tls = Couldn't fetch { $name }: no secure connection{ $detail }. If you trust that server, name its certificate authority (--ca-file) or the host itself (--insecure-host) in the network settings.
    .window = Couldn't fetch { $name }: no secure connection{ $detail }. If you trust that server, add its certificate authority or the host itself in the network settings.
    .brief = Not secure
error-timeout = Couldn't fetch { $name }: the server took too long{ $detail }. Retry later.
    .brief = Timed out
error-http_status = Couldn't fetch { $name }: the server answered { $status }{ $detail }.
    .brief = Server refused
error-proxy_auth = Couldn't fetch { $name }: the proxy wants a user and a password. Give them with its address.
error-redirect = Couldn't fetch { $name }: its redirects lead nowhere{ $detail }.
    .brief = Redirects
error-short_body = Couldn't fetch { $name }: the transfer broke off{ $detail }. Retry it.
    .brief = Broke off
error-short_body_sizes = Couldn't fetch { $name }: the transfer ended early{ $detail }. Retry it.
error-bad_response = Couldn't fetch { $name }: the server's answer makes no sense{ $detail }.
    .brief = Bad answer
error-body_too_large = Couldn't fetch { $name }: it is larger than the limit of { $limit }.
    .brief = Too large
error-checksum = Didn't keep { $name }: it is not what the list says{ $detail }.
    .brief = Wrong checksum
error-no_column = Couldn't name { $name }: its list has no column "{ $column }".
    .brief = Column missing
error-refused_address = Didn't fetch { $name }: its address is not allowed{ $detail }.
    .brief = Not allowed
error-robots = Didn't fetch { $name }: the robots.txt of { $host } asks not to.
    .brief = Not wished (robots.txt)
error-robots_unavailable = Didn't fetch { $name }: the robots.txt of { $host } can't be had{ $detail }, so nothing is fetched there. Retry later.
    .brief = No robots.txt
error-no_ai = Didn't fetch { $name }: its publisher marks it { $reason }.
    .brief = Not for training
error-missing_secret = Didn't fetch { $name }: { $reason }
    .brief = Secret missing
error-conflict = Couldn't save { $name }: { $output } exists already. Choose another name, or another rule for conflicts.
    .brief = Name taken
error-would_replace_input = Didn't save { $name }: { $output } is an original, and originals are never replaced. Choose another folder.
    .brief = Is an original
error-unwritable = Couldn't save { $name }: the folder can't be written to{ $detail }. Choose another folder.
    .brief = Not writable
error-disk_full = Couldn't save { $name }: the disk is full. Make room, then resume.
    .brief = Disk full
error-read_only = Couldn't save { $name }: the output's file system is read-only. Make it writable, then resume.
    .brief = Read-only disk
error-cant_encode = Couldn't save { $name }: the format can't hold it{ $detail }.
    .brief = Can't encode
error-cant_encode_limit = Couldn't save { $name }: it is larger than asked for{ $detail }. Allow more bytes, or make the picture smaller.
error-recipe = Couldn't process { $name }: a step doesn't fit this picture{ $detail }.
    .brief = Recipe
error-recipe_step = Couldn't process { $name }: step { $step } doesn't fit this picture{ $detail }.
error-took_too_long = Gave up on { $name }: it took longer than { $limit }. Allow more time, then retry.
    .brief = Took too long
error-io = Couldn't process { $name }: a read or write failed{ $detail }.
    .brief = Read or write failed
error-no_decoder = Couldn't process { $name }: the process that decodes it couldn't be started{ $detail }. Retry later.
    .brief = No decoder
error-panic = Couldn't process { $name }: the program has a defect here{ $detail }.
    .brief = Program defect
error-cancelled = { $name } was stopped before it was finished.
    .brief = Stopped
unnamed_item = the item
original_untouched = Original untouched.
had_of_wanted = { $had } of { $wanted }
with_proxy = { $text }; the proxy in use is { $proxy }

## Jobs

job-catalog = The catalog { $path } can't be used: { $detail }. Nothing was lost; choose another one with --catalog.
    .window = The catalog { $path } can't be used: { $detail }. Nothing was lost.
job-output = The output folder { $path } can't be written to ({ $detail }). Choose another one with --out.
    .window = The output folder { $path } can't be written to ({ $detail }). Choose another one.
job-locked = Job { $job } is being worked on by another Pixloom.
place-step = step { $number }
place-save = save
place-line = { $file }:{ $line }
in_file = { $file }: { $text }
at_line = line { $line }: { $text }
in_file_at_line = { $file }: line { $line }: { $text }

## What was left out

remark-no_pictures = There are no pictures in { $folder }.
remark-only_below = There are no pictures in { $folder } itself, but in folders below it: -R (--recursive) goes into them.
    .window = There are no pictures in { $folder } itself, but in folders below it.
remark-not_pictures = { $count ->
        [one] 1 file in { $folder } is not a picture and was left out.
       *[other] { $count } files in { $folder } are not pictures and were left out.
    }
remark-other_kinds = { $count ->
        [one] 1 picture in { $folder } is of a kind that can't be opened ({ $extensions }).
       *[other] { $count } pictures in { $folder } are of kinds that can't be opened ({ $extensions }).
    }
remark-repeated_links = { $count ->
        [one] 1 line of { $list } repeats a link and was skipped.
       *[other] { $count } lines of { $list } repeat links and were skipped.
    }
remark-repeated_links_of = { $count ->
        [one] 1 line of { $list } repeats a link and was skipped.
       *[other] { $count } lines of { $list } repeat links and were skipped.
    } Only its first { $compared } links were compared.
remark-first_page = The first of { $pages } pages was read.
remark-first_pages = { $count ->
        [one] Of 1 picture with several pages the first was read; page=N in --save picks another.
       *[other] Of { $count } pictures with several pages the first was read; page=N in --save picks another.
    }
    .window = { $count ->
        [one] 1 image has several pages: only the first was used. "Page" in the save settings selects another.
       *[other] { $count } images have several pages: only the first was used. "Page" in the save settings selects another.
    }
remark-taken_for_srgb = Its colours ({ $colours }) can't be converted; they were taken for sRGB.
remark-many_taken_for_srgb = { $count ->
        [one] The colours of 1 picture (PQ, HLG or video range) were taken for sRGB.
       *[other] The colours of { $count } pictures (PQ, HLG or video range) were taken for sRGB.
    }
remark-above_white = It came out white: floats are read from 0 to 1, and most of its are above.
remark-many_above_white = { $count ->
        [one] 1 picture came out white: floats are read from 0 to 1, and most of its are above.
       *[other] { $count } pictures came out white: floats are read from 0 to 1, and most of theirs are above.
    }
remark-left_over = It may be damaged: bytes of its codes were left over when all of its rows were there.
remark-many_left_over = { $count ->
        [one] 1 picture may be damaged: bytes of its codes were left over when all rows were there.
       *[other] { $count } pictures may be damaged: bytes of their codes were left over when all rows were there.
    }
remark-unused_access = Nothing was asked at { $place }, so what was given for it was not used.
remark-unused_access_near = What was given for { $place } was not used: the links asked { $near }. Give it for that place if it is meant.
