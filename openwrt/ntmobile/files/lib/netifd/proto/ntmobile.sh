#!/bin/sh
# Protocol "ntmobile" of netifd. The device is the daemon's own; the daemon tells netifd addresses, routes
# and search domain itself (network.interface notify_proto) as soon as it knows them, and again after a
# restart of either. So a handler that finds no daemon may leave quietly.

[ -x /usr/sbin/ntmobiled ] || exit 0

. /lib/functions.sh
. ../netifd-proto.sh

init_proto "$@"

proto_ntmobile_init_config() {
	no_device=1
	available=1
	no_proto_task=1
	lasterror=1

	proto_config_add_string device
	proto_config_add_string zone
	proto_config_add_int metric
}

proto_ntmobile_setup() {
	local interface="$1"
	local device zone metric

	json_get_vars device zone metric
	json_init
	json_add_string interface "$interface"
	[ -n "$device" ] && json_add_string device "$device"
	[ -n "$zone" ] && json_add_string zone "$zone"
	[ -n "$metric" ] && json_add_int metric "$metric"
	ubus -t 5 call ntmobile interface_up "$(json_dump)" >/dev/null 2>&1
	return 0
}

proto_ntmobile_teardown() {
	local interface="$1"

	json_init
	json_add_string interface "$interface"
	ubus -t 5 call ntmobile interface_down "$(json_dump)" >/dev/null 2>&1
	return 0
}

add_protocol ntmobile
