package ops

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/wneessen/go-mail"

	"motcua/internal/platform/blob"
	"motcua/internal/platform/civil"
	"motcua/internal/platform/i18n"
	"motcua/internal/platform/journal"
	"motcua/internal/platform/sqldb"
)

// none is said when there is nothing to say.
var none i18n.Text

func both(s string) i18n.Text { return i18n.Text{VI: s, EN: s} }

// folders looks at the data folder: it must be there, ours, and not everybody's.
func (e *exam) folders() {
	what := text("Thư mục dữ liệu", "Data folder")
	dir := e.Config.Dir
	st, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		e.add(Unwell, what, text("%s chưa có", "%s does not exist yet", dir), text("Thư mục được tạo khi khởi động lần đầu; kiểm tra mục dir nếu hệ thống đã chạy trước đây.", "It is made at the first start; check the setting dir if the system ran before."))
		return
	case err != nil:
		e.add(Ill, what, plain(err), text("Kiểm tra quyền của tài khoản chạy motcua.", "Check what the account running motcua may do."))
		return
	case !st.IsDir():
		e.add(Ill, what, text("%s không phải thư mục", "%s is not a folder", dir), text("Đổi mục dir.", "Change the setting dir."))
		return
	}
	probe, err := os.CreateTemp(dir, ".doctor-*")
	if err == nil {
		err = errors.Join(probe.Close(), os.Remove(probe.Name()))
	}
	if err != nil {
		e.add(Ill, what, plain(err), text("Cho tài khoản chạy motcua quyền ghi vào %s.", "Let the account running motcua write to %s.", dir))
		return
	}
	if runtime.GOOS != "windows" {
		for _, path := range []string{dir, filepath.Join(dir, secretName), filepath.Join(e.Config.AuditDir(), "key")} {
			if st, err := os.Stat(path); err == nil && st.Mode().Perm()&0o007 != 0 {
				e.add(Unwell, what, text("mọi người trên máy đọc được %s", "everybody on this machine can read %s", path), text("chmod o-rwx %s", "chmod o-rwx %s", path))
				return
			}
		}
	}
	state := text("%s", "%s", dir)
	if Running(dir) {
		state = text("%s, motcua đang chạy", "%s, motcua is running", dir)
	}
	e.add(Well, what, state, none)
}

// disk looks at the room left.
func (e *exam) disk() {
	what := text("Chỗ trống trên đĩa", "Room on the disk")
	dir := e.Config.Dir
	if _, err := os.Stat(dir); err != nil {
		return
	}
	free, err := blob.Free(dir)
	if err != nil || free < 0 {
		e.add(Unwell, what, text("không đo được", "cannot be measured"), none)
		return
	}
	vi, en := i18n.WithLang(e.ctx, i18n.VI), i18n.WithLang(e.ctx, i18n.EN)
	left := i18n.Text{VI: "còn " + i18n.Bytes(vi, free), EN: i18n.Bytes(en, free) + " left"}
	keep := max(e.Config.Limits.KeepFree.Bytes(), 0)
	switch {
	case free < keep:
		e.add(Ill, what, left, text("Tệp mới đang bị từ chối. Xóa bớt dữ liệu không cần trên đĩa hoặc chuyển thư mục dữ liệu sang đĩa lớn hơn.", "New files are refused. Free some room, or move the data folder to a larger disk."))
	case free < 4*keep || free < 2<<30:
		e.add(Unwell, what, left, text("Sắp đầy: lên kế hoạch mở rộng đĩa.", "Nearly full: plan for a larger disk."))
	default:
		e.add(Well, what, left, none)
	}
}

