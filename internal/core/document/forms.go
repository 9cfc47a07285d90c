package document

import (
	"fmt"
	"strings"
	"time"

	"motcua/internal/platform/civil"
	"motcua/internal/platform/money"
)

// form is one of the seven forms of TT 03/2025/TT-VPCP.
type form struct {
	name     string // as the circular names it
	notation string // after the running number; the circular leaves it to the office
	paper    paper
	draw     func(*sheet, page)
}

// page is everything a form may print.
type page struct {
	Data
	number string
	at     time.Time
	track  string // address a QR code opens
	code   string // verification code
	where  string // where to check it, without https://
}

// forms lists the forms by kind. The notation of each series is ours, made after
// the ones offices use (TNHS, BSHS, TCHS, PXL, TBD): the circular leaves it to them.
func formOf(k Kind) (form, bool) {
	f, ok := map[Kind]form{
		Receipt:      {name: "Giấy tiếp nhận hồ sơ và hẹn trả kết quả", notation: "TNHS", draw: drawReceipt},
		Supplement:   {name: "Phiếu yêu cầu bổ sung, hoàn thiện hồ sơ", notation: "BSHS", draw: drawSupplement},
		Refusal:      {name: "Phiếu từ chối tiếp nhận giải quyết hồ sơ", notation: "TCHS", draw: drawRefusal},
		Extension:    {name: "Văn bản xin lỗi và đề nghị gia hạn thời gian giải quyết", notation: "PXL", draw: drawExtension},
		Stop:         {name: "Thông báo dừng giải quyết hồ sơ", notation: "TBD", draw: drawStop},
		ControlSheet: {name: "Phiếu kiểm soát quá trình giải quyết hồ sơ", draw: drawControlSheet},
		DossierBook:  {name: "Sổ theo dõi hồ sơ", paper: paper{landscape: true}, draw: drawBook},
	}[k]
	return f, ok
}

// Name is the Vietnamese name of a form, "" for results (their template names them).
func (k Kind) Name() string {
	f, _ := formOf(k)
	return f.name
}

// formMark stands in the upper right corner, as on the printed forms.
func (s *sheet) formMark(k Kind) {
	keep := s.y
	s.y = s.top - 8
	s.para(box{align: alignRight, fixed: true}, run{text: "Mẫu số " + string(k) + " - Thông tư số 03/2025/TT-VPCP", style: italic, size: 9})
	s.y = keep
}

// trackCode draws the QR code that opens the tracking page, at the left of the title.
func (s *sheet) trackCode(p page) error {
	if p.track == "" {
		return nil
	}
	const w = 21
	if err := s.qrCode(s.left, s.y+1, w, p.track); err != nil {
		return err
	}
	keep := s.y
	s.y += w + 1.5
	s.para(box{x: s.left - 6, w: w + 12, align: alignCenter, lead: 1.1, fixed: true}, run{text: "Quét mã để tra cứu", style: italic, size: 8})
	s.y = keep
	return nil
}

