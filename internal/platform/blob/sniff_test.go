package blob_test

import (
	"bytes"
	"os/exec"
	"strings"
	"testing"
	"unicode/utf8"

	"motcua/internal/platform/blob"
	"motcua/internal/platform/errs"
)

func TestTheContentDecidesTheType(t *testing.T) {
	for _, c := range []struct {
		what, name string
		content    []byte
		mime, want string
	}{
		{"a PDF", "Giấy khai sinh.pdf", []byte(pdf), blob.PDF, "Giấy khai sinh.pdf"},
		{"a PDF after white space", "a.PDF", []byte("\r\n\r\n" + pdf), blob.PDF, "a.PDF"},
		{"a PDF with a byte order mark", "a.pdf", []byte("\xef\xbb\xbf" + pdf), blob.PDF, "a.pdf"},
		{"a picture named as PDF", "đơn.pdf", jpegFile(t), blob.JPEG, "đơn.jpg"},
		{"a picture without ending", "IMG_0001", pngFile(t), blob.PNG, "IMG_0001.png"},
		{"a picture with its other ending", "a.JPEG", jpegFile(t), blob.JPEG, "a.JPEG"},
		{"a phone's picture", "IMG_1.HEIC", heicFile(), blob.HEIC, "IMG_1.HEIC"},
		{"a PDF named as program", "ảnh.exe", []byte(pdf), blob.PDF, "ảnh.exe.pdf"},
		{"a document", "Đơn xin.docx", docxFile(t), blob.DOCX, "Đơn xin.docx"},
		{"a sheet named as document", "bảng.docx", xlsxFile(t), blob.XLSX, "bảng.xlsx"},
		{"text", "ghi chú.txt", []byte("Kính gửi: UBND phường\r\n"), blob.Text, "ghi chú.txt"},
		{"a long text", "lời.txt", []byte(longText), blob.Text, "lời.txt"},
		{"a list", "danh sách.csv", []byte("tên,năm\nHoa,1990\n"), blob.Text, "danh sách.csv"},
		{"text in UTF-16", "a.txt", utf16File("Kính gửi 🏠"), blob.Text, "a.txt"},
		{"a comparison", "a.txt", []byte("a < b và b > c"), blob.Text, "a.txt"},
		{"no name", "", []byte(pdf), blob.PDF, "tep.pdf"},
		{"only an ending", ".pdf", []byte(pdf), blob.PDF, "pdf.pdf"},
	} {
		mime, name, err := blob.Identify(bytes.NewReader(c.content), int64(len(c.content)), c.name)
		if err != nil || mime != c.mime || name != c.want {
			t.Errorf("%s: %q, %q, %v; want %q, %q", c.what, mime, name, err, c.mime, c.want)
		}
	}
}

