package config

import (
	"log/slog"
	"net"
	"net/mail"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/robfig/cron/v3"

	"motcua/internal/platform/i18n"
)

// Validate returns everything that is wrong with the settings, as Problems, or nil.
func (c *Config) Validate() error {
	if p := c.validate(nil); len(p) > 0 {
		return p
	}
	return nil
}

// checker gathers problems.
type checker struct {
	origins  Origins
	problems Problems
}

func (k *checker) bad(key string, what, remedy i18n.Text) {
	k.problems = append(k.problems, Problem{key, k.origins[key], what, remedy})
}

func (k *checker) oneOf(key, value string, allowed ...string) {
	if !slices.Contains(allowed, value) {
		k.bad(key, text("không nhận giá trị %q", "%q is not one of the values", value),
			text("Chọn một trong: %s.", "Choose one of: %s.", strings.Join(allowed, ", ")))
	}
}

func (c *Config) validate(origins Origins) Problems {
	k := &checker{origins: origins}
	if _, port, err := net.SplitHostPort(c.Listen); err != nil || !validPort(port, true) {
		k.bad("listen", text("địa chỉ lắng nghe %q không đúng", "the address %q is not right", c.Listen), text("Viết dạng :8080 hoặc 127.0.0.1:8080.", "Write it like :8080 or 127.0.0.1:8080."))
	}
	if c.Dir == "" {
		k.bad("dir", text("chưa có thư mục dữ liệu", "there is no data folder"), text("Đặt dir = \"data\".", "Set dir = \"data\"."))
	}
	k.oneOf("language", c.Language, i18n.VI, i18n.EN)
	c.checkAddress(k)
	c.checkDatabase(k)
	c.checkMail(k)
	c.checkFiles(k)
	c.checkSecurity(k)
	if c.Backup.Keep < 1 {
		k.bad("backup.keep", text("phải giữ ít nhất một bản sao lưu", "at least one backup must be kept"), text("Đặt keep = 7.", "Set keep = 7."))
	}
	if c.Backup.FollowDays < 1 {
		k.bad("backup.follow_days", text("phải lùi về được ít nhất một ngày", "one must be able to go back a day at least"), text("Đặt follow_days = 7.", "Set follow_days = 7."))
	}
	if _, err := cron.ParseStandard(c.Backup.Cron); err != nil {
		k.bad("backup.cron", text("lịch %q không đúng", "the schedule %q is not right", c.Backup.Cron), text("Viết dạng phút giờ ngày tháng thứ, ví dụ \"15 2 * * *\".", "Write minute hour day month weekday, e.g. \"15 2 * * *\"."))
	}
	k.oneOf("log.format", c.Log.Format, "auto", "json", "text")
	k.level("log.level", c.Log.Level)
	for name, level := range c.Log.Levels {
		k.level("log.levels", level)
		if name == "" {
			k.bad("log.levels", text("thiếu tên phần", "the name of a part is missing"), text("Ví dụ { dossier = \"debug\" }.", "For example { dossier = \"debug\" }."))
		}
	}
	return k.problems
}

func (k *checker) level(key, level string) {
	var l slog.Level
	if l.UnmarshalText([]byte(level)) != nil {
		k.oneOf(key, level, "debug", "info", "warn", "error")
	}
}

func validPort(s string, zero bool) bool {
	n, err := strconv.Atoi(s)
	return err == nil && n <= 65535 && (n > 0 || zero && n == 0)
}

