### 항목이 실패한 이유, 작업을 실행하지 못한 이유, 제외한 것.
###
### $detail은 비어 있거나 " (...)"이고, $untouched는 비어 있거나 앞에 빈칸이 붙은 original_untouched이다.
### `.brief`는 종류의 짧은 이름, `.window`는 창에서 쓰는 문장(명령줄 옵션을 언급하지 않음)이다.

## 항목

error-not_found = { $name }: 파일이 없습니다. 이름과 폴더를 확인하세요.
    .brief = 파일 없음
error-unreadable = { $name }: 읽을 권한이 없습니다. 권한을 준 뒤 다시 시도하세요.
    .brief = 읽기 권한 없음
error-empty = { $name }: 빈 파일입니다(0바이트).
    .brief = 빈 파일
error-not_a_picture = { $name }: 이미지가 아닙니다{ $detail }.{ $untouched }
    .brief = 이미지 아님
error-unsupported = { $name }: 지원하지 않는 형식입니다{ $detail }.{ $untouched }
    .brief = 지원하지 않음
error-truncated = { $name }: 파일이 중간에 끝납니다{ $detail }.{ $untouched }
    .brief = 중간에 끊김
error-corrupt = { $name }: 파일이 손상되었습니다{ $detail }.{ $untouched }
    .brief = 손상됨
error-too_large = { $name }: 한도보다 큽니다{ $detail }.{ $untouched }
    .brief = 너무 큼
error-input_changed = { $name }: 읽는 동안 파일이 바뀌었습니다. 다시 시도하세요.
    .brief = 도중에 바뀜
error-bad_url = { $name }: 올바른 링크가 아닙니다{ $detail }.
    .brief = 잘못된 링크
error-unknown_host = { $name }: 호스트 이름을 찾을 수 없습니다{ $detail }. 링크를 확인하세요.
    .brief = 알 수 없는 호스트
error-connect = { $name }: 연결할 수 없습니다{ $detail }. 나중에 다시 시도하세요.
    .brief = 연결 실패
error-tls = { $name }: 보안 연결을 맺을 수 없습니다{ $detail }. 믿을 수 있는 서버라면 인증 기관 파일(--ca-file)이나 호스트(--insecure-host)를 지정하세요.
    .window = { $name }: 보안 연결을 맺을 수 없습니다{ $detail }. 믿을 수 있는 서버라면 네트워크 설정에 인증 기관 파일이나 호스트를 추가하세요.
    .brief = 보안 연결 실패
error-timeout = { $name }: 서버가 너무 오래 응답하지 않습니다{ $detail }. 나중에 다시 시도하세요.
    .brief = 시간 초과
error-http_status = { $name }: 서버가 { $status } 오류로 응답했습니다{ $detail }.
    .brief = 서버 오류 응답
error-proxy_auth = { $name }: 프록시가 사용자 이름과 암호를 요구합니다. 프록시 주소에 함께 적으세요.
error-redirect = { $name }: 리디렉션을 따라갈 수 없습니다{ $detail }.
    .brief = 잘못된 리디렉션
error-short_body = { $name }: 전송이 중간에 끊겼습니다{ $detail }. 다시 시도하세요.
    .brief = 전송 끊김
error-short_body_sizes = { $name }: 전송이 중간에 끊겼습니다{ $detail }. 다시 시도하세요.
error-bad_response = { $name }: 서버의 응답이 올바르지 않습니다{ $detail }.
    .brief = 잘못된 응답
error-body_too_large = { $name }: 한도 { $limit }보다 큽니다.
    .brief = 너무 큼
error-checksum = { $name }: 체크섬이 목록과 달라 저장하지 않았습니다{ $detail }.
    .brief = 체크섬 불일치
error-no_column = { $name }: 이름에 쓸 열 "{ $column }"이(가) 목록에 없습니다.
    .brief = 열 없음
error-refused_address = { $name }: 허용되지 않는 주소라 가져오지 않았습니다{ $detail }.
    .brief = 허용되지 않음
