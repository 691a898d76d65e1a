# A double of OpenWrt's /lib/functions.sh for tests: what our scripts call of it, on files that hold one
# quoted value a line.

config_load() {
	CONFIG_LINES="$(uci -q export "$1")"
}

config_foreach() {
	local function="$1" type="$2" section
	shift 2
	for section in $(echo "$CONFIG_LINES" | sed -n "s/^\([^.=]*\)=$type\$/\1/p"); do
		"$function" "$section" "$@"
	done
}

config_get() {
	local found
	found="$(echo "$CONFIG_LINES" | sed -n "s/^$2\.${3:-$1}=//p" | tr '\n' ' ')"
	found="${found% }"
	eval "$1=\${found:-\$4}"
}

config_get_bool() {
	local given
	config_get given "$2" "$3" "$4"
	case "$given" in
	1 | yes | on | true | enabled) eval "$1=1" ;;
	*) eval "$1=0" ;;
	esac
}

list_contains() {
	local list
	eval "list=\"\$$1\""
	case " $list " in *" $2 "*) return 0 ;; esac
	return 1
}

append() {
	eval "$1=\"\${$1:+\$$1 }\$2\""
}
