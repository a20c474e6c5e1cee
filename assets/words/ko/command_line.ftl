### 도움말과 명령줄에만 있는 메시지.

## 도움말

about = 여러 이미지와 링크를 한꺼번에 편집, 변환, 다운로드합니다. 중단된 작업은 이어서 할 수 있습니다
usage_heading = 사용법
commands_heading = 명령
arguments_heading = 인수
options_heading = 옵션
options_word = [옵션]
command_word = <명령>
links_heading = 링크
databases_heading = 데이터베이스
examples_heading = 예
help_default = 기본값: { $value }
help_values = 가능한 값: { $values }
command-run = 창 없이 작업을 실행합니다
command-watch = 폴더에 새로 생기는 이미지를 중단할 때까지 모두 처리합니다
command-query = 데이터베이스 구문 여러 개를 동시에 실행합니다
command-resume = 중단된 작업을 계속합니다(기본: 가장 최근 작업)
command-retry = 작업에서 실패한 항목을 다시 시도합니다
command-undo = 작업 결과를 시스템 휴지통으로 옮기고, 결과가 교체한 파일을 되돌립니다
command-jobs = 작업 목록을 보거나, 작업 하나를 자세히 보거나, 오래된 작업을 기록에서 삭제합니다
command-export = 작업의 항목을 다른 프로그램에서 쓸 수 있는 표로 내보냅니다
command-ops = 필터 목록을 보거나, 필터 하나를 자세히 봅니다. `ops save`는 출력 형식과 저장 설정을 보여 줍니다
command-formats = 이미지 형식마다 무엇을 읽고 쓰는지 보거나, 형식 하나를 자세히 봅니다
command-licenses = Pixloom에 포함된 소프트웨어의 라이선스를 출력합니다
command-help = 이 도움말이나 명령의 도움말을 출력합니다
option-help = 도움말 출력
option-version = 버전 출력
option-inputs = 창에 추가할 { $inputs }
option-catalog = 모든 작업의 모든 항목을 기록하는 카탈로그 [기본값: 사용자 데이터 폴더의 pixloom/catalog.sqlite]
option-lang = 메시지와 도움말의 언어 [기본값: LC_ALL, LC_MESSAGES, LANG에 따름]
option-no_config = PIXLOOM_* 변수와 settings.toml의 [run] 무시
option-job = 작업 번호
option-retry-kind = 이 종류의 실패만. 예: timeout, not_a_picture (여러 번 가능)
option-redo = 되돌린 작업의 결과를 휴지통에서 다시 꺼냄
option-undo-dry_run = 옮길 파일과 그대로 둘 파일의 수만 셈
option-undo-json = 표준 출력에 JSON을 한 줄씩 출력
option-undo-quiet = 그대로 두는 파일만 출력
option-status = HTTP 상태가 이 값인 실패만. 예: 404, 500-503, 5xx (여러 번 가능)
option-json = 표준 출력에 JSON을 한 줄씩 출력: 진행 상황, 실패, 알림. --json=items이면 모든 항목도
option-jobs-json = 표준 출력에 JSON을 한 줄씩 출력
option-command = 작업을 그대로 다시 실행하는 명령을 출력. 비밀 정보는 참조로만 들어갑니다
option-state = 이 상태인 작업만. failed는 실패한 항목이 있는 작업입니다 (여러 번 가능)
option-jobs-since = 이때부터의 작업만. 예: 7d(7일 전부터), 2026-11-01, 2026-11-01T12:00
option-until = 이때까지의 작업만. 날짜는 그날까지 포함합니다
option-search = 폴더, 호스트, 목록, 필터 또는 형식에 이 글자가 있거나 번호가 같은 작업만
option-prune = 끝난 작업(--state를 쓰면 그 상태인 작업)을 기록에서 삭제. 진행 중인 작업과 모든 결과 파일은 그대로 둡니다. 삭제한 작업은 계속하거나 다시 시도하거나 되돌릴 수 없고, --update가 그 결과를 알아보지 못합니다
option-older_than = 끝난 지 이만큼 지난 작업만 삭제. 예: 30d(30일), 12w(12주), 1y(1년)
option-keep = 가장 최근 작업 중 이만큼은 항상 남김
option-jobs-dry_run = 삭제할 내용만 알려 주고 삭제하지 않음
option-proxy_login = 프록시의 사용자 이름과 암호. user:password에 대한 참조(env:NAME 또는 settings:NAME)
option-quiet = 실패와 작업이 멈춘 이유만 출력
option-verbose = 모든 항목과 제외한 파일까지 출력
option-export-format = csv(제목 줄 포함), jsonl(한 줄에 JSON 객체 하나) 또는 parquet
option-export-rows = 내보낼 내용: items(항목), outputs(항목별 결과 파일) 또는 rejections(데이터베이스가 거부한 행)
option-export-out = 저장할 파일. 이미 있으면 덮어씀 [기본값: 표준 출력]
option-ops-name = 필터 이름(예: resize) 또는 save
option-formats-name = 형식의 이름, 확장자 또는 미디어 타입(예: avif)
option-formats-json = 표준 출력에 JSON을 한 줄씩 출력
option-run-inputs = { $inputs }. -은 표준 입력의 이미지 하나
option-watch-inputs = 감시할 폴더. 이미 있는 이미지도 처리합니다
option-watch-once = 새로 생긴 이미지만 처리하고 종료(cron 등에서 사용)
option-watch-poll = 시스템의 변경 알림을 기다리지 않고 TIME(예: 10s)마다 폴더를 확인 [기본값: 네트워크 파일 시스템에서는 5초마다]
option-recursive = 하위 폴더까지 포함
option-all_files = 폴더에서 이미지가 아닌 파일과 숨김 파일도 복사
option-allow_empty = 처리할 것이 없어도 종료 코드 0으로 끝내기
option-urls = URL 목록({ $formats }, 각각 .gz도 가능): { $lists } (여러 번 가능)
option-files = 파일 경로 목록(한 줄에 하나, 또는 NUL로 구분: find -print0): 파일, 또는 표준 입력을 뜻하는 -. 상대 경로는 현재 폴더 기준(여러 번 가능)
option-sql = 쿼리 결과의 행을 항목으로 사용. 예: 'SELECT url, id FROM products'. url 또는 path 열(또는 --url-column, 없으면 첫 열)이 항목이고 나머지 열은 {"{col:NAME}"}. 세션은 읽기 전용
option-key = 행을 구별하는 쿼리의 열. 중단된 작업은 읽은 값 중 가장 큰 값 다음부터 계속 [기본값: 쿼리를 다시 실행하고 기록된 행은 건너뜀]
option-since = 행이 바뀌면 커지는 열(예: updated). 쿼리의 매개변수 :last는 이전 작업이 모두 처리한 가장 큰 값이며 처음에는 NULL
option-db_connections = 데이터베이스마다 사용할 연결 수
series_and = { $most }, { $last }
series_or = { $most } 또는 { $last }
option-url_column = 목록이나 쿼리에서 URL이 있는 열(대소문자 무시). 제목 줄이 없으면 열 번호 [기본값: 링크가 든 열이 하나면 그 열, 아니면 url]
option-checksum_column = 목록에서 체크섬이 있는 열: MD5, SHA-1, SHA-256, SHA-384 또는 SHA-512. 체크섬이 다른 항목은 실패로 처리
option-encoding = 목록의 인코딩. 예: euc-kr, shift_jis, windows-1252, utf-16le [기본값: 자동 감지]
option-recipes = 레시피 파일(안에 적힌 경로는 그 파일의 폴더 기준) 또는 프리셋: web, thumbnails, archive, convert. 여러 번 쓰면 한 번 디코딩한 이미지로 각 출력을 만들어 그 이름의 폴더에 저장합니다
option-steps = 단계. 예: 'resize:long_edge=1024,kernel=lanczos3' (여러 번 가능, 순서대로, 레시피의 단계 뒤에 적용)
option-out = 결과 폴더 [기본값: 첫 입력 옆의 새 폴더]. -이면 결과 하나를 표준 출력에 씀
option-format = 결과 형식 [기본값: keep]
option-quality = 품질: 1(가장 작은 파일)~100(가장 좋은 품질) [기본값: JPEG 85, WebP 82, AVIF 80]
option-name = 확장자를 뺀 결과 이름. 필드: {"{stem}"} {"{page}"} {"{ext}"} {"{index}"} {"{index:05}"} {"{parent}"} {"{host}"} {"{width}"} {"{height}"} {"{date}"} {"{date:%Y-%m-%d}"} {"{hash}"} {"{dir}"} {"{col:NAME}"}. date는 촬영 날짜이고, 없으면 파일 날짜. {"{col:NAME}"}은 목록의 열
option-tree = 결과 폴더에 원래 폴더 구조를 유지할지 여부
option-on_conflict = 결과 파일이 이미 있을 때의 처리. skip이면 결과가 기록되어 있고 파일도 있는 링크는 요청하지 않음
option-trash = 교체되는 파일(--on-conflict overwrite, --update)을 먼저 시스템 휴지통으로 옮겨, `pixloom undo`로 되돌릴 수 있게 함
option-update = 레시피와 출력 폴더가 같은 이전 작업 이후에 바뀐 것만 처리: 바뀌지 않은 링크와 파일은 건너뛰고, 바뀐 것은 기존 결과를 교체
option-save = 형식과 저장 설정을 한꺼번에. 예: 'webp:quality=82'. 전체 설정은 `pixloom ops save` 참고
option-colour = sRGB나 다른 색 공간으로 변환(프로필 포함), 또는 원래 색 공간 유지 [기본값: srgb]
option-hdr = HDR을 SDR로 변환(sdr)하거나, 담을 수 있는 형식에서 유지(keep): 게인 맵은 JPEG에, PQ와 HLG는 AVIF, JPEG XL, PNG에 [기본값: sdr]
option-metadata = 유지할 EXIF, XMP, IPTC 데이터 [기본값: no-gps]
option-min_saving = 다시 저장해서 이만큼(%) 줄지 않으면 원본을 그대로 둠
option-keep_smaller = 다시 저장해도 작아지지 않으면 원본을 그대로 둠
option-lossless_jpeg = JPEG 파일을 다시 인코딩하지 않고 8px 또는 16px 블록 단위로 손실 없이 회전하고 뒤집고 자름. 단계가 없으면 바로 세우기만 함. 돌린 뒤 맨 앞에 오게 될 가장자리의 덜 찬 블록은 잘라 냄
option-workers = 동시에 처리할 이미지 수 [기본값: 코어마다 하나]
option-connections = 동시에 가져올 URL 수
option-per_host = 호스트마다 동시에 가져올 URL 수
option-memory = 처리 중인 이미지와 내려받는 데이터에 쓸 메모리. 예: 512MiB [기본값: 남은 메모리의 절반, 최대 2GiB]
option-db = 데이터베이스: { $databases }. 암호는 ?password=env:NAME처럼 이름으로 가리킵니다
option-write_back = 결과를 테이블에 되쓰기: 'products(id=col:id): thumb=output, width=width, state=state'. 괄호 안의 키 열로 행을 찾으며, col:NAME은 목록이나 쿼리의 열입니다
option-write_back_mode = update는 있는 행만 바꾸고, upsert는 없는 행도 추가하며, insert는 추가만 합니다 [기본값: update, --write-back-table에서는 upsert]
option-write_back_table = 결과 테이블을 만들고(이미 있으면 그대로 씀) 항목마다 한 행씩 씁니다. 'results(id=col:id)'처럼 키를 고를 수 있습니다 [기본 키: --key의 열, 없으면 locator]
option-database_wait = 연결되지 않는 데이터베이스를 기다릴 시간. 예: 30s, 5m
option-network_wait = 끊긴 네트워크를 기다릴 시간. 예: 30s, 5m
option-max_megapixels = 이보다 메가픽셀이 많은 이미지는 거부 [기본값: 1000]
option-max_side = 너비나 높이가 이 픽셀 수를 넘는 이미지는 거부 [기본값: 65535]
option-item_memory = 항목 하나가 쓸 수 있는 메모리. 예: 512MiB [기본값: --memory와 같음. 더 큰 이미지는 압축 폭탄으로 보이지 않으면 혼자 처리]
option-item_timeout = 항목당 제한 시간(요청, 재시도 대기, 처리 포함). 예: 90s, 1h [기본값: 10m]
option-max_bytes = 링크에서 받을 파일의 최대 크기. 예: 500M, 4G. 더 크면 실패로 처리 [기본값: 제한 없음]
option-max_failures = 실패한 항목이 이보다 많아지면 작업을 중단(종료 코드 3, 이어서 할 수 있음) [기본값: 제한 없음]
option-truncated = 중간에 끊긴 이미지의 처리: 실패로 처리(fail), 또는 남은 부분을 저장하고 카탈로그에 표시(keep)
option-damaged = 손상된 이미지의 처리: 실패로 처리(fail), 또는 읽을 수 있는 부분을 저장하고 알림(keep, 중간에 끊긴 이미지도 받아들임)
option-raw = 카메라 RAW 파일을 읽는 방법: preview는 카메라가 넣은 미리보기 이미지가 결과에 필요한 크기 이상이면 그것을 쓰고 아니면 센서 데이터를 현상, develop은 항상 16비트로 현상
option-raw_pairs = 한 폴더에 이름이 같은 카메라 RAW 파일과 JPEG 또는 HEIC 파일이 있을 때: 둘 다 처리(both), RAW만(raw), JPEG나 HEIC만(jpeg)
option-pages = TIFF와 PDF 문서에서 처리할 페이지. 페이지마다 항목 하나와 결과 하나가 됨: 모두(all), 첫 페이지만(first), 또는 3, 2-5, 2-와 같은 페이지나 범위. --name에 {"{page}"}가 없으면 이름 뒤에 페이지를 붙임(scan-03)
option-keep_times = 결과 파일에 입력 파일의 수정 시각을 그대로 사용(링크는 Last-Modified)
option-dry_run = 실행하지 않고 계획만 출력: 결과, 이름 충돌, 예상 크기, 시간, 메모리
option-durable = 디스크와 카탈로그에 안전하게 저장된 뒤에만 완료로 처리(기본 동작)
option-fast = 디스크를 기다리지 않음: 더 빠르지만 정전이 되면 완료된 결과를 잃을 수 있음
option-robots = robots.txt를 따를지 여부. auto는 링크가 100개를 넘는 호스트에서 따름
option-obey_noai = noai 또는 noimageai로 표시된 콘텐츠 건너뛰기(X-Robots-Tag)
option-proxy = 프록시: URL(http, https, socks5, socks5h), none 또는 system. 프록시가 이름을 직접 조회하므로 링크에 숫자로 적힌 주소만 확인할 수 있음
option-ca_file = 이 PEM 파일의 인증 기관도 신뢰
option-insecure_host = 이 호스트에 한해 어떤 인증서든 허용(여러 번 가능)
option-header = 한 호스트에 보낼 헤더: 'https://api.example X-Key=env:KEY'. REF는 env:NAME, netrc 또는 settings:NAME(설정 폴더의 secrets.toml에 있는 줄. 본인만 읽을 수 있어야 함). 다른 호스트, 스킴, 포트에는 보내지 않으며, 스킴이 없으면 https로 봄(여러 번 가능)
option-cookie = 한 호스트에 보낼 쿠키: 'https://h.example=env:COOKIES' (여러 번 가능)
option-basic = 한 호스트의 사용자 이름과 암호: 'https://h.example me=env:PASSWORD', 'https://h.example=netrc', 또는 user:password가 든 REF(여러 번 가능)
option-digest = Digest 인증을 쓰는 호스트용. 암호 자체는 보내지 않음: 'http://h.example me=env:PASSWORD' (여러 번 가능)
option-user_agent = User-Agent 헤더 [기본값: Pixloom/VERSION]
option-referer = 모든 요청에 보낼 Referer 헤더
option-load_cookies = 이 파일(브라우저, curl, wget이 쓰는 cookies.txt 형식)의 쿠키를 해당 사이트에 보냄
option-client_cert = 클라이언트 인증서를 요구하는 호스트에 쓸 인증서와 키가 든 PEM 파일
option-bearer = 한 호스트의 bearer 토큰: 'https://api.example=env:TOKEN' (여러 번 가능)
option-requests_per_second = 호스트당 초당 최대 요청 수. 예: 5, 0.5
option-bytes_per_second = 전체 초당 최대 바이트. 예: 2MB
option-query-db = 데이터베이스: { $databases }. 암호는 env:이름 또는 settings:이름(?password=env:이름)이나 데이터베이스 자체 프로그램이 쓰는 곳에서 읽습니다
option-query-sql = 구문. :이름은 --each 목록의 열입니다
option-query-file = 구문이 든 파일
option-query-each = 목록({ $formats }, 각각 .gz도 가능)의 행마다 구문을 한 번씩 실행합니다: { $lists }. 열은 :이름, 텍스트의 줄은 :value로 바인딩되며 빈 칸은 NULL입니다
option-query-encoding = 목록의 인코딩. 예: euc-kr, shift_jis, windows-1252, utf-16le [기본값: 자동 감지]
option-query-split = 이 열의 범위로 구문의 결과를 나누어 동시에 실행합니다
option-query-parts = 나눌 개수
option-query-out = 모든 행을 구문 순서대로 담을 파일 하나, 또는 구문마다 파일 하나를 담을 폴더(이미 있거나 /로 끝나거나 --name과 함께) [기본값: 표준 출력]
option-query-format = 행의 형식 [기본값: 파일 확장자, 없으면 csv]
option-query-name = 구문마다 저장할 파일의 이름(확장자 제외): {"{index}"} {"{index:05}"} {"{col:이름}"} [기본값: {"{index:05}"}]
option-query-on_conflict = 파일이 이미 있을 때의 처리
option-query-into = 행을 이 테이블에 넣습니다. 없으면 만들고, 구문을 다시 실행하면 그 행을 대체합니다
option-query-into_db = 그 테이블의 데이터베이스 [기본값: 같은 데이터베이스]
option-query-key = 그 테이블의 행을 구별하는 열 [기본값: 고유 키, 새 테이블이면 구문과 행 번호]
option-query-write = 구문이 데이터베이스를 바꿀 수 있게 합니다. 없으면 데이터베이스가 변경을 거부합니다
option-query-db_connections = 연결 수, 곧 동시에 실행할 구문 수
option-query-statement_timeout = 구문 하나의 시간 제한. 예: 30s, 5m [기본값: 없음]
option-query-retries = 일시적일 수 있는 실패 뒤의 추가 시도 횟수
option-query-max_failures = 실패한 구문이 이보다 많아지면 작업 중단(종료 코드 3, 계속 가능) [기본값: 제한 없음]
option-query-allow_empty = 목록이 비어 있어도 0으로 종료
option-query-fast = 디스크 기록을 기다리지 않음: 더 빠르지만 정전 시 완료된 결과를 잃을 수 있음
option-timeout = 이 시간 동안 받은 데이터가 없으면 시도를 중단. 예: 10s [기본값: 30s]
option-connect_timeout = 연결 제한 시간 [기본값: 15s]
option-retries = 일시적인 오류일 수 있을 때 다시 시도하는 횟수 [기본값: 3]