error-robots = { $name }: { $host }의 robots.txt가 허용하지 않아 가져오지 않았습니다.
    .brief = robots.txt 거부
error-robots_unavailable = { $name }: { $host }의 robots.txt를 확인할 수 없어 가져오지 않았습니다{ $detail }. 나중에 다시 시도하세요.
    .brief = robots.txt 확인 불가
error-no_ai = { $name }: 게시자가 { $reason } 표시를 해 두어 가져오지 않았습니다.
    .brief = AI 학습 금지
error-missing_secret = { $name }: 가져오지 않았습니다. { $reason }
    .brief = 비밀 정보 없음
error-conflict = { $name }: { JOSA($output, "이", "가") } 이미 있습니다. 다른 이름이나 다른 규칙을 고르세요.
    .brief = 이름 중복
error-would_replace_input = { $name }: { JOSA($output, "은", "는") } 원본이며, 원본은 절대 덮어쓰지 않습니다. 다른 폴더를 고르세요.
    .brief = 원본과 같은 위치
error-unwritable = { $name }: 폴더에 쓸 수 없습니다{ $detail }. 다른 폴더를 고르세요.
    .brief = 쓰기 불가
error-disk_full = { $name }: 디스크가 가득 찼습니다. 공간을 확보한 뒤 계속하세요.
    .brief = 디스크 가득 참
error-read_only = { $name }: 저장할 디스크가 읽기 전용입니다. 쓰기를 허용한 뒤 계속하세요.
    .brief = 읽기 전용 디스크
error-cant_encode = { $name }: 이 형식으로는 저장할 수 없습니다{ $detail }.
    .brief = 저장 불가 형식
error-cant_encode_limit = { $name }: 정한 크기를 넘어 저장할 수 없습니다{ $detail }. 최대 크기를 늘리거나 이미지를 줄이세요.
error-recipe = { $name }: 이 이미지에 맞지 않는 단계가 있습니다{ $detail }.
    .brief = 레시피
error-recipe_step = { $name }: { $step }단계가 이 이미지에 맞지 않습니다{ $detail }.
error-took_too_long = { $name }: 제한 시간({ $limit })을 넘겨 중단했습니다. 시간을 늘려 다시 시도하세요.
    .brief = 너무 오래 걸림
error-io = { $name }: 읽기나 쓰기에 실패했습니다{ $detail }.
    .brief = 읽기/쓰기 실패
error-no_decoder = { $name }: 디코더 프로세스를 시작할 수 없습니다{ $detail }. 나중에 다시 시도하세요.
    .brief = 디코더 실행 불가
error-panic = { $name }: 프로그램 오류가 발생했습니다{ $detail }.
    .brief = 프로그램 오류
error-crash = { $name }: 처리하는 동안 Pixloom이 { $deaths }번 비정상 종료되었고, 마지막에는 이 항목만 처리하고 있었습니다.{ $untouched }
    .brief = 비정상 종료
error-cancelled = { $name }: 끝나기 전에 중단되었습니다.
    .brief = 중단됨
unnamed_item = 항목
original_untouched = 원본은 그대로입니다.
kind_and_detail = { $kind }: { $detail }
had_of_wanted = { $wanted } 중 { $had }
with_proxy = { $text }; 사용 중인 프록시: { $proxy }

## 작업

job-catalog = 카탈로그 { JOSA($path, "을", "를") } 쓸 수 없습니다: { $detail }. --catalog로 다른 파일을 지정하세요.
    .window = 카탈로그 { JOSA($path, "을", "를") } 쓸 수 없습니다: { $detail }.
job-output = 결과 폴더 { $path }에 쓸 수 없습니다({ $detail }). --out으로 다른 폴더를 지정하세요.
    .window = 결과 폴더 { $path }에 쓸 수 없습니다({ $detail }). 다른 폴더를 고르세요.