// openDatabase finds out why the app could not open it.
func (e *exam) openDatabase() func() {
	what := text("Cơ sở dữ liệu", "Database")
	address := e.Config.DatabaseURL()
	if path, ok := strings.CutPrefix(address, "sqlite:"); ok {
		// Opening would make an empty one.
		if _, err := os.Stat(strings.TrimPrefix(path, "//")); err != nil {
			e.add(Unwell, what, text("chưa có tệp %s", "there is no file %s yet", path), text("Tệp được tạo khi khởi động lần đầu. Nếu hệ thống đã chạy trước đây: kiểm tra mục dir và database.url, hoặc khôi phục bản sao lưu.", "It is made at the first start. If the system ran before: check dir and database.url, or restore a backup."))
			return func() {}
		}
	}
	db, err := sqldb.Open(e.ctx, address, sqldb.Options{MaxConns: 2})
	if err != nil {
		e.add(Ill, what, plain(err), text("Kiểm tra mục database.url, và máy chủ PostgreSQL có đang chạy không.", "Check database.url, and whether the PostgreSQL server runs."))
		return func() {}
	}
	e.DB = db
	return func() { _ = db.Close() } // it was only asked
}

// database asks it something, and an embedded one about its health.
func (e *exam) database() {
	what := text("Cơ sở dữ liệu", "Database")
	begun := time.Now()
	if err := e.DB.Ping(e.ctx); err != nil {
		e.add(Ill, what, plain(err), text("Kiểm tra mục database.url và máy chủ PostgreSQL.", "Check database.url and the PostgreSQL server."))
		return
	}
	took := time.Since(begun).Round(100 * time.Microsecond)
	size, err := databaseSize(e.ctx, e.DB)
	if err != nil {
		e.add(Ill, what, plain(err), none)
		return
	}
	vi, en := i18n.WithLang(e.ctx, i18n.VI), i18n.WithLang(e.ctx, i18n.EN)
	if e.DB.Dialect() == sqldb.Postgres {
		var version int
		if err := e.DB.QueryRow(e.ctx, `SELECT CAST(current_setting('server_version_num') AS INTEGER) / 10000`).Scan(&version); err != nil {
			e.add(Ill, what, plain(err), none)
			return
		}
		detail := i18n.Text{VI: fmt.Sprintf("PostgreSQL %d, %s, trả lời trong %v", version, i18n.Bytes(vi, size), took), EN: fmt.Sprintf("PostgreSQL %d, %s, answers in %v", version, i18n.Bytes(en, size), took)}
		if version < 13 {
			e.add(Unwell, what, detail, text("Nâng cấp lên PostgreSQL 13 trở lên.", "Upgrade to PostgreSQL 13 or later."))
			return
		}
		e.add(Well, what, detail, none)
		return
	}
	// A minute is enough for some gigabytes; the rest is for audit verify and the backup.
	ctx, cancel := context.WithTimeout(e.ctx, time.Minute)
	defer cancel()
	found, err := sqldb.Strings(e.DB.Query(ctx, `SELECT quick_check FROM pragma_quick_check`))
	detail := i18n.Text{VI: fmt.Sprintf("SQLite, %s, trả lời trong %v", i18n.Bytes(vi, size), took), EN: fmt.Sprintf("SQLite, %s, answers in %v", i18n.Bytes(en, size), took)}
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		e.add(Unwell, what, detail, text("Cơ sở dữ liệu lớn, chưa kiểm tra hết trong một phút; cân nhắc chuyển sang PostgreSQL.", "It is large and could not be checked in a minute; think of PostgreSQL."))
	case err != nil:
		e.add(Ill, what, plain(err), broken)
	case len(found) != 1 || found[0] != "ok":
		e.add(Ill, what, both(strings.Join(found, "; ")), broken)
	default:
		e.add(Well, what, detail, none)
	}
}

var broken = text("Cơ sở dữ liệu bị hỏng: dừng motcua, kiểm tra ổ đĩa, rồi motcua restore bản sao lưu gần nhất.", "The database is damaged: stop motcua, check the disk, then motcua restore the latest backup.")