## 도움말 끝의 예

examples-pixloom =
    pixloom photos/                                       창을 열고 폴더를 추가
    pixloom run photos/ -s resize:long_edge=1600 -o web   창 없이 처리
    pixloom run --urls links.csv -o images                링크 목록 내려받기
    pixloom resume                                        중단된 작업 계속
config_help = 모든 옵션은 PIXLOOM_PER_HOST=4 같은 변수나 설정 폴더에 있는 settings.toml의 [run]에서 per-host = 4처럼 정할 수도 있습니다. 명령줄, 변수, 설정 순으로 우선합니다.
examples-watch =
    pixloom watch inbox/ -r web -o web                    Ctrl+C를 누를 때까지 새 이미지 처리
    pixloom watch camera/ scans/ -R --format webp -o out  두 폴더와 하위 폴더
    pixloom watch inbox/ -r web -o web --once             새로 생긴 것만 처리하고 종료
    pixloom watch /mnt/share/inbox -o out --poll 30s      30초마다 확인
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
    pixloom resume      가장 최근에 중단된 작업
    pixloom resume 12   작업 12
examples-retry =
    pixloom retry 12                  작업 12에서 실패한 모든 항목
    pixloom retry 12 --kind timeout   시간이 초과된 항목만
    pixloom retry 12 --status 5xx     서버가 500~599로 거절한 항목만
