### 창의 문구.

## 위쪽과 메뉴

open = 열기
add_path = 경로 또는 링크…
path_or_link = 경로 또는 링크
path_hint = /home/me/Pictures 또는 https://…
paste_links = 링크 붙여넣기
edit = 편집
undo = 되돌리기
redo = 다시 실행
search = 검색 또는 명령
jobs = 작업
settings = 설정
palette_title = 명령
palette_none = 그런 명령이 없습니다
select_all = 모두 선택
remove_selected = 선택한 항목 제거
copy_location = 위치 복사

## 원본

sources = 원본
nothing_added = 아직 추가한 항목이 없습니다
photos = 이미지
links = 링크
add = 추가…
limit_now = 현재 병목
cores = 코어
network = 네트워크
disk = 디스크
memory = 메모리
more_groups = 외 { $count }개
columns_choose = 열 선택…
columns_title = 목록의 열
columns_note = 이 작업의 모든 목록에 적용됩니다.
columns_of = 열: { $list }
url_column = 링크 열
checksum_column = 체크섬 열
no_checksum = 없음
checksum_note = 16진수나 Base64로 쓴 MD5, SHA-1, SHA-256, SHA-384 또는 SHA-512입니다. 체크섬이 다른 항목은 실패로 처리합니다.
lacks_column = { $list }: “{ $column }” 열이 없습니다
list_lacks_column = { $list }에 “{ $column }” 열이 없습니다.

## 항목

grid = 격자
table = 표
layout = 보기 방식
filter_items = 항목 필터
filter_hint = 필터
all = 전체
no_match = 조건에 맞는 항목이 없습니다
with_remarks = 알림 있음
clear_filter = 모든 항목 보기
filter_by = 이름에 “{ $text }”이(가) 들어간 항목 보기
loading = 불러오는 중…
items = 항목
items_count = 항목 { $count }개
items_shown = 전체 { $count }개 중 { $shown }개
selected_count = { $count }개 선택
name = 이름
state = 상태
size = 크기
output_size = 결과 크기
dimensions = 해상도
error = 오류
scroll_bar = 항목 스크롤
sort_by = 정렬: { $order }
sort-added = 추가한 순서
sort-name = 이름
sort-state = 상태
sort-size = 크기
item-waiting = 대기
item-running = 처리 중
item-done = 완료
item-failed = 실패
item-skipped = 건너뜀
low_space = 디스크 공간 부족
retry_these = 이것만 다시 시도
removed = 항목 { $count }개를 제거했습니다
added_items = 항목 { $count }개를 추가했습니다
added_links = 링크 { $count }개를 추가했습니다
added_duplicates = { $added }. 중복 { $count }개는 제외했습니다
nothing_to_add = 입력한 내용에 링크나 파일이 없습니다

## 미리 보기

preview = 미리 보기
preview_height = 미리 보기 높이
copied_unchanged = 그대로 복사
before = 원본
after = 결과
histogram = 히스토그램
histogram_plot = 결과의 히스토그램
not_applied = 적용되지 않음: { $steps }
split = 분할
side_by_side = 나란히
compare = 비교
zoom = 배율
fit = 맞춤
full = 100 %
pixel = 픽셀
divider = 원본과 결과의 경계
approximate = 이 크기에서는 근사치이며 100 %에서 정확합니다
select_an_item = 항목을 선택하면 미리 볼 수 있습니다
not_fetched = 이 링크는 작업을 시작하면 가져옵니다.
preparing = 미리 보기를 준비하는 중…
retry = 다시 시도
skip = 건너뛰기
details = 자세히
attempts = 시도 횟수
location = 위치
kind = 종류

## 레시피

recipe = 레시피
presets = 프리셋
preset-web = 웹
preset-thumbnails = 썸네일
preset-archive = 보관용
preset-convert = 변환만
load_recipe = 레시피 불러오기…
save_recipe = 레시피 저장…
custom = 사용자 지정
add_filter = 필터 추가
search_filters = 필터 검색
no_filter_found = 그런 이름의 필터가 없습니다
no_steps = 필터 없음: 이미지를 변환해 저장만 합니다.
no_steps_copy = 필터 없음: 파일을 그대로 복사합니다.
group_geometry = 크기와 모양
group_colour = 빛과 색
group_detail = 디테일
group_finish = 워터마크와 테두리
recipe_fixed = 이 작업은 시작할 때의 레시피를 그대로 씁니다. 다른 레시피를 쓰려면 “새 작업”을 누르세요.
move_up = 위로
move_down = 아래로
remove = 제거
remove_named = 제거: { $name }
more = 더 보기
less = 간단히
how_it_works = 작동 방식
drag_to_reorder = 끌어서 순서 바꾸기
automatic = 자동
pick_colour = 색 선택
hue = 색상
saturation = 채도
brightness = 밝기
opacity = 불투명도