// clock compares this machine's clock with what others say: the database server,
// and the ledger, which never comes from the future.
func (e *exam) clock() {
	what := text("Đồng hồ máy", "Clock")
	remedy := text("Bật đồng bộ giờ: timedatectl set-ntp true. Hạn xử lý hồ sơ tính theo đồng hồ này.", "Turn time synchronisation on: timedatectl set-ntp true. The terms of dossiers go by this clock.")
	now := e.Now()
	if e.DB.Dialect() == sqldb.Postgres {
		var server int64
		begun := time.Now()
		if err := e.DB.QueryRow(e.ctx, `SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)`).Scan(&server); err != nil {
			e.add(Unwell, what, plain(err), none)
			return
		}
		skew := now.Add(time.Since(begun) / 2).Sub(sqldb.Time(server)).Round(time.Second)
		if skew.Abs() > 5*time.Second {
			e.add(Unwell, what, text("lệch %v so với máy chủ cơ sở dữ liệu", "differs by %v from the database server", skew), remedy)
			return
		}
	}
	if e.Journal != nil {
		late, err := e.Journal.Browse(e.ctx, e.DB, journal.BrowseFilter{From: now.Add(time.Minute), Limit: 1})
		if err == nil && len(late) > 0 {
			e.add(Ill, what, text("sổ nhật ký có việc ghi lúc %s, sau giờ hiện tại của máy", "the ledger knows of something at %s, which is still to come", late[0].At.Format(time.RFC3339)), remedy)
			return
		}
	}
	if now.Year() < 2025 {
		e.add(Ill, what, both(now.Format(time.RFC3339)), remedy)
		return
	}
	e.add(Well, what, both(now.In(civil.Zone).Format("15:04:05 02/01/2006 -07:00")), none)
}

// schema compares the tables with what this program needs, and says whether there
// are tables to look into.
func (e *exam) schema() bool {
	what := text("Cấu trúc dữ liệu", "Schema")
	var have int64
	if err := e.DB.QueryRow(e.ctx, `SELECT count(*) FROM schema_step`).Scan(&have); err != nil || have == 0 {
		e.add(Unwell, what, text("chưa có bảng nào", "there are no tables yet"), text("Khởi động motcua một lần, hoặc chạy motcua migrate.", "Start motcua once, or run motcua migrate."))
		return false
	}
	todo, err := sqldb.Pending(e.ctx, e.DB, e.Lines...)
	switch {
	case err != nil:
		e.add(Ill, what, plain(err), text("Cài đúng phiên bản motcua, hoặc khôi phục bản sao lưu.", "Install the right version of motcua, or restore a backup."))
	case len(todo) > 0:
		e.add(Unwell, what, text("còn %d bước nâng cấp chưa chạy", "%d steps of an upgrade have not run", len(todo)), text("Khởi động lại motcua, hoặc chạy motcua migrate.", "Start motcua again, or run motcua migrate."))
	default:
		e.add(Well, what, text("%d bước, đầy đủ", "%d steps, complete", have), none)
	}
	return err == nil && have > 0
}

