package document

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// MOTCUA_PAPERS names a folder to which every paper of the tests is written, to be
// looked at.
func keep(t testing.TB, name string, pdf []byte) {
	t.Helper()
	if dir := os.Getenv("MOTCUA_PAPERS"); dir != "" {
		if err := os.WriteFile(filepath.Join(dir, name+".pdf"), pdf, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestFormsSayWhatTheyMust(t *testing.T) {
	head := []string{"CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "Độc lập - Tự do - Hạnh phúc", "Hạc Thành, ngày 22 tháng 11 năm 2026"}
	for kind, want := range map[Kind][]string{
		Receipt: {
			"Số: 12/TNHS", "GIẤY TIẾP NHẬN HỒ SƠ", "VÀ HẸN TRẢ KẾT QUẢ", "Mã hồ sơ: H99.15.02-261122-0001", "Tiếp nhận hồ sơ của: Đặng Thị Hường",
			"Số định danh cá nhân/CCCD: 099190000001", "Địa chỉ: Số 12 ngõ 5 phố Trường Thi, phường Hạc Thành", "Số điện thoại: 0912345678", "Email: huong@example.vn",
			"Nội dung yêu cầu giải quyết: Đăng ký khai sinh cho Nguyễn Đặng Minh Khuê", "Giấy chứng sinh do cơ sở y tế nơi trẻ em sinh ra cấp Bản chính 1",
			"2. Số lượng hồ sơ: 01 bộ", "3. Thời gian nhận hồ sơ: 09 giờ 05 phút, ngày 22 tháng 11 năm 2026",
			"4. Thời gian dự kiến trả kết quả giải quyết hồ sơ: 17 giờ 30 phút, ngày 23 tháng 11 năm 2026",
			"5. Đăng ký trả kết quả tại: Trung tâm Phục vụ hành chính công phường Hạc Thành", "6. Phí, lệ phí: Lệ phí đăng ký khai sinh: 1.234.000 đồng (đã nộp)",
			"NGƯỜI NỘP HỒ SƠ", "NGƯỜI TIẾP NHẬN HỒ SƠ", "Lê Văn Tuấn", "Mã kiểm tra: 7FK3-QX2A-9M", "Mẫu số 01 - Thông tư số 03/2025/TT-VPCP",
		},
		Supplement: {
			"PHIẾU YÊU CẦU BỔ SUNG, HOÀN THIỆN HỒ SƠ", "1. Giấy chứng sinh (bản chính);", "2. Giấy chứng nhận kết hôn của cha mẹ;",
			"Lý do: Ảnh chụp giấy chứng sinh bị mờ, không đọc được ngày sinh của trẻ và tên cơ sở y tế.", "Chụp lại đủ bốn góc, đủ sáng.",
			"trước: 17 giờ 30 phút, ngày 22 tháng 12 năm 2026", "không tính vào thời hạn giải quyết",
		},
		Refusal:      {"PHIẾU TỪ CHỐI TIẾP NHẬN GIẢI QUYẾT HỒ SƠ", "Tiếp nhận hồ sơ của: Đặng Thị Hường", "không tiếp nhận, giải quyết hồ sơ này với lý do cụ thể như sau:", "tên cơ sở y tế."},
		Extension:    {"PHIẾU XIN LỖI VÀ HẸN LẠI NGÀY TRẢ KẾT QUẢ", "Kính gửi: Đặng Thị Hường", "Thời gian hẹn trả kết quả: 17 giờ 30 phút, ngày 23 tháng 11 năm 2026", "lời xin lỗi chân thành", "17 giờ 30 phút, ngày 26 tháng 11 năm 2026.", "(lĩnh vực Hộ tịch)", "- Lưu: hồ sơ."},
		Stop:         {"THÔNG BÁO", "Về việc dừng giải quyết hồ sơ", "Căn cứ Điều 12 Nghị định thử nghiệm;", "dừng giải quyết hồ sơ nêu trên kể từ ngày 22/11/2026", "Giấy chứng nhận kết hôn của cha mẹ (bản sao, số lượng: 2);"},
		ControlSheet: {"PHIẾU KIỂM SOÁT QUÁ TRÌNH GIẢI QUYẾT HỒ SƠ", "TÊN CƠ QUAN", "1. Giao: Đặng Thị Hường", "2. Nhận: Lê Văn Tuấn", "Đúng hạn", "Đang giải quyết"},
	} {
		t.Run(string(kind), func(t *testing.T) {
			pdf, err := draw(kind, samplePage(sample()))
			if err != nil {
				t.Fatal(err)
			}
			keep(t, "form-"+string(kind), pdf)
			laidOut, read := textOf(t, pdf), flowOf(t, pdf)
			for _, line := range append(want, head...) {
				if !strings.Contains(laidOut, line) && !strings.Contains(read, line) {
					t.Errorf("the paper does not say %q:\n%s", line, read)
				}
			}
		})
	}
}

func TestTheCodeOnTheReceiptOpensTheTrackingPage(t *testing.T) {
	p := samplePage(sample())
	pdf, err := draw(Receipt, p)
	if err != nil {
		t.Fatal(err)
	}
	if got := scanned(t, pdf, "1"); got != p.track {
		t.Errorf("the code says %q, want %q", got, p.track)
	}
}

// The same data must give the same bytes, whenever it is drawn: a job that runs
// twice must not make two papers.
func TestDrawingIsDeterministic(t *testing.T) {
	for _, kind := range []Kind{Receipt, Supplement, Refusal, Extension, Stop, ControlSheet, DossierBook} {
		first, err := draw(kind, samplePage(sample()))
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			if again, err := draw(kind, samplePage(sample())); err != nil || !bytes.Equal(first, again) {
				t.Fatalf("form %s differs from one drawing to the next (%v)", kind, err)
			}
		}
	}
}

func TestTheBookRunsOverPagesWithItsHead(t *testing.T) {
	d := sample()
	for i := range 60 {
		d.Book = append(d.Book, BookLine{
			Number: fmt.Sprintf("H99.15.02-261122-%04d", i+1), Procedure: "Đăng ký khai sinh", Owner: "Đặng Thị Hường", Contact: "Số 12 ngõ 5 phố Trường Thi, 0912345678",
			Agency: "UBND phường Hạc Thành", ReceivedAt: at, DueAt: at, ReturnedBy: "Tại quầy",
		})
	}
	pdf, err := draw(DossierBook, samplePage(d))
	if err != nil {
		t.Fatal(err)
	}
	keep(t, "form-07", pdf)
	pages := strings.Split(strings.TrimRight(string(poppler(t, "pdftotext", pdf, "-layout")), "\f"), "\f")
	if len(pages) < 4 {
		t.Fatalf("%d pages", len(pages))
	}
	for i, p := range pages {
		text := strings.Join(strings.Fields(p), " ")
		if !strings.Contains(text, "Mã hồ sơ") {
			t.Errorf("page %d lacks the head of the table", i+1)
		}
		first := strings.Fields(p)[0]
		if i > 0 && first != fmt.Sprint(i+1) {
			t.Errorf("page %d begins with %q, not with its number", i+1, first)
		}
		if i == 0 && first == "1" {
			t.Error("the first page is numbered")
		}
	}
	if all := flowOf(t, pdf); !strings.Contains(all, "0001") || !strings.Contains(all, "0060") {
		t.Error("a line of the book is missing")
	}
}

// Every letter of Vietnamese must come out of the PDF as it went in, also when it
// was typed decomposed, as some keyboards do.
func TestEveryLetterIsThere(t *testing.T) {
	letters := "AĂÂBCDĐEÊGHIKLMNOÔƠPQRSTUƯVXY aăâbcdđeêghiklmnoôơpqrstuưvxy ÀÁẢÃẠẰẮẲẴẶẦẤẨẪẬÈÉẺẼẸỀẾỂỄỆÌÍỈĨỊÒÓỎÕỌỒỐỔỖỘỜỚỞỠỢÙÚỦŨỤỪỨỬỮỰỲÝỶỸỴ àáảãạằắẳẵặầấẩẫậèéẻẽẹềếểễệìíỉĩịòóỏõọồốổỗộờớởỡợùúủũụừứửữựỳýỷỹỵ 0123456789 m² ₫ – “trích” ‘dẫn’ … • ½ × ≤ ≥ №"
	d := sample()
	d.Reason = letters
	pdf, err := draw(Refusal, samplePage(d))
	if err != nil {
		t.Fatal(err)
	}
	got := flowOf(t, pdf)
	for _, word := range strings.Fields(letters) {
		if len([]rune(word)) < 60 && !strings.Contains(got, word) {
			t.Errorf("%q is not in the paper", word)
		}
	}
	squeezed := strings.ReplaceAll(got, " ", "")
	for _, c := range letters {
		if !strings.ContainsRune(squeezed, c) && c != ' ' {
			t.Errorf("the letter %q is lost", c)
		}
	}
	d.Reason = "Đường Nguyễn Huệ" // decomposed
	pdf, err = draw(Refusal, samplePage(d))
	if err != nil || !strings.Contains(flowOf(t, pdf), "Đường Nguyễn Huệ") {
		t.Errorf("decomposed letters: %v\n%s", err, flowOf(t, pdf))
	}
}

// What people type must neither break the paper nor run off it.
func TestStrangeInputStaysOnThePaper(t *testing.T) {
	d := sample()
	d.Owner.Name = strings.Repeat("Đặng", 120)
	d.Reason = "emoji 🙂, tab\t, điều khiển\x07\u202e, chữ Hán 漢字, " + strings.Repeat("rất dài ", 900)
	d.Dossier.Title = strings.Repeat("x", 1000)
	d.Owner.Address = "\u200b\u200b"
	for _, kind := range []Kind{Receipt, Supplement, Refusal, Extension, Stop} {
		pdf, err := draw(kind, samplePage(d))
		if err != nil {
			t.Fatalf("form %s: %v", kind, err)
		}
		text := flowOf(t, pdf)
		if kind != Receipt && !strings.Contains(text, "□") {
			t.Errorf("form %s: a sign the typeface lacks vanished", kind)
		}
		// Nothing may stand right of the margin: the box of the text ends before the page does.
		for _, line := range strings.Split(string(poppler(t, "pdftotext", pdf, "-bbox")), "\n") {
			var x0, y0, x1, y1 float64
			if _, err := fmt.Sscanf(strings.TrimSpace(line), `<word xMin="%f" yMin="%f" xMax="%f" yMax="%f"`, &x0, &y0, &x1, &y1); err == nil && (x1 > 595 || y1 > 842 || x0 < 0 || y0 < 0) {
				t.Errorf("form %s runs off the page: %s", kind, line)
			}
		}
	}
}

func TestAnEmptyFormPrintsDots(t *testing.T) {
	pdf, err := draw(Receipt, page{at: at})
	if err != nil {
		t.Fatal(err)
	}
	if text := flowOf(t, pdf); !strings.Contains(text, "Tiếp nhận hồ sơ của: …………") || !strings.Contains(text, "theo quy định của thủ tục") {
		t.Errorf("%s", text)
	}
}