func drawReceipt(s *sheet, p page) {
	s.formMark(Receipt)
	s.national(p.Agency, p.number, p.at, true)
	s.gap(1.5)
	top := s.y
	if err := s.trackCode(p); err != nil {
		s.pdf.SetError(err)
	}
	s.titleBeside("GIẤY TIẾP NHẬN HỒ SƠ\nVÀ HẸN TRẢ KẾT QUẢ", "Mã hồ sơ: "+p.Dossier.Number)
	if p.track != "" {
		s.y = max(s.y, top+28)
	}
	s.item("Tiếp nhận hồ sơ của", p.Owner.Name)
	s.item(idLabel(p.Owner), p.Owner.IDNumber())
	s.item("Địa chỉ", p.Owner.Address)
	s.items([2]string{"Số điện thoại", p.Owner.Phone}, [2]string{"Email", p.Owner.Email})
	if p.Submitter.Name != "" && p.Submitter.Name != p.Owner.Name {
		s.items([2]string{"Người nộp hồ sơ", p.Submitter.Name}, [2]string{idLabel(p.Submitter), p.Submitter.IDNumber()})
	}
	s.item("Nội dung yêu cầu giải quyết", about(p.Dossier))
	s.para(box{lead: 1.3, after: 1}, r("1. Thành phần hồ sơ nộp gồm:"))
	rows := make([][]string, 0, len(p.Papers))
	for i, d := range p.Papers {
		rows = append(rows, []string{fmt.Sprint(i + 1), d.Name, d.Kind, fmt.Sprint(d.Quantity)})
	}
	if len(rows) == 0 {
		rows = append(rows, []string{"", "Tờ khai điện tử", "Bản điện tử", "1"})
	}
	s.table(12, []column{{"STT", 9, alignCenter}, {"Tên giấy tờ", 60, alignLeft}, {"Loại giấy tờ", 20, alignCenter}, {"Số lượng", 13, alignCenter}}, rows)
	s.gap(1.5)
	s.item("2. Số lượng hồ sơ", fmt.Sprintf("%02d bộ", max(p.Dossier.Sets, 1)))
	if p.Dossier.TermText != "" {
		s.item("Thời hạn giải quyết theo quy định", p.Dossier.TermText)
	}
	s.item("3. Thời gian nhận hồ sơ", moment(p.Dossier.ReceivedAt))
	due := moment(p.Dossier.DueAt)
	if p.Dossier.DueAt.IsZero() {
		due = "theo quy định của thủ tục, sẽ được thông báo"
	}
	s.para(box{lead: 1.3}, r("4. Thời gian dự kiến trả kết quả giải quyết hồ sơ: "), rb(due))
	s.item("5. Đăng ký trả kết quả tại", p.Delivery)
	s.item("6. Phí, lệ phí", feeText(p.Fees))
	submitter := signature{title: "NGƯỜI NỘP HỒ SƠ", how: "(Ký và ghi rõ họ tên)", name: orName(p.Submitter.Name, p.Owner.Name)}
	if p.Submitted {
		submitter.how = "(Nộp hồ sơ trực tuyến)"
		submitter.stamp = "Đã xác nhận nộp hồ sơ trực tuyến lúc " + moment(p.Dossier.SubmittedAt)
	}
	s.signatures(submitter, signature{title: "NGƯỜI TIẾP NHẬN HỒ SƠ", how: "(Ký và ghi rõ họ tên)", name: p.Signer.Name})
	s.checkLine(p.code, p.where)
}

// titleBeside centres a title of several lines, with the dossier number below.
func (s *sheet) titleBeside(name, about string) {
	s.gap(4)
	for _, part := range strings.Split(name, "\n") {
		s.para(box{align: alignCenter, lead: 1.2}, run{text: part, style: bold, size: s.size + 1})
	}
	s.para(box{align: alignCenter, lead: 1.3}, rb(about))
	s.gap(2)
}

func drawSupplement(s *sheet, p page) {
	s.formMark(Supplement)
	s.national(p.Agency, p.number, p.at, true)
	s.title("Phiếu yêu cầu bổ sung, hoàn thiện hồ sơ", "Mã hồ sơ: "+p.Dossier.Number)
	s.parties(p)
	s.para(box{lead: 1.3}, r("Yêu cầu hoàn thiện hồ sơ gồm những nội dung sau:"))
	for i, m := range p.Missing {
		s.para(box{indent: 10, hanging: 15, lead: 1.3}, r(fmt.Sprintf("%d. %s;", i+1, strings.TrimRight(m, ".;"))))
	}
	if len(p.Missing) == 0 {
		s.para(box{indent: 10, lead: 1.3}, r("(theo nội dung hướng dẫn dưới đây)"))
	}
	s.item("Lý do", p.Reason)
	if p.Guidance != "" {
		s.item("Nội dung cần hoàn thiện, hướng dẫn", p.Guidance)
	}
	if !p.AnswerBy.IsZero() {
		s.para(box{lead: 1.3}, r("Đề nghị ông/bà bổ sung, hoàn thiện hồ sơ trước: "), rb(moment(p.AnswerBy)))
	}
	if p.Round > 1 {
		s.para(box{lead: 1.3}, ri(fmt.Sprintf("Đây là lần yêu cầu bổ sung thứ %d đối với hồ sơ này.", p.Round)))
	}
	s.body(r("Thời gian ông/bà bổ sung, hoàn thiện hồ sơ không tính vào thời hạn giải quyết thủ tục hành chính. Trong quá trình hoàn thiện hồ sơ, nếu có vướng mắc, đề nghị liên hệ " + contact(p.Agency) + " để được hướng dẫn."))
	s.signatures(signature{}, signature{authority: p.Signer.Authority, title: orName(p.Signer.Title, "NGƯỜI HƯỚNG DẪN"), how: "(Ký và ghi rõ họ tên)", name: p.Signer.Name})
	s.checkLine(p.code, p.where)
}

