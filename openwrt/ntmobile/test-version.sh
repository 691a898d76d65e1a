#!/bin/sh
# test-version.sh PACKAGE VERSION: both programs say the version of the package.

case "$1" in
ntmobile)
	ntmobiled --version | grep -F "$2" && ntmobile --version | grep -F "$2"
	;;
esac
