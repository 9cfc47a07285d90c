package document

import (
	"bytes"
	"errors"
	"image"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"

	"motcua/internal/platform/civil"
)

// poppler runs one of poppler's tools on a PDF and returns what it writes.
func poppler(t testing.TB, tool string, pdf []byte, args ...string) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "paper.pdf")
	if err := os.WriteFile(path, pdf, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(tool, append(args, path, "-")...)
	if tool == "pdftoppm" {
		cmd = exec.Command(tool, append(args, path)...)
	}
	out, err := cmd.Output()
	if errors.Is(err, exec.ErrNotFound) {
		if os.Getenv("CI") == "true" {
			t.Fatalf("%s (poppler-utils) is missing", tool)
		}
		t.Skipf("%s (poppler-utils) is not installed", tool)
	}
	if err != nil {
		t.Fatalf("%s: %v", tool, err)
	}
	return out
}

// textOf reads a PDF the way people do, with single spaces.
func textOf(t testing.TB, pdf []byte) string {
	t.Helper()
	return strings.Join(strings.Fields(string(poppler(t, "pdftotext", pdf, "-layout"))), " ")
}

// flowOf reads it in reading order, without the columns of the page.
func flowOf(t testing.TB, pdf []byte) string {
	t.Helper()
	return strings.Join(strings.Fields(string(poppler(t, "pdftotext", pdf))), " ")
}

// pixels draws a page.
func pixels(t testing.TB, pdf []byte, page string) image.Image {
	t.Helper()
	img, err := png.Decode(bytes.NewReader(poppler(t, "pdftoppm", pdf, "-r", "150", "-png", "-singlefile", "-f", page)))
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// scanned reads the QR code of a page.
func scanned(t testing.TB, pdf []byte, page string) string {
	t.Helper()
	bitmap, err := gozxing.NewBinaryBitmapFromImage(pixels(t, pdf, page))
	if err != nil {
		t.Fatal(err)
	}
	result, err := qrcode.NewQRCodeReader().Decode(bitmap, map[gozxing.DecodeHintType]any{gozxing.DecodeHintType_TRY_HARDER: true})
	if err != nil {
		t.Fatalf("no QR code can be read: %v", err)
	}
	return result.GetText()
}

var at = civil.MustDate("2026-11-22").At(9, 5)

// sample is a dossier as the forms tell it.
func sample() Data {
	return Data{
		Agency: Agency{
			Name: "Ủy ban nhân dân phường Hạc Thành", Unit: "Trung tâm Phục vụ hành chính công", Place: "Hạc Thành",
			Address: "Số 35 đại lộ Thử", Phone: "0237 000 0000",
		},
		Dossier: About{
			Number: "H99.15.02-261122-0001", Procedure: "Đăng ký khai sinh", Field: "Hộ tịch", Title: "Đăng ký khai sinh cho Nguyễn Đặng Minh Khuê", Sets: 1,
			TermText:    "Ngay trong ngày tiếp nhận; nhận hồ sơ sau 15 giờ thì trả kết quả trong ngày làm việc tiếp theo",
			SubmittedAt: at.Add(-time.Hour), ReceivedAt: at, DueAt: civil.MustDate("2026-11-23").At(17, 30),
		},
		Owner:     Party{Name: "Đặng Thị Hường", CitizenNo: "099190000001", Phone: "0912345678", Email: "huong@example.vn", Address: "Số 12 ngõ 5 phố Trường Thi, phường Hạc Thành"},
		Submitter: Party{Name: "Đặng Thị Hường", CitizenNo: "099190000001"},
		Signer:    Signer{Name: "Lê Văn Tuấn"},
		Papers: []PaperLine{
			{"Tờ khai đăng ký khai sinh", "Bản điện tử", 1}, {"Giấy chứng sinh do cơ sở y tế nơi trẻ em sinh ra cấp", "Bản chính", 1}, {"Giấy chứng nhận kết hôn của cha mẹ", "Bản sao", 2},
		},
		Fees: []FeeLine{{"Lệ phí đăng ký khai sinh", 1234000, true}}, Delivery: "Trung tâm Phục vụ hành chính công phường Hạc Thành",
		Missing: []string{"Giấy chứng sinh (bản chính)", "Giấy chứng nhận kết hôn của cha mẹ"},
		Reason:  "Ảnh chụp giấy chứng sinh bị mờ, không đọc được ngày sinh của trẻ và tên cơ sở y tế.", Guidance: "Chụp lại đủ bốn góc, đủ sáng.",
		AnswerBy: civil.MustDate("2026-12-22").At(17, 30), Round: 1, Basis: "Điều 12 Nghị định thử nghiệm",
		OldDue: civil.MustDate("2026-11-23").At(17, 30), NewDue: civil.MustDate("2026-11-26").At(17, 30),
		HandOvers: []HandOver{
			{Agency: "Trung tâm Phục vụ hành chính công", From: "Đặng Thị Hường", To: "Lê Văn Tuấn", At: at, Result: "Đúng hạn"},
			{Agency: "Phòng Tư pháp", From: "Lê Văn Tuấn", To: "Phạm Thị Mai", At: at.Add(3 * time.Hour), Ongoing: true},
		},
		Period: "Tháng 11 năm 2026",
	}
}

func samplePage(d Data) page {
	return page{
		Data: d, number: "12/TNHS", at: at, track: "https://motcua.example.gov.vn/tra-cuu?ma=" + d.Dossier.Number, code: "7FK3QX2A9M",
		where: "motcua.example.gov.vn/kiem-tra",
	}
}