func drawRefusal(s *sheet, p page) {
	s.formMark(Refusal)
	s.national(p.Agency, p.number, p.at, true)
	s.title("Phiếu từ chối tiếp nhận giải quyết hồ sơ", "Mã hồ sơ: "+p.Dossier.Number)
	s.item("Bộ phận Tiếp nhận và Trả kết quả", orName(p.Agency.Unit, p.Agency.Name))
	s.item("Tiếp nhận hồ sơ của", p.Owner.Name)
	s.item("Địa chỉ", p.Owner.Address)
	s.items([2]string{"Số điện thoại", p.Owner.Phone}, [2]string{"Email", p.Owner.Email})
	s.item("Nội dung yêu cầu giải quyết", about(p.Dossier))
	s.body(r("Qua xem xét, " + orName(p.Agency.Unit, p.Agency.Name) + " thông báo không tiếp nhận, giải quyết hồ sơ này với lý do cụ thể như sau:"))
	s.body(r(orDots(p.Reason)))
	if p.Basis != "" {
		s.item("Căn cứ", p.Basis)
	}
	s.body(r("Xin thông báo để ông/bà được biết và thực hiện. Nếu cần hướng dẫn thêm, đề nghị liên hệ " + contact(p.Agency) + "."))
	s.signatures(signature{title: "NGƯỜI NỘP HỒ SƠ", how: "(Ký và ghi rõ họ tên)", name: orName(p.Submitter.Name, p.Owner.Name)},
		signature{authority: p.Signer.Authority, title: orName(p.Signer.Title, "NGƯỜI TIẾP NHẬN HỒ SƠ"), how: "(Ký và ghi rõ họ tên)", name: p.Signer.Name})
	s.checkLine(p.code, p.where)
}

func drawExtension(s *sheet, p page) {
	s.formMark(Extension)
	s.national(p.Agency, p.number, p.at, true)
	s.title("Phiếu xin lỗi và hẹn lại ngày trả kết quả", "")
	s.para(box{align: alignCenter, lead: 1.3, after: 2}, rb("Kính gửi: "), rb(orDots(p.Owner.Name)))
	s.item("Địa chỉ", p.Owner.Address)
	s.body(r("Ngày "+dayOf(p.Dossier.ReceivedAt)+", "+orName(p.Agency.Unit, p.Agency.Name)+" đã tiếp nhận hồ sơ mã số "), rb(p.Dossier.Number),
		r(" đề nghị giải quyết: "+about(p.Dossier)+fieldText(p.Dossier)+"."))
	s.item("Thời gian hẹn trả kết quả", moment(p.OldDue))
	s.body(r("Tuy nhiên đến nay, "+p.Agency.Name+" chưa trả kết quả giải quyết hồ sơ của ông/bà đúng thời gian quy định ghi trong Giấy tiếp nhận hồ sơ và hẹn trả kết quả. Lý do: "), r(orDots(p.Reason)))
	s.body(r("Sự chậm trễ này đã gây khó khăn, tốn kém cho ông/bà. " + p.Agency.Name + " xin gửi tới ông/bà lời xin lỗi chân thành và đề nghị được gia hạn thời gian giải quyết."))
	s.body(r("Chúng tôi sẽ trả kết quả giải quyết hồ sơ cho ông/bà vào: "), rb(moment(p.NewDue)), r("."))
	s.body(r("Mong nhận được sự thông cảm của ông/bà vì sự chậm trễ này."))
	s.recipients("Như trên")
	s.signatures(signature{}, signature{authority: p.Signer.Authority, title: orName(p.Signer.Title, "THỦ TRƯỞNG CƠ QUAN"), how: "(Ký, ghi rõ họ tên và đóng dấu)", name: p.Signer.Name})
	s.checkLine(p.code, p.where)
}