## 저장

save = 저장
format = 형식
format_keep = 원본 형식
folder = 폴더
folder_default = 원본 옆 새 폴더
folder_default_hint = 원본 옆에 새 폴더를 만듭니다
choose_folder = 폴더 선택…
choose_file = 파일 선택…
conflict = 같은 이름이 있으면
conflict-rename = 둘 다 유지
conflict-skip = 건너뛰기
conflict-overwrite = 기존 파일 바꾸기
conflict-fail = 오류로 처리
metadata = 메타데이터
metadata-keep = 모두 유지
metadata-no_gps = GPS 제외
metadata-strip = 없음
subfolders = 하위 폴더
tree-keep = 그대로 유지
tree-flat = 한 폴더에 모음

## 실행 막대

start = 시작
start_items = { $count }개 처리 시작
start_hint = 이미지나 링크를 추가하면 시작할 수 있습니다
pause = 일시정지
resume = 계속
cancel = 취소
retry_failed = 실패 { $count }개 다시 시도
open_results = 결과 폴더 열기
new_job = 새 작업
counting = 세는 중…
network_lost = 네트워크가 끊겼습니다. 다시 연결되면 자동으로 이어서 가져옵니다.
paused = 일시정지됨
cancelled = 취소됨
queued = 다른 작업이 끝나기를 기다리는 중
running_elsewhere = 다른 작업이 진행 중입니다.
job_progress = 진행률
of_total = { $total }개 중 { $finished }개
of_total_so_far = { $total }개+ 중 { $finished }개
rates = 초당 { $rate }개 · { $bytes }
bytes_rate = { $bytes }/s
time_left = { $time } 남음
saved_count = { $count }개 저장
failed_count = { $count }개 실패
skipped_count = { $count }개 건너뜀
sizes_in_time = { $before } → { $after }, { $time } 걸림
text_size = 전체
seconds_short = { $seconds }초
estimate_seconds = 약 { $seconds }초, 약 { $size }
estimate_minutes = 약 { $minutes }분, 약 { $size }

## 빈 창, 알림, 입력 상자

drop_title = 이미지를 여기에 놓거나 링크 목록을 붙여넣으세요
drop_now = 놓으면 추가됩니다
try_samples = 예제 이미지로 시작하기
originals_safe = 원본은 절대 바뀌지 않습니다.
paste_title = 링크 붙여넣기
paste_note = 한 줄에 링크나 경로를 하나씩 적으세요. 나머지 글은 무시합니다.
paste_box = 링크와 경로
add_links = 링크 추가
close = 닫기
close_title = 작업이 아직 실행 중입니다
close_note = Pixloom을 닫으면 작업이 일시정지됩니다. 끝난 결과는 그대로 남고, 다음에 Pixloom을 열 때 이어서 진행할 수 있습니다.
close_not = 닫지 않기
close_now = 일시정지하고 닫기
dismiss = 닫기
dialog_failed = 선택한 파일이 없습니다. 대화 상자가 나타나지 않았다면 경로를 입력하세요.
engine_gone = 엔진이 응답하지 않습니다. Pixloom을 다시 시작하세요. 잃은 것은 없습니다.
opening_catalog = 카탈로그를 여는 중…

## 작업

no_jobs = 아직 실행한 작업이 없습니다
show = 보기
job_name = 작업 { $job }
state-draft = 준비 중
state-queued = 대기 중
state-running = 진행 중
state-paused = 일시정지됨
state-cancelled = 취소됨
state-done = 완료
certificates_unchecked = 인증서를 확인하지 않음: { $hosts }

## 설정