job-locked = 다른 Pixloom이 작업 { JOSA($job, "을", "를") } 처리하고 있습니다.
place-step = { $number }단계
place-save = 저장 설정
place-line = { $file } { $line }번째 줄
in_file = { $file }: { $text }
at_line = { $line }번째 줄: { $text }
in_file_at_line = { $file } { $line }번째 줄: { $text }

## 제외한 것

remark-no_pictures = { $folder }에 이미지가 없습니다.
remark-only_below = { $folder }에는 이미지가 없지만 그 하위 폴더에는 있습니다. -R(--recursive)을 쓰면 하위 폴더까지 처리합니다.
    .window = { $folder }에는 이미지가 없지만 그 하위 폴더에는 있습니다.
remark-not_pictures = { $folder }의 파일 { $count }개는 이미지가 아니어서 제외했습니다.
remark-no_links = { $list }에 링크가 없습니다.
remark-no_links_on_stdin = 표준 입력에 링크가 없습니다.
remark-no_files = { $list }에 경로가 없습니다.
remark-no_files_on_stdin = 표준 입력에 경로가 없습니다.
remark-hidden_files = { $folder }의 숨김 파일과 폴더 { $count }개는 건너뛰었습니다.
remark-own_results = { $folder }에 있는 이전 작업의 결과 { $count }개는 제외했습니다.
remark-results_folder = 결과가 들어 있는 폴더 { JOSA($folder, "을", "를") } 제외했습니다. 처리하려면 이 폴더를 직접 입력으로 지정하세요.
    .window = 결과가 들어 있는 폴더 { JOSA($folder, "을", "를") } 제외했습니다. 처리하려면 이 폴더를 직접 추가하세요.
remark-repeated_links = { $list }에서 이미 나온 링크 { $count }개는 건너뛰었습니다.
remark-repeated_links_of = { $list }에서 이미 나온 링크 { $count }개는 건너뛰었습니다. 처음 { $compared }개까지만 비교했습니다.
remark-first_page = { $pages }페이지 중 첫 페이지만 사용했습니다.
remark-first_pages = 여러 페이지가 있는 이미지 { $count }개는 첫 페이지만 사용했습니다. --save의 page=N으로 다른 페이지를 고를 수 있습니다.
    .window = 여러 페이지가 있는 이미지 { $count }개는 첫 페이지만 사용했습니다. 저장 설정의 페이지에서 다른 페이지를 고를 수 있습니다.
remark-taken_for_srgb = 색({ $colours })을 변환할 수 없어 sRGB로 처리했습니다.
remark-many_taken_for_srgb = 이미지 { $count }개의 색(PQ, HLG 또는 비디오 범위)을 sRGB로 처리했습니다.
remark-not_stored_yet = 카탈로그에 쓸 수 없어 표준 입력의 링크를 아직 기록하지 못했습니다. 다시 시도합니다.
remark-results_intact = 이전 결과 { $count }개가 모두 온전합니다.
remark-results_damaged = 이전 결과 { $count }개가 없거나 손상되어 다시 만듭니다.
remark-above_white = 결과가 흰색입니다. 실수 픽셀 값은 0~1이어야 하는데 대부분 그보다 큽니다.
remark-many_above_white = 이미지 { $count }개의 결과가 흰색입니다. 실수 픽셀 값은 0~1이어야 하는데 대부분 그보다 큽니다.
remark-left_over = 이미지가 손상되었을 수 있습니다. 마지막 줄 뒤에 압축 데이터가 남았습니다.
remark-many_left_over = 이미지 { $count }개가 손상되었을 수 있습니다. 마지막 줄 뒤에 압축 데이터가 남았습니다.
remark-unused_access = { $place }에 보낸 요청이 없어 이 주소의 인증 정보를 쓰지 않았습니다.
remark-unused_access_near = { $place }의 인증 정보를 쓰지 않았습니다. 링크는 { $near }에 요청했습니다. 그 주소가 맞다면 그 주소로 지정하세요.
