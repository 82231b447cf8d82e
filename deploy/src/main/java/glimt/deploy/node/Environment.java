package glimt.deploy.node;

import java.util.Optional;

/** What the environment says in place of an option. Its words are taken as they are. */
public final class Environment {
  private Environment() {}

  /**
   * @return empty if the variable is not set, or has nothing in it
   * @throws DeployException if it is not UTF-8
   */
  public static Optional<String> word(String variable) {
    String word = System.getenv(variable);
    if (word != null && isMangled(word)) {
      throw new DeployException("%s is not UTF-8: %s".formatted(variable, Visible.of(word)));
    }
    return Optional.ofNullable(word).filter(text -> !text.isEmpty());
  }

  /** Whether bytes were lost when the JVM read them, for which it puts U+FFFD. */
  public static boolean isMangled(String word) {
    return word.indexOf('\uFFFD') >= 0;
  }
}