func TestHostileFilesAreRefused(t *testing.T) {
	program := func(magic string) []byte { return append([]byte(magic), content(1, 2000)...) }
	for _, c := range []struct {
		what, name string
		content    []byte
		code       string
	}{
		{"Windows program", "a.pdf", program("MZ\x90\x00"), "program"},
		{"Linux program", "a", program("\x7fELF\x02\x01"), "program"},
		{"Mac program", "a", program("\xcf\xfa\xed\xfe"), "program"},
		{"Java class", "a.jpg", program("\xca\xfe\xba\xbe"), "program"},
		{"shell script", "a.txt", []byte("#!/bin/sh\nrm -rf /\n"), "program"},
		{"batch file", "a.bat", []byte("del *.*\r\n"), "program"},
		{"PowerShell", "hóa đơn.PS1", []byte("Remove-Item x"), "program"},
		{"script", "a.vbs", []byte("MsgBox 1"), "program"},
		{"web page", "a.txt", []byte("<!DOCTYPE html><script>alert(1)</script>"), "page"},
		{"web page by name", "a.html", []byte("xin chào"), "page"},
		{"drawing", "a.svg", []byte(`<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>`), "page"},
		{"drawing named as picture", "a.png", []byte(`<?xml version="1.0"?><svg onload="alert(1)"/>`), "page"},
		{"markup after words", "a.txt", []byte("xin chào <SVG/onload=alert(1)>"), "page"},
		{"entity bomb", "a.xml", []byte(`<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "a">]><l>&a;</l>`), "page"},
		{"PHP", "a.jpg", []byte("<?php system($_GET['c']); ?>"), "page"},
		{"other zip", "a.zip", zipFile(t, "a.txt"), "unknown"},
		{"zip named as document", "a.docx", zipFile(t, "a.txt", "setup.exe"), "macro"},
		{"document with macro", "a.docx", docxFile(t, "word/vbaProject.bin"), "macro"},
		{"document with a way out", "a.docx", docxFile(t, "../../etc/cron.d/x"), "unknown"},
		{"document and sheet at once", "a.docx", zipFile(t, "[Content_Types].xml", "word/document.xml", "xl/workbook.xml"), "unknown"},
		{"old Office", "a.doc", program("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), "locked"},
		{"archive", "a.rar", program("Rar!\x1a\x07"), "unknown"},
		{"moving picture", "a.gif", program("GIF89a"), "unknown"},
		{"film in the clothes of a phone picture", "a.heic", program("\x00\x00\x00\x18ftypisom"), "unknown"},
		{"noise", "a.pdf", content(8, 3000), "unknown"},
		{"text with a NUL", "a.txt", []byte("xin\x00chào"), "unknown"},
		{"binary after much text", "a.txt", append([]byte(longText), 0), "unknown"},
		{"text in an old encoding", "a.txt", []byte("Gi\xcay khai sinh"), "unknown"},
		{"PDF after a page", "a.pdf", []byte("<html>" + pdf), "page"},
	} {
		_, _, err := blob.Identify(bytes.NewReader(c.content), int64(len(c.content)), c.name)
		if !errs.HasCode(err, "file.type-refused."+c.code) || !errs.Is(err, errs.Invalid) {
			t.Errorf("%s: %v, want file.type-refused.%s", c.what, err, c.code)
		}
	}
	for what, broken := range map[string][]byte{
		"PDF cut off":     []byte(pdf[:30] + strings.Repeat("stream\n", 100)),
		"picture cut off": jpegFile(t)[:30],
		"PNG cut off":     pngFile(t)[:12],
		"document cut":    docxFile(t)[:200],
	} {
		if _, _, err := blob.Identify(bytes.NewReader(broken), int64(len(broken)), "a"); !errs.HasCode(err, "file.damaged") {
			t.Errorf("%s: %v, want file.damaged", what, err)
		}
	}
	// A picture that claims to be a million pixels wide.
	huge := pngFile(t)
	copy(huge[16:], "\x00\x0f\x42\x40\x00\x0f\x42\x40")
	if _, _, err := blob.Identify(bytes.NewReader(huge), int64(len(huge)), "a.png"); err == nil {
		t.Error("a picture of 10¹² pixels was taken")
	}
}

func TestNamesAreMadeSafe(t *testing.T) {
	for in, want := range map[string]string{
		"Giấy chứng nhận.pdf":             "Giấy chứng nhận.pdf",
		"Gia\u0302\u0301y.pdf":            "Giấy.pdf", // composed
		`C:\Users\hoa\ảnh.jpg`:            "ảnh.jpg",
		"../../etc/passwd":                "passwd",
		"a\r\nSet-Cookie: x=1.pdf":        "aSet-Cookie_ x=1.pdf",
		"ảnh\u202egpj.exe":                "ảnhgpj.exe", // no turning of the reading direction
		"a\u200bb.pdf":                    "ab.pdf",
		`"><script>.pdf`:                  "___script_.pdf",
		"...":                             "tep",
		"   ":                             "tep",
		"":                                "tep",
		".htaccess":                       "htaccess",
		"a\xff.pdf":                       "a.pdf",
		"a.":                              "a",
		strings.Repeat("ế", 300) + ".pdf": strings.Repeat("ế", 116) + ".pdf",
	} {
		if got := blob.SafeName(in); got != want {
			t.Errorf("SafeName(%q) = %q, want %q", in, got, want)
		}
	}
}

func FuzzIdentify(f *testing.F) {
	f.Add([]byte(pdf), "a.pdf")
	f.Add(docxFile(f), "a.docx")
	f.Add(pngFile(f), "a.png")
	f.Add(heicFile(), "a.heic")
	f.Add(utf16File("xin chào"), "a.txt")
	f.Fuzz(func(t *testing.T, b []byte, name string) {
		if len(b) == 0 {
			return
		}
		mime, safe, err := blob.Identify(bytes.NewReader(b), int64(len(b)), name)
		if err != nil {
			return
		}
		if mime == "" || safe == "" || strings.ContainsAny(safe, "/\\\r\n\x00") || !utf8.ValidString(safe) {
			t.Errorf("%q, %q", mime, safe)
		}
		if mime == blob.Text && (bytes.Contains(bytes.ToLower(b[:min(len(b), 4096)]), []byte("<script")) || b[0] == 0x7f) {
			t.Errorf("an active text was taken: %q", b)
		}
	})
}

// Another program's opinion, where it is installed: what is taken is what it says.
func TestFileAgrees(t *testing.T) {
	file, err := exec.LookPath("file")
	if err != nil {
		t.Skip("the program file(1) is not installed")
	}
	for _, c := range []struct {
		content []byte
		want    string
	}{{[]byte(pdf), blob.PDF}, {jpegFile(t), blob.JPEG}, {pngFile(t), blob.PNG}, {[]byte(longText), blob.Text}, {heicFile(), blob.HEIC}} {
		cmd := exec.Command(file, "--brief", "--mime-type", "-")
		cmd.Stdin = bytes.NewReader(c.content)
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.TrimSpace(string(out)); got != c.want {
			t.Errorf("file says %q, we say %q", got, c.want)
		}
	}
}
