package config

import (
	"net/netip"
	"path/filepath"
	"time"
)

// Config is every setting. The tags say what a person reads about each.
type Config struct {
	Listen    string   `toml:"listen" vi:"Địa chỉ và cổng máy chủ lắng nghe; \":8080\" là mọi địa chỉ của máy." en:"Address and port to listen on; \":8080\" is every address of the machine."`
	Dir       string   `toml:"dir" vi:"Thư mục dữ liệu: cơ sở dữ liệu nhúng, tệp đính kèm, khóa của sổ nhật ký." en:"Data folder: embedded database, attachments, keys of the ledger."`
	PublicURL string   `toml:"public_url" vi:"Địa chỉ người dân gõ vào trình duyệt, ví dụ https://motcua.anbinh.gov.vn; dùng trong thư, mã QR và để bật cookie an toàn." en:"Address that people type, e.g. https://motcua.anbinh.gov.vn; used in mails and QR codes, and decides about secure cookies."`
	Language  string   `toml:"language" vi:"Ngôn ngữ mặc định: vi hoặc en." en:"Default language: vi or en."`
	Database  Database `toml:"database" vi:"Cơ sở dữ liệu." en:"Database."`
	TLS       TLS      `toml:"tls" vi:"Chứng thư HTTPS, khi không đặt máy chủ ủy nhiệm (proxy) phía trước." en:"HTTPS certificate, when no proxy stands in front."`
	SMTP      SMTP     `toml:"smtp" vi:"Máy chủ gửi thư điện tử. Để trống host nếu không gửi thư." en:"Mail server. Leave host empty to send no mail."`
	S3        S3       `toml:"s3" vi:"Kho tệp tương thích S3. Để trống endpoint để lưu tệp trong thư mục dữ liệu." en:"S3-compatible file store. Leave endpoint empty to keep files in the data folder."`
	ClamAV    ClamAV   `toml:"clamav" vi:"Chương trình quét vi-rút. Để trống nếu không có: tệp vẫn được nhận và được đánh dấu chưa quét." en:"Virus scanner. Leave empty when there is none: files are still accepted and marked as not scanned."`
	Limits    Limits   `toml:"limits" vi:"Giới hạn." en:"Limits."`
	Security  Security `toml:"security" vi:"An toàn." en:"Security."`
	Backup    Backup   `toml:"backup" vi:"Sao lưu tự động." en:"Automatic backup."`
	Log       Log      `toml:"log" vi:"Nhật ký vận hành." en:"Operational log."`
}

// Database says where the data is.
type Database struct {
	URL      Address `toml:"url" vi:"sqlite:/đường/dẫn/tệp.db hoặc postgres://người-dùng:mật-khẩu@máy/tên. Để trống: tệp motcua.db trong thư mục dữ liệu." en:"sqlite:/path/file.db or postgres://user:password@host/name. Empty: file motcua.db in the data folder."`
	MaxConns int     `toml:"max_conns" vi:"Số kết nối tối đa; 0 là tự chọn." en:"Most connections; 0 chooses itself."`
}

// TLS is a certificate with its key.
type TLS struct {
	CertFile string `toml:"cert_file" vi:"Tệp chứng thư (PEM)." en:"Certificate file (PEM)."`
	KeyFile  string `toml:"key_file" vi:"Tệp khóa riêng (PEM)." en:"Private key file (PEM)."`
}

// SMTP is a mail server.
type SMTP struct {
	Host     string `toml:"host" vi:"Tên máy chủ thư." en:"Host name of the mail server."`
	Port     int    `toml:"port" vi:"Cổng: 587 (starttls), 465 (tls) hoặc 25." en:"Port: 587 (starttls), 465 (tls) or 25."`
	User     string `toml:"user" vi:"Tên đăng nhập; để trống nếu không cần." en:"User name; empty when none is needed."`
	Password Secret `toml:"password" vi:"Mật khẩu." en:"Password."`
	From     string `toml:"from" vi:"Người gửi, ví dụ Một cửa An Bình <motcua@anbinh.gov.vn>." en:"Sender, e.g. Một cửa An Bình <motcua@anbinh.gov.vn>."`
	TLS      string `toml:"tls" vi:"Mã hóa: starttls, tls hoặc none (chỉ cho máy chủ thư trên cùng máy)." en:"Encryption: starttls, tls or none (only for a relay on this machine)."`
}

