### 코드가 id와 인수로 가리키는 메시지. JOSA는 받침에 맞는 조사를 붙인다.

## 프로그램과 컴퓨터

no_window = 창을 띄울 수 없습니다: { $detail }. `pixloom run`은 창 없이 쓸 수 있습니다.
no_home = 카탈로그를 둘 홈 폴더가 없습니다. --catalog로 파일을 지정하세요.
path = { $path } 경로를 쓸 수 없습니다: { $detail }
no_job = 이 카탈로그에 작업 { JOSA($job, "이", "가") } 없습니다.
thread = 스레드 { JOSA($name, "을", "를") } 시작할 수 없습니다: { $detail }.
recorder_gone = 기록 스레드가 끝났습니다. Pixloom을 다시 시작하세요.
engine_ended = 엔진이 끝났습니다.
network_gone = 네트워크가 끊겼습니다.
too_many_failures = 항목 { $failed }개가 실패해 --max-failures { $allowed }을(를) 넘었습니다. 원인은 `pixloom jobs { $job }`로 볼 수 있습니다.
    .window = 항목 { $failed }개가 실패해 작업에서 허용한 수({ $allowed })를 넘었습니다.
list_cut_off = 목록을 끝까지 읽지 못했습니다.
output_missing = 작업의 결과가 있던 폴더 { JOSA($path, "이", "가") } 옮겨지거나 삭제되었습니다. 되돌려 놓거나 같은 자리에 빈 폴더를 만든 뒤 작업을 계속하세요.
output_lost = 작업하는 동안 결과 폴더 { JOSA($path, "이", "가") } 옮겨지거나 삭제되었습니다. 되돌려 놓은 뒤 작업을 계속하세요.
nothing_failed = 다시 시도할 항목이 없습니다. 작업 { $job }에서 실패한 항목이 없습니다.
retry_futile = 다시 시도할 항목이 없습니다. 작업 { $job }에서 실패한 행에는 올바른 링크가 없습니다. 목록을 고쳐 새로 실행하세요.
nothing_to_retry = 다시 시도할 항목이 없습니다. 작업 { $job }에 그런 실패가 없습니다.
recipe_in_use = 진행 중인 작업의 레시피는 바꿀 수 없습니다. 취소하거나 끝난 뒤에 바꾸세요.
recipe_query = 쿼리 작업에는 레시피가 없습니다. 새 작업을 시작하세요.
too_many_sources = 한 번에 너무 많은 원본을 추가했습니다. 다 읽은 뒤에 나머지를 추가하세요.
settings_write = 설정 파일 { $path }에 쓸 수 없습니다: { $detail }.
export = 표로 내보낼 수 없습니다: { $detail }.
export_file = { $path }에 쓸 수 없습니다: { $detail }.
samples = 예제 이미지를 { $folder }에 저장할 수 없습니다: { $detail }.
folder_unopened = 폴더 { JOSA($folder, "을", "를") } 열 수 있는 파일 관리자가 없습니다. 결과는 그 폴더에 있으니 직접 열어 주세요.
results_gone = 결과 폴더 { JOSA($folder, "이", "가") } 옮겨졌거나 삭제되었습니다.
http_client = HTTP 연결을 준비할 수 없습니다: { $detail }.

## 시스템이 거부한 이유

system_not_found = 파일이나 폴더가 없습니다
system_denied = 권한이 없습니다
system_exists = 같은 이름의 파일이 있습니다
system_is_folder = 폴더입니다
system_no_folder = 경로 중간에 폴더가 아닌 것이 있습니다
system_read_only = 읽기 전용 파일 시스템입니다
system_full = 디스크가 가득 찼습니다
system_name = 이름이 올바르지 않거나 너무 깁니다
system_memory = 메모리가 부족합니다
system_timed_out = 시간이 초과되었습니다
system_pipe = 받는 프로그램이 끝났습니다
system_refused = 연결이 거부되었습니다
system_reset = 연결이 끊겼습니다
system_unreachable = 호스트나 네트워크에 연결할 수 없습니다
system_loop = 링크가 서로를 가리켜 끝이 없습니다
system_device = 장치나 장치 연결에 오류가 있습니다
system_files = 열린 파일이 너무 많습니다
system_utf8 = UTF-8 텍스트가 아닙니다
system_too_large = 파일이 너무 큽니다
system_busy = 다른 곳에서 사용 중입니다
system_stale = 네트워크 드라이브 연결이 끊겼습니다
system_text = { $text }
database_unopened = 파일을 열 수 없습니다
database_read_only = 읽기만 할 수 있습니다

## 원본

folder_missing = 폴더 { JOSA($folder, "을", "를") } 열 수 없습니다. 그런 폴더가 없습니다.
folder_denied = 폴더 { JOSA($folder, "을", "를") } 열 수 없습니다. 권한이 없습니다.
folder_none = { JOSA($folder, "은", "는") } 폴더가 아니라서 열 수 없습니다.
folder_unread = 폴더 { JOSA($folder, "을", "를") } 열 수 없습니다({ $detail }).
list_missing = 목록 { JOSA($list, "을", "를") } 읽을 수 없습니다. 그런 파일이 없습니다.
list_denied = 목록 { JOSA($list, "을", "를") } 읽을 수 없습니다. 권한이 없습니다.
list_short = 목록 { JOSA($list, "을", "를") } 끝까지 읽을 수 없습니다. 압축 데이터가 중간에 끝납니다.
list_unread = 목록 { JOSA($list, "을", "를") } 읽을 수 없습니다({ $detail }).
list_encoding = 목록 { JOSA($list, "을", "를") } 읽을 수 없습니다. { $encoding } 인코딩은 없습니다.
list_json = 목록 { JOSA($list, "을", "를") } 읽을 수 없습니다. JSON이 손상되었습니다({ $detail }).
list_several = 목록 { JOSA($list, "을", "를") } 읽을 수 없습니다. 링크가 있는 열이 여러 개입니다: { $columns }. --url-column으로 알맞은 열을 지정하세요.
    .window = 목록 { JOSA($list, "을", "를") } 읽을 수 없습니다. 링크가 있는 열이 여러 개입니다: { $columns }. 알맞은 열을 고르세요.
