### 입력의 종류. 영어는 종류를 선언하는 곳(`src/source`)에 있다.

source-files =
    .argument = 파일
    .menu = 이미지 추가…
source-folder =
    .argument = 폴더
    .menu = 폴더 추가…
source-watched_folder =
    .menu = 폴더 감시…
source-url =
    .argument = http(s) URL
source-url_list =
    .list_argument = 파일
source-fetched_list =
    .list_argument = 목록의 http(s) URL
source-stdin =
    .list_argument = 표준 입력을 뜻하는 -

## 목록의 형식

list_format-txt = 한 줄에 하나, #은 주석
