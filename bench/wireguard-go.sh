#!/bin/bash
# Prints the path of wireguard-go as Debian trixie has it (Debian 12's knows no offloads), fetched by apt into a directory
# of its own and unpacked there; the machine's apt sources and its list of packages stay as they are.
set -euo pipefail
suite=trixie cache=${LAB_CACHE:-/var/cache/poptun-lab}/wireguard-go
program=$cache/root/usr/bin/wireguard-go
if [[ -x $program ]]; then
	echo "$program"
	exit 0
fi
rm -rf "$cache"
mkdir -p "$cache"/{lists/partial,archives/partial,sources}
# The machine's own package sources, with its suite's name replaced (as tests/lab/build-image.sh does).
for file in /etc/apt/sources.list /etc/apt/sources.list.d/debian.sources; do
	[[ -f $file ]] || continue
	# shellcheck disable=SC1091
	sed "s/$(. /etc/os-release && echo "$VERSION_CODENAME")/$suite/g" "$file" >"$cache/sources/debian.${file##*.}"
done
: >"$cache/status"
apt=(apt-get -q -o "Dir::State=$cache" -o "Dir::State::Lists=$cache/lists" -o "Dir::State::status=$cache/status"
	-o "Dir::Cache=$cache" -o Dir::Etc::sourcelist=/dev/null -o "Dir::Etc::sourceparts=$cache/sources"
	-o APT::Sandbox::User=root)
{
	"${apt[@]}" update
	cd "$cache"
	"${apt[@]}" download wireguard-go
	dpkg-deb -x wireguard-go_*.deb root
	rm -rf lists archives ./*.bin
} >&2
echo "$program"