language = 언어
theme = 테마
system = 시스템
dark = 어둡게
light = 밝게
connections = 동시 연결
per_host = 호스트당 연결
max_bytes = 내려받기 최대 크기
workers = 작업 스레드
memory_budget = 메모리
network_wait = 네트워크 대기
timeout = 응답 제한 시간
connect_timeout = 연결 제한 시간
retries = 재시도 횟수
section_window = 창
section_limits = 사용 한도
limits_of_links = 링크
lists = 목록
settings_note = 자동 값은 이 컴퓨터에 맞춰집니다.
seconds_unit = 초
links_note = 지금부터 시작하는 작업에 적용됩니다.
robots = robots.txt
robots-auto = 링크가 많을 때
robots-always = 항상
robots-never = 안 함
robots_note-auto = 한 작업에 링크가 { $count }개를 넘는 호스트에서 따릅니다.
robots_note-always = 모든 호스트에서 따릅니다.
robots_note-never = 읽지 않습니다. 가져올 권한이 있는 것만 가져오세요.
noai = noai 표시
noai_check = noai로 표시된 콘텐츠 건너뛰기
noai_words = 건너뛰기
requests_per_s = 초당 요청
bytes_per_s = 초당 바이트
at_each_host = 호스트마다
in_all = 전체
no_limit = 제한 없음
wrong_requests = 0.001 이상의 숫자를 입력하세요. 예: 5 또는 0.5
wrong_bytes = 1kB 이상을 입력하세요. 예: 500kB 또는 2MB
proxy = 프록시
proxy_none = 없음
proxy_own = 주소 입력
proxy_address = 프록시 주소
wrong_proxy = http, https, socks5, socks5h 주소를 입력하세요. 예: http://proxy:3128
proxy_secret = 사용자 이름과 암호는 본인만 읽을 수 있는 곳에 따로 보관합니다.
proxy_unset_none = 주소를 입력하기 전에는 프록시를 쓰지 않습니다.
proxy_unset_system = 주소를 입력하기 전에는 시스템 프록시를 씁니다.
ca_file = CA 파일
ca_hint = 시스템 인증서에 추가
client_cert = 클라이언트 인증서
client_cert_hint = 키가 함께 든 PEM 파일
cookie_file = 쿠키 파일
cookie_file_hint = cookies.txt 형식
network_fault-missing = 그런 파일이 없습니다. 파일이 있어야 작업을 시작할 수 있습니다.
network_fault-no_certificate = PEM 인증서가 없는 파일입니다. 이 파일로는 작업을 시작할 수 없습니다.
network_fault-no_key = PEM 인증서와 개인 키가 함께 들어 있지 않은 파일입니다. 이 파일로는 작업을 시작할 수 없습니다.
network_fault-no_cookies = 넷스케이프 형식의 cookies.txt 파일이 아닙니다. 이 파일로는 작업을 시작할 수 없습니다.
user_agent = User-Agent
user_agent_hint = Pixloom 기본값
referer = Referer
wrong_header_value = 한 줄로 된 텍스트를 입력하세요.
insecure_hosts = 인증서를 확인하지 않을 호스트
insecure_warning = 인증서를 확인하지 않으면 전송 내용을 중간에서 누구나 읽고 바꿀 수 있습니다.
new_host = 추가할 호스트
add_host = 호스트 추가
wrong_host = 호스트 이름이나 주소만 입력하세요. 예: nas.local

## 인증 정보

access = 인증 정보
access_add = 인증 정보 추가…
access_note = 이 호스트에만 보내며, 다른 곳으로 리디렉션되면 보내지 않습니다.
access_host = 호스트
access_kind = 인증 방식
access_as_header = 헤더
access_cookie = 쿠키
access_basic = 사용자 이름과 암호
access_bearer = 토큰
access_scheme = 로그인 방식
access_scheme_basic = Basic
access_scheme_digest = Digest
access_digest_note = Digest는 서버의 요청에 답할 뿐 암호 자체는 보내지 않습니다.
access_header_name = 헤더 이름
access_user = 사용자 이름
access_from = 저장 위치
access_typed = 여기에 입력
access_variable = 환경 변수
access_netrc = ~/.netrc
access_password = 암호
access_value = 값
access_variable_name = 변수 이름
access_unchanged = 바꾸지 않음
access_kept = 본인만 읽을 수 있는 곳에 보관
access_plain = http는 암호화되지 않아 전송 내용을 중간에서 누구나 읽을 수 있습니다.
access_save = 인증 정보 저장
access_cancel = 저장 안 함
wrong_place = api.example.com 또는 https://api.example.com:8443처럼 입력하세요.
wrong_header = 설정할 수 없는 헤더입니다. X-Api-Key 같은 이름을 입력하세요.
wrong_user = 콜론 없이 사용자 이름을 입력하세요.
wrong_variable = API_TOKEN 같은 변수 이름을 입력하세요.
wrong_secret = 여기에 입력하세요. 줄바꿈은 쓸 수 없습니다.
access_twice = 이 호스트에는 이미 같은 인증 정보가 있습니다. 그것을 편집하세요.
edit_named = 편집: { $name }
removed_named = 제거함: { $name }
