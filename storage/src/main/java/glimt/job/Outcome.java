package glimt.job;

import java.util.List;
import java.util.Optional;

/** How an attempt ended. */
public sealed interface Outcome {
  record Succeeded(List<Product> products) implements Outcome {
    public Succeeded {
      products = List.copyOf(products);
    }
  }

  /**
   * @param why one sentence for whoever asked, without names of machines or secrets
   */
  record Failed(Fault fault, String why) implements Outcome {}

  /**
   * Not to be done until one of its inputs is made again: that file is missing, or its bytes are
   * not those of its name. Uncharged.
   */
  record Damaged(ArtifactId input) implements Outcome {}

  /** Given back unfinished and uncharged, because the worker leaves. */
  record Yielded(Optional<Checkpoint> checkpoint) implements Outcome {}
}