examples-undo =
    pixloom undo 12             12번 작업의 바뀌지 않은 결과를 휴지통으로 옮김
    pixloom undo 12 --dry-run   개수만 셈
    pixloom undo 12 --redo      결과를 다시 꺼냄
examples-jobs =
    pixloom jobs             모든 작업(최신순)
    pixloom jobs 12          작업 12와 원인별 실패
    pixloom jobs 12 --json   프로그램에서 쓸 형식으로
    pixloom jobs 12 --command          작업 12를 그대로 다시 실행하는 명령
    pixloom jobs --state failed --since 7d --search shop.example
    pixloom jobs --prune --older-than 90d
examples-export =
    pixloom export 12 --format csv -o job-12.csv
    pixloom export 12 --format jsonl | jq -r 'select(.state == "failed") | .locator'
examples-ops =
    pixloom ops          모든 필터
    pixloom ops resize   필터 하나와 매개변수
    pixloom ops save     출력 형식과 저장 설정
examples-formats =
    pixloom formats          모든 형식
    pixloom formats avif     형식 하나의 한도와 저장 설정
    pixloom formats --json | jq -r 'select(.written) | .name'

## 잘못된 사용

usage_hint = 자세한 내용은 '--help'를 참고하세요.
usage_error = 오류: { $text }
usage_invalid_value = '{ $option }'에 쓸 수 없는 값입니다: '{ $value }'
usage_invalid_value_why = '{ $option }'에 쓸 수 없는 값입니다: '{ $value }' ({ $why })
usage_unknown_option = 알 수 없는 인수입니다: '{ $option }'
usage_missing = 필요한 인수가 없습니다: { $options }
usage_conflict = '{ $option }'은(는) 함께 쓸 수 없습니다: { $others }
usage_no_value = '{ $option }'에 값이 필요합니다
usage_unknown_command = 알 수 없는 명령입니다: '{ $command }'
usage_repeated = '{ $option }'은(는) 한 번만 쓸 수 있습니다
usage_similar = 혹시 '{ $name }'을(를) 찾으셨나요?
usage_range = 허용 범위: { $from }~{ $to }
usage_whole_number = 정수를 쓰세요
not_shown = (표시하지 않음)
option_source = { $option }의 값은 { $source }에서 왔습니다.
run_key_twice = { $place }: [run]의 { $key }, { $other }는 같은 옵션입니다. 하나만 남기세요.
variable_near = { $name }에 해당하는 옵션이 없습니다. 혹시 { $near }을(를) 찾으셨나요?
option_sources = 명령줄이 아닌 곳에서 온 옵션: { $sources }. --no-config를 쓰면 무시합니다.
run_key = { $place }: [run]에 "{ $key }"(이)라는 옵션은 없습니다. 옵션 목록은 `pixloom run --help`로 볼 수 있습니다.
run_key_near = { $place }: [run]에 "{ $key }"(이)라는 옵션은 없습니다. 혹시 "{ $near }"을(를) 찾으셨나요? 옵션 목록은 `pixloom run --help`로 볼 수 있습니다.
run_value = { $place }: [run]의 { JOSA($key, "은", "는") } 텍스트, 숫자, true, false 중 하나여야 합니다. 여러 번 쓸 수 있는 옵션이면 그 목록도 됩니다.
run_flag = { JOSA($source, "은", "는") } true나 false여야 합니다. 지금은 "{ $value }"입니다.
stdin_twice = 표준 입력은 한 번만 읽을 수 있습니다. -는 이미지 하나나 목록 하나에만 쓰세요.
stdin_terminal = 표준 입력에 이미지가 없습니다. 다음처럼 넘겨 주세요: pixloom run - -o - < in.jpg > out.jpg
stdin_empty = 표준 입력이 비어 있어 처리할 이미지가 없습니다.
standard_output = 표준 출력
stdin_unread = 표준 입력을 읽을 수 없습니다: { $detail }.
no_scratch = 임시 폴더를 만들 수 없습니다: { $detail }. TMPDIR을 확인하세요.
stdout_outputs = 출력이 여러 개일 때는 표준 출력(-o -)을 쓸 수 없습니다. -o로 폴더를 지정하세요.
stdout_pages = 표준 출력에는 한 페이지만 쓸 수 있습니다. --pages N을 쓰세요.
stdout_one = 표준 출력에는 결과를 하나만 쓸 수 있습니다. 파일이나 URL 하나, 또는 -를 지정하세요.
stdout_write_back = 표준 출력으로 보내는 결과는 기록이 남지 않아 테이블에 쓸 수 없습니다. -o로 폴더를 지정하세요.
stdout_json = --json과 -o -는 모두 표준 출력에 쓰므로 함께 쓸 수 없습니다.
stdout_terminal = 이미지는 바이너리입니다. 표준 출력을 파일이나 파이프로 넘기거나 -o DIR을 쓰세요.
stdout_nothing = 표준 출력에 쓸 결과가 없습니다.
command_first = 명령을 입력보다 먼저 쓰세요: pixloom run INPUT...
output_failed = 표준 출력에 쓸 수 없습니다: { $detail }.
no_such_command_near = "{ $word }"(이)라는 명령도 파일도 없습니다. 혹시 `pixloom { $near }`을(를) 찾으셨나요? 명령 목록은 `pixloom --help`로 볼 수 있습니다.
no_such_command = "{ $word }"(이)라는 명령도 파일도 없습니다. 명령 목록은 `pixloom --help`로 볼 수 있습니다.
input_empty = 입력 중 하나가 비어 있습니다. 파일, 폴더, URL 중 하나를 지정하세요.
nothing_to_do = 처리할 것이 없습니다. 파일, 폴더, URL을 지정하거나 --urls FILE로 목록을 지정하세요.
other_scheme = { $url }: { $scheme } URL은 가져올 수 없습니다. http와 https만 됩니다.
no_gps_copy = 단계나 --format이 없으면 촬영 위치까지 파일을 그대로 복사합니다. 위치를 빼고 다시 저장하려면 --format을, 픽셀은 그대로 두고 메타데이터를 모두 지우려면 --metadata strip을 쓰세요.
colour_idle = --colour는 효과가 없습니다. 단계나 --format이 없으면 픽셀과 프로필을 그대로 둡니다.
formats_differ = --save는 { $one }, --format은 { $other }입니다. 둘 중 하나만 쓰세요.
said_twice = --save { $save }와 --{ $name } { $value } 모두 { $name } 값을 정합니다. 둘 중 하나만 쓰세요.
ca_not_there = 인증서 파일 { JOSA($path, "이", "가") } 없습니다. 이름을 확인하세요.
parquet_terminal = Parquet은 바이너리입니다. -o FILE로 저장하거나 파이프로 넘기세요.
no_operation_listed_near = "{ $name }"(이)라는 필터가 없습니다. 혹시 "{ $near }"을(를) 찾으셨나요? 전체 목록은 `pixloom ops`로 볼 수 있습니다.
no_operation_listed = "{ $name }"(이)라는 필터가 없습니다. 전체 목록은 `pixloom ops`로 볼 수 있습니다.
no_format_near = "{ $name }"(이)라는 형식이 없습니다. 혹시 "{ $near }"을(를) 찾으셨나요? 지원하는 형식: { $names }.
no_format = "{ $name }"(이)라는 형식이 없습니다. 지원하는 형식: { $names }.
format_not_read = { $format } 이미지는 지원하지 않습니다. 읽을 수 있는 형식은 `pixloom formats`로 볼 수 있습니다.
format_left_out = 이 빌드의 Pixloom은 { $format } 이미지를 읽지 못합니다. "{ $feature }" 기능이 있는 빌드를 쓰세요.
no_job_listed = 이 카탈로그에 작업 { JOSA($job, "이", "가") } 없습니다. 작업 목록은 `pixloom jobs`로 볼 수 있습니다.
without_window = 창 없이 빌드된 Pixloom입니다. `pixloom run --help`를 참고하세요.
size_format = 크기는 512MiB처럼 숫자에 B, kB, MB, GB, KiB, MiB, GiB를 붙여 씁니다
size_range = 허용 범위: 1MB~1000TB
file_size_format = 크기는 500M, 4G(1024 단위)처럼 0보다 큰 숫자에 B, kB, MB, GB, KiB, MiB, GiB를 붙여 씁니다(최대 1000TB)
status_format = 상태는 100~599의 숫자, 500-503 같은 범위, 5xx 같은 종류 중 하나여야 합니다
time_format = 시간은 30s, 5m처럼 숫자에 s, m, h를 붙여 씁니다
time_range = 허용 범위: { $from }~168h
megapixels_format = 메가픽셀 수가 필요합니다. 예: 24, 0.5
megapixels_range = 허용 범위: 0.000001~{ $most }
kind_unknown_near = 그런 종류가 없습니다. 혹시 { $near }을(를) 찾으셨나요? 작업의 실패 종류는 `pixloom jobs JOB`으로 볼 수 있습니다
kind_unknown = 그런 종류가 없습니다. 작업의 실패 종류는 `pixloom jobs JOB`으로 볼 수 있습니다
reference_missing = REF가 없습니다: env:NAME, netrc 또는 settings:NAME
header_name_missing = 헤더 이름이 없습니다: HOST NAME=REF
header_not_settable = "{ $name }" 헤더는 설정할 수 없습니다