// backlog looks at what waits: events to seal, work that failed for good.
func (e *exam) backlog() {
	running := Running(e.Config.Dir)
	if e.Journal != nil {
		what := text("Sổ nhật ký", "Ledger")
		n, oldest, err := e.unsealed()
		switch {
		case err != nil:
			e.add(Ill, what, plain(err), none)
		case e.Journal.Fault() != nil:
			e.add(Ill, what, plain(e.Journal.Fault()), text("Chạy motcua audit verify và xem nhật ký vận hành.", "Run motcua audit verify and read the operational log."))
		case n > 0 && running:
			e.add(Ill, what, text("%d sự kiện chưa được niêm phong, cũ nhất %v", "%d events are not sealed, the oldest for %v", n, oldest.Round(time.Second)), text("Khởi động lại motcua; nếu còn, chạy motcua audit verify.", "Start motcua again; if they stay, run motcua audit verify."))
		case n > 0:
			e.add(Unwell, what, text("%d sự kiện chưa được niêm phong", "%d events are not sealed", n), text("Chúng sẽ được niêm phong khi motcua chạy lại.", "They will be when motcua runs again."))
		default:
			e.add(Well, what, text("mọi sự kiện đã được niêm phong", "every event is sealed"), none)
		}
		what = text("Sự kiện bị gác lại", "Parked events")
		parked, err := e.Journal.Parked(e.ctx, e.DB, 100)
		switch {
		case err != nil:
			e.add(Ill, what, plain(err), none)
		case len(parked) > 0:
			e.add(Unwell, what, text("%d, đầu tiên: %s tại vị trí %d", "%d, the first: %s at position %d", len(parked), parked[0].Subscriber, parked[0].Event.Position), text("Xem nhật ký vận hành để biết lỗi; sau khi sửa, cho xử lý lại.", "The operational log has the error; once it is mended, have them handled again."))
		default:
			e.add(Well, what, text("không có", "none"), none)
		}
	}
	if e.Jobs == nil {
		return
	}
	what := text("Việc chạy nền", "Background work")
	parked, err := e.Jobs.Parked(e.ctx, e.DB, 100)
	if err != nil {
		e.add(Ill, what, plain(err), none)
		return
	}
	waiting, late, err := e.Jobs.Waiting(e.ctx, e.DB)
	switch {
	case err != nil:
		e.add(Ill, what, plain(err), none)
	case len(parked) > 0:
		e.add(Unwell, what, text("%d việc hỏng hẳn, đầu tiên: %s", "%d jobs failed for good, the first: %s", len(parked), parked[0].Kind), text("Xem nhật ký vận hành để biết lỗi; sau khi sửa, cho chạy lại.", "The operational log has the error; once it is mended, have them run again."))
	case late > 10*time.Minute && running:
		e.add(Unwell, what, text("%d việc đang chờ, lâu nhất %v", "%d jobs wait, the longest for %v", waiting, late.Round(time.Minute)), text("Máy quá tải, hoặc một việc bị treo: khởi động lại motcua.", "The machine is overloaded, or a job hangs: start motcua again."))
	default:
		e.add(Well, what, text("%d việc đang chờ", "%d jobs wait", waiting), none)
	}
}

// unsealed counts events, a thousand at most, that the sealer should have reached
// a minute ago. It seals in order, so they are among the newest.
func (e *exam) unsealed() (n int, oldest time.Duration, err error) {
	list, err := e.Journal.Browse(e.ctx, e.DB, journal.BrowseFilter{To: e.Now().Add(-time.Minute), Limit: 1000})
	for _, event := range list {
		if event.Position == journal.Unsealed {
			n, oldest = n+1, e.Now().Sub(event.At)
		}
	}
	return n, oldest, err
}

// Bounds of the sample of files that is read.
const (
	sampleFiles = 50
	sampleBytes = 256 << 20
	sampleTime  = 20 * time.Second
)

// fileContents reads some files at random and compares them with their hashes.
func (e *exam) fileContents() {
	if e.Store == nil {
		return
	}
	what := text("Tệp đã lưu", "Stored files")
	remedy := text("Kiểm tra ổ đĩa; lấy lại tệp từ bản sao lưu.", "Check the disk; get the files back from a backup.")
	if e.Files != nil {
		if bad, err := e.Files.Problems(e.ctx, 1000); err == nil && len(bad) > 0 {
			e.add(Ill, what, text("%d tệp bị mất hoặc hỏng", "%d files are missing or damaged", len(bad)), remedy)
			return
		}
	}
	ctx, cancel := context.WithTimeout(e.ctx, sampleTime)
	defer cancel()
	bytes, seen := int64(0), map[string]bool{}
	for range sampleFiles {
		// A random place in the order of hashes, which are random themselves.
		list, err := blob.Objects(ctx, e.DB, fmt.Sprintf("%016x", rand.Uint64()), 1)
		if err == nil && len(list) == 0 {
			list, err = blob.Objects(ctx, e.DB, "", 1)
		}
		if err != nil {
			if ctx.Err() == nil {
				e.add(Unwell, what, plain(err), none)
				return
			}
			break
		}
		if len(list) == 0 || bytes+list[0].Size > sampleBytes {
			break
		}
		if seen[list[0].Hash] {
			continue
		}
		n, err := blob.Verify(ctx, e.Store, list[0].Hash)
		if ctx.Err() != nil {
			break
		}
		if err != nil {
			e.add(Ill, what, text("tệp %s: %v", "file %s: %v", list[0].Hash[:12], err), remedy)
			return
		}
		seen[list[0].Hash], bytes = true, bytes+n
	}
	e.add(Well, what, text("%d tệp đọc thử đều nguyên vẹn", "%d files read at random are whole", len(seen)), none)
}

