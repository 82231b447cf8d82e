package glimt.deploy.node;

import java.util.Optional;

/** Reads environment variables that stand for options. */
public final class Environment {
  private Environment() {}

  /**
   * The value of a variable.
   *
   * @return empty if the variable is not set or empty
   * @throws DeployException if its value is not valid UTF-8
   */
  public static Optional<String> word(String variable) {
    String word = System.getenv(variable);
    if (word != null && isMangled(word)) {
      throw new DeployException("%s is not valid UTF-8: %s".formatted(variable, Visible.of(word)));
    }
    return Optional.ofNullable(word).filter(text -> !text.isEmpty());
  }

  /** Whether the JVM failed to decode the text, which then contains U+FFFD. */
  public static boolean isMangled(String word) {
    return word.indexOf('\uFFFD') >= 0;
  }
}
