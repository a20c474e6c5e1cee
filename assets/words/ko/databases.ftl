### 데이터베이스에 대한 창의 말.

## ‘데이터베이스에서…’ 페이지

from_database = 데이터베이스에서…
from_database_title = 데이터베이스에서 추가
database = 데이터베이스
db_name = 데이터베이스 주소 또는 파일
db_name_wrong = 데이터베이스 주소를 읽을 수 없습니다: { $detail }.
db_examples = 예시
db_choose_file = SQLite 파일…
db_password = 암호
db_password_from = 암호 위치
db_password_typed = 직접 입력
db_password_variable = 환경 변수
db_password_kept = 저장됨 (입력하면 바뀜)
db_password_note = 본인만 읽을 수 있게 한 번만 저장되며, 작업에는 저장되지 않습니다.
db_variable = 변수 이름
db_variable_wrong = DB_PASSWORD 같은 변수 이름을 입력하세요.
db_test = 연결 확인
db_testing = 연결 중…
db_connected = 연결됨: { $kind }, { $database }, 테이블 { $count }개
db_connected_as = 연결됨: { $kind }, { $database }, 사용자 { $user }, 테이블 { $count }개
db_tables = 테이블
db_no_tables = 이 데이터베이스에는 테이블이 없습니다.
db_tables_note = 연결을 확인하면 테이블이 표시됩니다.
db_start_from = 이 테이블의 모든 행 조회
query = 쿼리
db_query_hint = SELECT url, name FROM products
run_query = 쿼리 실행
db_running = 실행 중…
db_restore = 이전 쿼리 복원
db_position = { $line }번째 줄 { $column }번째 글자: { $problem }
db_page_parameter = 쿼리에 매개변수 :{ $name }이(가) 있습니다. 여기서는 :last만 채워지므로 값을 직접 적으세요.
db_rows = 결과의 처음 몇 행
db_rows_note = 쿼리를 실행하면 처음 몇 행이 표시됩니다.
db_no_rows = 쿼리 결과에 행이 없습니다.
db_outdated = 쿼리가 바뀌었습니다. 다시 실행하세요.
db_rows_shown = { $count }행
db_rows_shown_of = { $count }행 중 처음 { $shown }행
db_rows_shown_so_far = 처음 { $shown }행
db_null = NULL
db_link_column = 링크 열
db_key_column = 키 열
db_since_column = 새 행 기준 열
db_none = 없음
db_key_hint = 읽기가 중단되면 이 열의 마지막 값 다음부터 이어서 읽습니다.
db_since_hint = 다음 실행에서는 이 열에서 처리가 끝난 가장 큰 값부터 읽습니다.
db_since_note = 다음 실행에서 새 행만 읽으려면 쿼리에 (:last IS NULL OR { $column } >= :last)를 넣으세요.
db_use_as_link = { $column } 열을 링크 열로 사용
add_counted = { $count }개 추가
add_rows = 항목 추가
