### Words of the window for databases.

## The page “From a database…”

from_database = From a database…
from_database_title = From a database
database = Database
db_name = Database name or file
db_name_wrong = { $detail }.
db_examples = Examples
db_choose_file = SQLite file…
db_password = Password
db_password_from = Password from
db_password_typed = Typed here
db_password_variable = Environment variable
db_password_kept = Stored; type to replace it
db_password_note = It is stored once so that only you can read it, never in a job.
db_variable = Variable name
db_variable_wrong = Enter the name of a variable, such as DB_PASSWORD.
db_test = Test connection
db_testing = Connecting…
db_connected = Connected: { $kind }, { $database }, { $count ->
        [one] 1 table
       *[other] { $count } tables
    }
db_connected_as = Connected: { $kind }, { $database }, user { $user }, { $count ->
        [one] 1 table
       *[other] { $count } tables
    }
db_tables = Tables
db_no_tables = This database has no tables.
db_tables_note = Test the connection to list the tables.
db_start_from = Query all rows of this table
query = Query
db_query_hint = SELECT url, name FROM products
run_query = Run query
db_running = Running…
db_restore = Restore my query
db_position = Line { $line }, column { $column }: { $problem }
db_page_parameter = The query has the parameter :{ $name }. Only :last is filled in here; write the value instead.
db_rows = First rows of the result
db_rows_note = Run the query to see its first rows.
db_no_rows = The query has no rows.
db_outdated = The query was changed. Run it again.
db_rows_shown = { $count ->
        [one] 1 row
       *[other] { $count } rows
    }
db_rows_shown_of = First { $shown } of { $count } rows
db_rows_shown_so_far = First { $shown } rows
db_null = NULL
db_link_column = Link column
db_key_column = Key column
db_since_column = Only newer rows by
db_none = None
db_key_hint = If reading is interrupted, it continues after the last value of this column.
db_since_hint = The next run reads only rows from the greatest value of this column on that is finished.
db_since_note = Add (:last IS NULL OR { $column } >= :last) to the query, so that the next run reads only newer rows.
db_use_as_link = Use { $column } as link column
add_counted = { $count ->
        [one] Add 1 item
       *[other] Add { $count } items
    }
add_rows = Add items

## A query that becomes a job

db_use = What becomes of the query
db_use_items = Rows become items
db_use_job = Save the result
db_may_write = May change the database
db_may_write_hint = Otherwise the database refuses every statement that changes something.
db_save_as = Save as
db_target-csv = CSV
db_target-jsonl = JSON lines
db_target-parquet = Parquet
db_target-table = Table
db_file = File or folder
db_file_hint = A name that ends with a slash is a folder: each run of the query then gets a file of its own.
db_into_table = Table in the same database
db_into_table_hint = It is created if it does not exist.
db_each_row = Once for each row of a list
db_each_row_hint = The columns of the list fill the parameters of the query, such as :id. Leave it empty to run the query once.
db_split = Divide by
db_split_hint = The query runs in parts at the same time, each for a range of this column.
db_parts = Parts
statements = Statements
db_start_job = Start query
db_checking_job = Checking…
query_result_of = { $job }: result
query_show_result = Show result
query_first_rows = Result
query_goes_to = Saved to
query_runs = Runs
query_statements = { $count ->
        [one] once
       *[other] { $count } times
    }
query_parts_by = { $count ->
        [one] once, by { $column }
       *[other] in { $count } parts, by { $column }
    }
query_place-none = nowhere: it changes the database
query_place-files = { $format } files in { $folder }
query_place-stdout = standard output
query_place-table = table { $table } in { $database }
query_place-own_table = table { $table }
query_no_result = This query has no result; the items show how many rows it changed.
query_no_rows_yet = No rows yet.
query_rows_gone = The result went to standard output and was not kept.
query_unread = Couldn't read the rows of the result ({ $path }: { $detail }). If the file was moved or removed, run the query again.
query_rows_head = Rows

## The page “Write results into a table”

wb_title = Write results into a table
wb_add = Choose a table…
wb_summary = { $table }: { $count ->
        [one] 1 column
       *[other] { $count } columns
    }
