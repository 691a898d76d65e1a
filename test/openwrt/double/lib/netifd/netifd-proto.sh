# A double of netifd's handler library: run as "dump" or as "METHOD INTERFACE JSON", as netifd does.

init_proto() {
	proto_action="$1"
	proto_interface="$2"
	proto_json="$3"
}

proto_config_add_string() { echo "string $1"; }
proto_config_add_int() { echo "int $1"; }

json_init() { json=; }
json_add_string() { json="$json${json:+,}\"$1\":\"$2\""; }
json_add_int() { json="$json${json:+,}\"$1\":$2"; }
json_dump() { echo "{$json}"; }
json_get_vars() {
	local name
	for name in "$@"; do
		eval "$name=\"\$(echo \"\$proto_json\" | sed -n 's/.*\"$name\":\"\\{0,1\\}\\([^\",}]*\\).*/\\1/p')\""
	done
}

add_protocol() {
	if [ "$proto_action" = dump ]; then
		"proto_$1_init_config"
		echo "no_device=$no_device available=$available no_proto_task=$no_proto_task"
	else
		"proto_$1_$proto_action" "$proto_interface"
	fi
}