header_value = 헤더 값은 제어 문자가 없는 글자여야 합니다.
cookies_not_there = 쿠키 파일 { JOSA($path, "이", "가") } 없습니다. 이름을 확인하세요.
cookies_none = { JOSA($path, "은", "는") } 넷스케이프 형식의 cookies.txt 파일이 아닙니다. 다른 파일을 고르세요.
client_cert_none = { $path }에 PEM 인증서와 개인 키가 함께 들어 있지 않습니다. 다른 파일을 고르세요.
client_cert_not_there = 클라이언트 인증서 { JOSA($path, "이", "가") } 없습니다. 이름을 확인하세요.
encoding_unknown = { $encoding } 인코딩은 없습니다. utf-8, euc-kr, cp949, shift_jis, gbk, big5, windows-1252, utf-16le 같은 이름을 쓰세요.
list_packed = 목록 { JOSA($list, "을", "를") } 읽을 수 없습니다. 두 번 압축된 파일입니다.
list_zip = 목록 { JOSA($list, "을", "를") } 읽을 수 없습니다. ZIP 파일이나 스프레드시트입니다. CSV로 저장하세요.
list_binary = 목록 { JOSA($list, "을", "를") } 읽을 수 없습니다. 텍스트가 아닌 파일입니다.
list_markup = 목록 { JOSA($list, "을", "를") } 읽을 수 없습니다. 웹페이지 또는 XML입니다. 안에 있는 링크를 한 줄에 하나씩 텍스트로 저장하세요.
list_parquet = 목록 { JOSA($list, "을", "를") } 읽을 수 없습니다. Parquet 데이터가 손상되었습니다({ $detail }).
list_parquet_row = 목록 { JOSA($list, "을", "를") } 끝까지 읽을 수 없습니다. { $row }행 뒤에서 Parquet 데이터가 손상되었습니다({ $detail }).
list_lacks = 목록 { $list }에 "{ $column }" 열이 없습니다. 있는 열: { $columns }. { $option } 옵션으로 맞는 열을 지정하세요.
    .window = 목록 { $list }에 "{ $column }" 열이 없습니다. 있는 열: { $columns }.
list_lacks_has_one = 목록 { $list }에 "{ $column }" 열이 없습니다. 있는 열은 { $columns } 하나입니다. { $option } 옵션으로 맞는 열을 지정하세요.
    .window = 목록 { $list }에 "{ $column }" 열이 없습니다. 있는 열은 { $columns } 하나입니다.
list_no_header = 목록 { $list }의 첫 줄에 링크가 있어 제목 줄이 없는 목록으로 봅니다. "{ $column }" 열이 없습니다. 있는 열: { $columns }. { $option } 옵션으로 맞는 열을 지정하세요.
    .window = 목록 { $list }의 첫 줄에 링크가 있어 제목 줄이 없는 목록으로 봅니다. "{ $column }" 열이 없습니다. 있는 열: { $columns }.
list_not_fetched = 목록 { JOSA($list, "을", "를") } 가져오지 않았습니다.
list_given_up = 목록 { JOSA($list, "을", "를") } 가져오다가 중단했습니다.
list_not_kept = 읽는 동안 목록 { JOSA($list, "을", "를") } 저장해 둘 수 없습니다({ $detail }).
list_changed = 작업이 중단된 뒤 목록 { JOSA($list, "이", "가") } 바뀌었습니다. 새 목록에서 이전에 멈춘 자리부터 이어 갑니다. 모든 링크를 빠짐없이 처리하려면 새 작업으로 실행하세요.
stdin_not_stored = 표준 입력의 링크 { $count }개를 기록하지 못해 작업에서 빠졌습니다. 새 작업으로 실행하세요.
stdin_cut_off = 작업이 중단되기 전에 표준 입력을 끝까지 읽지 못했습니다. 그때까지 오지 않은 링크는 빠졌으니 새 작업으로 실행하세요.

## 파일 이름

name_brace = 이름 형식 "{ $template }"에 짝이 맞지 않는 괄호 "{ $brace }"가 있습니다. 괄호를 글자로 쓰려면 두 번 쓰세요. 쓸 수 있는 필드: { $fields }.
name_field = 이름 형식 "{ $template }"에 알 수 없는 필드 {"{"}{ $field }{"}"}이(가) 있습니다. 쓸 수 있는 필드: { $fields }.
name_field_near = 이름 형식 "{ $template }"에 알 수 없는 필드 {"{"}{ $field }{"}"}이(가) 있습니다. 혹시 {"{"}{ $near }{"}"}인가요? 쓸 수 있는 필드: { $fields }.
name_empty = 이름 형식 "{ $template }"이(가) 비어 있습니다. 쓸 수 있는 필드: { $fields }.
name_leading = 이름 형식 "{ $template }"은(는) "/"로 시작할 수 없습니다. 쓸 수 있는 필드: { $fields }.
name_last = 이름 형식 "{ $template }"의 마지막 "/" 뒤에 이름이 없습니다. 쓸 수 있는 필드: { $fields }.
name_lacks_column = 이 항목의 목록에는 "{ $column }" 열이 없습니다.
name_no_column_near = 이름 형식의 {"{"}col:{ $column }{"}"}을(를) { $source }에서 채울 수 없습니다. 있는 열: { $columns }. 혹시 {"{"}col:{ $near }{"}"}인가요?
name_no_columns = 이름 형식의 {"{"}col:{ $column }{"}"}을(를) { $source }에서 채울 수 없습니다. 열이 없는 원본입니다.
name_no_column = 이름 형식의 {"{"}col:{ $column }{"}"}을(를) { $source }에서 채울 수 없습니다. 있는 열: { $columns }.