wb_pick = Write results into this table
wb_no_table = Connect to a database and choose a table.
wb_mode = Rows
wb_update = Change existing rows
wb_upsert = Change or insert
wb_insert = Insert new rows only
wb_keys = Which row: key columns
wb_columns = What is written
wb_add_key = Add key column
wb_add_column = Add column
wb_key_numbered = Key column { $count }
wb_column_numbered = Column { $count }
wb_field_for = Field for { $column }
wb_choose_field = Choose the field for { $column }
wb_field_wrong = There is no field “{ $field }”. These are the fields: { $fields }.
wb_field_column = column of the query or list
wb_checking = Checking…
wb_accepted = The table accepts this statement:
wb_incomplete = Choose at least one key column and one column to write.
wb_table_gone = There is no table { $table } any more. Choose another one.
wb_open = Write results into a table…
wb_new_table = New table
wb_new_name = New table:
wb_new_note = It is created when the job starts, with these columns. Remove what you don't need.
wb_twice = The column { $column } is listed twice. Rename or remove one.
wb_stop = Don't write results
wb_use = Write results
wb_field-locator = file or link
wb_field-output = path of the result
wb_field-width = width of the result, px
wb_field-height = height of the result, px
wb_field-input_width = width of the original, px
wb_field-input_height = height of the original, px
wb_field-bytes_in = bytes of the original
wb_field-bytes_out = bytes of the result
wb_field-hash = SHA-256 of the original
wb_field-output_hash = SHA-256 of the result
wb_field-state = done, failed or skipped
wb_field-reason = why it was skipped
wb_field-error = what went wrong
wb_field-error_kind = kind of error
wb_field-http_status = HTTP status
wb_field-content_type = content type
wb_field-finished_at = time of completion
written_back = { $count } written back
written_rejected = { $count } rejected
written_missing = { $count } without a row
written_waiting = { $count } waiting
database_lost = Database unreachable. Results wait and are written when it is back
rejected_rows = Rejected { $count }
rejected_title = Rows that the database rejected

## What a database reported, or what is wrong with its name: part of a sentence

db_dsn_empty = the path is empty
db_dsn_url = it is not a valid URL; write it like { $example }
db_dsn_address = its host is not a valid address
db_dsn_port = the port must be a number from 0 to 65535
db_dsn_password = password must be a reference, env:NAME or settings:NAME
db_dsn_option = { $option } is not an option; these are: { $options }
db_dsn_scheme = { $scheme }:// is not a known kind of database; write it like { $examples }
db_option_value = { $option } can't be { $value }; these are possible: { $known }
db_option_file = couldn't read { $path }, the file of { $option }: { $detail }
db_connect_timeout = connect_timeout must be a number of seconds, not { $value }
db_no_server = it needs the host of a server
db_no_file = it needs the path of a file
db_no_host = it has no host
db_no_answer = it does not answer
db_no_answer_in_time = no answer within the time limit
db_no_answer_within = { $seconds ->
        [one] no answer within 1 second
       *[other] no answer within { $seconds } seconds
    }
db_took_too_long = the statement took longer than its limit
db_closed = the connection is closed
db_lost = the connection was lost ({ $detail })
db_certificate_issuer = its certificate is not from a trusted authority
db_certificate_self_signed = its certificate is signed by itself, not by a trusted authority
db_certificate_signature = the signature of its certificate is wrong
db_no_mysql = the server doesn't speak MySQL's protocol
db_packet_too_large = the statement and its values are larger than the server's max_allowed_packet
db_only_reads = the session only reads: only SELECT and SHOW can be run
db_parameters = { $count ->
        [one] the statement has 1 parameter, but { $given } values were given
       *[other] the statement has { $count } parameters, but { $given } values were given
    }
db_statement_nul = the statement contains a NUL character
db_statement_several = there is more than one statement
db_statement_empty = the statement is empty
db_statement_literal = a string literal does not end
db_statement_identifier = a quoted identifier does not end
db_statement_comment = a comment does not end
db_no_table = there is no table { $table }
db_no_column = { $table } has no column { $column }
db_type_unreadable = the column { $column } has the type { $type }, which can't be read; select it as { $column }::text
db_not_a_number = the column { $column } needs a number, not "{ $value }"
db_not_finite = MySQL has no number { $value }
db_key_null = a key is NULL, so the row would be inserted again each time
db_row_no_key = row { $row } has no value for the key { $column }
db_row_too_large = a row needs { $bytes } bytes, but the server's max_allowed_packet is { $most }
db_tls_no_system_roots = this system has no trusted certificates; name a file of them with sslrootcert=FILE
db_tls_name_root = { $detail }; name the file of its authority with sslrootcert=FILE
db_tls_name_root_or_require = { $detail }; name the file of its authority with sslrootcert=FILE, or encrypt without checking the certificate with sslmode=require
db_tls_bad_certificates = it contains no valid PEM certificates
db_tls_bad_key = it contains no PEM key, or one that is protected by a password
db_tls_no_key = sslcert needs sslkey, the file of its key
db_tls_not_offered = the server offers no TLS
