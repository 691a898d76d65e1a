#!/bin/sh
# Lets dnsmasq hand questions for the zones of NTMobile to the daemon, by a file in the volatile folder of
# every dnsmasq instance: /etc/config/dhcp is not touched, and a reboot leaves nothing. Restarts dnsmasq only
# when something changes.
#   set PORT ZONE…   these zones and no others, answered at 127.0.0.1 port PORT
#   clear            none

. /lib/functions.sh

usage() {
	echo "Usage: dnsmasq.sh set PORT ZONE… | clear" >&2
	exit 2
}

# Virtual IPv6 addresses are private ones (RFC 4193), which dnsmasq drops from answers unless it is told.
wanted_text() {
	local zone
	for zone in "$@"; do
		echo "server=/$zone/127.0.0.1#$port"
		echo "rebind-domain-ok=/$zone/"
	done
}

put_file() {
	local folder file
	config_get folder "$1" confdir "/tmp/dnsmasq.$1.d"
	folder="${folder%%,*}"
	file="$folder/ntmobile.conf"
	case "$folder" in /*) ;; *) return 0 ;; esac
	[ "$(cat "$file" 2>/dev/null)" = "$text" ] && return 0
	changed=1
	if [ -z "$text" ]; then
		rm -f "$file"
	else
		mkdir -p "$folder"
		# Never a name that dnsmasq would read half written.
		echo "$text" > "$folder/.ntmobile.conf" && mv "$folder/.ntmobile.conf" "$file"
	fi
}

case "$1" in
set)
	port="$2"
	[ $# -gt 2 ] || usage
	case "$port" in '' | *[!0-9]*) usage ;; esac
	shift 2
	for zone in "$@"; do
		case "$zone" in
		'' | *[!A-Za-z0-9.-]*)
			echo "dnsmasq.sh: \"$zone\" is not a domain name." >&2
			exit 2
			;;
		esac
	done
	text="$(wanted_text "$@")"
	;;
clear)
	text=
	;;
*)
	usage
	;;
esac
[ -x /etc/init.d/dnsmasq ] || exit 0
changed=0
config_load dhcp
config_foreach put_file dnsmasq
[ "$changed" = 0 ] || /etc/init.d/dnsmasq restart >/dev/null 2>&1
exit 0
