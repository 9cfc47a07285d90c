// Package faultfs is a file system that forgets what was not synced, for drills.
//
// It keeps everything in memory twice: as programs see it, and as it is on the
// disk. A write, a new name, a rename or a removal reaches the disk only when the
// file or the folder it lies in is synced. [FS.Cut] is the power going: from that
// moment every operation fails, and what is found after [FS.Restore] is what was on
// the disk, with some of what was under way, out of order and the last write torn,
// as disks do. It can also refuse to sync ([FS.FailSync]) and run full
// ([FS.Limit]).
//
// The model is stricter than common file systems: a file that was synced is lost
// all the same when nobody synced the folder that holds its name.
package faultfs
