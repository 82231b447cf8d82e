package glimt.job;

import java.util.List;
import java.util.Map;

/**
 * A worker's description of itself, with which it asks for work.
 *
 * @param id the id of its process; a restarted worker gets a new one
 * @param pid the operating system's id of its process
 * @param device its device, such as {@code cpu} or {@code cuda:0}
 * @param numericClass what the bits of its results depend on: engine build, instruction set or GPU,
 *     precision, threads
 * @param bundles the digest of each installed bundle's card, by bundle name; the worker only gets
 *     tasks that were planned with one of these cards or of {@code restated}
 * @param restated the digests of older cards that its bundles restate
 * @param memory how many bytes of weights fit on its device
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

  /** Makes the card of a worker with unlimited memory and nothing loaded. */
  public WorkerCard(
      WorkerId id, long pid, String device, String numericClass, Map<String, ArtifactId> bundles) {
    this(id, pid, device, numericClass, bundles, List.of(), Long.MAX_VALUE, List.of());
  }

  /** Returns this card with these weights on the device. */
  public WorkerCard warm(List<String> digests) {
    return new WorkerCard(id, pid, device, numericClass, bundles, restated, memory, digests);
  }
}
