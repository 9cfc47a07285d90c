package blob

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"io"
	"net/http"
	"path"
	"slices"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"motcua/internal/platform/errs"
)

// The types that are taken.
const (
	PDF  = "application/pdf"
	JPEG = "image/jpeg"
	PNG  = "image/png"
	HEIC = "image/heic"
	DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
	XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
	Text = "text/plain"
)

// extensions lists how files of each type may be called, the usual way first.
var extensions = map[string][]string{
	PDF:  {".pdf"},
	JPEG: {".jpg", ".jpeg", ".jfif"},
	PNG:  {".png"},
	HEIC: {".heic", ".heif"},
	DOCX: {".docx"},
	XLSX: {".xlsx"},
	Text: {".txt", ".csv", ".md"},
}

// Extensions returns how files of the given types may be called, for the accept
// attribute of a file input. Without types it returns those of everything taken.
func Extensions(types ...string) []string {
	if len(types) == 0 {
		types = []string{PDF, JPEG, PNG, HEIC, DOCX, XLSX, Text}
	}
	var all []string
	for _, t := range types {
		all = append(all, extensions[t]...)
	}
	return all
}

// InlineSafe reports whether a browser may show the type on a page of ours:
// it runs nothing. Everything else is downloaded.
func InlineSafe(mime string) bool { return mime == PDF || mime == JPEG || mime == PNG }

// Bounds of what is looked at: a hostile file must not cost more than an honest one.
const (
	maxPixels  = 300_000_000 // an A0 sheet scanned at 300 dpi has 140 million
	maxEntries = 20_000      // members of an office document
	maxUnzip   = 2 << 30     // their declared size together
	headSize   = 4096
)

// programs are the first bytes of files that a computer runs.
var programs = []struct{ magic, what string }{
	{"MZ", "Windows"}, {"\x7fELF", "Linux"}, {"#!", "script"}, {"\xca\xfe\xba\xbe", "Java"}, {"\xfe\xed\xfa\xce", "macOS"}, {"\xfe\xed\xfa\xcf", "macOS"},
	{"\xce\xfa\xed\xfe", "macOS"}, {"\xcf\xfa\xed\xfe", "macOS"}, {"\x00asm", "WebAssembly"}, {"dex\n", "Android"}, {"L\x00\x00\x00\x01\x14\x02\x00", "Windows link"},
}

// scripts are endings of plain texts that a computer or a browser runs.
var scripts = []string{
	".bat", ".cmd", ".com", ".cpl", ".exe", ".hta", ".htm", ".html", ".inf", ".jar", ".js", ".jse", ".lnk", ".mht", ".mhtml", ".mjs", ".msc", ".msi",
	".php", ".pif", ".ps1", ".psm1", ".py", ".reg", ".scf", ".scr", ".sh", ".shtml", ".svg", ".svgz", ".url", ".vb", ".vbe", ".vbs", ".ws", ".wsf", ".wsh", ".xht", ".xhtml", ".xml", ".xsl",
}

// Identify finds the type of a file in its content and gives it a name that fits.
// What it cannot vouch for is refused with file.type-refused (the argument
// "reason" is program, page, macro, locked or unknown), and what begins well but
// is broken with file.damaged.
func Identify(c io.ReaderAt, size int64, name string) (mime, safeName string, err error) {
	head := make([]byte, min(size, headSize))
	if _, err := io.ReadFull(io.NewSectionReader(c, 0, size), head); err != nil {
		return "", "", err
	}
	name = SafeName(name)
	mime, err = identify(c, size, head, name)
	if err != nil {
		return "", "", err
	}
	return mime, fitName(name, mime), nil
}

