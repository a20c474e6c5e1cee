### 항목, 링크, 목록 오류의 자세한 내용.

## 항목과 파일

no_name_chosen = 이름을 정하지 못했습니다
not_regular = 일반 파일이 아닙니다
pipe_or_device = 파이프나 장치입니다
file_in_fetched_list = 내려받은 목록에 든 파일 경로입니다
file_bytes = { $size }바이트입니다. { $most }바이트까지 쓸 수 있습니다
path_and_reason = { $path }: { $reason }
sample_mismatch = 표본 형식이 다른 밴드입니다
image_side_limit_is = { $width } x { $height } px입니다. 한 변은 { $most } px까지입니다
image_pixel_limit_is = { $width } x { $height } px입니다. { $most }메가픽셀까지입니다
result_side_limit = 결과가 { $width } x { $height } px가 됩니다. 한 변은 { $most } px까지입니다
result_pixel_limit = 결과가 { $width } x { $height } px가 됩니다. { $most }메가픽셀까지입니다
memory_per_item = 메모리 { JOSA($memory, "이", "가") } 필요합니다. 항목당 한도는 { $most }입니다
memory_available = { $file } 파일에 메모리 { JOSA($memory, "이", "가") } 필요합니다. 쓸 수 있는 메모리는 { $most }입니다

## 목록의 잘못된 내용

in_line = { $list } { $number }번째 줄: { $why }
in_row = { $list } { $number }행: { $why }
link_in_line = { $list } { $number }번째 줄: { $why }
link_in_row = { $list } { $number }행: { $why }
parquet_panic = Parquet 라이브러리 오류
line_not_encoded = { $encoding }에 맞지 않는 바이트가 있습니다. --encoding으로 올바른 인코딩을 지정하세요
    .window = { $encoding }에 맞지 않는 바이트가 있습니다
line_no_link = 링크가 없습니다
line_long_link = 링크가 { $most } KiB보다 깁니다
line_long = { $most } KiB보다 깁니다
line_long_or_quote = { $most } KiB보다 길거나 따옴표가 닫히지 않았습니다. { $next }번째 줄부터 계속 읽습니다
line_open_quote = 따옴표가 닫히지 않아 { $last }번째 줄까지 모두 따옴표 안의 내용입니다. 따옴표를 닫고 목록을 다시 실행하세요
line_not_utf8 = UTF-8이 아닙니다
line_link_not_utf8 = 링크가 UTF-8이 아닙니다
line_link_not_text = 링크가 텍스트가 아닙니다
line_json_type = JSON 객체도 문자열도 아닙니다
line_no_json = 올바른 JSON이 아닙니다({ $detail })
line_no_keys = 비어 있어 "{ $key }" 항목이 없습니다
line_no_key = "{ $key }" 키가 없습니다. 있는 키: { $keys }
line_key_not_text = "{ $key }" 값이 텍스트가 아닙니다
line_short = 열 { $of }개 중 { $had }개만 있고 "{ $column }" 열이 없습니다
url_begins = 링크는 http://나 https://로 시작해야 합니다
url_names_no_host = 호스트가 없습니다
url_control_character = 제어 문자가 들어 있습니다
url_two = 링크가 두 개 들어 있습니다. 한 줄에 하나씩 적으세요
url_no_host = 호스트가 없습니다
url_scheme = http와 https만 쓸 수 있습니다

## 잘못된 응답

name_no_address = 호스트 이름에 해당하는 주소가 없습니다
name_forbidden = 호스트 이름의 주소가 { $address }입니다
name_private = 호스트 이름의 주소가 이 네트워크 안의 { $address }입니다
link_failed = 요청에 실패했습니다
link_closed = 서버가 응답하기 전에 연결을 끊었습니다: { $detail }
link_headers = 헤더가 너무 많거나 너무 깁니다
link_body = 본문이 올바르지 않습니다: { $detail }
link_decode = 본문의 압축을 풀 수 없습니다: { $detail }
link_part = 전체를 요청했는데 일부만 보냈습니다
link_accepted = 서버가 요청을 접수했지만 아직 내용이 없습니다
link_coding = 알 수 없는 콘텐츠 인코딩입니다: { $coding }
link_transfer_coding = 지원하지 않는 전송 인코딩입니다: { $coding }
link_more = 알린 것보다 많이 보냈습니다
link_unconditional = 조건 없는 요청에 304로 응답했습니다
link_asks_wait = { $seconds }초 기다려 달라고 응답했습니다
robots_no_answer = { $seconds }초 안에 robots.txt를 받지 못했습니다
robots_status = 서버가 { $status } 오류로 응답했습니다
robots_cut_off = robots.txt가 중간에 끊겼습니다
