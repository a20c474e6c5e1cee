## Query jobs

query_done = { $count ->
    [one] 1 statement done
   *[other] { $count } statements done
}
query_rows = { $count ->
    [one] 1 row
   *[other] { $count } rows
}
query_time = in { $time }
query_changes = The statement has no result, so it may change the database. Add --write to allow that.
    .window = The query has no result, so it may change the database. Turn on “May change the database” to allow that.
query_out_template = { $path } looks like a template of names, but -o takes a file or folder. Give the folder with -o and the template with --name.
query_no_rows = The statement has no result that could be written. Leave out -o and --into.
    .window = The query has no result that could be saved. Leave the file or table empty.
query_parameter_no_list = The statement has the parameter :{ $name }, but there is no list to take it from. Add --each.
    .window = The query has the parameter :{ $name }, but there is no list to take it from. Choose a list.
query_no_parameter = The statement has no parameter, so it would be the same for every row of { $list }. Use a column as :NAME, or leave out --each.
    .window = The query has no parameter, so it would be the same for every row of { $list }. Use a column as :NAME, or leave out the list.
query_parameter_unknown = The statement has the parameter :{ $name }, but { $list } has no such column; it has: { $columns }.
query_parameter_near = The statement has the parameter :{ $name }, but { $list } has no such column; did you mean :{ $near }? It has: { $columns }.
query_split_column = --split { $column }: the result has no such column; it has: { $columns }.
    .window = The result has no column { $column } to divide it by; it has: { $columns }.
query_split_kind = --split { $column }: values of the type { $type } have no ranges. Use a column of numbers, texts or times.
    .window = Values of the type { $type } have no ranges. Divide by a column of numbers, texts or times.
query_parts = --parts: use a number from 1 to { $most }.
    .window = Use a number of parts from 1 to { $most }.
query_key = --key { $column }: the result has no such column; it has: { $columns }.
query_into_name = --into { $table }: use TABLE or SCHEMA.TABLE.
    .window = { $table } is not a valid table name. Use TABLE or SCHEMA.TABLE.
query_into_missing = --into { $table }: there is no such table any more.
    .window = There is no table { $table } any more.
query_into_column = --into: the table has no column { $column } any more.
    .window = The table has no column { $column } any more.
query_into_lacks = --into { $table }: the table has no column { $column }. Rename it in the statement with AS, or leave it out.
    .window = The table { $table } has no column { $column }. Rename it in the query with AS, or leave it out.
query_into_no_key = --into { $table }: rows could be inserted twice, because no unique key of the table is in the result. Add its columns to the statement, or use a new table.
    .window = Rows could be inserted into { $table } twice, because no unique key of the table is in the result. Add its columns to the query, or use a new table.
query_into_not_unique = --into { $table }: the columns of --key are not a unique key of the table. Create one, or use another table.
query_into_only_key = --into { $table }: the result has only the columns of the key. Add others to the statement.
    .window = The result has only the key of { $table }. Add other columns to the query.
query_out_is_input = -o { $path }: this file is an input. Use another name.
    .window = { $path } is an input. Use another name.
query_out_exists = -o { $path }: the file exists. Use another name or --on-conflict.
    .window = { $path } exists. Use another name.
query_out_skipped = { $path } exists, so nothing was run.
query_out_name = -o { $path }: this is not a valid file name.
    .window = { $path } is not a valid file name.
query_result = The rows of the statements couldn't be written: { $detail }.
query_part = The rows of a statement are missing or damaged ({ $path }: { $detail }), so the result can't be written. Run the query again.
query_file = --file { $path }: { $detail }.
query_file_large = --file { $path }: the file is larger than { $most } MB.
query_name_stdout = --name: files need a folder. Add -o DIR.
query_json_stdout = --json and the rows can't both go to standard output. Add -o or --into.
query_again_stdout = The rows of this job go to standard output. Copy its command and run it in a terminal.
query_writes = The statement changes something. Add --write to allow that.
    .window = The query changes something. Turn on “May change the database” to allow that.