// fileStore writes and reads something.
func (e *exam) fileStore() {
	if e.Store == nil {
		return
	}
	what := text("Kho tệp", "File store")
	ctx, cancel := context.WithTimeout(e.ctx, 20*time.Second)
	defer cancel()
	if err := e.Store.Check(ctx); err != nil {
		e.add(Ill, what, plain(err), text("Kiểm tra quyền của thư mục tệp, hoặc mục [s3].", "Check the permissions of the folder of the files, or [s3]."))
		return
	}
	e.add(Well, what, text("ghi và đọc được", "can be written and read"), none)
}

// scanner asks clamd for its version.
func (e *exam) scanner() {
	what := text("Quét vi-rút", "Virus scanner")
	address := e.Config.ClamAV.Address
	if address == "" {
		e.add(Well, what, text("không dùng; tệp được đánh dấu chưa quét", "not used; files are marked as not scanned"), none)
		return
	}
	ctx, cancel := context.WithTimeout(e.ctx, 10*time.Second)
	defer cancel()
	version, err := blob.NewClamAV(address, 0).Ping(ctx)
	if err != nil {
		e.add(Unwell, what, plain(err), text("Tệp vẫn được nhận và chờ quét. Khởi động clamd: systemctl start clamav-daemon.", "Files are accepted and wait. Start clamd: systemctl start clamav-daemon."))
		return
	}
	detail := both(version)
	if e.Files != nil {
		if pending, _, err := e.Files.Unscanned(e.ctx); err == nil && pending > 0 {
			detail = text("%s, %d tệp chờ quét", "%s, %d files wait", version, pending)
		}
	}
	e.add(Well, what, detail, none)
}

// mail goes as far as signing in, and sends nothing.
func (e *exam) mail() {
	what := text("Máy chủ thư", "Mail server")
	m := e.Config.SMTP
	if m.Host == "" {
		e.add(Unwell, what, text("chưa cấu hình: người dân chỉ nhận thông báo trên cổng", "not set up: people are told on the portal only"), text("Điền mục [smtp] trong tệp cấu hình.", "Fill in [smtp] in the settings."))
		return
	}
	opts := []mail.Option{mail.WithPort(m.Port), mail.WithTimeout(10 * time.Second)}
	switch m.TLS {
	case "none":
		opts = append(opts, mail.WithTLSPolicy(mail.NoTLS))
	case "tls":
		opts = append(opts, mail.WithSSL())
	default:
		opts = append(opts, mail.WithTLSPolicy(mail.TLSMandatory))
	}
	if m.User != "" {
		opts = append(opts, mail.WithSMTPAuth(mail.SMTPAuthAutoDiscover), mail.WithUsername(m.User), mail.WithPassword(m.Password.Reveal()))
	}
	client, err := mail.NewClient(m.Host, opts...)
	if err == nil {
		ctx, cancel := context.WithTimeout(e.ctx, 15*time.Second)
		defer cancel()
		if err = client.DialWithContext(ctx); err == nil {
			_ = client.Close() // it answered
		}
	}
	at := net.JoinHostPort(m.Host, strconv.Itoa(m.Port))
	if err != nil {
		e.add(Ill, what, both(at+": "+plain(err).EN), text("Kiểm tra mục [smtp], tường lửa, và mật khẩu. Thư chờ và được gửi lại.", "Check [smtp], the firewall and the password. Mails wait and are sent again."))
		return
	}
	e.add(Well, what, both(at), none)
}

