#!/bin/bash
# after-echo.sh ADDRESS COMMAND...: runs the command once an echo request has been sent to the address,
# and fails if no answer comes after it. Between the two no program is started: the module keeps a packet
# for three seconds only, and a slow guest needs as long to start a few.
set -u

count_echoes() {
  local names values i
  while read -r -a names; do
    [ "${names[0]}" = Icmp: ] && read -r -a values && break
  done < /proc/net/snmp
  for i in "${!names[@]}"; do
    [ "${names[i]}" = OutEchos ] && echoes=${values[i]}
  done
}

count_echoes
before=$echoes
ping -q -c 1 -W 8 "$1" > /tmp/ping 2>&1 &
shift
for ((tries = 0; tries < 200000 && echoes == before; tries++)); do count_echoes; done
if [ "$echoes" != $((before + 1)) ]; then
  echo "# $((echoes - before)) echo requests"
  exit 1
fi
"$@" && wait $!
