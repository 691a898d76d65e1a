#!/bin/sh
# Lets dnsmasq hand questions for the zones of NTMobile to the daemon, by a file in the volatile folder of
# every dnsmasq instance: /etc/config/dhcp is not touched, and a reboot leaves nothing. Restarts dnsmasq only
# when something changes.
#   apply FILE   the lines of FILE, which the daemon writes
#   clear        none

. /lib/functions.sh

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

text=
case "$1" in
apply)
	# Anything else in it could make dnsmasq refuse to start, and the LAN would be without DNS and DHCP.
	text="$(grep -E '^(server|rebind-domain-ok)=/[A-Za-z0-9._-]+/[0-9a-fA-F.:#]*$' "$2")"
	;;
clear) ;;
*)
	echo "Usage: dnsmasq.sh apply FILE | clear" >&2
	exit 2
	;;
esac
[ -x /etc/init.d/dnsmasq ] || exit 0
changed=0
config_load dhcp
config_foreach put_file dnsmasq
[ "$changed" = 0 ] || /etc/init.d/dnsmasq restart >/dev/null 2>&1
exit 0
