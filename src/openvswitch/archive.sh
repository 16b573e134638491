#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes the archive of libopenvswitch that vifplugd links.
#
# usage: archive.sh LIBS ARCHIVE
#
# LIBS is lib/.libs of a built Open vSwitch tree. json-c and libopenvswitch both define
# json_object_put(): linked together, the first put of a json-c object would call OVS's function, so this
# renames it. The archive also gets the code for AVX512 if the tree has it in a separate archive (up to
# OVS 3.x, and only on x86).
set -eu
libs=$1
archive=$2

rm -f "$archive"
{
    echo "create $archive"
    for part in libopenvswitch.a libopenvswitchavx512.a; do
        [ ! -e "$libs/$part" ] || echo "addlib $libs/$part"
    done
    echo save
    echo end
} | "${AR:-ar}" -M
"${OBJCOPY:-objcopy}" --redefine-sym json_object_put=ovs_json_object_put "$archive"
