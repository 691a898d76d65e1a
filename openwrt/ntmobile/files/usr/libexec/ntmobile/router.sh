#!/bin/sh
# What NTMobile needs in the router's own configuration, in named sections of its own: the interface "ntm"
# and the firewall zone of the same name. Says what it did, one line for each act; says nothing and does
# nothing when all is there already. Sections that the owner has changed are left as they are.
#   setup   makes what is missing
#   remove  takes back what setup makes

. "${IPKG_INSTROOT}/lib/functions.sh"

has_section() {
	[ -n "$(uci -q get "$1")" ]
}

# Whether the firewall has a zone of this name, whatever its section is called.
has_zone() {
	local found=0
	config_load firewall
	config_foreach match_zone zone "$1"
	[ "$found" = 1 ]
}

match_zone() {
	local name
	config_get name "$1" name
	[ "$name" = "$2" ] && found=1
	return 0
}

add_interface() {
	[ -e "${IPKG_INSTROOT}/etc/config/network" ] || return
	has_section network.ntm && return
	uci -q batch <<-EOT >/dev/null
		set network.ntm=interface
		set network.ntm.proto=ntmobile
	EOT
	changed="$changed network"
	echo "Added the interface \"ntm\"."
}

# Peers may answer to what this router and its LAN begin, and ping it; for more, the owner sets "input".
add_zone() {
	[ -e "${IPKG_INSTROOT}/etc/config/firewall" ] || return
	has_zone ntm && return
	uci -q batch <<-EOT >/dev/null
		set firewall.ntm=zone
		set firewall.ntm.name=ntm
		add_list firewall.ntm.network=ntm
		add_list firewall.ntm.device=ntm+
		set firewall.ntm.input=REJECT
		set firewall.ntm.output=ACCEPT
		set firewall.ntm.forward=REJECT
		set firewall.ntm.masq=1
		set firewall.ntm.masq6=1
		set firewall.ntm.mtu_fix=1
	EOT
	changed="$changed firewall"
	echo "Added the firewall zone \"ntm\"."
	has_zone lan || return
	uci -q batch <<-EOT >/dev/null
		set firewall.ntm_lan=forwarding
		set firewall.ntm_lan.src=lan
		set firewall.ntm_lan.dest=ntm
	EOT
	echo "Hosts on the LAN may reach the zone \"ntm\"."
}

# delete SECTION TYPE SENTENCE: only what is still what setup made it.
delete() {
	[ "$(uci -q get "$1")" = "$2" ] || return
	uci -q delete "$1"
	changed="$changed ${1%%.*}"
	echo "$3"
}

# A running system takes it up at once; an image being built, or one at its first boot, when it starts.
take_up() {
	[ -z "$IPKG_INSTROOT" ] || return
	# A service that stops takes its rules along, and the firewall reloads by itself.
	if list_contains changed firewall && [ -e /var/run/fw4.state ]; then
		if [ "$action" = setup ] || ! /etc/init.d/ntmobile running; then
			/etc/init.d/firewall reload
		fi
	fi
	ubus list network >/dev/null 2>&1 || return
	# netifd looks for protocols only when it starts, and a restart of it takes every interface down: the
	# owner's affair.
	if [ "$action" = setup ] && has_section network.ntm &&
		! ubus call network get_proto_handlers | grep -q '"ntmobile"'; then
		echo "The interface shows up after \"service network restart\" or a reboot. Paths work without it."
	elif list_contains changed network; then
		/etc/init.d/network reload
	fi
}

action="$1"
changed=
case "$action" in
setup)
	add_interface
	add_zone
	;;
remove)
	delete firewall.ntm_lan forwarding "Hosts on the LAN no longer reach the zone \"ntm\"."
	delete firewall.ntm zone "Removed the firewall zone \"ntm\"."
	[ "$(uci -q get network.ntm.proto)" != ntmobile ] ||
		delete network.ntm interface "Removed the interface \"ntm\"."
	;;
*)
	echo "Usage: router.sh setup|remove" >&2
	exit 2
	;;
esac
for package in $changed; do
	uci commit "$package"
done
take_up
exit 0