// certificate looks at the one we serve ourselves, or at the one people see.
func (e *exam) certificate() {
	what := text("Chứng thư HTTPS", "HTTPS certificate")
	u, err := url.Parse(e.Config.PublicURL)
	if err != nil {
		return // said with the settings
	}
	var leaf []byte
	if e.Config.TLS.CertFile != "" {
		pair, err := tls.LoadX509KeyPair(e.Config.TLS.CertFile, e.Config.TLS.KeyFile)
		if err != nil {
			e.add(Ill, what, plain(err), text("Kiểm tra cert_file và key_file trong mục [tls].", "Check cert_file and key_file in [tls]."))
			return
		}
		leaf = pair.Certificate[0]
	} else if u.Scheme == "https" {
		port := u.Port()
		if port == "" {
			port = "443"
		}
		d := tls.Dialer{NetDialer: &net.Dialer{Timeout: 5 * time.Second}, Config: &tls.Config{ServerName: u.Hostname(), MinVersion: tls.VersionTLS12}}
		conn, err := d.DialContext(e.ctx, "tcp", net.JoinHostPort(u.Hostname(), port))
		if err != nil {
			e.add(Unwell, what, plain(err), text("Không kết nối được %s từ máy này; kiểm tra proxy và chứng thư.", "%s cannot be reached from here; check the proxy and its certificate.", e.Config.PublicURL))
			return
		}
		defer func() { _ = conn.Close() }() // it was only looked at
		if c, ok := conn.(*tls.Conn); ok {
			leaf = c.ConnectionState().PeerCertificates[0].Raw
		}
	} else {
		host := u.Hostname()
		if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
			e.add(Unwell, what, text("địa chỉ công khai không dùng HTTPS", "the public address is not HTTPS"), text("Mật khẩu đi qua mạng không mã hóa. Đặt proxy có HTTPS phía trước hoặc điền mục [tls].", "Passwords cross the network in the clear. Put a proxy with HTTPS in front, or fill in [tls]."))
		}
		return
	}
	e.expiry(what, leaf, u.Hostname())
}

// backups looks for a recent one.
func (e *exam) backups() {
	what := text("Sao lưu", "Backup")
	dir := e.Config.Backup.Dir
	if dir == "" {
		e.add(Unwell, what, text("chưa bật sao lưu tự động", "automatic backup is off"), text("Đặt backup.dir trong tệp cấu hình, tốt nhất là trên một đĩa khác.", "Set backup.dir in the settings, best on another disk."))
		return
	}
	names, err := autoBackups(dir)
	if err != nil {
		e.add(Ill, what, plain(err), none)
		return
	}
	if len(names) == 0 {
		e.add(Unwell, what, text("%s chưa có bản sao lưu nào", "%s holds no backup yet", dir), text("Chạy motcua backup, hoặc chờ lịch tự động (%s).", "Run motcua backup, or wait for the schedule (%s).", e.Config.Backup.Cron))
		return
	}
	newest := names[len(names)-1]
	at, err := time.Parse("20060102-150405", strings.TrimSuffix(strings.TrimPrefix(newest, autoPrefix), autoSuffix))
	if err != nil {
		return // the list holds only such names
	}
	age := e.Now().Sub(at)
	detail := text("%d bản, mới nhất %s", "%d, the newest is %s", len(names), newest)
	if age > 48*time.Hour {
		e.add(Ill, what, detail, text("Bản mới nhất đã %d ngày tuổi: xem nhật ký vận hành để biết vì sao sao lưu không chạy.", "The newest is %d days old: the operational log says why.", int(age.Hours()/24)))
		return
	}
	e.add(Well, what, detail, none)
}