## 형식

formats_format = 형식
formats_read = 읽기
formats_written = 쓰기
formats_alpha = 투명도
formats_animation = 애니메이션
formats_pages = 페이지
formats_bits = { $bits }비트
formats_legend =
    읽기, 쓰기: 채널당 비트 수. r: 읽기, w: 쓰기, -: 지원 안 함.
    형식별 한도와 저장 설정은 `pixloom formats NAME`으로 볼 수 있습니다.
hdr_kind-pq = PQ
hdr_kind-hlg = HLG
hdr_kind-gain_map = 게인 맵
hdr_kind-linear_light = 선형 광량
has_alpha = 투명도
has_animation = 애니메이션
has_pages = 여러 페이지
format_extensions = 확장자: { $list }
format_media_types = 미디어 타입: { $list }
format_read = 읽기: { $list }
format_written = 쓰기: { $list }
format_only_read = 쓰기: 지원 안 함
format_depth = 채널당 최대 { $bits }비트
format_sides = 한 변 최대 { $side } px, 최대 { $megapixels }메가픽셀
format_isolated = 별도의 보조 프로세스에서 디코딩. 프로세서 시간 한도: { $base }초 + 메가픽셀당 { $megapixel }초 + 메가바이트당 { $megabyte }초
format_feature = "{ $feature }" 기능이 있는 빌드에서만 지원(기본으로 켜져 있음)
format_save = 저장 설정: --save '{ $format }:설정=값,...' 또는 레시피 파일의 [save]

