package e2e

import (
	"fmt"
	"testing"

	"motcua/e2e/browser"
)

// TestAskingOnAboutAProcedure is how a citizen asks on: on a procedure's page, and in the
// search after a search. The page says what it understood, answers, and lets go of it.
func TestAskingOnAboutAProcedure(t *testing.T) {
	s := open(t)
	for _, noScript := range []bool{false, true} {
		t.Run(fmt.Sprintf("noScript=%v", noScript), func(t *testing.T) {
			p := s.person(t, browser.Options{Name: "asking", Width: 360, NoScript: noScript})
			p.Visit("/thu-tuc/1.001193")
			p.Fill("Hỏi về thủ tục này", "mất bao lâu?")
			p.Press("Tìm")
			p.Sees("Hiểu là hỏi về «Thủ tục đăng ký khai sinh»", "Thời hạn giải quyết", "Xem cả thủ tục")
			p.Fill("Bạn cần làm gì?", "cần mang giấy tờ gì")
			p.Press("Tìm")
			p.Sees("Hiểu là hỏi về «Thủ tục đăng ký khai sinh»", "Giấy tờ cần có", "Giấy chứng sinh")
			p.Fill("Bạn cần làm gì?", "đăng ký kết hôn")
			p.Press("Tìm")
			p.SeesNot("Hiểu là hỏi về")
			p.Fill("Bạn cần làm gì?", "nộp ở đâu")
			p.Press("Tìm")
			p.Sees("Hiểu là hỏi về «Thủ tục đăng ký kết hôn»", "Nơi tiếp nhận")
			p.Press("Tìm trong mọi thủ tục")
			p.SeesNot("Hiểu là hỏi về")
		})
	}
}
