# Shared by the tests that mount a new file system, which is an image at `there`.
# A .bats file loads it after helpers.
# shellcheck shell=bash

# on_image MKFS ...: mounts one in a file, or skips.
on_image() {
    ((EUID == 0)) || skip "only root mounts"
    truncate -s 400M image
    "$@" image >/dev/null 2>&1 || skip "no $1 here"
    mkdir there
    mount -o loop image there 2>/dev/null || skip "a loop device cannot be mounted"
}
on_xfs() { on_image mkfs.xfs -q -m reflink=1; }
on_btrfs() { on_image mkfs.btrfs -q; }
on_ext4() { on_image mkfs.ext4 -qF; }

# For teardown.
leave_image() { if mountpoint -q there; then umount there || umount -l there; fi; }

# all_shared FILE: each extent of it belongs to another file, too.
all_shared() {
    sync "$1"
    filefrag -v "$1" | grep -E '^ +[0-9]+: ' >extents
    [ -s extents ]
    ! grep -v shared extents
}
