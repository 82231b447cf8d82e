# Finds a JDK of at least the release that glimt needs. Sourced by deploy/glimt, mvnw and .ci/run.

JDK_RELEASE=25

# Prints the home of a JDK of at least that release; fails if there is none. The user's choice (JAVA_HOME,
# then the PATH) takes precedence; otherwise the newest JDK in the usual places.
find_jdk() {
  for home in "${JAVA_HOME:-}" "$(jdk_on_path)"; do
    if fitting_jdk "$home"; then
      echo "$home"
      return 0
    fi
  done
  newest=0
  found=
  for home in /usr/lib/jvm/* /usr/java/* /usr/local/java/* /usr/local/jdk* /opt/* /opt/java/* /opt/jdk/* \
    /Library/Java/JavaVirtualMachines/*/Contents/Home \
    "$HOME"/.sdkman/candidates/java/* "$HOME"/.jdks/* "$HOME"/.local/share/mise/installs/java/* \
    "$HOME"/.jabba/jdk/* "$HOME"/.asdf/installs/java/*; do
    if fitting_jdk "$home" && [ "$(jdk_release "$home")" -gt "$newest" ]; then
      newest=$(jdk_release "$home")
      found=$home
    fi
  done
  [ -n "$found" ] && echo "$found"
}

fitting_jdk() {
  [ -x "$1/bin/java" ] && [ -x "$1/bin/javac" ] && [ "$(jdk_release "$1")" -ge "$JDK_RELEASE" ]
}

# Prints 25 for JAVA_VERSION="25.0.1", 1 for the "1.8" of older JDKs, and 0 if there is no version.
jdk_release() {
  release=$(sed -n 's/^JAVA_VERSION="\{0,1\}\([0-9]\{1,\}\).*/\1/p' "$1/release" 2>/dev/null) || release=0
  echo "${release:-0}"
}

jdk_on_path() {
  java=$(command -v java) && java=$(readlink -f "$java") && echo "${java%/bin/java}"
}