## 필터

ops_default = 기본값: { $value }
ops_unset = 지정하지 않음
ops_no_parameters = 매개변수가 없습니다.
ops_preview = 축소한 미리 보기는 근사치입니다.
ops_save = 저장 설정: --save '형식:설정=값,...' 또는 레시피 파일의 [save]
ops_save_keep = keep은 입력마다 원래 형식이며, 저장할 수 없는 형식이면 PNG입니다
ops_only_for = { $formats }에서만 쓸 수 있습니다
allowed_number = { $min }부터 { $max }{ $unit }까지의 숫자
allowed_whole = { $min }부터 { $max }{ $unit }까지의 정수
allowed_boolean = true 또는 false
allowed_choice = { $options } 중 하나
allowed_text = 텍스트
allowed_field_text = 필드 { $fields }을(를) 쓸 수 있는 텍스트
allowed_colour = white, black, transparent, #rgb, #rrggbb, #rrggbbaa 중 하나
allowed_opaque_colour = 색: white, black, #rgb, #rrggbb 중 하나
allowed_image = 이미지 파일의 경로
allowed_table = .cube 파일의 경로
allowed_curve = 0,0;64,50;255,255처럼 입력 순서대로 0부터 255까지의 점
allowed_size = 크기. 예: 200KB, 1.5MB, 64KiB
unit_levels = {" "}단계