func identify(c io.ReaderAt, size int64, head []byte, name string) (string, error) {
	for _, p := range programs {
		if bytes.HasPrefix(head, []byte(p.magic)) {
			return "", refused("program")
		}
	}
	switch {
	case bytes.HasPrefix(skipSpace(head), []byte("%PDF-")):
		return PDF, checkPDF(c, size)
	case bytes.HasPrefix(head, []byte("\xff\xd8\xff")):
		return JPEG, checkImage(io.NewSectionReader(c, 0, size), jpeg.DecodeConfig)
	case bytes.HasPrefix(head, []byte("\x89PNG\r\n\x1a\n")):
		return PNG, checkImage(io.NewSectionReader(c, 0, size), png.DecodeConfig)
	case isHEIC(head):
		return HEIC, nil
	case bytes.HasPrefix(head, []byte("PK\x03\x04")):
		return office(c, size)
	case bytes.HasPrefix(head, []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")):
		// The old Office format, and also what Office writes for a file locked with a
		// password. Neither can be looked into.
		return "", refused("locked")
	}
	return plain(c, size, head, name)
}

func refused(reason string) error {
	return errs.New(errs.Invalid, "file.type-refused."+reason)
}

func damaged(cause error) error { return errs.New(errs.Invalid, "file.damaged").Because(cause) }

// skipSpace drops the byte order mark and white space that some scanners write
// before the first byte of a PDF. More is not forgiven: that is how one file
// passes for two types.
func skipSpace(b []byte) []byte {
	return bytes.TrimLeft(bytes.TrimPrefix(b, []byte("\xef\xbb\xbf")), " \t\r\n\x00")
}

// checkPDF looks for the end of the document, which a cut connection loses.
func checkPDF(c io.ReaderAt, size int64) error {
	tail := make([]byte, min(size, 64<<10))
	if _, err := c.ReadAt(tail, size-int64(len(tail))); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if !bytes.Contains(tail, []byte("%%EOF")) && !bytes.Contains(tail, []byte("startxref")) {
		return damaged(errors.New("the PDF has no end"))
	}
	return nil
}

func checkImage(r io.Reader, config func(io.Reader) (image.Config, error)) error {
	cfg, err := config(r)
	var rare jpeg.UnsupportedError
	switch {
	case errors.As(err, &rare):
		return nil // a kind of JPEG that Go does not decode, and others do
	case err != nil:
		return damaged(err)
	case int64(cfg.Width)*int64(cfg.Height) > maxPixels:
		return errs.New(errs.TooLarge, "file.too-many-pixels")
	}
	return nil
}

func isHEIC(head []byte) bool {
	if len(head) < 12 || string(head[4:8]) != "ftyp" {
		return false
	}
	switch string(head[8:12]) {
	case "heic", "heix", "heim", "heis", "hevc", "hevx", "mif1", "msf1":
		return true
	}
	return false
}

// office tells the two office formats that are taken from every other zip file.
func office(c io.ReaderAt, size int64) (string, error) {
	z, err := zip.NewReader(c, size)
	if err != nil {
		return "", damaged(err)
	}
	if len(z.File) > maxEntries {
		return "", refused("unknown")
	}
	var total uint64
	var types, word, sheet bool
	for _, e := range z.File {
		name := strings.ToLower(e.Name)
		total += e.UncompressedSize64
		switch {
		case total > maxUnzip, strings.HasPrefix(name, "/"), strings.Contains(name, `\`), slices.Contains(strings.Split(name, "/"), ".."):
			return "", refused("unknown")
		case e.Flags&1 != 0:
			return "", refused("locked")
		case path.Base(name) == "vbaproject.bin", strings.Contains(name, "/activex/"), strings.HasSuffix(name, ".exe"), strings.HasSuffix(name, ".dll"):
			return "", refused("macro")
		case name == "[content_types].xml":
			types = true
		case name == "word/document.xml":
			word = true
		case name == "xl/workbook.xml":
			sheet = true
		}
	}
	switch {
	case types && word && !sheet:
		return DOCX, nil
	case types && sheet && !word:
		return XLSX, nil
	}
	return "", refused("unknown")
}

// plain accepts text in Unicode that nothing runs and no browser takes for a page.
func plain(c io.ReaderAt, size int64, head []byte, name string) (string, error) {
	ext := strings.ToLower(path.Ext(name))
	if slices.Contains(scripts, ext) {
		if strings.Contains(".htm.html.svg.svgz.xht.xhtml.mht.mhtml.shtml.xml.xsl", ext) {
			return "", refused("page")
		}
		return "", refused("program")
	}
	sniffed := http.DetectContentType(head)
	if strings.HasPrefix(sniffed, "text/html") || strings.HasPrefix(sniffed, "text/xml") {
		return "", refused("page")
	}
	if !strings.HasPrefix(sniffed, "text/plain") {
		return "", refused("unknown")
	}
	if marksUp(head) {
		return "", refused("page")
	}
	if bytes.HasPrefix(head, []byte("\xff\xfe")) || bytes.HasPrefix(head, []byte("\xfe\xff")) {
		return Text, plain16(io.NewSectionReader(c, 2, size-2), head[0] == 0xff)
	}
	return Text, plain8(io.NewSectionReader(c, 0, size))
}

// marksUp finds what the standard sniffing leaves out: markup after a comment or
// some words, which older browsers still rendered.
func marksUp(head []byte) bool {
	low := bytes.ToLower(head)
	for _, tag := range []string{"<svg", "<script", "<html", "<!doctype", "<iframe", "<object", "<embed", "<body", "<?php", "<?xml", "javascript:"} {
		if bytes.Contains(low, []byte(tag)) {
			return true
		}
	}
	return false
}

func plain8(r io.Reader) error {
	buf := make([]byte, 64<<10)
	kept := 0
	for {
		n, err := r.Read(buf[kept:])
		b := buf[:kept+n]
		for len(b) > 0 && (utf8.FullRune(b) || errors.Is(err, io.EOF)) {
			c, w := utf8.DecodeRune(b)
			if c == utf8.RuneError && w == 1 || forbidden(c) {
				return refused("unknown")
			}
			b = b[w:]
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		kept = copy(buf, b)
	}
}

func plain16(r *io.SectionReader, little bool) error {
	if r.Size()%2 != 0 {
		return refused("unknown")
	}
	buf := make([]byte, 64<<10)
	for {
		n, err := io.ReadFull(r, buf)
		for i := 0; i+1 < n; i += 2 {
			u := rune(buf[i])<<8 | rune(buf[i+1])
			if little {
				u = rune(buf[i+1])<<8 | rune(buf[i])
			}
			if !utf16.IsSurrogate(u) && forbidden(u) {
				return refused("unknown")
			}
		}
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// forbidden are control characters that no honest text has.
func forbidden(c rune) bool {
	return c < 0x20 && c != '\t' && c != '\n' && c != '\r' && c != '\f' || c == 0x7f
}

// SafeName makes a file name that can be shown, stored and sent: one line, no
// path, no characters that turn the reading direction around or that a file
// system forbids, composed (NFC), at most 120 characters.
func SafeName(name string) string {
	name = norm.NFC.String(strings.ToValidUTF8(name, ""))
	if i := strings.LastIndexAny(name, `/\`); i >= 0 {
		name = name[i+1:]
	}
	name = strings.Map(func(c rune) rune {
		switch {
		case unicode.IsControl(c), unicode.Is(unicode.Cf, c):
			return -1
		case unicode.IsSpace(c):
			return ' '
		case strings.ContainsRune(`<>:"|?*;`, c):
			return '_'
		}
		return c
	}, name)
	name = strings.TrimLeft(strings.TrimSpace(name), ".")
	if r := []rune(name); len(r) > 120 {
		ext := []rune(path.Ext(name))
		if len(ext) > 12 {
			ext = nil
		}
		name = string(r[:120-len(ext)]) + string(ext)
	}
	name = strings.TrimRight(name, ". ")
	if name == "" {
		return "tep"
	}
	return name
}

// fitName lets the ending of a name say what the content is. An ending that
// belongs to another type is replaced, anything else is kept as part of the name:
// "ảnh.pdf" that is a picture becomes "ảnh.jpg".
func fitName(name, mime string) string {
	ext := strings.ToLower(path.Ext(name))
	if slices.Contains(extensions[mime], ext) {
		return name
	}
	for _, other := range extensions {
		if slices.Contains(other, ext) {
			name = name[:len(name)-len(ext)]
			break
		}
	}
	if name == "" {
		name = "tep"
	}
	return fmt.Sprint(name, extensions[mime][0])
}
