//go:build unix

package drill

import (
	"os/exec"
	"os/user"
	"strconv"
	"syscall"
)

// runAs makes a command run as somebody else.
func runAs(cmd *exec.Cmd, who *user.User) {
	if who == nil {
		return
	}
	uid, _ := strconv.ParseUint(who.Uid, 10, 32)
	gid, _ := strconv.ParseUint(who.Gid, 10, 32)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
}