## 진행과 결과

holds_links = { $list }에 링크가 있습니다. 가져오려면 목록으로 지정하세요: pixloom run --urls { $list }
watch_option = watch는 폴더만 읽으므로 { $option } 옵션을 쓸 수 없습니다. 이 옵션을 빼거나 `pixloom run`을 쓰세요.
watch_stdout = watch는 파일로 저장합니다. -o로 출력 폴더를 지정하세요.
watch_no_folder = { $path }은(는) 폴더가 아닙니다. watch에는 폴더를 지정하세요.
watch_nothing_there = 감시할 폴더 { $path }이(가) 없습니다.
watch_no_inputs = 감시할 폴더를 하나 이상 지정하세요.
watch_begins = 새 이미지를 기다리고 있습니다. 멈추려면 Ctrl+C를 누르세요.
watch_continues = 같은 폴더를 감시하던 작업 { $job }을(를) 이어서 합니다. 이미 처리한 이미지는 다시 처리하지 않습니다.
watch_stopped = 감시를 멈췄습니다. 계속하려면: { $command }
nothing_to_resume = 계속할 작업이 없습니다. 중단된 작업이 없습니다.
job_done_already = 작업 { JOSA($job, "은", "는") } 이미 끝났습니다.
retry_with = 실패한 항목 다시 시도: { $command }
others_failed = 작업 { $job }의 다른 항목 { $count }개는 아직 실패 상태입니다.
resume_with = 계속하려면: { $command }
interrupted = 중단되었습니다. 계속하려면: { $command }
network_gone_waiting = 네트워크가 끊겨 다시 연결되기를 기다립니다.
database_lost_waiting = 데이터베이스에 연결할 수 없어 다시 연결되기를 기다립니다.
database_back = 데이터베이스에 다시 연결되었습니다.
network_back = 네트워크가 다시 연결되었습니다.
missed_messages = 원본에 관한 메시지 { $count }개는 너무 빨리 지나가 표시하지 못했습니다.
results_in = 결과 폴더: { $folder }
bar_of_total = { $percent } %  { $total }개 중 { $finished }개
bar_so_far = 지금까지 { $total }개 중 { $finished }개
bar_rates = 초당 { $rate }개  { $bytes }/s
bar_bytes_rate = { $bytes }/s
bar_left = { $time } 남음
summary_sizes = { $before } -> { $after }, { $time } 걸림
skips = { $count ->
        [1] 1개 건너뜀: { $cause }
       *[other] { $count }개 건너뜀. 예: { $cause }
    }

