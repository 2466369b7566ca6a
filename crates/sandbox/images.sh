#!/bin/sh
# Builds the OCI archives that tests and examples run, from Debian's packages, without any container engine: images.sh FOLDER [NAME…]
#   box     busybox: a shell, httpd, wget, nc; 1 MB
#   redis   a database: redis-server with its libraries; 8 MB
# What is missing is said with the line that installs it.
set -eu
[ $# -ge 1 ] || { echo "usage: images.sh FOLDER [box|redis]..." >&2; exit 2; }
mkdir -p "$1"
out=$(cd "$1" && pwd)
shift
[ $# -gt 0 ] || set -- box
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

need() { # PROGRAM PACKAGE
  command -v "$1" >/dev/null || { echo "$1 is missing: apt-get install --no-install-recommends $2" >&2; exit 1; }
}
need tar tar
need gzip gzip
need sha256sum coreutils

blob() { # moves a file among the blobs; prints its digest
  digest=$(sha256sum "$1" | cut -d' ' -f1)
  mv "$1" "$archive/blobs/sha256/$digest"
  echo "$digest"
}

size() { stat -c %s "$archive/blobs/sha256/$1"; }

# pack NAME ROOT CONFIG: makes an archive of one layer; the same root gives the same bytes.
pack() {
  archive=$work/archive
  rm -rf "$archive"
  mkdir -p "$archive/blobs/sha256"
  tar -C "$2" --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -cf "$work/layer" .
  diff=$(sha256sum "$work/layer" | cut -d' ' -f1)
  gzip -n "$work/layer"
  layer=$(blob "$work/layer.gz")
  printf '{"architecture":"%s","os":"linux","config":%s,"rootfs":{"type":"layers","diff_ids":["sha256:%s"]}}' "$machine" "$3" "$diff" >"$work/config"
  config=$(blob "$work/config")
  printf '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"sha256:%s","size":%s},"layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip","digest":"sha256:%s","size":%s}]}' \
    "$config" "$(size "$config")" "$layer" "$(size "$layer")" >"$work/manifest"
  manifest=$(blob "$work/manifest")
  printf '{"schemaVersion":2,"manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:%s","size":%s,"annotations":{"org.opencontainers.image.ref.name":"localhost/%s:1"}}]}' \
    "$manifest" "$(size "$manifest")" "$1" >"$archive/index.json"
  printf '{"imageLayoutVersion":"1.0.0"}' >"$archive/oci-layout"
  tar -C "$archive" --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -cf "$out/$1.oci" index.json oci-layout blobs
  echo "$out/$1.oci"
}

# base ROOT: busybox with its names, accounts, folders.
base() {
  busybox=
  for at in /bin/busybox /usr/bin/busybox; do
    [ -x $at ] && ! ldd $at >/dev/null 2>&1 && busybox=$at
  done
  [ -n "$busybox" ] || { echo "busybox (static) is missing: apt-get install --no-install-recommends busybox-static" >&2; exit 1; }
  mkdir -p "$1/bin" "$1/etc" "$1/tmp" "$1/run" "$1/var/tmp" "$1/proc" "$1/sys" "$1/dev" "$1/root" "$1/www"
  cp "$busybox" "$1/bin/busybox"
  for name in $("$busybox" --list); do
    [ "$name" = busybox ] || ln -sf busybox "$1/bin/$name"
  done
  chmod 1777 "$1/tmp" "$1/var/tmp"
  echo 'root:x:0:0:root:/root:/bin/sh' >"$1/etc/passwd"
  echo 'root:x:0:' >"$1/etc/group"
  echo 'hosts: files dns' >"$1/etc/nsswitch.conf"
  echo 'it works' >"$1/www/index.html"
}

machine=$(dpkg --print-architecture 2>/dev/null || echo amd64)
for image in "$@"; do
  root=$work/$image
  case $image in
  box)
    base "$root"
    pack box "$root" '{"Env":["PATH=/bin"],"Cmd":["httpd","-f","-p","8080","-h","/www"],"WorkingDir":"/"}'
    ;;
  redis)
    base "$root"
    need apt-get apt
    mkdir -p "$work/packages"
    (
      cd "$work/packages"
      # shellcheck disable=SC2046
      apt-get download -qq $(apt-cache depends --recurse --no-recommends --no-suggests --no-conflicts --no-breaks --no-replaces --no-enhances redis-server |
        grep '^[a-z]' | grep -E '^(redis-(server|tools)|lib(c6|gcc-s1|atomic1|jemalloc2|liblua|lua5\.1-0|lzf1|hiredis.*|ssl3|systemd0|cap2|gcrypt20|gpg-error0|lz4-1|lzma5|zstd1|stdc\+\+6)|lua-(bitop|cjson))$') >/dev/null
    ) || { echo "redis-server cannot be had: apt-get update, and a Debian mirror" >&2; exit 1; }
    for package in "$work"/packages/*.deb; do dpkg-deb -x "$package" "$root"; done
    rm -rf "$root/usr/share/doc" "$root/usr/share/man" "$root/lib/systemd"
    mkdir -p "$root/data"
    pack redis "$root" '{"Env":["PATH=/bin:/usr/bin"],"Cmd":["redis-server","--save","","--appendonly","yes","--dir","/data"],"WorkingDir":"/data"}'
    ;;
  *) echo "no image is called $image; box and redis are known" >&2; exit 2 ;;
  esac
done
