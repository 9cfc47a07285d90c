package demo

import (
	"motcua/internal/core/flow"
)

// reason is what is told to the citizen with an action.
func (p *player) reason(l *life, a *flow.ActionDef) string {
	r := l.r
	switch a.Effect {
	case flow.Supplement:
		if c, ok := p.wanted(l); ok {
			return pick(r, []string{
				c.Name.VI + ": bản đã nộp bị mờ, không đọc được nội dung. Đề nghị nộp lại bản rõ.",
				c.Name.VI + ": còn thiếu một trang. Đề nghị nộp bổ sung bản đầy đủ.",
				c.Name.VI + ": thông tin chưa khớp với tờ khai. Đề nghị kiểm tra và nộp lại.",
			})
		}
		return pick(r, []string{"Đề nghị bổ sung giấy tờ tùy thân của người yêu cầu để đối chiếu.", "Thông tin kê khai chưa đầy đủ, đề nghị nêu rõ thêm."})
	case flow.Refuse:
		return pick(r, []string{
			"Hồ sơ không thuộc thẩm quyền giải quyết của cơ quan tiếp nhận; đề nghị nộp tại nơi cư trú.",
			"Nội dung yêu cầu đã được giải quyết ở hồ sơ nộp trước đó.",
			"Thông tin kê khai không khớp với cơ sở dữ liệu quốc gia về dân cư.",
		})
	case flow.Reject:
		return pick(r, []string{"Đồng ý với đề xuất của chuyên viên: hồ sơ không đủ điều kiện giải quyết.", "Hồ sơ không đáp ứng điều kiện theo quy định của pháp luật."})
	case flow.Extend:
		return pick(r, []string{"Cơ quan phối hợp chưa trả lời kết quả xác minh.", "Cần thời gian kiểm tra thực tế do hồ sơ có tình tiết phức tạp.", "Số lượng hồ sơ tăng đột biến sau kỳ nghỉ."})
	case flow.ReturnBack:
		return pick(r, []string{"Kiểm tra lại chữ đệm và ngày tháng trong dự thảo.", "Ghi rõ căn cứ pháp lý.", "Nội dung dự thảo chưa thống nhất với hồ sơ."})
	case flow.Pay:
		return "Hồ sơ đủ điều kiện, đề nghị nộp khoản phí, lệ phí còn thiếu."
	case flow.Forward:
		return "Đề nghị xác minh thông tin về thời gian cư trú trước đây."
	}
	return pick(r, []string{"Qua thẩm tra, hồ sơ chưa đủ điều kiện giải quyết theo quy định.", "Thông tin xác minh không phù hợp với nội dung kê khai."})
}

// What people say.
var (
	notes    = []string{"Đã có kết quả xác minh, thông tin phù hợp.", "Đã nhận văn bản trả lời, không có vướng mắc.", "Đã kiểm tra, đủ cơ sở giải quyết."}
	opinions = []string{"Thống nhất.", "Phù hợp quy định, thống nhất đề xuất.", "Đã kiểm tra thực tế, đạt yêu cầu.", "Không có ý kiến khác."}
	supplied = []string{"Tôi gửi lại bản chụp rõ hơn.", "Tôi bổ sung giấy tờ theo yêu cầu.", "Đã bổ sung đầy đủ, nhờ cơ quan xem xét.", "Tôi đã kiểm tra và nộp lại."}
	regrets  = []string{"Tôi nộp nhầm nơi tiếp nhận.", "Tôi không còn nhu cầu nữa.", "Tôi cần chuẩn bị lại giấy tờ, sẽ nộp sau.", "Gia đình thay đổi kế hoạch."}

	judgements = map[int][]string{
		5: {"Cán bộ hướng dẫn nhiệt tình.", "Nhanh hơn tôi nghĩ, cảm ơn.", "Làm trên điện thoại rất tiện.", "Rất hài lòng."},
		4: {"Thủ tục rõ ràng.", "Tốt, mong nhanh hơn chút nữa.", "Hài lòng."},
		3: {"Tạm được.", "Phải đi lại hai lần."},
		2: {"Trả kết quả chậm so với lịch hẹn.", "Phải bổ sung nhiều lần."},
		1: {"Quá chậm.", "Không ai báo trước cho tôi."},
	}
)