nothing_found = 처리할 것이 없습니다. 이런 경우에도 성공으로 끝내려면 --allow-empty를 사용하세요.
file_ignored = { $path } 제외({ $reason })
ignored_not_an_image = 이미지 아님
ignored_hidden = 숨김
ignored_result = 처리 결과
ignored_raw_pair = 짝이 되는 파일을 사용
item_skipped = { $item }: 건너뜀({ $reason })
skipped_duplicate = 앞에 같은 링크나 파일이 있음
skipped_unchanged = 지난번 이후 바뀌지 않음
skipped_exists = 결과 파일이 이미 있음
skipped_declined = 게시자가 가져오기를 허용하지 않음
skipped_chosen = 직접 건너뜀
skipped_undone = 작업 결과를 되돌림

## 작업 결과 되돌리기

undo_moved = 결과 { $count }개를 휴지통으로 옮겼습니다.
undo_returned = 결과가 교체했던 파일 { $count }개를 되돌렸습니다.
undo_folders = 빈 폴더 { $count }개를 지웠습니다.
undo_stayed = 파일 { $count }개는 그대로 두었습니다(위 참고).
undo_lost = 파일 { $count }개는 --trash 없이 교체되어 되돌릴 수 없습니다.
undo_would_move = 결과 { $count }개를 휴지통으로 옮기게 됩니다.
undo_would_return = 결과가 교체한 파일 { $count }개를 되돌리게 됩니다.
undo_would_stay = 결과 { $count }개는 그대로 둡니다.
redo_moved = 결과 { $count }개를 다시 꺼냈습니다.
redo_replaced = 결과가 교체하는 파일 { $count }개를 다시 휴지통으로 옮겼습니다.
undo_redo_with = 결과를 다시 꺼내려면: { $command }
undo_stopped = 중단했습니다. 같은 명령을 다시 실행하면 나머지를 마칩니다.
nothing_to_undo = { $job }번 작업에는 되돌릴 결과가 없습니다.
nothing_to_redo = { $job }번 작업의 결과는 휴지통에 없습니다.

