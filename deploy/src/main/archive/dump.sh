#!/bin/sh
# Writes target/classes.jsa, with the JDK that deploy/glimt will start and the flags that are given.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
target=$here/../../../target
. "$here/../../../../.mvn/jdk.sh"

"$(find_jdk)/bin/java" -Xshare:dump "-XX:SharedClassListFile=$here/classes.lst" "-XX:SharedArchiveFile=$target/classes.jsa" \
  -Xlog:disable -XX:+UseSerialGC "$@" -cp "$target/glimt.jar"