// S3 is an S3-compatible file store.
type S3 struct {
	Endpoint  string `toml:"endpoint" vi:"Địa chỉ dịch vụ, ví dụ https://s3.anbinh.gov.vn." en:"Address of the service, e.g. https://s3.anbinh.gov.vn."`
	Region    string `toml:"region" vi:"Vùng; để trống nếu dịch vụ không dùng." en:"Region; empty when the service has none."`
	Bucket    string `toml:"bucket" vi:"Tên bucket đã tạo sẵn." en:"Name of an existing bucket."`
	Prefix    string `toml:"prefix" vi:"Tiền tố của mọi tệp trong bucket." en:"Prefix of every key in the bucket."`
	AccessKey string `toml:"access_key" vi:"Khóa truy cập." en:"Access key."`
	SecretKey Secret `toml:"secret_key" vi:"Khóa bí mật." en:"Secret key."`
	PathStyle bool   `toml:"path_style" vi:"true khi tên bucket nằm trong đường dẫn (đa số kho tự cài đặt)." en:"true when the bucket's name is part of the path (most self-hosted stores)."`
}

// ClamAV is a virus scanner.
type ClamAV struct {
	Address   string `toml:"address" vi:"máy:cổng của clamd, hoặc đường dẫn socket." en:"host:port of clamd, or the path of its socket."`
	MaxStream Size   `toml:"max_stream" vi:"Bằng StreamMaxLength của clamd; tệp lớn hơn không được quét." en:"clamd's StreamMaxLength; larger files are not scanned."`
	Require   bool   `toml:"require" vi:"true: tệp chưa quét chỉ người tải lên mở được." en:"true: only the uploader can open a file that was not scanned."`
}

// Limits bound what people may ask of the machine.
type Limits struct {
	MaxFile     Size     `toml:"max_file" vi:"Dung lượng lớn nhất của một tệp." en:"Largest file."`
	MaxOwner    Size     `toml:"max_owner" vi:"Tổng dung lượng một người tải lên mà chưa nộp." en:"Most a person may upload without submitting."`
	KeepFree    Size     `toml:"keep_free" vi:"Ngừng nhận tệp khi đĩa còn trống ít hơn mức này." en:"No more files are taken when the disk has less room than this."`
	ReadOnly    Size     `toml:"read_only_below" vi:"Chỉ cho xem, không nhận thêm gì khi đĩa còn trống ít hơn mức này; 0 để tắt." en:"Things can only be read when the disk has less room than this; 0 turns it off."`
	UploadTTL   Duration `toml:"upload_ttl" vi:"Thời gian chờ một tệp tải dở." en:"How long an interrupted upload waits."`
	MaxInFlight int      `toml:"max_in_flight" vi:"Số yêu cầu phục vụ cùng lúc; nhiều hơn sẽ được mời thử lại." en:"Requests served at once; more are asked to come again."`
}

