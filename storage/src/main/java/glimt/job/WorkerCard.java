package glimt.job;

import java.util.Map;

/**
 * Who asks for work, and what it can do.
 *
 * @param id of its process; the next process in its place has another
 * @param device such as {@code cpu} or {@code cuda:0}
 * @param bundles the card's digest of each bundle it has, by name; only tasks that were planned
 *     with one of them are handed to it
 */
public record WorkerCard(
    WorkerId id, long pid, String device, String numericClass, Map<String, ArtifactId> bundles) {
  public WorkerCard {
    bundles = Map.copyOf(bundles);
  }
}