## 계획

plan_write_back = { $database }에 결과를 되쓰는 문:
plan_unknown = (실행 후 알 수 있음)
rows_written = 테이블에 { $count }행 씀({ $changed }행 변경)
rows_missing = { $count }개 행 없음
rows_rejected = { $count }개 행 거부됨
row_rejected = 데이터베이스가 행 { $key }을(를) 거부했습니다: { $detail }
plan_fails = 실패: { $error }
plan_repeats = 건너뜀: 앞에 같은 파일이 있음
plan_skipped = 건너뜀: { JOSA($output, "이", "가") } 이미 있음
plan_replaces = 기존 파일을 덮어씀
plan_renamed = 같은 이름이 있어 이름을 바꿈
plan_unnamed = 이름은 처리한 뒤에 정해짐
plan_items = 항목 { $count }개 -> { $folder }
plan_failing = { $count }개 실패 예상
plan_skips = { $count }개 건너뜀 예상
plan_taken = 이름 충돌 { $count }개
plan_sizes = { $before } -> 약 { $after }
plan_cost = 약 { $time } 소요, 메모리 약 { $memory }
plan_links = 링크 { $count }개의 크기는 가져온 뒤에 알 수 있음

## 작업

no_jobs_listed = 조건에 맞는 작업이 없습니다.
job_began = 시작 시각
job_ran = 걸린 시간
age_format = 숫자와 단위를 쓰세요: 36h, 30d, 12w, 1y
moment_format = 얼마 전인지(7d), 날짜(2026-11-01) 또는 시각(2026-11-01T12:00)을 쓰세요
prune_needs = 어떤 작업을 삭제할지 정하세요: --older-than 30d, --keep 100, --state, --since, --until, --search.
prune_running = 진행 중인 작업은 삭제할 수 없습니다. 먼저 취소하거나 --state에서 running을 빼세요.
pruned = 작업 { $jobs }개(항목 { $items }개)를 기록에서 삭제했습니다. 카탈로그가 { $bytes } 줄었습니다. 결과 파일은 그대로입니다.
prune_plan = 작업 { $jobs }개(항목 { $items }개, 카탈로그에서 약 { $bytes })를 기록에서 삭제하게 됩니다. 결과 파일은 그대로 둡니다.
prune_in_use = 사용 중인 작업 { $count }개는 남겨 두었습니다.
prune_free = 카탈로그에서 { $bytes }는 다음 작업에 다시 쓰입니다. 진행 중인 작업이 없을 때 다시 정리하면 디스크에 반환됩니다.
no_jobs_yet = 아직 작업이 없습니다.
column-job = 작업
column-created = 만든 시각
column-state = 상태
column-items = 항목
column-done = 완료
column-failed = 실패
column-skipped = 건너뜀
column-to = 결과 폴더
unchecked_hosts = 인증서를 확인하지 않음: { $hosts }
job_title = 작업 { $job }: { $state }
job_created = 만든 시각
job_ended = 끝난 시각
job_to = 결과 폴더
job_trust = 인증서
job_trust_unchecked = 확인하지 않은 호스트: { $hosts }
job_items = 항목
job_rows = 행
job_rejected = 모두 보려면: { $command }. 원인을 고친 뒤에는: { $retry }
job_counts = { $total }개: 완료 { $done }, 실패 { $failed }, 건너뜀 { $skipped }, 대기 { $waiting }
job_bytes = 크기
job_failures = 원인별 실패:
job_retry = 다시 시도: { $command }
job_retry_futile = 다시 시도해도 결과가 같습니다
job_retry_status = { $status }만 다시 시도: { $command }
job_example = 예: { $error }
job_first_statuses = 처음 실패 중 { $statuses }
job_remarks = 알림:
job_remarks_more = 외 { $count }개(`pixloom export`로 모두 볼 수 있음)
job_continue = 계속하려면: { $command }
job_state-draft = 준비 중
job_state-queued = 대기 중
job_state-running = 진행 중
job_state-watching = 감시 중
job_state-paused = 일시정지됨
job_state-cancelled = 취소됨
job_state-done = 완료
