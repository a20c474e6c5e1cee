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
