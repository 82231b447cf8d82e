# Finds a JDK of at least the release that glimt is written for. Sourced by deploy/glimt and mvnw.

JDK_RELEASE=25

# The home of the newest fitting JDK, on standard output; fails if there is none. What the user has
# chosen (JAVA_HOME, then the PATH) goes before what is found lying about.
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

# 25 of JAVA_VERSION="25.0.1", and 1 of the "1.8" that older ones say; 0 if it does not say.
jdk_release() {
  release=$(sed -n 's/^JAVA_VERSION="\{0,1\}\([0-9]\{1,\}\).*/\1/p' "$1/release" 2>/dev/null) || release=0
  echo "${release:-0}"
}

jdk_on_path() {
  java=$(command -v java) && java=$(readlink -f "$java") && echo "${java%/bin/java}"
}
