//go:build !linux

package faultfs

import "errors"

// Mount needs FUSE on Linux.
func (f *FS) Mount(string) (unmount func() error, err error) {
	return nil, errors.New("needs FUSE on Linux")
}