// Security are the settings an auditor asks for.
type Security struct {
	CookieSecure   string         `toml:"cookie_secure" vi:"Cookie chỉ gửi qua HTTPS: auto (theo public_url), true hoặc false." en:"Cookies over HTTPS only: auto (as public_url says), true or false."`
	TrustedProxies []netip.Prefix `toml:"trusted_proxies" vi:"Địa chỉ proxy được tin khi báo địa chỉ người dùng, ví dụ [\"10.0.0.0/8\"]." en:"Proxies that are believed about a visitor's address, e.g. [\"10.0.0.0/8\"]."`
	TrustedOrigins []string       `toml:"trusted_origins" vi:"Trang khác được gửi biểu mẫu tới đây, ví dụ [\"https://dichvucong.gov.vn\"]." en:"Other sites whose forms may post here, e.g. [\"https://dichvucong.gov.vn\"]."`
	Secret         Secret         `toml:"secret" vi:"Chuỗi bí mật ít nhất 32 ký tự, giống nhau trên mọi máy chủ. Để trống: tự tạo trong thư mục dữ liệu." en:"At least 32 secret characters, the same on all servers. Empty: made in the data folder."`
}

// Backup is the program looking after itself.
type Backup struct {
	Dir  string `toml:"dir" vi:"Thư mục chứa bản sao lưu; để trống để tắt. Nên đặt trên đĩa khác." en:"Folder of the backups; empty turns them off. Best on another disk."`
	Cron string `toml:"cron" vi:"Giờ chạy: phút giờ ngày tháng thứ, giờ Việt Nam." en:"When: minute hour day month weekday, Vietnamese time."`
	Keep int    `toml:"keep" vi:"Số bản giữ lại." en:"How many are kept."`

	Follow     string `toml:"follow" vi:"Thư mục sao lưu liên tục: mỗi giây một lần, để khôi phục về bất kỳ thời điểm nào; để trống để tắt. Nên đặt trên đĩa khác." en:"Folder of the continuous backup: every second, to restore to any moment; empty turns it off. Best on another disk."`
	FollowDays int    `toml:"follow_days" vi:"Có thể lùi về bao nhiêu ngày." en:"How many days back one can go."`
}

// Log says what is written for operators.
type Log struct {
	Format string            `toml:"format" vi:"json, text hoặc auto (text khi chạy trên màn hình dòng lệnh)." en:"json, text or auto (text on a terminal)."`
	Level  string            `toml:"level" vi:"debug, info, warn hoặc error." en:"debug, info, warn or error."`
	Levels map[string]string `toml:"levels" vi:"Mức riêng cho từng phần, ví dụ { dossier = \"debug\" }." en:"A level of its own for a part, e.g. { dossier = \"debug\" }."`
}

// Default returns the settings of a fresh installation on one machine.
func Default() Config {
	return Config{
		Listen: ":8080", Dir: "data", PublicURL: "http://localhost:8080", Language: "vi",
		SMTP:     SMTP{Port: 587, TLS: "starttls"},
		S3:       S3{PathStyle: true},
		ClamAV:   ClamAV{MaxStream: 25 << 20},
		Limits:   Limits{MaxFile: 50 << 20, MaxOwner: 1 << 30, KeepFree: 256 << 20, ReadOnly: 64 << 20, UploadTTL: Duration(48 * time.Hour), MaxInFlight: 256},
		Security: Security{CookieSecure: "auto"},
		Backup:   Backup{Cron: "15 2 * * *", Keep: 7, FollowDays: 7},
		Log:      Log{Format: "auto", Level: "info"},
	}
}

// DatabaseURL is where the data is, the default spelled out.
func (c *Config) DatabaseURL() string {
	if c.Database.URL == "" {
		return "sqlite:" + filepath.Join(c.Dir, "motcua.db")
	}
	return string(c.Database.URL)
}

// FilesDir is the folder of the attachments when they are not in S3.
func (c *Config) FilesDir() string { return filepath.Join(c.Dir, "files") }

// AuditDir is the folder of the ledger's keys and checkpoints.
func (c *Config) AuditDir() string { return filepath.Join(c.Dir, "audit") }

// HTTPS says whether people reach the program over HTTPS.
func (c *Config) HTTPS() bool {
	switch c.Security.CookieSecure {
	case "true":
		return true
	case "false":
		return false
	}
	return len(c.PublicURL) > 8 && c.PublicURL[:8] == "https://"
}