## 링크

ca_missing = 인증서 파일 { JOSA($path, "이", "가") } 없습니다. 이름을 확인하세요.
ca_none = { $path }에 PEM 인증서가 없습니다. 다른 파일을 고르세요.
proxy_no_url = 프록시 주소가 올바르지 않습니다: { $detail }.
proxy_url = 프록시 주소가 올바르지 않습니다. http://호스트:포트 형태로 입력하세요.
proxy_bare = 프록시 URL에는 http://proxy.example:3128처럼 호스트와 포트만 쓰세요.
proxy_scheme = 프록시는 http, https, socks5, socks5h 주소여야 합니다.
no_origin = { JOSA($place, "은", "는") } 쓸 수 있는 주소가 아닙니다. https://호스트 또는 https://호스트:포트로 입력하세요.
origin_scheme = { $place }: 인증 정보는 http와 https 호스트에만 보냅니다.
netrc_basic = { $place }: netrc에는 사용자와 암호가 있으므로 Basic에만 쓸 수 있습니다.
rate = 속도 제한은 0보다 커야 합니다.
timeout_range = 제한 시간은 0보다 커야 합니다.
secret_variable = { $place }에 쓸 비밀 정보 { JOSA($name, "이", "가") } 없습니다. 환경 변수 { JOSA($variable, "을", "를") } 설정한 뒤 작업을 계속하세요.
secret_no_file = { $place }에 쓸 비밀 정보 { $name }이(가) 없습니다. 비밀 정보 파일이 설정되어 있지 않습니다. env: 참조를 대신 사용한 뒤 작업을 계속하세요.
secret_line = { $place }에 쓸 비밀 정보 { JOSA($name, "이", "가") } 없습니다. 본인만 읽을 수 있는 { $path }에 "{ $kept_as }" = "..." 줄을 넣은 뒤 작업을 계속하세요.
secret_netrc = { $place }에 쓸 비밀 정보 { JOSA($name, "이", "가") } 없습니다. { $line } 줄이 있는 파일을 NETRC로 지정한 뒤 작업을 계속하세요.
secret_netrc_line = { $place }에 쓸 비밀 정보 { JOSA($name, "이", "가") } 없습니다. { $path }에 { $line } 줄을 더한 뒤 작업을 계속하세요.
access_open = { JOSA($path, "을", "를") } 다른 사람도 읽을 수 있어 비밀 정보를 가져오지 않습니다. 본인만 읽을 수 있게 바꾼 뒤(chmod 600) 작업을 계속하세요.
access_file = { JOSA($path, "을", "를") } 쓸 수 없습니다: { $detail }. 고친 뒤 작업을 계속하세요.
access_full = { $place }의 사용자가 { $most }명을 넘습니다. 수를 줄이세요.
access_not_sent = { $place }에 지정한 정보를 보낼 수 없습니다.
access_cookies = { $place }에 Cookie 헤더를 두 번 보낼 수 없습니다.
access_header = { $place }에 "{ $name }" 헤더를 보낼 수 없습니다.
access_secret = { $place }에 비밀 정보 { JOSA($name, "을", "를") } 보낼 수 없습니다.
link_silent = 호스트가 { $seconds }초 동안 어떤 요청에도 응답하지 않아 요청하지 않았습니다
link_at_rest = 같은 호스트가 다른 링크에 { $seconds }초 뒤에 다시 요청하라고 응답했습니다
link_no_answer = { $seconds }초 안에 응답이 없었습니다
link_incomplete = 응답을 끝까지 보내지 않았습니다
link_stopped = { JOSA($had, "을", "를") } 보낸 뒤 멈췄습니다
link_unfinished = { $seconds }초 안에 끝나지 않았습니다
link_slow = { $seconds }초 동안 초당 { $bytes }바이트보다 느렸습니다
link_circle = 같은 주소를 맴돕니다
link_redirects = { $most }번이 넘습니다
link_nowhere = 다음 주소가 없습니다
link_no_address = 쓸 수 있는 주소가 아닙니다
link_scheme = { $scheme }: 주소는 따라가지 않습니다
address_forbidden = { $host }에는 절대 접속하지 않습니다
address_forbidden_redirect = 절대 접속하지 않는 { JOSA($host, "으로", "로") } 리디렉션됩니다
address_private_redirect = 이 네트워크 안의 주소 { JOSA($host, "으로", "로") } 리디렉션됩니다. 거기서 가져오려면 그 주소를 직접 추가하세요
address_private = { JOSA($host, "은", "는") } 이 네트워크 안의 주소입니다
address_private_list = { JOSA($host, "은", "는") } 이 네트워크 안의 주소입니다. 그런 링크가 든 목록은 저장한 뒤 파일로 추가하세요
address_proxy = { JOSA($host, "은", "는") } 프록시입니다
checksum_none = "{ $shown }"은(는) MD5, SHA-1, SHA-256, SHA-384, SHA-512 체크섬이 아닙니다
checksum_differs = { JOSA($name, "이", "가") } { $had }인데 목록에는 { $wanted }입니다

## 레시피 파일

