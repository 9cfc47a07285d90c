package ui

import "time"

// Invented samples for the gallery; nobody here exists.

func sampleErrors() Errors {
	return Errors{
		{"ho_ten", "Hãy nhập họ, chữ đệm, tên của trẻ"},
		{"ngay_sinh", "Tháng 2 năm 2026 không có ngày 31"},
		{"gioi_tinh", "Hãy chọn giới tính của trẻ"},
		{"cam_doan", "Hãy đánh dấu lời cam đoan trước khi nộp"},
	}
}

func sampleMoments() []Moment {
	day := time.Date(2026, 2, 3, 1, 30, 0, 0, time.UTC)
	return []Moment{
		{Title: "Trả kết quả", Next: true, Body: "Dự kiến 17:00 ngày 06/02/2026"},
		{At: day.Add(52 * time.Hour), Title: "Đang thẩm định", Actor: "UBND xã Hy Cương · Trần Văn Bình", Tone: Info},
		{At: day.Add(30 * time.Hour), Title: "Yêu cầu bổ sung giấy tờ", Body: "Giấy chứng sinh chụp bị mờ góc dưới.", Actor: "UBND xã Hy Cương", Tone: Warn, Links: []LinkProps{{Text: "Phiếu yêu cầu bổ sung", Href: "#", Icon: "file", File: "PDF, 82 kB"}}},
		{At: day.Add(time.Hour), Title: "Được tiếp nhận", Actor: "Bộ phận Một cửa xã Hy Cương", Tone: OK},
		{At: day, Title: "Nộp hồ sơ", Actor: "Nguyễn Thị Hoa", Tone: OK},
	}
}

func sampleColumns() []Column {
	return []Column{
		{Text: "Chọn tất cả", SelectAll: true, Narrow: true},
		{Text: "Số hồ sơ", Narrow: true, Sort: "#", Sorted: "descending"},
		{Text: "Trích yếu", Grow: true},
		{Text: "Người nộp"},
		{Text: "Hạn trả", Narrow: true, Sort: "#"},
		{Text: "Trạng thái", Narrow: true},
		{Text: "Lệ phí", Numeric: true, Quiet: true},
	}
}

type sampleRow struct {
	number, title, person, fee, stateText string
	state, tone                           Tone
}

func sampleRows() []sampleRow {
	return []sampleRow{
		{"H44.15.02-260205-0042", "Đăng ký khai sinh cho Nguyễn Ngọc Ánh", "Nguyễn Thị Hoa", "8.000", "Đang xử lý", Info, ""},
		{"H44.15.02-260204-0037", "Đăng ký lại kết hôn", "Trần Văn Bình", "20.000", "Quá hạn 2 ngày", Danger, Danger},
		{"H44.15.02-260204-0031", "Cấp bản sao trích lục hộ tịch", "Lê Thị Mận", "0", "Chờ bổ sung", Warn, Warn},
		{"H44.15.02-260203-0019", "Xác nhận tình trạng hôn nhân để mua bán, chuyển nhượng nhà đất", "Hoàng Đức Thắng", "15.000", "Chờ ký", Primary, ""},
	}
}

func sampleCards() []CardProps {
	return []CardProps{
		{Title: "Sinh con", Href: "#", Icon: "baby", Note: "Khai sinh, bảo hiểm y tế, thường trú"},
		{Title: "Kết hôn", Href: "#", Icon: "ring", Note: "Đăng ký, xác nhận tình trạng hôn nhân"},
		{Title: "Nhà và đất", Href: "#", Icon: "home", Note: "Sổ đỏ, chuyển nhượng, tách thửa"},
		{Title: "Lái xe", Href: "#", Icon: "car", Note: "Đổi giấy phép, đăng ký xe"},
		{Title: "Kinh doanh", Href: "#", Icon: "briefcase", Note: "Hộ kinh doanh, giấy phép con"},
		{Title: "Người có công", Href: "#", Icon: "star", Note: "Trợ cấp, xác nhận, điều dưỡng"},
	}
}