func drawStop(s *sheet, p page) {
	s.formMark(Stop)
	s.national(p.Agency, p.number, p.at, true)
	s.title("Thông báo", "Về việc dừng giải quyết hồ sơ")
	s.para(box{align: alignCenter, lead: 1.3, after: 2}, rb("Kính gửi: "), rb(orDots(p.Owner.Name)))
	s.body(r("Ngày "+dayOf(p.Dossier.ReceivedAt)+", "+orName(p.Agency.Unit, p.Agency.Name)+" đã tiếp nhận hồ sơ mã số "), rb(p.Dossier.Number),
		r(" của "+orDots(p.Owner.Name)+", địa chỉ: "+orDots(p.Owner.Address)+", đề nghị giải quyết: "+about(p.Dossier)+"."))
	if p.Basis != "" {
		s.body(r("Căn cứ " + strings.TrimPrefix(p.Basis, "Căn cứ ") + ";"))
	}
	s.body(r(p.Agency.Name+" thông báo dừng giải quyết hồ sơ nêu trên kể từ ngày "+dayOf(p.at)+". Lý do: "), r(orDots(p.Reason)))
	if len(p.Papers) > 0 {
		s.para(box{lead: 1.3}, r("Giấy tờ trả lại ông/bà gồm:"))
		for i, d := range p.Papers {
			s.para(box{indent: 10, hanging: 15, lead: 1.3}, r(fmt.Sprintf("%d. %s (%s, số lượng: %d);", i+1, d.Name, strings.ToLower(d.Kind), d.Quantity)))
		}
	}
	s.item("Phí, lệ phí", orName(p.FeeNote, feeText(p.Fees)))
	s.body(r("Nếu không đồng ý với thông báo này, ông/bà có quyền phản ánh, kiến nghị hoặc khiếu nại theo quy định của pháp luật."))
	s.recipients("Như trên")
	s.signatures(signature{}, signature{authority: p.Signer.Authority, title: orName(p.Signer.Title, "THỦ TRƯỞNG CƠ QUAN"), how: "(Ký, ghi rõ họ tên và đóng dấu)", name: p.Signer.Name})
	s.checkLine(p.code, p.where)
}

// recipients is the left column "Nơi nhận".
func (s *sheet) recipients(lines ...string) {
	keep := s.y
	s.ensure(46)
	if s.y != keep {
		keep = s.y
	}
	s.y = keep + 5
	w := (s.right - s.left) / 2
	s.para(box{x: s.left, w: w, lead: 1.2, fixed: true}, run{text: "Nơi nhận:", style: boldItalic, size: 12})
	for _, l := range lines {
		s.para(box{x: s.left, w: w, lead: 1.15, fixed: true}, run{text: "- " + l + ";", size: 11})
	}
	s.para(box{x: s.left, w: w, lead: 1.15, fixed: true}, run{text: "- Lưu: hồ sơ.", size: 11})
	s.y = keep
}

func drawControlSheet(s *sheet, p page) {
	s.formMark(ControlSheet)
	s.national(p.Agency, p.number, p.at, true)
	s.title("Phiếu kiểm soát quá trình giải quyết hồ sơ", "")
	s.items([2]string{"Mã hồ sơ", p.Dossier.Number}, [2]string{"Ngày tiếp nhận", shortMoment(p.Dossier.ReceivedAt)})
	s.item("Cơ quan (bộ phận) giải quyết hồ sơ", p.Agency.Name)
	s.item("Nội dung yêu cầu giải quyết", about(p.Dossier))
	if !p.Dossier.DueAt.IsZero() {
		s.item("Thời hạn trả kết quả", moment(p.Dossier.DueAt))
	}
	s.gap(1.5)
	rows := make([][]string, 0, len(p.HandOvers))
	for _, h := range p.HandOvers {
		result := h.Result
		if h.Ongoing {
			result = "Đang giải quyết"
		}
		rows = append(rows, []string{
			h.Agency,
			"1. Giao: " + orDots(h.From) + "\n2. Nhận: " + orDots(h.To) + "\n" + moment(h.At),
			result, h.Note,
		})
	}
	s.table(12, []column{{"TÊN CƠ QUAN", 27, alignLeft}, {"THỜI GIAN GIAO, NHẬN HỒ SƠ", 42, alignLeft}, {"KẾT QUẢ GIẢI QUYẾT HỒ SƠ\n(Trước hạn/đúng hạn/quá hạn)", 25, alignCenter}, {"GHI CHÚ", 16, alignLeft}}, rows)
	s.gap(3)
	s.para(box{lead: 1.2}, run{text: "Ghi chú: Kết quả giải quyết hồ sơ do bên nhận ghi khi nhận bàn giao hồ sơ.", style: italic, size: 11})
}