no_preset = "{ $name }"(이)라는 레시피 파일도 프리셋도 없습니다. 프리셋: { $names }.
no_preset_near = "{ $name }"(이)라는 레시피 파일도 프리셋도 없습니다. 혹시 "{ $near }"을(를) 찾으셨나요? 프리셋: { $names }.
settings_unread = 설정 { JOSA($path, "을", "를") } 읽을 수 없습니다: { $detail }.
settings_wrong = 설정 { JOSA($path, "이", "가") } 올바른 TOML이 아닙니다({ $line }번째 줄: { $detail }). 고치거나 --no-config를 쓰세요.
    .window = 설정 { JOSA($path, "이", "가") } 올바른 TOML이 아닙니다({ $line }번째 줄: { $detail }).
settings_run = 설정 { $path }: run은 [run] 부분이어야 합니다.
recipe_unread = 레시피 { JOSA($path, "을", "를") } 읽을 수 없습니다: { $detail }.
recipe_unwritten = 레시피 { $path }에 쓸 수 없습니다: { $detail }.
recipe_no_toml = TOML 문법에 맞지 않습니다: { $detail }
recipe_version = version은 { $version } 또는 { $newer }여야 합니다. 지금은 { $given }입니다
recipe_no_version = version = { $version } 줄이 없습니다
recipe_needs_version = { JOSA($key, "을", "를") } 쓰려면 version = { $version }이어야 합니다
recipe_steps = 단계는 [[step]]으로 적습니다
recipe_step = 단계는 [[step]] 표여야 합니다
recipe_save = save는 [save] 표여야 합니다
recipe_outputs = 출력은 [[output]]으로 적습니다
recipe_output_save = 출력의 save는 표여야 합니다. 예: save = {"{"} format = "webp" {"}"}
recipe_output_sink = 출력의 sink는 표여야 합니다. 예: sink = {"{"} folder = "small" {"}"}
recipe_input = input은 [input] 표여야 합니다
recipe_text = { JOSA($key, "은", "는") } 따옴표로 묶은 텍스트여야 합니다
recipe_word = { JOSA($key, "은", "는") } { $words } 중 하나여야 합니다
output_name = 출력 이름으로 "{ $name }"을(를) 쓸 수 없습니다. 출력 이름은 폴더 이름이 되므로 { $most }자 이하여야 하고 / \ : * ? " < > | 를 쓸 수 없습니다
output_twice = "{ $name }"(이)라는 출력이 두 개입니다. [[output]]이나 레시피 파일마다 다른 이름을 쓰세요
recipe_key_near = 알 수 없는 키 "{ $key }"입니다. 있는 키: { $known }. 혹시 "{ $near }"을(를) 찾으셨나요?
recipe_key = 알 수 없는 키 "{ $key }"입니다. 있는 키: { $known }
recipe_no_op = 단계에 op가 없습니다
recipe_op = op는 따옴표로 묶은 이름이어야 합니다
recipe_value = 숫자, 텍스트, true 또는 false가 와야 합니다. 지금은 { $given }입니다

## 매개변수

