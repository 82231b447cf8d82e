package glimt.job;

import java.util.List;
import java.util.Optional;

/** How an attempt ended. */
public sealed interface Outcome {
  /**
   * The task is done.
   *
   * @param warnings for the client, such as words of the prompt that did not fit
   * @param decisions of the content filter about what was read or made
   */
  record Succeeded(List<Product> products, List<String> warnings, List<FilterDecision> decisions)
      implements Outcome {
    public Succeeded {
      products = List.copyOf(products);
      warnings = List.copyOf(warnings);
      decisions = List.copyOf(decisions);
    }

    /** A task that is done without a filter's decision. */
    public Succeeded(List<Product> products, List<String> warnings) {
      this(products, warnings, List.of());
    }

    /** A task that is done without a warning. */
    public Succeeded(List<Product> products) {
      this(products, List.of());
    }
  }

  /**
   * The attempt failed.
   *
   * @param fault the kind of failure, which decides whether the task is retried
   * @param why one sentence for the client, without machine names or secrets
   */
  record Failed(Fault fault, String why) implements Outcome {}

  /** A content filter stopped what the task read or made. The job ends. */
  record Blocked(FilterDecision decision) implements Outcome {}

  /**
   * The attempt could not read an input, because the file is missing or its bytes do not match its
   * name. The task waits until the input is made again; the attempt is not charged.
   */
  record Damaged(ArtifactId input) implements Outcome {}

  /**
   * The worker is leaving, or was asked to make room, and gave the task back unfinished; the
   * attempt is not charged.
   *
   * @param checkpoint where another worker can resume; empty if nothing was saved
   */
  record Yielded(Optional<Checkpoint> checkpoint) implements Outcome {}
}