func (c *Config) checkAddress(k *checker) {
	u, err := url.Parse(c.PublicURL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.User != nil {
		k.bad("public_url", text("địa chỉ công khai %q không đúng", "the public address %q is not right", c.PublicURL),
			text("Viết dạng https://motcua.anbinh.gov.vn, không có đường dẫn phía sau.", "Write it like https://motcua.anbinh.gov.vn, with no path."))
		return
	}
	if u.Scheme == "http" && c.Security.CookieSecure == "true" {
		k.bad("security.cookie_secure", text("cookie an toàn nhưng địa chỉ công khai là http: không ai đăng nhập được", "cookies are secure but the public address is http: nobody could sign in"),
			text("Đổi public_url sang https:// hoặc đặt cookie_secure = \"auto\".", "Change public_url to https:// or set cookie_secure = \"auto\"."))
	}
	if u.Scheme == "https" && c.Security.CookieSecure == "false" {
		k.bad("security.cookie_secure", text("địa chỉ công khai là https nhưng cookie không được bảo vệ", "the public address is https but cookies are not protected"),
			text("Đặt cookie_secure = \"auto\".", "Set cookie_secure = \"auto\"."))
	}
	if (c.TLS.CertFile == "") != (c.TLS.KeyFile == "") {
		k.bad("tls.cert_file", text("chứng thư và khóa riêng phải đi cùng nhau", "certificate and key belong together"), text("Đặt cả cert_file và key_file, hoặc bỏ trống cả hai.", "Set both cert_file and key_file, or neither."))
	}
}

func (c *Config) checkDatabase(k *checker) {
	remedy := text("Viết dạng sqlite:/var/lib/motcua/motcua.db hoặc postgres://motcua@máy/motcua.", "Write it like sqlite:/var/lib/motcua/motcua.db or postgres://motcua@host/motcua.")
	switch scheme, rest, _ := strings.Cut(string(c.Database.URL), ":"); {
	case c.Database.URL == "":
	case scheme == "sqlite":
		if strings.Trim(rest, "/") == "" {
			k.bad("database.url", text("thiếu đường dẫn tệp cơ sở dữ liệu", "the path of the database file is missing"), remedy)
		}
	case scheme == "postgres" || scheme == "postgresql":
		if u, err := url.Parse(string(c.Database.URL)); err != nil || strings.Trim(u.Path, "/") == "" {
			k.bad("database.url", text("địa chỉ PostgreSQL không đúng", "the address of PostgreSQL is not right"), remedy)
		}
	default:
		k.bad("database.url", text("không biết loại cơ sở dữ liệu này", "this kind of database is not known"), remedy)
	}
	if c.Database.MaxConns < 0 {
		k.bad("database.max_conns", text("số kết nối không thể âm", "the number of connections cannot be negative"), text("Đặt 0 để tự chọn.", "Set 0 to let the program choose."))
	}
}

func (c *Config) checkMail(k *checker) {
	m := c.SMTP
	k.oneOf("smtp.tls", m.TLS, "starttls", "tls", "none")
	if !validPort(strconv.Itoa(m.Port), false) {
		k.bad("smtp.port", text("cổng %d không đúng", "port %d is not right", m.Port), text("Thường là 587.", "Usually 587."))
	}
	if m.Host == "" {
		if m.User != "" || m.From != "" || m.Password != "" {
			k.bad("smtp.host", text("có người gửi nhưng chưa có máy chủ thư", "there is a sender but no mail server"), text("Đặt host, hoặc xóa các mục còn lại trong [smtp].", "Set host, or remove the rest of [smtp]."))
		}
		return
	}
	if _, err := mail.ParseAddress(m.From); err != nil {
		k.bad("smtp.from", text("địa chỉ người gửi %q không đúng", "the sender %q is not right", m.From), text("Viết dạng Một cửa An Bình <motcua@anbinh.gov.vn>.", "Write it like Một cửa An Bình <motcua@anbinh.gov.vn>."))
	}
	if m.User != "" && m.Password == "" {
		k.bad("smtp.password", text("có tên đăng nhập nhưng chưa có mật khẩu", "there is a user name but no password"), text("Đặt MOTCUA_SMTP_PASSWORD_FILE hoặc password_file.", "Set MOTCUA_SMTP_PASSWORD_FILE or password_file."))
	}
	if m.TLS == "none" && m.User != "" && !loopback(m.Host) {
		k.bad("smtp.tls", text("mật khẩu thư sẽ đi qua mạng không mã hóa", "the mail password would cross the network in the clear"), text("Đặt tls = \"starttls\".", "Set tls = \"starttls\"."))
	}
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func (c *Config) checkFiles(k *checker) {
	if s := c.S3; s.Endpoint != "" || s.Bucket != "" || s.AccessKey != "" || s.SecretKey != "" {
		u, err := url.Parse(s.Endpoint)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || strings.Trim(u.Path, "/") != "" {
			k.bad("s3.endpoint", text("địa chỉ kho tệp %q không đúng", "the address of the file store %q is not right", s.Endpoint), text("Viết dạng https://s3.anbinh.gov.vn, không có đường dẫn.", "Write it like https://s3.anbinh.gov.vn, with no path."))
		}
		for _, need := range []struct{ key, value string }{{"s3.bucket", s.Bucket}, {"s3.access_key", s.AccessKey}, {"s3.secret_key", string(s.SecretKey)}} {
			if need.value == "" {
				k.bad(need.key, text("mục này bắt buộc khi dùng S3", "this is needed when S3 is used"), text("Đặt mục này, hoặc xóa cả phần [s3].", "Set it, or remove [s3] altogether."))
			}
		}
	}
	if c.ClamAV.Require && c.ClamAV.Address == "" {
		k.bad("clamav.require", text("bắt buộc quét vi-rút nhưng chưa có chương trình quét: không ai mở được tệp của người khác", "scans are required but there is no scanner: nobody could open another's file"),
			text("Đặt clamav.address, hoặc require = false.", "Set clamav.address, or require = false."))
	}
	if c.ClamAV.MaxStream <= 0 {
		k.bad("clamav.max_stream", text("phải lớn hơn 0", "must be more than 0"), text("Bằng StreamMaxLength trong clamd.conf.", "As StreamMaxLength in clamd.conf."))
	}
	l := c.Limits
	if l.MaxFile <= 0 || l.MaxFile > l.MaxOwner {
		k.bad("limits.max_file", text("phải lớn hơn 0 và không vượt max_owner (%s)", "must be more than 0 and at most max_owner (%s)", l.MaxOwner), text("Ví dụ max_file = \"50 MB\".", "For example max_file = \"50 MB\"."))
	}
	if l.UploadTTL.Std() < 60e9 {
		k.bad("limits.upload_ttl", text("quá ngắn để tải một tệp", "too short for an upload"), text("Ví dụ upload_ttl = \"48h\".", "For example upload_ttl = \"48h\"."))
	}
	if l.MaxInFlight < 1 {
		k.bad("limits.max_in_flight", text("phải lớn hơn 0", "must be more than 0"), text("Ví dụ max_in_flight = 256.", "For example max_in_flight = 256."))
	}
}

func (c *Config) checkSecurity(k *checker) {
	k.oneOf("security.cookie_secure", c.Security.CookieSecure, "auto", "true", "false")
	if n := len(c.Security.Secret); n > 0 && n < 32 {
		k.bad("security.secret", text("chuỗi bí mật quá ngắn", "the secret is too short"), text("Dùng ít nhất 32 ký tự ngẫu nhiên, hoặc để trống.", "Use at least 32 random characters, or leave it empty."))
	}
	for _, p := range c.Security.TrustedProxies {
		if p.Bits() == 0 {
			k.bad("security.trusted_proxies", text("%s là mọi địa chỉ: ai cũng có thể giả địa chỉ của mình", "%s is everybody: anyone could fake their address", p), text("Chỉ ghi địa chỉ của máy proxy.", "Name only the proxy's address."))
		}
	}
	for _, o := range c.Security.TrustedOrigins {
		if u, err := url.Parse(o); err != nil || u.Scheme != "https" && !loopback(u.Hostname()) || u.Host == "" || u.Path != "" || strings.Contains(o, "*") {
			k.bad("security.trusted_origins", text("%q không phải là một trang https", "%q is not an https site", o), text("Viết dạng https://dichvucong.gov.vn.", "Write it like https://dichvucong.gov.vn."))
		}
	}
}
