package glimt.job;

import java.util.List;
import java.util.Map;

/**
 * Who asks for work, and what it can do.
 *
 * @param id of its process; the next process in its place has another
 * @param device such as {@code cpu} or {@code cuda:0}
 * @param bundles the card's digest of each bundle it has, by name; only tasks that were planned
 *     with one of them, or with one of {@code restated}, are handed to it
 * @param restated the digests of older cards that its bundles restate
 * @param memory how many bytes of networks fit on its device
 * @param warm the digests of the weights that are on its device now
 */
public record WorkerCard(
    WorkerId id,
    long pid,
    String device,
    String numericClass,
    Map<String, ArtifactId> bundles,
    List<ArtifactId> restated,
    long memory,
    List<String> warm) {
  public WorkerCard {
    bundles = Map.copyOf(bundles);
    restated = List.copyOf(restated);
    warm = warm.stream().sorted().toList();
  }

  /** A worker for which any network is small. */
  public WorkerCard(
      WorkerId id, long pid, String device, String numericClass, Map<String, ArtifactId> bundles) {
    this(id, pid, device, numericClass, bundles, List.of(), Long.MAX_VALUE, List.of());
  }

  /** The same with these networks on its device. */
  public WorkerCard warm(List<String> digests) {
    return new WorkerCard(id, pid, device, numericClass, bundles, restated, memory, digests);
  }
}
