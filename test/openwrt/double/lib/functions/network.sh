# A double: the device of a network is in /tmp/devices, a line "NETWORK DEVICE" for each that is up.

network_flush_cache() {
	:
}

network_get_device() {
	local found
	found="$(sed -n "s/^$2 //p" /tmp/devices)"
	eval "$1=\$found"
	[ -n "$found" ]
}