// following tells how far the continuous backup has come. Where nothing changes nothing
// is added to it: it is late when the house has events that it cannot have.
func (e *exam) following() {
	dir := e.Config.Backup.Follow
	if dir == "" {
		return
	}
	what := text("Sao lưu liên tục", "Continuous backup")
	remedy := text("Khởi động chương trình nếu đang dừng; dọn chỗ nếu đĩa đầy, chương trình tự thử lại trong vòng một phút; nếu không, nhật ký vận hành (follow) cho biết vì sao. Hiện chỉ về được thời điểm này hoặc trước đó.",
		"Start the program if it is stopped; make room if the disk is full, it is tried again within a minute; else the operational log (follow) says why. For now one can only go back to this moment or before.")
	at, err := newestMoment(dir)
	switch {
	case err != nil:
		e.add(Ill, what, plain(err), text("Bản đang có bị hỏng hoặc không đọc được: chạy motcua backup --check %s.", "What is there is damaged or cannot be read: run motcua backup --check %s.", dir))
		return
	case at.IsZero():
		e.add(Unwell, what, text("%s chưa có thời điểm nào", "%s holds no moment yet", dir), text("Khởi động chương trình; nếu vẫn trống, xem nhật ký vận hành.", "Start the program; if it stays empty, read the operational log."))
		return
	}
	last := at.In(civil.Zone).Format("15:04:05 02/01/2006")
	detail := text("bản ghi mới nhất lúc %s", "the last record is of %s", last)
	if e.Journal != nil && e.DB != nil && e.DB.Dialect() == sqldb.SQLite { // PostgreSQL keeps its events itself
		missed, err := e.Journal.Browse(e.ctx, e.DB, journal.BrowseFilter{From: at.Add(time.Minute), To: e.Now(), Limit: 1})
		if err != nil {
			e.add(Ill, what, plain(err), none)
			return
		}
		if len(missed) > 0 {
			late := missed[0].At.Sub(at).Round(time.Second)
			behind := text("bản ghi mới nhất lúc %s, chậm %v so với dữ liệu", "the last record is of %s, %v behind the data", last, late)
			if free, err := blob.Free(dir); err == nil && free >= 0 {
				vi, en := i18n.WithLang(e.ctx, i18n.VI), i18n.WithLang(e.ctx, i18n.EN)
				behind.VI += ", đĩa còn " + i18n.Bytes(vi, free)
				behind.EN += ", " + i18n.Bytes(en, free) + " left on its disk"
			}
			e.add(Unwell, what, behind, remedy)
			return
		}
	}
	e.add(Well, what, detail, none)
}

// expiry says how long a certificate is still good, and for whom.
func (e *exam) expiry(what i18n.Text, raw []byte, host string) {
	cert, err := x509.ParseCertificate(raw)
	if err != nil {
		e.add(Ill, what, plain(err), none)
		return
	}
	left := cert.NotAfter.Sub(e.Now())
	until := cert.NotAfter.Format("02/01/2006")
	renew := text("Gia hạn chứng thư.", "Renew the certificate.")
	switch {
	case cert.VerifyHostname(host) != nil:
		e.add(Ill, what, text("không cấp cho %s", "is not for %s", host), text("Dùng chứng thư có tên miền trong public_url.", "Use a certificate for the host of public_url."))
	case left <= 0:
		e.add(Ill, what, text("đã hết hạn ngày %s", "expired on %s", until), renew)
	case left < 21*24*time.Hour:
		e.add(Unwell, what, text("còn %d ngày, đến %s", "%d days left, until %s", int(left.Hours()/24), until), renew)
	default:
		e.add(Well, what, text("đến %s", "until %s", until), none)
	}
}