func drawBook(s *sheet, p page) {
	s.formMark(DossierBook)
	s.left, s.right = 20, s.w-15
	s.national(p.Agency, "", p.at, true)
	s.title("Sổ theo dõi hồ sơ", p.Period)
	rows := make([][]string, 0, len(p.Book))
	for i, b := range p.Book {
		rows = append(rows, []string{
			fmt.Sprint(i + 1), b.Number, b.Procedure, fmt.Sprint(max(b.Sets, 1)), b.Owner, b.Contact, b.Agency,
			shortMoment(b.ReceivedAt), shortMoment(b.DueAt), shortMoment(b.ReturnedAt), b.ReturnedBy, "", b.Note,
		})
	}
	s.table(9.5, []column{
		{"TT", 4, alignCenter}, {"Mã hồ sơ", 12, alignLeft}, {"Tên thủ tục hành chính", 16, alignLeft}, {"Số lượng hồ sơ (bộ)", 6, alignCenter},
		{"Tên cá nhân, tổ chức", 12, alignLeft}, {"Địa chỉ, số điện thoại", 15, alignLeft}, {"Cơ quan chủ trì giải quyết", 11, alignLeft},
		{"Nhận hồ sơ", 8.5, alignCenter}, {"Hẹn trả kết quả", 8.5, alignCenter}, {"Trả kết quả", 8.5, alignCenter},
		{"Phương thức nhận kết quả", 8.5, alignCenter}, {"Ký nhận", 6, alignCenter}, {"Ghi chú", 8, alignLeft},
	}, rows)
}

// parties draws who the dossier is of, on forms that address the owner.
func (s *sheet) parties(p page) {
	s.item("Hồ sơ của", p.Owner.Name)
	s.item("Nội dung yêu cầu giải quyết", about(p.Dossier))
	s.item("Địa chỉ", p.Owner.Address)
	s.items([2]string{"Số điện thoại", p.Owner.Phone}, [2]string{"Email", p.Owner.Email})
}

func idLabel(p Party) string {
	if p.CitizenNo == "" && p.TaxCode != "" {
		return "Mã số thuế"
	}
	return "Số định danh cá nhân/CCCD"
}

// about names what is asked: the title of the dossier, or the procedure.
func about(d About) string {
	if d.Title == "" {
		return d.Procedure
	}
	return d.Title
}

func fieldText(d About) string {
	if d.Field == "" {
		return ""
	}
	return " (lĩnh vực " + d.Field + ")"
}

func contact(a Agency) string {
	text := orName(a.Unit, a.Name)
	if a.Address != "" {
		text += ", địa chỉ: " + a.Address
	}
	if a.Phone != "" {
		text += ", số điện thoại: " + a.Phone
	}
	return text
}

func feeText(fees []FeeLine) string {
	if len(fees) == 0 {
		return "Không"
	}
	parts := make([]string, len(fees))
	for i, f := range fees {
		parts[i] = f.Name + ": " + money.VND(f.Amount).String()
		switch {
		case f.Amount == 0:
			parts[i] = f.Name + ": miễn"
		case f.Paid:
			parts[i] += " (đã nộp)"
		}
	}
	return strings.Join(parts, "; ")
}

func dayOf(t time.Time) string {
	if t.IsZero() {
		return "……/……/………"
	}
	return civil.DateOf(t).Screen("vi")
}

func shortMoment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return civil.Clock(t) + " " + civil.DateOf(t).Screen("vi")
}

func orName(s, def string) string {
	if strings.TrimSpace(s) == "" {
		return def
	}
	return s
}