no_operation_near = "{ $name }"(이)라는 필터가 없습니다. 있는 필터: { $names }. 혹시 "{ $near }"을(를) 찾으셨나요?
no_operation = "{ $name }"(이)라는 필터가 없습니다. 있는 필터: { $names }
no_parameters = 매개변수가 없는 필터이므로 "{ $name }"을(를) 줄 수 없습니다
no_parameter_near = "{ $name }"(이)라는 매개변수가 없습니다. 있는 매개변수: { $names }. 혹시 "{ $near }"을(를) 찾으셨나요?
no_parameter = "{ $name }"(이)라는 매개변수가 없습니다. 있는 매개변수: { $names }
given_twice = { JOSA($param, "을", "를") } 두 번 주었습니다
open_quote = 따옴표(")가 닫히지 않았습니다
no_pair_such_as = "{ $text }"은(는) 이름=값 형태가 아닙니다. 예: { $example }. 있는 매개변수: { $names }
value_missing = { $param }에 값이 없습니다. 쓸 수 있는 값: { $allowed }
no_pair = "{ $text }"은(는) 이름=값 형태가 아닙니다
must_be_number = { JOSA($param, "은", "는") } { $min }부터 { $max }{ $unit }까지의 숫자여야 합니다. 지금은 { $given }입니다
must_be_whole = { JOSA($param, "은", "는") } { $min }부터 { $max }{ $unit }까지의 정수여야 합니다. 지금은 { $given }입니다
must_be_boolean = { JOSA($param, "은", "는") } true 또는 false여야 합니다. 지금은 { $given }입니다
must_be_choice_near = { JOSA($param, "은", "는") } { $options } 중 하나여야 합니다. 지금은 { $given }입니다. 혹시 "{ $near }"을(를) 찾으셨나요?
must_be_choice = { JOSA($param, "은", "는") } { $options } 중 하나여야 합니다. 지금은 { $given }입니다
must_be_text = { JOSA($param, "은", "는") } 텍스트여야 합니다. 지금은 { $given }입니다
must_be_colour = { JOSA($param, "은", "는") } white, black, transparent, #rgb, #rrggbb, #rrggbbaa 중 하나여야 합니다. 지금은 { $given }입니다
must_be_image = { JOSA($param, "은", "는") } 이미지 파일의 경로여야 합니다. 지금은 { $given }입니다
must_be_table = { JOSA($param, "은", "는") } .cube 파일의 경로여야 합니다. 지금은 { $given }입니다
must_be_curve = { JOSA($param, "은", "는") } 0,0;64,50;255,255처럼 입력 순서대로 0부터 255까지의 점이어야 합니다. 지금은 { $given }입니다
must_be_size = { JOSA($param, "은", "는") } 200KB, 1.5MB, 64KiB 같은 크기여야 합니다. 지금은 { $given }입니다
must_be_opaque_colour = { JOSA($param, "은", "는") } white, black, #rgb, #rrggbb 중 하나인 색이어야 합니다. 지금은 { $given }입니다
result_too_large = 결과가 { $size }가 되어 한도를 넘습니다

## 저장

no_save_key_near = "{ $name }"(이)라는 저장 설정이 없습니다. 있는 설정: format, { $names }. 혹시 "{ $near }"을(를) 찾으셨나요?
no_save_key = "{ $name }"(이)라는 저장 설정이 없습니다. 있는 설정: format, { $names }
save_inapplicable = { JOSA($param, "은", "는") } { $format }에서는 쓸 수 없고 { $theirs }에서만 쓸 수 있습니다. { $format }에서 쓸 수 있는 설정: { $ours }
save_max_bytes_lossless = 최대 파일 크기는 품질을 낮춰 맞추므로 무손실과 함께 쓸 수 없습니다
    .window = 최대 파일 크기는 품질을 낮춰 맞추므로 무손실과 함께 쓸 수 없습니다
save_target_and = 목표 점수(target)가 품질을 정하므로 { $other }와(과) 함께 쓸 수 없습니다
    .window = 목표 점수가 품질을 정하므로 품질, 최대 크기, 무손실과 함께 쓸 수 없습니다
save_no_profile = 색 공간 { $colour }에는 프로필을 담을 수 있는 형식이 필요합니다. { $format }에는 담을 수 없습니다
    .window = 색 공간 { $colour }에는 프로필을 담을 수 있는 형식이 필요합니다. { $format }에는 담을 수 없습니다
save_effort_deflate = TIFF에서 압축 노력은 deflate 압축일 때만 쓸 수 있습니다
    .window = TIFF에서 압축 노력은 deflate 압축일 때만 쓸 수 있습니다

## 단계가 쓰는 파일

file_none = { JOSA($path, "은", "는") } 파일이 아닙니다
file_large = { JOSA($path, "이", "가") } 너무 큽니다. { $size } MB이며 { $most } MB까지 쓸 수 있습니다
file_missing = { $path } 파일이 없습니다
file_denied = { $path } 파일을 열 권한이 없습니다
file_unread = { $path } 파일을 읽을 수 없습니다: { $detail }
file_no_image = { JOSA($path, "을", "를") } 이미지로 쓸 수 없습니다({ $detail })

## 필터

resize_no_size = 크기를 정하세요. 긴 변, 짧은 변, 너비, 높이, 메가픽셀, 백분율 중 하나입니다
    .window = 크기를 정하세요. 긴 변, 짧은 변, 너비, 높이, 메가픽셀, 백분율 중 하나입니다
resize_one_size = 긴 변, 짧은 변, 백분율, 메가픽셀, 너비와 높이 중 하나만 정하세요
    .window = 긴 변, 짧은 변, 백분율, 메가픽셀, 너비와 높이 중 하나만 정하세요
resize_fit = fit={ $fit }에는 너비와 높이가 모두 필요합니다
    .window = 이 맞춤 방식에는 너비와 높이가 모두 필요합니다
crop_ways = 자를 부분은 픽셀, 가장자리 백분율, 크기 백분율, 비율(너비나 높이와 함께) 중 한 가지 방법으로만 정하세요
crop_start_or_gravity = x와 y, 또는 기준 위치 중 하나만 정하세요
    .window = 왼쪽 위 위치와 기준 위치 중 하나만 정하세요
crop_edges_or_gravity = 가장자리에서 잘라 낼 때는 기준 위치를 쓸 수 없습니다. 하나만 정하세요
    .window = 가장자리에서 잘라 낼 때는 기준 위치를 쓸 수 없습니다. 하나만 정하세요
crop_aspect = 비율은 16:9처럼 입력하세요. 지금은 "{ $given }"입니다
    .window = 비율은 16:9처럼 입력하세요. 지금은 "{ $given }"입니다
crop_aspect_sides = 비율은 너비나 높이 중 하나와만 함께 쓸 수 있습니다
crop_aspect_start = 비율은 x, y가 아니라 기준 위치와 함께 쓸 수 있습니다
    .window = 비율은 왼쪽 위 위치가 아니라 기준 위치와 함께 쓸 수 있습니다
crop_all = 가장자리를 모두 잘라 남는 부분이 없습니다. 왼쪽과 오른쪽, 위와 아래의 합이 각각 100 %보다 작아야 합니다
crop_outside_x = x={ JOSA($start, "은", "는") } 이미지 밖입니다. 이 이미지의 너비는 { $available } px입니다
    .window = 왼쪽에서 { $start } px 떨어진 곳은 이미지 밖입니다. 이 이미지의 너비는 { $available } px입니다
crop_outside_y = y={ JOSA($start, "은", "는") } 이미지 밖입니다. 이 이미지의 높이는 { $available } px입니다
    .window = 위에서 { $start } px 떨어진 곳은 이미지 밖입니다. 이 이미지의 높이는 { $available } px입니다
levels_order = 검은 점({ $black })은 흰 점({ $white })보다 작아야 합니다
shadow_background = 배경은 투명하거나 불투명한 색이어야 합니다
font_lacks = 내장 글꼴에는 라틴 문자와 한글만 있어 다음 글자를 그릴 수 없습니다: { $letters }
text_not_drawn = 텍스트를 그릴 수 없습니다: { $detail }
text_empty_drawing = "{ $text }"에서 내장 글꼴로 그릴 수 있는 것이 없습니다
watermark_text = 텍스트를 입력하세요
    .window = 워터마크에 넣을 텍스트를 입력하세요
watermark_long = 텍스트는 { $most }자까지 쓸 수 있습니다
text_brace = { $param }에 짝이 맞지 않는 괄호 "{ $brace }"가 있습니다. 괄호를 글자로 쓰려면 두 번 쓰세요. 쓸 수 있는 필드: { $fields }
text_field = { $param }에 알 수 없는 필드 {"{"}{ $field }{"}"}이(가) 있습니다. 쓸 수 있는 필드: { $fields }
text_field_near = { $param }에 알 수 없는 필드 {"{"}{ $field }{"}"}이(가) 있습니다. 혹시 {"{"}{ $near }{"}"}인가요? 쓸 수 있는 필드: { $fields }
text_field_late = {"{"}{ $field }{"}"}은(는) 결과를 저장할 때에야 알 수 있어 파일 이름에만 쓸 수 있습니다. 쓸 수 있는 필드: { $fields }
text_no_columns = 텍스트 "{ $text }"의 {"{"}col:{ $column }{"}"}을(를) { $source }에서 채울 수 없습니다. 열이 없는 원본입니다.
text_no_column = 텍스트 "{ $text }"의 {"{"}col:{ $column }{"}"}을(를) { $source }에서 채울 수 없습니다. 있는 열: { $columns }.
text_no_column_near = 텍스트 "{ $text }"의 {"{"}col:{ $column }{"}"}을(를) { $source }에서 채울 수 없습니다. 있는 열: { $columns }. 혹시 {"{"}col:{ $near }{"}"}인가요?
plan_text = 텍스트: "{ $text }"
watermark_file = 위에 얹을 이미지를 고르세요: file=PATH
    .window = 위에 얹을 이미지를 고르세요
watermark_margin = 여백이 사방으로 { $margin }%면 워터마크를 넣을 자리가 없습니다. { $most }% 이하로 지정하세요
step_changes_nothing = { $op }에는 값이 필요합니다. 값이 없으면 아무것도 바뀌지 않습니다. 예: { $example }
watermark_empty = 픽셀이 없는 이미지입니다
watermark_unread = 읽지 못한 파일입니다
lut_file = .cube 파일을 지정하세요: file=PATH
    .window = .cube 파일을 고르세요
cube_no_number = "{ $word }"은(는) 숫자가 아닙니다
cube_numbers = 숫자 { $wanted }개가 와야 하는데 { $count }개가 있습니다
cube_twice = 같은 줄이 두 번 나옵니다
cube_no_word = "{ $word }"은(는) 알 수 없는 키워드입니다
cube_domain = 범위의 끝이 시작과 같거나 앞섭니다
cube_size = 2부터 { $most }까지의 크기가 와야 합니다
cube_early_numbers = LUT_1D_SIZE나 LUT_3D_SIZE보다 숫자가 먼저 나옵니다
cube_more = 크기에 맞는 숫자 { $wanted }줄보다 많습니다
cube_no_size = LUT_1D_SIZE도 LUT_3D_SIZE도 없습니다
cube_short = 숫자 { $wanted }줄 중 { $count }줄에서 끝납니다

## 값

not_a_url = 올바른 URL이 아닙니다: { $detail }
requests_format = 숫자를 쓰세요. 예: 5, 0.5
requests_range = 0.001 이상의 숫자를 쓰세요
bytes_range = 1000바이트 이상을 쓰세요. 예: 500kB, 2MB
not_a_host = { JOSA($shown, "은", "는") } 호스트가 아닙니다. https://HOST, https://HOST:PORT, http://HOST 중 하나로 쓰세요
host_format = 호스트 이름이나 주소만 쓰세요. 예: nas.local
secret_format = 비밀 정보를 직접 쓰지 말고 env:NAME, netrc, settings:NAME 중 하나로 가리키세요
catalog_postgres = PostgreSQL 카탈로그는 아직 지원하지 않습니다. SQLite 파일 경로를 지정하세요.
catalog_dsn = --catalog { $dsn }: { $detail }.
job_unfinished = 작업의 일부 항목에 결과가 기록되지 않았습니다.
source_kind = 이 버전의 Pixloom에는 { $kind } 종류의 원본이 없습니다. 작업을 만든 버전을 쓰세요.
list_folder = 목록 { JOSA($list, "은", "는") } 파일이 아니라 폴더입니다.
list_unnamed = 목록 이름이 비어 있습니다. 파일 이름이나 표준 입력을 뜻하는 -를 쓰세요.
list_not_paths = { JOSA($list, "은", "는") } 경로 목록이 아닙니다. 한 줄에 하나씩 또는 NUL로 구분해 경로를 적은 텍스트여야 합니다. 이미지 자체는 옵션 없이 입력으로 지정하세요.
listed_folder = 폴더입니다. 폴더는 --files의 줄이 아니라 입력으로 지정하세요
listed_link = 링크입니다. 링크 목록은 --urls로 읽습니다
list_none = 목록 { JOSA($list, "이", "가") } 없습니다. 이름을 확인하세요.
not_a_list = { JOSA($list, "은", "는") } URL 목록이 아닙니다.
disk_panic = 디스크를 사용하는 중에 내부 오류가 발생했습니다.
disk_stuck = 디스크가 응답하지 않습니다. 응답하면 다시 시도하세요.
verify_stopped = 작업의 이전 결과 확인이 중단되었습니다. 작업을 계속하면 다시 확인합니다.
catalog_locked = 다른 프로그램이 카탈로그 { $path } 파일을 잠갔습니다. 잠금이 풀리면 계속합니다.
catalog_busy = 다른 프로그램이 카탈로그 { JOSA($path, "을", "를") } 잠그고 있습니다. 그 프로그램이 끝날 때까지 기다리세요.
catalog_full = 카탈로그 { JOSA($path, "이", "가") } 있는 디스크가 가득 찼습니다. 공간을 확보하세요.
catalog_gone = 작업이 진행되는 동안 카탈로그 { JOSA($path, "이", "가") } 삭제되었거나 다른 파일로 바뀌었습니다. 작업 기록이 남지 않아 이어서 할 수 없지만, 결과는 출력 폴더에 있습니다.
catalog_damaged = 카탈로그 { JOSA($path, "이", "가") } 손상되어({ $detail }) 작업을 하나도 읽을 수 없습니다. 결과 파일은 카탈로그와 별도로 보관됩니다. --catalog로 다른 파일을 지정하세요.
    .window = 카탈로그 { JOSA($path, "이", "가") } 손상되어({ $detail }) 작업을 하나도 읽을 수 없습니다. 결과 파일은 카탈로그와 별도로 보관됩니다.
catalog_damaged_in_part = 카탈로그 { JOSA($path, "이", "가") } 손상되었습니다({ $detail }). 아직 읽을 수 있는 작업은 { $jobs }개, 항목은 { $items }개이며 그중 { $done }개가 완료되었습니다. 이후 기록은 빠졌을 수 있습니다. --catalog로 다른 파일을 지정하세요.
    .window = 카탈로그 { JOSA($path, "이", "가") } 손상되었습니다({ $detail }). 아직 읽을 수 있는 작업은 { $jobs }개, 항목은 { $items }개이며 그중 { $done }개가 완료되었습니다. 이후 기록은 빠졌을 수 있습니다.

## 데이터베이스

db_dsn = 데이터베이스 주소가 잘못되었습니다: { $detail }.
db_unreachable = 데이터베이스 { $database }에 연결할 수 없습니다: { $detail }. 주소를 확인하고 서버가 실행 중인지 확인하세요.
db_too_many_connections = 데이터베이스 { $database }에 남은 연결이 없습니다: { $detail }. --db-connections로 연결 수를 줄이거나 나중에 다시 시도하세요.
    .window = 데이터베이스 { $database }에 남은 연결이 없습니다: { $detail }. 나중에 다시 시도하세요.
db_login = 데이터베이스 { $database }에 로그인할 수 없습니다: { $detail }. 사용자와 암호를 확인하세요.
db_tls = 데이터베이스 { $database }에 안전하게 연결할 수 없습니다: { $detail }. 인증서와 sslmode를 확인하세요.
db_missing_database = 데이터베이스 { $database }을(를) 열 수 없습니다: { $detail }. 이름을 확인하세요.
db_missing_table = 데이터베이스 { $database }에 테이블이 없습니다: { $detail }. 이름과 스키마를 확인하세요.
db_missing_column = 데이터베이스 { $database }에 열이 없습니다: { $detail }. 이름을 확인하세요.
db_statement = 데이터베이스 { $database }에서 이 문을 실행할 수 없습니다: { $detail }.
db_permission = 데이터베이스 { $database }에 대한 권한이 없습니다: { $detail }. 관리자에게 권한을 요청하세요.
db_read_only = 데이터베이스 { $database }은(는) 읽기 전용입니다: { $detail }.
db_locked = 다른 세션이 데이터베이스 { $database }을(를) 잠그고 있습니다: { $detail }. 그 작업이 끝난 뒤 다시 시도하세요.
db_timeout = 데이터베이스 { $database }의 응답이 너무 늦습니다: { $detail }. --statement-timeout으로 제한 시간을 늘리세요.
    .window = 데이터베이스 { $database }의 응답이 너무 늦습니다: { $detail }.
db_other = 데이터베이스 { $database }에서 오류가 발생했습니다: { $detail }.
query_no_database = 쿼리를 실행할 데이터베이스가 없습니다. --db로 지정하세요.
query_parameter = 쿼리의 매개변수 :{ $name }에 값이 없습니다. :last만 쓸 수 있으니 값을 쿼리에 직접 쓰세요.
query_last_alone = 쿼리에 매개변수 :last가 있지만 기준 열이 없습니다. --since로 열을 지정하세요.
query_since_alone = --since { $column } 옵션을 쓰려면 쿼리에 매개변수 :last가 있어야 합니다. 예: (:last IS NULL OR { $column } >= :last)
query_since_item = --since { $column }: 링크가 든 열은 쓸 수 없습니다. 다른 열을 지정하세요.
query_item_column = 쿼리에 url이나 path 열이 없고, 첫 열 { $column }({ $type })에는 링크나 경로가 들어갈 수 없습니다. 링크나 경로의 열을 --url-column으로 지정하세요.
query_no_columns = 데이터베이스 { $database }에 보낼 구문이 행을 읽기만 하는 쿼리가 아닙니다. SELECT 문을 쓰세요.
query_lacks = 쿼리에 "{ $column }" 열이 없습니다. 있는 열: { $columns }. { $option } 옵션으로 맞는 열을 지정하세요.

## 작업 결과 되돌리기: 파일을 그대로 두는 이유

undo_rows_stay = 작업이 데이터베이스에 쓴 행은 그대로 둡니다.
stays_changed = { $path }: 저장한 뒤에 바뀌어 그대로 둡니다.
stays_gone = { $path }: 파일이 더 이상 없습니다.
stays_not_a_file = { $path }: 더 이상 일반 파일이 아니어서 그대로 둡니다.
stays_behind_link = { $path }: 상위 폴더가 링크로 바뀌어 그대로 둡니다.
stays_unreadable = { $path }: 읽을 수 없어 그대로 둡니다({ $detail }).
stays_no_trash = { $path }: 휴지통으로 옮길 수 없어 그대로 둡니다({ $detail }). 필요 없으면 직접 지우세요.
stays_taken = { $path }: 같은 이름의 다른 파일이 있어 다시 꺼낼 수 없습니다. 그 파일을 옮긴 뒤 다시 실행하세요.
stays_not_in_trash = { $path }: 휴지통에 더 이상 없어 다시 꺼낼 수 없습니다.
stays_not_returned = { $path }: 휴지통에서 꺼낼 수 없습니다({ $detail }).
stays_replaced_not_back = { $path }: 휴지통으로 옮겼지만, 교체했던 파일은 되돌리지 못했습니다: { $detail }
stays_back_changed = { $path }: 되돌린 파일이 그 뒤에 바뀌어 그대로 둡니다. 그 파일을 옮긴 뒤 다시 실행하세요.

## 결과를 데이터베이스에 되쓰기

write_back_syntax = --write-back: '{ $map }'의 '{ $near }' 근처를 읽을 수 없습니다. '{ $example }'처럼 쓰세요. 특수 문자가 든 이름은 따옴표로 묶습니다.
write_back_ends_early = --write-back: '{ $map }'이(가) 중간에서 끝납니다. '{ $example }'처럼 쓰세요.
write_back_field = --write-back: { $field } 필드는 없습니다. 쓸 수 있는 필드: { $fields }. 목록이나 쿼리의 열은 col:{ $field }처럼 씁니다.
write_back_twice = --write-back: { $map }에 열 { $column }이(가) 두 번 나옵니다.
    .window = 열 { $column }을(를) 두 번 골랐습니다. 하나를 제거하세요.
write_back_mode_alone = --write-back-mode는 --write-back 또는 --write-back-table과 함께 써야 합니다.
db_alone = --db를 지정했지만 데이터베이스를 쓰는 옵션이 없습니다. --sql, --write-back 또는 --write-back-table을 추가하세요.
write_back_no_table = 데이터베이스 { $database }에 테이블 { $table }이(가) 없습니다. 이름과 스키마를 확인하세요.
write_back_no_column = 테이블 { $table }에 열 { $column }이(가) 없습니다. 있는 열: { $columns }.
write_back_generated = { $table }의 열 { $column }은(는) 데이터베이스가 계산하는 열이라 쓸 수 없습니다.
write_back_type = { $table }의 열 { $column }은(는) { $type } 형식이라 { $field } 값을 담을 수 없습니다. 다른 열을 고르세요.
write_back_not_unique = 테이블 { $table }에 정확히 이 열로 된 고유 키가 없습니다: { $columns }. 기본 키나 고유 인덱스를 추가하거나 다른 키 열을 고르세요.
write_back_required = { $table }의 열 { $column }에는 값이 꼭 필요해서 이 열 없이는 행을 추가할 수 없습니다. --write-back에 이 열을 넣거나 --write-back-mode update를 쓰세요.
    .window = { $table }의 열 { $column }에는 값이 꼭 필요해서 이 열 없이는 행을 추가할 수 없습니다. 이 열을 추가하거나 있는 행만 변경하세요.
write_back_no_outputs = --write-back: 이름이 { $output }인 결과가 없습니다. 결과가 하나뿐이면 output이라고 씁니다.
    .window = { JOSA($output, "이라는", "라는") } 출력이 없습니다. 출력은 output 하나뿐입니다.
write_back_no_output = --write-back: 이름이 { $output }인 결과가 없습니다. 있는 결과: { $outputs }.
    .window = { JOSA($output, "이라는", "라는") } 출력이 없습니다. 있는 출력: { $outputs }.
write_back_no_columns = --write-back에 열 { $column }이(가) 있지만 { $source }에는 열이 없습니다.
    .window = { $column } 열을 쓰려 하지만 { $source }에는 열이 없습니다.
write_back_no_list_column = --write-back에 열 { $column }이(가) 있지만 { $source }에는 다음 열만 있습니다: { $columns }. 링크나 경로 자체는 locator 필드입니다.
    .window = { $column } 열을 쓰려 하지만 { $source }에는 없습니다. 있는 열: { $columns }. 링크나 경로 자체는 locator 필드입니다.
write_back_no_list_column_near = --write-back의 열 { $column }이(가) { $source }에 없습니다. { $near }을(를) 쓰려던 것인가요?
    .window = { $column } 열을 쓰려 하지만 { $source }에는 없습니다. { $near }인가요?
write_back_gave_up = { $time } 동안 { $database }에 결과를 쓰지 못했습니다: { $detail }. 잃은 것은 없습니다. 데이터베이스가 다시 동작하면 작업을 이어서 나머지를 쓸 수 있습니다.

## The command line that repeats a job

command_stdin = 이 작업은 표준 입력을 읽었습니다. 명령에도 같은 데이터를 넣어 주세요.
command_source = { $source }은(는) 명령으로 나타낼 수 없어 뺐습니다.
command_order = 명령은 파일·폴더·링크, 링크 목록, 경로 목록 순으로 읽습니다. 이 작업은 다른 순서로 읽었으므로 이름의 번호가 다를 수 있습니다.
command_folders = 이 작업은 일부 폴더만 하위 폴더까지 읽었지만, 명령은 모든 폴더를 하위 폴더까지 읽습니다.
command_logins = 이 작업은 { $host }에 여러 로그인을 썼지만, 명령은 그중 하나만 씁니다.
command_items = 직접 추가한 항목 { $count }개는 뺐습니다. 목록이 필요하면 실행하세요: pixloom export { $job } --format csv
    .window = 직접 추가한 항목 { $count }개는 뺐습니다.
command_removed = 시작하기 전에 직접 뺀 항목 { $count }개도 명령은 처리합니다.
command_copied_items = 다른 작업에서 복사한 항목입니다. 명령에는 하위 폴더와 목록의 열 없이 하나씩 들어갑니다.
command_none = 여기서는 작업의 명령을 만들 수 없습니다.
job_in_use = 작업 { $job }을(를) 사용 중입니다. 먼저 끝내 주세요.
proxy_login_alone = --proxy-login에는 프록시의 URL이 필요합니다: --proxy http://HOST:PORT
